// An inspection of a Raft directory as the JSON object that RAFT.md describes.
// Threads: a pure function.
#pragma once

#include <string>

#include "harness/inspect/raft_inspection.h"

namespace atrest::inspect {

// With a newline at the end. Plaintext is in it if the inspection kept it.
std::string PrintRaftJson(const RaftInspection& inspection);

}  // namespace atrest::inspect
