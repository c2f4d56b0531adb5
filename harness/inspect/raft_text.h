// An inspection of a Raft directory for people, and how the logs of several nodes differ.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "harness/inspect/raft_inspection.h"

namespace atrest::inspect {

// With a newline at the end.
std::string PrintRaftText(const RaftInspection& inspection);

struct NamedInspection {
  std::string name;
  RaftInspection inspection;
};

// Which entries the nodes do not agree on, once opened: a term, type, time or content that differs,
// and entries that a node lacks between the first and last that it has. What no key opens is
// compared with nothing. The data of configuration entries may differ: each node writes the first
// one itself (cluster.md 1.4).
std::string PrintRaftDifferences(const std::vector<NamedInspection>& nodes);

}  // namespace atrest::inspect
