#include "harness/inspect/protobuf.h"

#include <utility>
#include <vector>

namespace atrest::inspect {
namespace {

constexpr int kVarintBytesMax = 10;
constexpr uint64_t kFieldMax = 0x7FFFFFFF;

// One field after the other, those inside groups too.
class FieldWalk {
 public:
  explicit FieldWalk(ByteView payload) : payload_(payload) {}

  // Moves over the next tag and, but for groups, its value; false at the end and at an error.
  bool Next() {
    if (!why_.empty() || at_ == payload_.size()) return false;
    start_ = at_;
    const uint64_t tag = Varint();
    field_ = tag >> 3;
    if (why_.empty() && field_ == 0) Fail("field number 0");
    if (why_.empty()) PassValue(static_cast<int>(tag & 7));
    return why_.empty();
  }

  uint64_t field() const { return field_; }
  ByteView bytes() const { return payload_.subspan(start_, at_ - start_); }
  // The field numbers of the groups that are open behind what Next() moved over.
  const std::vector<uint64_t>& open_groups() const { return open_groups_; }

  // "", or why the payload is not valid. Call when Next() has returned false.
  std::string Finish() {
    if (why_.empty() && !open_groups_.empty()) Fail("a group is not ended");
    return why_;
  }

 private:
  void Fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
  }

  void PassValue(int wire_type) {
    switch (wire_type) {
      case 0:
        Varint();
        break;
      case 1:
        Pass(8);
        break;
      case 2:
        Pass(Varint());
        break;
      case 3:
        open_groups_.push_back(field_);
        break;
      case 4:
        EndGroup();
        break;
      case 5:
        Pass(4);
        break;
      default:
        Fail("wire type " + std::to_string(wire_type));
    }
  }

  void EndGroup() {
    if (open_groups_.empty() || open_groups_.back() != field_) {
      Fail("the end of a group that was not begun");
    } else {
      open_groups_.pop_back();
    }
  }

  void Pass(uint64_t size) {
    if (!why_.empty()) return;
    if (size > payload_.size() - at_) {
      Fail("a field is cut");
    } else {
      at_ += size;
    }
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int i = 0; i < kVarintBytesMax; ++i) {
      if (at_ == payload_.size()) {
        Fail("a varint is cut");
        return 0;
      }
      const uint8_t byte = payload_[at_++];
      // The tenth byte holds bit 63 alone.
      if (i == kVarintBytesMax - 1 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
      if (byte < 0x80) return value;
    }
    Fail("a varint has more than 64 bits");
    return 0;
  }

  const ByteView payload_;
  size_t at_ = 0;
  size_t start_ = 0;
  uint64_t field_ = 0;
  std::vector<uint64_t> open_groups_;
  std::string why_;
};

}  // namespace

Validity CheckProtobuf(ByteView payload) {
  FieldWalk walk(payload);
  Validity validity;
  while (walk.Next()) validity.has_huge_numbers |= walk.field() > kFieldMax;
  validity.why = walk.Finish();
  return validity;
}

Bytes KnownFields(ByteView payload) {
  FieldWalk walk(payload);
  Bytes known;
  // A group goes as its outermost number does, with all that is in it.
  bool keep = true;
  bool in_group = false;
  while (walk.Next()) {
    if (!in_group) keep = walk.field() <= kFieldMax;
    in_group = !walk.open_groups().empty();
    if (keep) Append(known, walk.bytes());
  }
  return known;
}

}  // namespace atrest::inspect
