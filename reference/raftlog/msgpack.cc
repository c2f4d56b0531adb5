#include "reference/raftlog/msgpack.h"

#include <cstdio>
#include <utility>

namespace atrest::raftlog {
namespace {

constexpr uint8_t kNil = 0xC0;
constexpr uint8_t kBin8 = 0xC4;
constexpr uint8_t kExt8 = 0xC7;
constexpr uint8_t kFloat = 0xCA;
constexpr uint8_t kUint8 = 0xCC;
constexpr uint8_t kInt8 = 0xD0;
constexpr uint8_t kFixExt1 = 0xD4;
constexpr uint8_t kFixExt4 = 0xD6;
constexpr uint8_t kFixExt8 = 0xD7;
constexpr uint8_t kRaw8 = 0xD9;
constexpr uint8_t kRaw16 = 0xDA;
constexpr uint8_t kRaw32 = 0xDB;
constexpr uint8_t kArray16 = 0xDC;
constexpr uint8_t kMap16 = 0xDE;
constexpr uint8_t kTimeExtension = 0xFF;

bool IsWithin(uint8_t descriptor, uint8_t first, int count) {
  return descriptor >= first && descriptor < first + count;
}

// What error texts call a descriptor.
std::string_view KindName(uint8_t descriptor) {
  if (descriptor == kNil) return "nil";
  if (descriptor == 0xC2) return "false";
  if (descriptor == 0xC3) return "true";
  if (IsWithin(descriptor, kFloat, 2)) return "float";
  if (IsWithin(descriptor, kUint8, 4)) return "uint";
  if (IsWithin(descriptor, kInt8, 4) || descriptor < 0x80 || descriptor >= 0xE0) return "int";
  if (IsWithin(descriptor, kRaw8, 3) || (descriptor & 0xE0) == 0xA0) return "string|bytes";
  if (IsWithin(descriptor, kBin8, 3)) return "bytes";
  if (IsWithin(descriptor, kArray16, 2) || (descriptor & 0xF0) == 0x90) return "array";
  if (IsWithin(descriptor, kMap16, 2) || (descriptor & 0xF0) == 0x80) return "map";
  if (IsWithin(descriptor, kFixExt1, 5) || IsWithin(descriptor, kExt8, 3)) return "ext";
  return "unknown";
}

std::string Hex(uint8_t byte) {
  char text[4];
  std::snprintf(text, sizeof text, "%x", unsigned{byte});
  return text;
}

}  // namespace

void MsgpackReader::Fail(const std::string& what) {
  if (!status_.ok()) return;
  status_ =
      Status(Code::kCorrupt, "msgpack decode error [pos " + std::to_string(at_) + "]: " + what);
}

uint8_t MsgpackReader::Byte() { return static_cast<uint8_t>(BigEndian(1)); }

uint64_t MsgpackReader::BigEndian(int bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : Take(static_cast<uint64_t>(bytes))) value = value << 8 | byte;
  return value;
}

ByteView MsgpackReader::Take(uint64_t size) {
  if (status_.ok() && size > encoded_.size() - at_) status_ = Status(Code::kCorrupt, "EOF");
  if (!status_.ok()) return {};
  const ByteView taken = encoded_.subspan(at_, static_cast<size_t>(size));
  at_ += taken.size();
  return taken;
}

// Nullopt if DESCRIPTOR, which was read, does not begin bytes.
std::optional<ByteView> MsgpackReader::RawOf(uint8_t descriptor) {
  if ((descriptor & 0xE0) == 0xA0) return Take(descriptor & 0x1Fu);
  for (const uint8_t first : {kRaw8, kBin8}) {
    if (IsWithin(descriptor, first, 3)) return Take(BigEndian(1 << (descriptor - first)));
  }
  return std::nullopt;
}

ByteView MsgpackReader::Raw() {
  const uint8_t descriptor = Byte();
  if (!status_.ok() || descriptor == kNil) return {};
  if (const auto raw = RawOf(descriptor)) return *raw;
  Fail("invalid byte descriptor for decoding bytes, got: 0x" + Hex(descriptor));
  return {};
}

std::optional<MsgpackReader::Container> MsgpackReader::ContainerOf(uint8_t descriptor) {
  if (descriptor == kNil) return Container{true, 0};
  if ((descriptor & 0xF0) == 0x80) return Container{true, descriptor & 0x0Fu};
  if ((descriptor & 0xF0) == 0x90) return Container{false, descriptor & 0x0Fu};
  if (IsWithin(descriptor, kMap16, 2))
    return Container{true, BigEndian(2 << (descriptor - kMap16))};
  if (IsWithin(descriptor, kArray16, 2)) {
    return Container{false, BigEndian(2 << (descriptor - kArray16))};
  }
  return std::nullopt;
}

MsgpackReader::Container MsgpackReader::ReadContainer(const char* into) {
  const auto container = ContainerOf(Byte());
  if (!container) Fail(std::string("only encoded map or array can be decoded into ") + into);
  return status_.ok() ? *container : Container{};
}

Bytes MsgpackReader::Blob() {
  const uint8_t descriptor = Byte();
  if (!status_.ok() || descriptor == kNil) return {};
  if (const auto raw = RawOf(descriptor)) return Bytes(raw->begin(), raw->end());
  const auto container = ContainerOf(descriptor);
  if (!container) {
    Fail("only encoded map or array can be decoded into a slice (0)");
    return {};
  }
  // Each number takes a byte at least, so a false count ends with an error.
  const uint64_t count = container->is_map ? 2 * container->count : container->count;
  Bytes bytes;
  for (uint64_t i = 0; i < count && status_.ok(); ++i) {
    bytes.push_back(static_cast<uint8_t>(Unsigned(8)));
  }
  return bytes;
}

