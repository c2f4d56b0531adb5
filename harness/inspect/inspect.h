// The store inspector: reads a file store without changing it and says what is in it and what is
// wrong with it. INSPECT.md is the contract; the Python reader in harness/pyreader was written to
// it separately.
// For `atrest inspect` and for scenario steps that look at bytes on disk. Not for opening a store
// as a server does (reference/store): damage is reported here and reading goes on behind it.
// Each file is read once and whole, one at a time; work is linear in its size, and no size field of
// a damaged file is believed.
// Errors: a directory or file that cannot be read is a Status; damage is data (Inspection::damage).
// Threads: none shared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/inspect/inspection.h"
#include "reference/base/crc32.h"
#include "reference/base/status.h"
#include "reference/crypto/secret.h"
#include "reference/env/env.h"

namespace atrest::inspect {

struct InspectOptions {
  uint32_t crc_polynomial = Crc32::kIeee;  // reversed notation
  bool keep_payloads = false;              // in StoredMessage::payload
};

// DIRECTORY is a store as the server's -dir names it. KEYS are as configured, each tried on every
// sealed message.
Result<Inspection> Inspect(env::FileSystem& files, const std::string& directory,
                           const std::vector<crypto::Secret>& keys,
                           const InspectOptions& options = {});

}  // namespace atrest::inspect
