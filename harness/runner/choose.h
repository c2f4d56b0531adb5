// Which scenarios a run takes, and in which order.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace atrest::runner {

// Few of SCENARIOS that cite every requirement that any of them cites, in their order: again and
// again the one that cites most for what it costs. What a scenario costs is guessed from its steps
// (a start costs most, a wait what it lasts) and its needs: those of fewer targets are dearer. The
// same for every target and run. Those whose ids are in ALSO are taken as well.
std::vector<scenario::Scenario> QuickOf(const std::vector<scenario::Scenario>& scenarios,
                                        const std::set<std::string>& also);

// In an order that only SEED decides.
void Shuffle(uint64_t seed, std::vector<scenario::Scenario>& scenarios);

}  // namespace atrest::runner
