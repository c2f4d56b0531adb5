// Writes a scenario as the file that the loader reads (loader.h): what generated, shrunk, recorded
// and captured scenarios are saved as. Loading it gives the same scenario again.
// Threads: pure functions.
#pragma once

#include <string>

#include "harness/scenario/scenario.h"

namespace atrest::scenario {

// Two spaces of indentation, members in the order of LANGUAGE.md, a newline at the end.
std::string PrintScenario(const Scenario& scenario);

}  // namespace atrest::scenario
