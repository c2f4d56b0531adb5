#include "harness/load/payload.h"

#include "reference/base/check.h"
#include "reference/base/random.h"

namespace atrest::load {
namespace {

constexpr size_t kNumberAt = 4;
constexpr size_t kSentAt = 12;
constexpr size_t kCheckAt = 20;

}  // namespace

PayloadMaker::PayloadMaker(size_t size) : crc_(Crc32::kIeee), payload_(size) {
  ATREST_CHECK(size >= kSizeMin);
  Random(size).Fill(payload_);
}

ByteView PayloadMaker::Make(const Stamp& stamp) {
  StoreLe32(payload_.data(), stamp.publisher);
  StoreLe64(payload_.data() + kNumberAt, stamp.number);
  StoreLe64(payload_.data() + kSentAt, static_cast<uint64_t>(stamp.sent_ns));
  StoreLe32(payload_.data() + kCheckAt, Check(payload_));
  return payload_;
}

Result<Stamp> PayloadMaker::Read(ByteView payload) const {
  if (payload.size() != payload_.size()) return Status(Code::kCorrupt, "another size");
  if (LoadLe32(payload.data() + kCheckAt) != Check(payload)) {
    return Status(Code::kCorrupt, "other bytes");
  }
  Stamp stamp;
  stamp.publisher = LoadLe32(payload.data());
  stamp.number = LoadLe64(payload.data() + kNumberAt);
  stamp.sent_ns = static_cast<int64_t>(LoadLe64(payload.data() + kSentAt));
  return stamp;
}

uint32_t PayloadMaker::Check(ByteView payload) const {
  // Two sums for one without a copy; that of the filling differs between any two sizes.
  return crc_.Of(payload.first(kCheckAt)) ^ crc_.Of(payload.subspan(kSizeMin)) * 31;
}

}  // namespace atrest::load
