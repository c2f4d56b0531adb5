// Nonces that two or more messages of a channel share under one cipher and key: INSPECT.md,
// nonce_reuse; why it matters: specification, standalone.md 3.9.
// Threads: pure but for the reading.
#pragma once

#include <string>
#include <vector>

#include "harness/inspect/inspection.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::inspect {

// In the order of first places. The stored data of messages that share a nonce is read again from
// the files of the store at DIRECTORY, to be compared: an error is one of reading.
Result<std::vector<NonceReuse>> FindNonceReuse(env::FileSystem& files, const std::string& directory,
                                               const Channel& channel);

}  // namespace atrest::inspect
