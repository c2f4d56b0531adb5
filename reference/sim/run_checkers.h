// The checkers that need no file: what consensus, nodes and clients promise, seen from the history
// alone. One of them a file.
// Ownership: whoever makes them. Threads: one.
#pragma once

#include <memory>
#include <vector>

#include "reference/sim/checker.h"

namespace atrest::sim {

// One leader a term.
std::unique_ptr<Checker> MakeLeaderChecker();
// The same entry at the same index on all nodes, at every start; none left out.
std::unique_ptr<Checker> MakeAppliedChecker();
// What is delivered was published; a sequence of a channel is always the same message; within an
// epoch a subscription gets new messages in order.
std::unique_ptr<Checker> MakeDeliveryChecker();
// Whoever subscribes when all faults are over gets every acknowledged message, from the first on,
// and no gap.
std::unique_ptr<Checker> MakeReadBackChecker();
// A node without damage does not end by itself.
std::unique_ptr<Checker> MakeExitChecker();

// All of them.
std::vector<std::unique_ptr<Checker>> MakeRunCheckers();

}  // namespace atrest::sim
