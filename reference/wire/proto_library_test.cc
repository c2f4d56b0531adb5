// Our codec against library protobuf, which nobody here wrote.
//
// Where the two differ on purpose, since the code generator of the real server does (MayDiffer):
//   - text that is not UTF-8: library protobuf refuses it in a string;
//   - a known field with another wire type: library protobuf takes it as unknown, we refuse it;
//   - groups: library protobuf checks the number of an end-group tag and the field numbers inside,
//     and stops at a depth of 100;
//   - tags and lengths of more than 5 bytes or 32 bits, which library protobuf refuses.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/wire/msg_proto.h"
#include "reference/wire/store_records.pb.h"

namespace atrest::wire {
namespace {

rc::Gen<std::string> Utf8() {
  return rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
}

// Small and large values alike, as all byte lengths of a varint matter.
template <typename T>
rc::Gen<T> Scalar() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<uint64_t>(), rc::gen::inRange(0, 64)),
                      [](const auto& pair) { return static_cast<T>(pair.first >> pair.second); });
}

Message AnyMessage() {
  Message message;
  message.sequence = *Scalar<uint64_t>();
  message.subject = *Utf8();
  message.reply = *Utf8();
  const Bytes data = *rc::gen::arbitrary<Bytes>();
  if (!data.empty()) message.data.emplace(data);
  message.timestamp_ns = *Scalar<int64_t>();
  message.redelivered = *rc::gen::arbitrary<bool>();
  message.redelivery_count = *Scalar<uint32_t>();
  message.crc32 = *Scalar<uint32_t>();
  return message;
}

test::MsgProto ToLibrary(const Message& message) {
  test::MsgProto library;
  library.set_sequence(message.sequence);
  library.set_subject(message.subject);
  library.set_reply(message.reply);
  library.set_data(std::string(AsText(message.payload())));
  library.set_timestamp(message.timestamp_ns);
  library.set_redelivered(message.redelivered);
  library.set_redeliverycount(message.redelivery_count);
  library.set_crc32(message.crc32);
  return library;
}

RC_GTEST_PROP(ProtoLibraryTest, WritesWhatTheLibraryWrites, ()) {
  const Message message = AnyMessage();
  Bytes encoded;
  Encode(message, encoded);
  RC_ASSERT(std::string(AsText(encoded)) == ToLibrary(message).SerializeAsString());
  RC_ASSERT(encoded.size() == EncodedSize(message));
}

RC_GTEST_PROP(ProtoLibraryTest, ReadsWhatTheLibraryWrites, ()) {
  const Message message = AnyMessage();
  const std::string encoded = ToLibrary(message).SerializeAsString();
  const Result<Message> decoded = DecodeMessage(AsBytes(encoded));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(decoded.value() == message);
}

// Reads a varint of ENCODED at *AT; false if there is none. *LONG is set where library protobuf
// takes no tag and no length of this form.
bool ReadVarint(ByteView encoded, size_t* at, uint64_t* value, bool* is_long) {
  *value = 0;
  for (int i = 0; i < 10 && *at < encoded.size(); ++i) {
    const uint8_t byte = encoded[(*at)++];
    *value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    *is_long = i >= 5 || *value > 0xFFFFFFFF;
    return true;
  }
  return false;
}

// True if ENCODED has, before its first error, one of the differences listed above.
bool MayDiffer(ByteView encoded) {
  constexpr int kWireTypes[] = {-1, 0, 2, 2, 2, 0, 0, 0, -1, -1, 0};  // by field number
  size_t at = 0;
  while (at < encoded.size()) {
    uint64_t tag = 0, value = 0;
    bool is_long = false;
    if (!ReadVarint(encoded, &at, &tag, &is_long)) return false;
    const int wire_type = static_cast<int>(tag & 7);
    if (is_long || wire_type == 3) return true;
    const uint64_t field = tag >> 3;
    if (field <= 10 && kWireTypes[field] >= 0 && kWireTypes[field] != wire_type) return true;
    if (wire_type == 1 || wire_type == 5) at += wire_type == 1 ? 8 : 4;
    if (wire_type != 0 && wire_type != 2) continue;
    if (!ReadVarint(encoded, &at, &value, &is_long)) return false;
    if (wire_type == 0) continue;
    if (is_long || value > encoded.size() - at) return is_long;
    for (const uint8_t byte : encoded.subspan(at, value)) {
      if (byte >= 0x80 && (field == 2 || field == 3)) return true;
    }
    at += value;
  }
  return false;
}

void ExpectSameVerdict(const Bytes& encoded) {
  RC_PRE(!MayDiffer(encoded));
  test::MsgProto library;
  const bool accepted = library.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()));
  const Result<Message> decoded = DecodeMessage(encoded);
  RC_LOG() << ToHex(encoded) << " " << decoded.status().message() << "\n";
  RC_TAG(std::string(accepted ? "accepted" : "refused"));
  RC_ASSERT(decoded.ok() == accepted);
  if (!accepted) return;
  library.DiscardUnknownFields();
  RC_ASSERT(ToLibrary(decoded.value()).SerializeAsString() == library.SerializeAsString());
}

void AppendVarint(uint64_t value, Bytes& to) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<uint8_t>(value | 0x80));
  to.push_back(static_cast<uint8_t>(value));
}

// One field, mostly well-formed: a known one with its own wire type or an unknown one with any.
void AppendField(Bytes& to) {
  const uint64_t field = *rc::gen::element<uint64_t>(1, 2, 3, 4, 5, 6, 7, 10, 12, 200, 0);
  uint64_t wire_type = field >= 2 && field <= 4 ? 2 : 0;
  if (field == 0 || field > 10) wire_type = *rc::gen::element<uint64_t>(0, 1, 2, 5, 6, 7);
  AppendVarint(field << 3 | wire_type, to);
  if (wire_type == 2) {
    const std::string text = *Utf8();
    AppendVarint(text.size() + *rc::gen::element<size_t>(0, 0, 0, 1), to);
    Append(to, AsBytes(text));
  } else if (wire_type == 0) {
    AppendVarint(*Scalar<uint64_t>(), to);
  } else {
    to.resize(to.size() + *rc::gen::element<size_t>(4, 8, 8), 0xFF);
  }
}

RC_GTEST_PROP(ProtoLibraryTest, FieldsAreAcceptedOrRefusedByBoth, ()) {
  Bytes encoded;
  const int fields = *rc::gen::inRange(1, 5);
  for (int i = 0; i < fields; ++i) AppendField(encoded);
  ExpectSameVerdict(encoded);
}

RC_GTEST_PROP(ProtoLibraryTest, RandomBytesAreAcceptedOrRefusedByBoth, (const Bytes& encoded)) {
  ExpectSameVerdict(encoded);
}

RC_GTEST_PROP(ProtoLibraryTest, DamagedMessagesAreAcceptedOrRefusedByBoth, ()) {
  Bytes encoded;
  Encode(AnyMessage(), encoded);
  RC_PRE(!encoded.empty());
  const size_t at = *rc::gen::inRange<size_t>(0, encoded.size());
  encoded[at] = *rc::gen::arbitrary<uint8_t>();
  if (*rc::gen::arbitrary<bool>()) encoded.resize(at);
  ExpectSameVerdict(encoded);
}

}  // namespace
}  // namespace atrest::wire
