#include "reference/wire/proto.h"

namespace atrest::wire {
namespace {

constexpr char kUnexpectedEof[] = "unexpected EOF";
constexpr char kOverflow[] = "proto: integer overflow";
constexpr char kNegativeLength[] = "proto: negative length found during unmarshaling";

// Wire types.
constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kLengthDelimited = 2;
constexpr int kStartGroup = 3;
constexpr int kEndGroup = 4;
constexpr int kFixed32 = 5;

// Ten bytes hold 64 bits. What a tenth byte holds beyond bit 63 is dropped, not an overflow.
constexpr int kVarintBytesMax = 10;

// Reads a varint of BYTES at *AT and moves *AT behind it. Returns null, or the error.
const char* ReadVarint(ByteView bytes, size_t* at, uint64_t* value) {
  uint64_t read = 0;
  for (int i = 0; i < kVarintBytesMax; ++i) {
    if (*at >= bytes.size()) return kUnexpectedEof;
    const uint8_t byte = bytes[(*at)++];
    read |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      *value = read;
      return nullptr;
    }
  }
  return kOverflow;
}

// Moves *AT by LENGTH as the upstream code does in signed 64-bit arithmetic, where a length with
// the top bit set, or one that carries the sum over it, is "negative". The result may lie behind
// the end of the bytes.
const char* Advance(uint64_t length, uint64_t* at) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if (length >= kSign || *at + length >= kSign) return kNegativeLength;
  *at += length;
  return nullptr;
}

// Passes over the value of one field of WIRE_TYPE; *DEPTH counts the groups that are open.
std::string PassValue(ByteView bytes, int wire_type, uint64_t* at, int64_t* depth) {
  uint64_t value = 0;
  const char* error = nullptr;
  size_t index = static_cast<size_t>(*at);
  switch (wire_type) {
    case kVarint:
    case kLengthDelimited:
      error = ReadVarint(bytes, &index, &value);
      *at = index;
      if (error == nullptr && wire_type == kLengthDelimited) error = Advance(value, at);
      break;
    case kFixed64:
    case kFixed32:
      *at += wire_type == kFixed64 ? 8 : 4;
      break;
    case kStartGroup:
      ++*depth;
      break;
    case kEndGroup:
      --*depth;
      break;
    default:
      return "proto: illegal wireType " + std::to_string(wire_type);
  }
  return error == nullptr ? "" : error;
}

// The size of the field, tag included, that BYTES begins with, in *SIZE; it may be larger than
// BYTES. Groups end at any end-group tag of their depth, whatever its number. Returns "" or the
// error.
std::string FieldSize(ByteView bytes, uint64_t* size) {
  uint64_t at = 0;
  int64_t depth = 0;
  while (at < bytes.size()) {
    uint64_t tag = 0;
    size_t index = static_cast<size_t>(at);
    if (const char* error = ReadVarint(bytes, &index, &tag)) return error;
    at = index;
    const std::string error = PassValue(bytes, static_cast<int>(tag & 7), &at, &depth);
    if (!error.empty()) return error;
    if (depth == 0) {
      *size = at;
      return "";
    }
  }
  return kUnexpectedEof;
}

