#include "reference/wire/proto.h"

#include <gtest/gtest.h>

#include "reference/wire/msg_proto.h"

namespace atrest::wire {
namespace {

Result<Message> DecodeHex(std::string_view hex) { return DecodeMessage(FromHex(hex).value()); }

std::string ErrorOf(std::string_view hex) { return DecodeHex(hex).status().message(); }

std::string HexOf(const Message& message) {
  Bytes encoded;
  Encode(message, encoded);
  EXPECT_EQ(encoded.size(), EncodedSize(message));
  return ToHex(encoded);
}

// The message of specification, standalone.md 1.6.
constexpr char kExample[] = "08011203666f6f2202686928e3c6cccd99b989f518";

TEST(MsgProtoTest, TheExampleOfTheSpecification) {
  const Result<Message> message = DecodeHex(kExample);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message.value().sequence, 1u);
  EXPECT_EQ(message.value().subject, "foo");
  EXPECT_EQ(AsText(message.value().payload()), "hi");
  EXPECT_EQ(message.value().timestamp_ns, 1795288949257872227);
  EXPECT_EQ(HexOf(message.value()), kExample);
}

TEST(MsgProtoTest, ZeroValuesAreNotWritten) {
  EXPECT_EQ(HexOf(Message{}), "");
  Message empty_data;
  empty_data.data.emplace();
  EXPECT_EQ(HexOf(empty_data), "");
}

TEST(MsgProtoTest, AbsentAndEmptyDataAreDifferent) {
  EXPECT_EQ(DecodeHex("0801").value().data, std::nullopt);
  EXPECT_EQ(DecodeHex("08012200").value().data, Bytes{});
}

TEST(MsgProtoTest, ANegativeTimeTakesTenBytes) {
  Message message;
  message.timestamp_ns = -1;
  EXPECT_EQ(HexOf(message), "28ffffffffffffffffff01");
  EXPECT_EQ(DecodeHex("28ffffffffffffffffff01").value(), message);
}

TEST(MsgProtoTest, TheLastOccurrenceCounts) {
  const Message message = DecodeHex("0801220161080222026263").value();
  EXPECT_EQ(message.sequence, 2u);
  EXPECT_EQ(AsText(message.payload()), "bc");
}

TEST(MsgProtoTest, NumbersAreCutToTheirWidth) {
  const Message message = DecodeHex(
                              "388180808010"
                              "30808080808010")
                              .value();
  EXPECT_EQ(message.redelivery_count, 1u);
  EXPECT_TRUE(message.redelivered);
  // What the tenth byte holds beyond bit 63 is dropped.
  EXPECT_EQ(DecodeHex("0880808080808080808003").value().sequence, uint64_t{1} << 63);
}

TEST(MsgProtoTest, UnknownFieldsArePassedOver) {
  for (const char* unknown : {
           "6001",                // varint
           "61ffffffffffffffff",  // 64 bits
           "6203010203",          // bytes
           "65ffffffff",          // 32 bits
           "636001620164"
           "64",            // a group of two fields
           "6b63646b6464",  // groups end at any end-group tag of their depth
           "63"
           "0001"
           "64",  // within a group a field number may be 0
           "fb8080808001"
           "0c",  // a group of a number beyond 32 bits
       }) {
    const Result<Message> message = DecodeHex(std::string("0801") + unknown);
    ASSERT_TRUE(message.ok()) << unknown << ": " << message.status().message();
    EXPECT_EQ(message.value().sequence, 1u);
  }
}

TEST(MsgProtoTest, AFieldNumberKeeps32Bits) {
  // 2^32 + 1 in the bits of the number: field 1.
  EXPECT_EQ(DecodeHex("888080808001"
                      "05")
                .value()
                .sequence,
            5u);
  EXPECT_EQ(ErrorOf("80808080800105"), "proto: MsgProto: illegal tag 0 (wire type 34359738368)");
  EXPECT_EQ(ErrorOf("808080804005"),
            "proto: MsgProto: illegal tag -2147483648 (wire type 17179869184)");
}

TEST(MsgProtoTest, ErrorTexts) {
  constexpr char kEof[] = "unexpected EOF";
  constexpr char kOverflow[] = "proto: integer overflow";
  constexpr char kNegative[] = "proto: negative length found during unmarshaling";
  const std::pair<const char*, const char*> cases[] = {
      {"08", kEof},
      {"80", kEof},
      {"0880", kEof},
      {"12", kEof},
      {"12036161", kEof},
      {"2203", kEof},
      {"60", kEof},
      {"6080", kEof},
      {"61ffffffffffffff", kEof},
      {"65ffffff", kEof},
      {"6202ff", kEof},
      {"63", kEof},
      {"636001", kEof},
      {"6362ff01", kEof},
      {"0880808080808080808080", kOverflow},
      {"80808080808080808080", kOverflow},
      {"6080808080808080808080", kOverflow},
      {"6280808080808080808080", kOverflow},
      {"1280808080808080808080", kOverflow},
      {"1280808080808080808001", kNegative},
      {"2280808080808080808001", kNegative},
      {"12ffffffffffffffff7f", kNegative},
      {"6280808080808080808001", kNegative},
      {"62ffffffffffffffff7f", kNegative},
      {"0c", "proto: MsgProto: wiretype end group for non-group"},
      {"0801"
       "64",
       "proto: MsgProto: wiretype end group for non-group"},
      {"00", "proto: MsgProto: illegal tag 0 (wire type 0)"},
      {"02", "proto: MsgProto: illegal tag 0 (wire type 2)"},
      {"07", "proto: MsgProto: illegal tag 0 (wire type 7)"},
      {"0a00", "proto: wrong wireType = 2 for field Sequence"},
      {"0b0c", "proto: wrong wireType = 3 for field Sequence"},
      {"1001", "proto: wrong wireType = 0 for field Subject"},
      {"1d00000000", "proto: wrong wireType = 5 for field Reply"},
      {"2001", "proto: wrong wireType = 0 for field Data"},
      {"2900", "proto: wrong wireType = 1 for field Timestamp"},
      {"36", "proto: wrong wireType = 6 for field Redelivered"},
      {"3f", "proto: wrong wireType = 7 for field RedeliveryCount"},
      {"5200", "proto: wrong wireType = 2 for field CRC32"},
      {"66", "proto: illegal wireType 6"},
      {"67", "proto: illegal wireType 7"},
      {"6366", "proto: illegal wireType 6"},
  };
  for (const auto& [hex, error] : cases) {
    EXPECT_EQ(ErrorOf(hex), error) << hex;
    EXPECT_EQ(DecodeHex(hex).status().code(), Code::kCorrupt);
  }
}

TEST(ProtoReaderTest, TheFirstErrorStaysAndEndsTheReading) {
  const Bytes encoded = FromHex("0a000880").value();
  ProtoReader reader("X", encoded);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.Uint64("A"), 0u);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.Blob("B").empty());
  reader.Skip();
  EXPECT_EQ(reader.status().message(), "proto: wrong wireType = 2 for field A");
}

TEST(ProtoReaderTest, ABlobIsAView) {
  const Bytes encoded = FromHex("2202abcd").value();
  ProtoReader reader("X", encoded);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.Blob("Data").data(), encoded.data() + 2);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.status().ok());
}

TEST(ProtoWriterTest, SizesAreThoseWritten) {
  for (const uint32_t field : {1u, 15u, 16u, 536870911u}) {
    for (const uint64_t value :
         {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128}, ~uint64_t{0}}) {
      Bytes written;
      ProtoWriter(written).Uint64(field, value);
      EXPECT_EQ(written.size(), Uint64FieldSize(field, value));
    }
    for (const size_t size : {0u, 1u, 127u, 128u, 20000u}) {
      Bytes written;
      ProtoWriter(written).Blob(field, Bytes(size));
      EXPECT_EQ(written.size(), BlobFieldSize(field, size));
    }
  }
}

TEST(ProtoWriterTest, NegativeInt32IsSignExtended) {
  Bytes written;
  ProtoWriter(written).Int32(6, -1);
  EXPECT_EQ(ToHex(written), "30ffffffffffffffffff01");
}

}  // namespace
}  // namespace atrest::wire
