// What a target must be able to do for a step, by the names that scenarios and drivers use
// (driver/driver.h). The loader refuses a scenario that does not say so; whoever makes scenarios
// asks here.
// Threads: pure functions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace atrest::scenario {

// Beside what every target can.
std::vector<std::string> NeedsOf(const Action& action);

// Of all STEPS.
std::set<std::string> NeedsOf(const std::vector<Step>& steps);

}  // namespace atrest::scenario
