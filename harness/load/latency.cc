#include "harness/load/latency.h"

#include <algorithm>
#include <bit>

namespace atrest::load {

void Latency::Add(int64_t duration_ns) {
  const int64_t duration = std::max<int64_t>(duration_ns, 0);
  ++buckets_[BucketOf(static_cast<uint64_t>(duration))];
  ++count_;
  max_ns_ = std::max(max_ns_, duration);
}

int64_t Latency::Percentile(double fraction) const {
  const auto wanted = static_cast<uint64_t>(fraction * static_cast<double>(count_));
  uint64_t passed = 0;
  for (size_t i = 0; i < kBuckets && count_ > 0; ++i) {
    passed += buckets_[i];
    if (passed > wanted || passed == count_) {
      return std::min(static_cast<int64_t>(UpperEnd(i)), max_ns_);
    }
  }
  return 0;
}

size_t Latency::BucketOf(uint64_t value) {
  if (value < uint64_t{1} << kStepBits) return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
  return (static_cast<size_t>(shift + 1) << kStepBits) + (value >> shift) -
         (size_t{1} << kStepBits);
}

uint64_t Latency::UpperEnd(size_t bucket) {
  const size_t steps = size_t{1} << kStepBits;
  if (bucket < steps) return bucket;
  const size_t shift = bucket / steps - 1;
  return ((bucket % steps + steps + 1) << shift) - 1;
}

}  // namespace atrest::load
