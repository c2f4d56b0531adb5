// The options of a start in a generated case: each case has a theme, which most of its starts
// follow.
// Private to the generator.
// Threads: none shared.
#pragma once

#include <set>
#include <string>

#include "harness/scenario/scenario.h"
#include "reference/base/random.h"

namespace atrest::compare {

// The names of keys in a generated case: the usual one, another, and one of odd bytes.
inline constexpr char kUsualKey[] = "usual";
inline constexpr char kOtherKey[] = "other";
inline constexpr char kOddKey[] = "odd";

// What all starts of a case have in common, but for the exceptions that Vary makes.
scenario::Settings Theme(Random& random, const std::set<std::string>& capabilities);

// Whether journals are compacted, which usual options do only after minutes.
bool Compacts(const scenario::Settings& settings);

scenario::Settings Vary(scenario::Settings theme, Random& random,
                        const std::set<std::string>& capabilities);

}  // namespace atrest::compare
