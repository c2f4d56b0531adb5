// A histogram of durations: percentiles of any number of them in little memory, each within 4 % of
// the truth.
// Threads: none shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace atrest::load {

class Latency {
 public:
  // A negative duration counts as none.
  void Add(int64_t duration_ns);
  uint64_t count() const { return count_; }
  int64_t max_ns() const { return max_ns_; }
  // The duration that a share of FRACTION (0 to 1) does not exceed; 0 without any.
  int64_t Percentile(double fraction) const;

 private:
  // Two to the power of kStepBits buckets for every doubling.
  static constexpr unsigned kStepBits = 5;
  static constexpr size_t kBuckets = (64 - kStepBits + 1) << kStepBits;
  static size_t BucketOf(uint64_t value);
  static uint64_t UpperEnd(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  int64_t max_ns_ = 0;
};

}  // namespace atrest::load
