#include "harness/inspect/protobuf.h"

#include <gtest/gtest.h>

#include "harness/inspect/decode.h"
#include "reference/wire/msg_proto.h"

namespace atrest::inspect {
namespace {

TEST(ProtobufTest, WhatIsValid) {
  for (const char* hex : {
           "", "0801",
           "0880808080808080808001",        // 64 bits in ten bytes
           "2200",                          // an empty value
           "61ffffffffffffffff65ffffffff",  // fixed values
           "6364",                          // an empty group
           "6b6360016463646c",              // groups in a group
       }) {
    EXPECT_EQ(CheckProtobuf(FromHex(hex).value()).why, "") << hex;
  }
}

TEST(ProtobufTest, WhatIsNot) {
  const std::pair<const char*, const char*> cases[] = {
      {"00", "field number 0"},
      {"63"
       "0001"
       "64",
       "field number 0"},
      {"66", "wire type 6"},
      {"67", "wire type 7"},
      {"6366", "wire type 6"},
      {"64", "the end of a group that was not begun"},
      {"636c", "the end of a group that was not begun"},
      {"63", "a group is not ended"},
      {"6b6364", "a group is not ended"},
      {"08", "a varint is cut"},
      {"0880", "a varint is cut"},
      {"80", "a varint is cut"},
      {"0880808080808080808002", "a varint has more than 64 bits"},
      {"0880808080808080808080", "a varint has more than 64 bits"},
      {"61ffffffffffffff", "a field is cut"},
      {"65ffffff", "a field is cut"},
      {"620201", "a field is cut"},
      {"62ffffffffffffffffff01", "a field is cut"},
  };
  for (const auto& [hex, why] : cases) {
    EXPECT_EQ(CheckProtobuf(FromHex(hex).value()).why, why) << hex;
  }
}

wire::Message Decode(std::string_view hex) {
  const auto message = DecodeStrictly(FromHex(hex).value(), wire::DecodeMessage);
  EXPECT_TRUE(message.ok()) << hex << " " << message.status().message();
  return message.ok() ? message.value() : wire::Message();
}

// 2^32 + 1, which the real server takes for 1, and 2^31, which it refuses.
TEST(ProtobufTest, FieldNumbersHaveNoLimit) {
  EXPECT_EQ(Decode("0801"
                   "88808080800105")
                .sequence,
            1u);
  EXPECT_EQ(Decode("808080804005"
                   "0801")
                .sequence,
            1u);
  EXPECT_TRUE(CheckProtobuf(FromHex("88808080800105").value()).has_huge_numbers);
  EXPECT_FALSE(CheckProtobuf(FromHex("f8ffffff3f05").value()).has_huge_numbers);
}

TEST(ProtobufTest, AGroupGoesWithAllThatIsInIt) {
  const Bytes payload = FromHex(
                            "0801"
                            "8b8080808001"
                            "0807"
                            "63"
                            "64"
                            "8c8080808001"
                            "1001")
                            .value();
  EXPECT_EQ(CheckProtobuf(payload).why, "");
  EXPECT_EQ(ToHex(KnownFields(payload)), "08011001");
  // A group that is kept keeps what is in it.
  const Bytes kept = FromHex(
                         "63"
                         "88808080800105"
                         "64")
                         .value();
  EXPECT_EQ(KnownFields(kept), kept);
}

TEST(ProtobufTest, WrongWireTypesAreTheDecoders) {
  const auto message = DecodeStrictly(FromHex("0a00").value(), wire::DecodeMessage);
  EXPECT_EQ(message.status().message(), "proto: wrong wireType = 2 for field Sequence");
}

}  // namespace
}  // namespace atrest::inspect
