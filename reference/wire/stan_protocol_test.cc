#include "reference/wire/stan_protocol.h"

#include <gtest/gtest.h>

namespace atrest::wire {
namespace {

template <typename M>
std::string HexOf(const M& message) {
  Bytes to = FromHex("ff").value();
  EncodeStan(message, to);
  return ToHex(to).substr(2);
}

template <typename M>
M FromHexOf(std::string_view hex) {
  const Result<M> message = DecodeStan<M>(FromHex(hex).value());
  EXPECT_TRUE(message.ok()) << hex << ": " << message.status().message();
  return message.ok() ? message.value() : M();
}

template <typename M>
std::string ErrorOf(std::string_view hex) {
  return DecodeStan<M>(FromHex(hex).value()).status().message();
}

template <typename M>
void ExpectBothWays(const M& message, std::string_view hex) {
  EXPECT_EQ(HexOf(message), hex);
  EXPECT_EQ(FromHexOf<M>(hex), message) << hex;
}

// Text "a" to "k" in the fields of strings, small numbers in the others: a field that is taken for
// another shows.
TEST(StanProtocolTest, EveryFieldHasItsNumber) {
  ExpectBothWays(StanPubMsg{"a", "b", "c", "d", ToBytes("e"), ToBytes("f"), ToBytes("g")},
                 "0a0161120162"
                 "1a0163220164"
                 "2a0165320166"
                 "520167");
  ExpectBothWays(StanPubAck{"a", "b"}, "0a0161120162");
  ExpectBothWays(StanAck{"a", 300}, "0a016110ac02");
  ExpectBothWays(StanConnectRequest{"a", "b", 1, ToBytes("d"), 5, 6},
                 "0a0161120162"
                 "1801220164"
                 "28053006");
  ExpectBothWays(StanConnectResponse{"a", "b", "c", "d", "e", "f", "g", 8, 9, 10, "k"},
                 "0a0161120162"
                 "1a0163220164"
                 "2a0165320166"
                 "3a0167"
                 "40084809500a"
                 "a2060"
                 "16b");
  ExpectBothWays(StanPing{ToBytes("a")}, "0a0161");
  ExpectBothWays(StanPingResponse{"a"}, "0a0161");
  ExpectBothWays(
      StanSubscriptionRequest{"a", "b", "c", "d", 5, 6, "g", StanStartPosition::kFirst, 11, 12},
      "0a0161120162"
      "1a0163220164"
      "28053006"
      "3a0167"
      "5004580b600c");
  ExpectBothWays(StanSubscriptionResponse{"a", "b"}, "1201611a0162");
  ExpectBothWays(StanUnsubscribeRequest{"a", "b", "c", "d"},
                 "0a0161120162"
                 "1a0163220164");
  ExpectBothWays(StanCloseRequest{"a"}, "0a0161");
  ExpectBothWays(StanCloseResponse{"a"}, "0a0161");
  ExpectBothWays(StanCtrlMsg{StanCtrlType::kPartitioning, "a", ToBytes("b"), "c"},
                 "08041201611a0162220163");
}

TEST(StanProtocolTest, NothingSetIsZeroBytes) {
  ExpectBothWays(StanPubMsg{}, "");
  ExpectBothWays(StanConnectResponse{}, "");
  ExpectBothWays(StanPingResponse{}, "");
  ExpectBothWays(StanCloseResponse{}, "");
  ExpectBothWays(StanSubscriptionResponse{}, "");
  ExpectBothWays(StanCtrlMsg{}, "");
}

TEST(StanProtocolTest, NegativeNumbersTakeTenBytes) {
  StanConnectRequest request;
  request.ping_interval = -50;
  ExpectBothWays(request, "28ceffffffffffffffff01");
  StanSubscriptionRequest subscription;
  subscription.start_time_delta_ns = -1;
  ExpectBothWays(subscription, "60ffffffffffffffffff01");
}

TEST(StanProtocolTest, AStartPositionMayBeAnyNumber) {
  EXPECT_EQ(FromHexOf<StanSubscriptionRequest>("5005").start_position,
            static_cast<StanStartPosition>(5));
  StanSubscriptionRequest request;
  request.start_position = static_cast<StanStartPosition>(-1);
  ExpectBothWays(request, "50ffffffffffffffffff01");
}

TEST(StanProtocolTest, AbsentAndEmptyDataAreDifferent) {
  EXPECT_EQ(FromHexOf<StanPubMsg>("0a0161").data, std::nullopt);
  EXPECT_EQ(FromHexOf<StanPubMsg>("0a01612a00").data, Bytes{});
  StanPubMsg empty_data;
  empty_data.data.emplace();
  EXPECT_EQ(HexOf(empty_data), "");
  EXPECT_EQ(FromHexOf<StanCtrlMsg>("1a00").data, Bytes{});
}

TEST(StanProtocolTest, UnknownFieldsArePassedOverAndTheLastOccurrenceCounts) {
  // Numbers 1 and 4 are not in a SubscriptionResponse.
  EXPECT_EQ(FromHexOf<StanSubscriptionResponse>("0a0178"
                                                "120161"
                                                "2005"
                                                "120162"),
            (StanSubscriptionResponse{"b", ""}));
  EXPECT_EQ(FromHexOf<StanPubMsg>("2a016162012a2a0162").data, ToBytes("b"));
}

TEST(StanProtocolTest, ErrorTexts) {
  EXPECT_EQ(ErrorOf<StanConnectRequest>("0a05"), "unexpected EOF");
  EXPECT_EQ(ErrorOf<StanConnectRequest>("1a00"), "proto: wrong wireType = 2 for field Protocol");
  EXPECT_EQ(ErrorOf<StanConnectRequest>("0801"), "proto: wrong wireType = 0 for field ClientID");
  EXPECT_EQ(ErrorOf<StanConnectRequest>("0c"),
            "proto: ConnectRequest: wiretype end group for non-group");
  EXPECT_EQ(ErrorOf<StanAck>("00"), "proto: Ack: illegal tag 0 (wire type 0)");
  EXPECT_EQ(ErrorOf<StanPubMsg>("5001"), "proto: wrong wireType = 0 for field Sha256");
  EXPECT_EQ(ErrorOf<StanSubscriptionRequest>("5200"),
            "proto: wrong wireType = 2 for field StartPosition");
  EXPECT_EQ(ErrorOf<StanCtrlMsg>("0a00"), "proto: wrong wireType = 2 for field MsgType");
  EXPECT_EQ(DecodeStan<StanPing>(FromHex("08").value()).status().code(), Code::kCorrupt);
}

TEST(StanProtocolTest, WhatCameBeforeAFailureIsKept) {
  StanPubMsg message;
  EXPECT_EQ(DecodeStanInto(FromHex("120167"
                                   "1a0163"
                                   "2205")
                               .value(),
                           message)
                .message(),
            "unexpected EOF");
  EXPECT_EQ(message.guid, "g");
  EXPECT_EQ(message.subject, "c");
  StanConnectRequest request;
  EXPECT_TRUE(DecodeStanInto(FromHex("0a0161").value(), request).ok());
  EXPECT_EQ(request.client_id, "a");
}

}  // namespace
}  // namespace atrest::wire
