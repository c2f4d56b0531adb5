// Values that servers get wrong: payloads that look sealed, sizes beside powers of two and beside
// the overhead of a seal, channel names that collide, nest or do not fit a directory. Every choice
// comes from the given generator.
// Threads: none shared.
#pragma once

#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/random.h"

namespace atrest::generate {

// One of FROM. REQUIRES: FROM is not empty.
template <typename T>
const T& Pick(Random& random, const std::vector<T>& from) {
  return from[random.Below(from.size())];
}

// True PERCENT times in 100.
inline bool Chance(Random& random, uint64_t percent) { return random.Below(100) < percent; }

std::string NastyPayload(Random& random);

// COUNT names, no two equal; among several often two that differ in case only.
std::vector<std::string> NastyChannels(Random& random, size_t count);

}  // namespace atrest::generate