uint64_t MsgpackReader::Signed(uint8_t descriptor) {
  const int bytes = 1 << (descriptor - kInt8);
  const uint64_t value = BigEndian(bytes);
  const int unused = 64 - 8 * bytes;
  const int64_t number = static_cast<int64_t>(value << unused) >> unused;
  if (number < 0) {
    Fail("assigning negative signed value: " + std::to_string(number) + ", to unsigned type");
  }
  return static_cast<uint64_t>(number);
}

uint64_t MsgpackReader::Unsigned(int bits) {
  const uint8_t descriptor = Byte();
  uint64_t value = 0;
  if (descriptor < 0x80) {
    value = descriptor;
  } else if (IsWithin(descriptor, kUint8, 4)) {
    value = BigEndian(1 << (descriptor - kUint8));
  } else if (IsWithin(descriptor, kInt8, 4)) {
    value = Signed(descriptor);
  } else if (descriptor >= 0xE0) {
    // The real library's text has the byte, not the number.
    Fail("assigning negative signed value: " + std::to_string(descriptor) + ", to unsigned type");
  } else if (descriptor != kNil) {
    Fail("cannot decode unsigned integer: unrecognized descriptor byte: " + Hex(descriptor) + "/" +
         std::string(KindName(descriptor)));
  }
  if (bits < 64 && value >> bits != 0) Fail("uint64 overflow: " + std::to_string(value));
  return status_.ok() ? value : 0;
}

std::optional<ByteView> MsgpackReader::Time() {
  const uint8_t descriptor = Byte();
  if (!status_.ok() || descriptor == kNil) return std::nullopt;
  std::optional<ByteView> body = RawOf(descriptor);
  if (!body) {
    const uint8_t next = Byte();
    uint64_t size = descriptor == kFixExt4 ? 4 : descriptor == kFixExt8 ? 8 : 0;
    const bool is_long = descriptor == kExt8 && next == 12;
    const uint8_t type = is_long ? Byte() : next;
    if (is_long) size = 12;
    if (size == 0 || type != kTimeExtension) {
      Fail("invalid stream for decoding time as extension: got 0x" + Hex(descriptor) + ", 0x" +
           Hex(next));
      return std::nullopt;
    }
    body = Take(size);
  }
  if (!status_.ok()) return std::nullopt;
  if (body->size() == 4 || body->size() == 8 || body->size() == 12) return body;
  Fail("invalid bytes for decoding time - expecting string or 4, 8, or 12 bytes, got " +
       std::to_string(body->size()));
  return std::nullopt;
}

// Passes over one value; how many values it contains, which follow.
uint64_t MsgpackReader::SkipOne() {
  const uint8_t descriptor = Byte();
  if (!status_.ok() || RawOf(descriptor)) return 0;
  if (const auto container = ContainerOf(descriptor)) {
    return container->is_map ? 2 * container->count : container->count;
  }
  if (IsWithin(descriptor, kFloat, 2)) {
    Take(descriptor == kFloat ? 4 : 8);
  } else if (IsWithin(descriptor, kUint8, 4)) {
    Take(uint64_t{1} << (descriptor - kUint8));
  } else if (IsWithin(descriptor, kInt8, 4)) {
    Take(uint64_t{1} << (descriptor - kInt8));
  } else if (IsWithin(descriptor, kFixExt1, 5)) {
    Take(1 + (uint64_t{1} << (descriptor - kFixExt1)));
  } else if (IsWithin(descriptor, kExt8, 3)) {
    Take(1 + BigEndian(1 << (descriptor - kExt8)));
  } else if (KindName(descriptor) == "unknown") {
    Fail("cannot infer value: unrecognized descriptor byte: Ox" + Hex(descriptor) + "/" +
         std::to_string(descriptor) + "/unknown");
  }
  return 0;
}

void MsgpackReader::Skip() {
  for (uint64_t left = 1; left > 0 && status_.ok(); --left) left += SkipOne();
}

void MsgpackWriter::Put(uint8_t descriptor, uint64_t value, int bytes) {
  to_.push_back(descriptor);
  for (int i = bytes - 1; i >= 0; --i) to_.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

void MsgpackWriter::Map(uint8_t count) {
  ATREST_CHECK(count < 16);
  to_.push_back(0x80 | count);
}

void MsgpackWriter::Array(uint32_t count) {
  if (count < 16) {
    to_.push_back(static_cast<uint8_t>(0x90 | count));
  } else if (count <= 0xFFFF) {
    Put(kArray16, count, 2);
  } else {
    Put(kArray16 + 1, count, 4);
  }
}

void MsgpackWriter::Raw(ByteView bytes) {
  if (bytes.size() < 32) {
    to_.push_back(static_cast<uint8_t>(0xA0 | bytes.size()));
  } else if (bytes.size() <= 0xFFFF) {
    Put(kRaw16, bytes.size(), 2);
  } else {
    Put(kRaw32, bytes.size(), 4);
  }
  Append(to_, bytes);
}

void MsgpackWriter::Unsigned(uint64_t value) {
  if (value < 0x80) {
    to_.push_back(static_cast<uint8_t>(value));
  } else if (value <= 0xFF) {
    Put(kUint8, value, 1);
  } else if (value <= 0xFFFF) {
    Put(kUint8 + 1, value, 2);
  } else if (value <= 0xFFFFFFFF) {
    Put(kUint8 + 2, value, 4);
  } else {
    Put(kUint8 + 3, value, 8);
  }
}

}  // namespace atrest::raftlog