void PutVarint(uint64_t value, Bytes& to) {
  while (value >= 0x80) {
    to.push_back(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  to.push_back(static_cast<uint8_t>(value));
}

size_t VarintSize(uint64_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

uint64_t Tag(uint32_t field, int wire_type) {
  return uint64_t{field} << 3 | static_cast<uint64_t>(wire_type);
}

}  // namespace

ProtoReader::ProtoReader(std::string_view message_name, ByteView encoded)
    : message_name_(message_name), encoded_(encoded) {}

bool ProtoReader::Next() {
  if (!status_.ok() || at_ >= encoded_.size()) return false;
  field_start_ = at_;
  const uint64_t tag = Varint();
  if (!status_.ok()) return false;
  wire_type_ = static_cast<int>(tag & 7);
  // The upstream code keeps 32 bits of the number, so numbers from 2^31 on are negative or alias
  // small ones.
  const int32_t field = static_cast<int32_t>(static_cast<uint32_t>(tag >> 3));
  if (wire_type_ == kEndGroup) {
    Fail("proto: " + std::string(message_name_) + ": wiretype end group for non-group");
  } else if (field <= 0) {
    // The "wire type" of this text is the whole tag.
    Fail("proto: " + std::string(message_name_) + ": illegal tag " + std::to_string(field) +
         " (wire type " + std::to_string(tag) + ")");
  }
  field_ = static_cast<uint32_t>(field);
  return status_.ok();
}

uint64_t ProtoReader::Uint64(std::string_view name) { return Expect(kVarint, name) ? Varint() : 0; }

int64_t ProtoReader::Int64(std::string_view name) { return static_cast<int64_t>(Uint64(name)); }

int32_t ProtoReader::Int32(std::string_view name) { return static_cast<int32_t>(Uint32(name)); }

uint32_t ProtoReader::Uint32(std::string_view name) { return static_cast<uint32_t>(Uint64(name)); }

bool ProtoReader::Bool(std::string_view name) { return Uint64(name) != 0; }

ByteView ProtoReader::Blob(std::string_view name) {
  if (!Expect(kLengthDelimited, name)) return {};
  const uint64_t length = Varint();
  if (!status_.ok()) return {};
  uint64_t end = at_;
  if (const char* error = Advance(length, &end)) {
    Fail(error);
    return {};
  }
  if (end > encoded_.size()) {
    Fail(kUnexpectedEof);
    return {};
  }
  const ByteView blob = encoded_.subspan(at_, static_cast<size_t>(length));
  at_ = static_cast<size_t>(end);
  return blob;
}

std::string ProtoReader::String(std::string_view name) { return std::string(AsText(Blob(name))); }

void ProtoReader::Skip() {
  if (!status_.ok()) return;
  uint64_t size = 0;
  const std::string error = FieldSize(encoded_.subspan(field_start_), &size);
  uint64_t end = field_start_;
  if (!error.empty()) {
    Fail(error);
  } else if (const char* overflow = Advance(size, &end)) {
    Fail(overflow);
  } else if (end > encoded_.size()) {
    Fail(kUnexpectedEof);
  } else {
    at_ = static_cast<size_t>(end);
  }
}

void ProtoReader::Fail(std::string message) {
  if (status_.ok()) status_ = Status(Code::kCorrupt, std::move(message));
}

uint64_t ProtoReader::Varint() {
  uint64_t value = 0;
  if (const char* error = ReadVarint(encoded_, &at_, &value)) {
    Fail(error);
    return 0;
  }
  return value;
}

bool ProtoReader::Expect(int wire_type, std::string_view name) {
  if (!status_.ok()) return false;
  if (wire_type_ == wire_type) return true;
  Fail("proto: wrong wireType = " + std::to_string(wire_type_) + " for field " + std::string(name));
  return false;
}

void ProtoWriter::Uint64(uint32_t field, uint64_t value) {
  if (value == 0) return;
  PutVarint(Tag(field, kVarint), to_);
  PutVarint(value, to_);
}

void ProtoWriter::Blob(uint32_t field, ByteView value) {
  if (value.empty()) return;
  PutVarint(Tag(field, kLengthDelimited), to_);
  PutVarint(value.size(), to_);
  Append(to_, value);
}

size_t Uint64FieldSize(uint32_t field, uint64_t value) {
  return value == 0 ? 0 : VarintSize(Tag(field, kVarint)) + VarintSize(value);
}

size_t BlobFieldSize(uint32_t field, size_t size) {
  if (size == 0) return 0;
  return VarintSize(Tag(field, kLengthDelimited)) + VarintSize(size) + size;
}

}  // namespace atrest::wire
