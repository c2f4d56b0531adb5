#include "harness/disktruth/field_walk.h"

namespace atrest::disktruth {
namespace {

constexpr uint64_t kWireVarint = 0;
constexpr uint64_t kWireBytes = 2;

}  // namespace

std::optional<Field> FieldWalk::Fail() {
  failed_ = true;
  return std::nullopt;
}

std::optional<uint64_t> FieldWalk::Varint(std::string& odd) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at_ >= message_.size()) return std::nullopt;
    const uint8_t byte = message_[at_++];
    if (shift == 63 && byte > 1) return std::nullopt;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) != 0) continue;
    if (byte == 0 && shift > 0) odd = "a varint longer than it needs to be";
    return value;
  }
  return std::nullopt;
}

std::optional<Field> FieldWalk::Next() {
  if (failed_ || at_ == message_.size()) return std::nullopt;
  Field field;
  field.begin = at_;
  const auto tag = Varint(field.odd);
  if (!tag || *tag >> 3 == 0) return Fail();
  field.number = *tag >> 3;
  const uint64_t wire = *tag & 7;
  if (wire != kWireVarint && wire != kWireBytes) return Fail();
  field.is_varint = wire == kWireVarint;
  const auto value = Varint(field.odd);
  if (!value) return Fail();
  field.value = *value;
  field.bytes_begin = at_;
  if (!field.is_varint) {
    if (*value > message_.size() - at_) return Fail();
    at_ += static_cast<size_t>(*value);
  }
  field.end = at_;
  if (*value == 0) field.odd = "a default value that is written";
  if (field.number <= previous_) field.odd = "a field out of order";
  previous_ = field.number;
  return field;
}

}  // namespace atrest::disktruth
