// A small deterministic pseudo-random generator (splitmix64). Every choice of the simulator, and
// the entropy of a seeded server, is a function of one seed through it: no std distributions, whose
// results differ between libraries. Not for secrets: a production server takes its nonces from the
// operating system (reference/env).
// Threads: none shared.
#pragma once

#include <cstdint>
#include <span>

#include "reference/base/check.h"

namespace atrest {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t mixed = state_;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return mixed ^ mixed >> 31;
  }

  // Uniform in [0, LIMIT). REQUIRES: limit > 0. The bias of the remainder is below 2^-32 for limits
  // below 2^32.
  uint64_t Below(uint64_t limit) {
    ATREST_CHECK(limit > 0);
    return Next() % limit;
  }

  void Fill(std::span<uint8_t> into) {
    uint64_t word = 0;
    for (size_t i = 0; i < into.size(); ++i) {
      if (i % 8 == 0) word = Next();
      into[i] = static_cast<uint8_t>(word >> (8 * (i % 8)));
    }
  }

 private:
  uint64_t state_;
};

}  // namespace atrest
