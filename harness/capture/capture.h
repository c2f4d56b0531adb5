// Makes of somebody's datastore one that can be shown to others: structure, sizes, ciphers, nonces,
// damage, and which messages open under which of the given keys stay, and so do the classes of
// first bytes; payloads, keys and names are replaced (disguise.h). Times stay, too.
// What is written is a directory that `atrest run --root` takes: the store, and a scenario that
// opens it with each key and reads every channel.
// Errors: a store that cannot be read, files that cannot be written; kCorrupt where anything of the
// originals is found in the outcome, which is removed then.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/crc32.h"
#include "reference/base/status.h"
#include "reference/crypto/secret.h"
#include "reference/env/env.h"

namespace atrest::capture {

inline constexpr char kStoreName[] = "captured";

struct CaptureOptions {
  std::vector<crypto::Secret> keys;
  uint32_t crc_polynomial = Crc32::kIeee;  // reversed notation
  // Holds what is needed beside the scenario and the store: requirements, target files.
  std::string root;
};

struct Captured {
  std::string store;  // directories and files that were written
  std::string scenario;
  size_t channels = 0;
  size_t messages = 0;
  std::vector<std::string> left_out;  // files that are no part of a store
};

// OUT must not exist. FILES holds DIRECTORY, options.root and OUT.
Result<Captured> Capture(env::FileSystem& files, const std::string& directory,
                         const std::string& out, const CaptureOptions& options);

}  // namespace atrest::capture
