// A clock that stands still until it is told otherwise, and entropy that is a function of a seed:
// what a test or the simulator gives a component in place of the machine's.
// Not for secrets: whoever knows the seed knows the bytes.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <span>

#include "reference/base/random.h"
#include "reference/env/env.h"

namespace atrest::env {

class FixedClock : public Clock {
 public:
  explicit FixedClock(int64_t now_ns = 0) : now_ns_(now_ns) {}
  int64_t NowNs() override { return now_ns_; }
  // May also go back, as a system clock may.
  void Set(int64_t now_ns) { now_ns_ = now_ns; }
  void Advance(int64_t by_ns) { now_ns_ += by_ns; }

 private:
  int64_t now_ns_;
};

class SeededEntropy : public Entropy {
 public:
  explicit SeededEntropy(uint64_t seed) : random_(seed) {}
  void Fill(std::span<uint8_t> into) override { random_.Fill(into); }

 private:
  Random random_;
};

}  // namespace atrest::env
