// Changes to the files of a stopped store, for a generated case. Only changes whose effect does not
// depend on random bytes: no bits of times, and none of sizes where checksums are not looked at.
// Private to the generator.
// Threads: none shared.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "reference/base/random.h"

namespace atrest::compare {

// CHANNELS: those of the case. What is named need not exist: that is refused for both targets
// alike.
scenario::Tamper NastyTamper(Random& random, const std::vector<std::string>& channels);

}  // namespace atrest::compare
