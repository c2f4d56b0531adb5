// The inspector of a clustered node's Raft directory: reads raft.log and the snapshots without
// changing or locking them and says what is in them and what is wrong. RAFT.md is the contract; the
// Python reader was written to it separately.
// Errors: a raft.log or directory that cannot be read is a Status; damage is data.
// Threads: none shared.
#pragma once

#include <string>
#include <vector>

#include "harness/inspect/raft_inspection.h"
#include "reference/base/status.h"
#include "reference/crypto/secret.h"
#include "reference/env/env.h"

namespace atrest::inspect {

// Whether DIRECTORY is one that InspectRaft is for: it has a raft.log.
bool IsRaftDirectory(env::FileSystem& files, const std::string& directory);

// KEYS are as configured, each tried on every sealed command. Plaintext is printed with
// KEEP_PAYLOADS alone.
Result<RaftInspection> InspectRaft(env::FileSystem& files, const std::string& directory,
                                   const std::vector<crypto::Secret>& keys,
                                   bool keep_payloads = false);

}  // namespace atrest::inspect
