#include "reference/raftlog/raft_operation.h"

#include <gtest/gtest.h>

namespace atrest::raftlog {
namespace {

RaftOperation Decoded(const std::string& hex) {
  const auto operation = DecodeOperation(*FromHex(hex));
  EXPECT_TRUE(operation.ok()) << operation.status().message();
  EXPECT_EQ(ToHex(EncodeOperation(operation.value())), hex);
  return operation.value();
}

// cluster.md 1.7
TEST(RaftOperationTest, OperationsOfTheSpecification) {
  const RaftOperation publish =
      Decoded("12200a1e08011203666f6f220b68656c6c6f2d4145532d3128e3b7a59894ca89f5185004");
  EXPECT_EQ(publish.type, RaftOperationType::kPublish);
  ASSERT_EQ(publish.messages.size(), 1u);
  EXPECT_EQ(publish.messages[0].subject, "foo");
  EXPECT_EQ(publish.messages[0].data, ToBytes("hello-AES-1"));
  EXPECT_EQ(publish.channel_id, 4u);
  const RaftOperation disconnect = Decoded("080742040a026d65");
  EXPECT_EQ(disconnect.type, RaftOperationType::kDisconnect);
  EXPECT_EQ(disconnect.disconnect->client_id, "me");
  const RaftOperation sent = Decoded(
      "08042a2a0a03666f6f121d5f494e424f582e70696d55617a33363165724538576d434d466d3235521a010122010"
      "1");
  EXPECT_EQ(sent.type, RaftOperationType::kSendAndAck);
  EXPECT_EQ(sent.sent_and_acked->ack_inbox, "_INBOX.pimUaz361erE8WmCMFm25R");
  EXPECT_EQ(sent.sent_and_acked->sent, std::vector<uint64_t>{1});
  EXPECT_EQ(sent.sent_and_acked->acked, std::vector<uint64_t>{1});
}

TEST(RaftOperationTest, EveryKindComesBack) {
  std::vector<RaftOperation> operations(7);
  operations[0].messages = {{7, "foo", "", ToBytes("a"), 5, false, 0, 0}, {8, "foo", "r", {}, 6}};
  operations[1].type = RaftOperationType::kSubscribe;
  operations[1].subscription = {
      {"me", "foo", "q", "in", 10, 30, "dur", wire::StanStartPosition::kFirst, 3, 4}, "ack", 9};
  operations[2].type = RaftOperationType::kRemoveSubscription;
  operations[2].unsubscribe = {"me", "foo", "in", "dur"};
  operations[3].type = RaftOperationType::kSendAndAck;
  operations[3].sent_and_acked = {"foo", "ack", {1, 127, 128, ~uint64_t{0}}, {}};
  operations[4].type = RaftOperationType::kConnect;
  operations[4].connect = {{"me", "hb", 1, ToBytes("id"), 5, 3}, true};
  operations[5].type = RaftOperationType::kDisconnect;
  operations[5].disconnect = wire::StanCloseRequest{};
  operations[6].type = RaftOperationType::kDeleteChannel;
  operations[6].channel = "foo";
  operations[6].channel_id = 12;
  for (const RaftOperation& operation : operations) {
    const Bytes encoded = EncodeOperation(operation);
    EXPECT_EQ(DecodeOperation(encoded).value(), operation) << ToHex(encoded);
    const bool publishes = operation.type == RaftOperationType::kPublish;
    EXPECT_EQ(encoded[0], publishes ? 0x12 : 0x08) << "no sealed byte begins like it";
  }
}

TEST(RaftOperationTest, RefusesWithTheRealServersTexts) {
  const auto text = [](const std::string& hex) {
    return DecodeOperation(*FromHex(hex)).status().message();
  };
  EXPECT_EQ(text("01ff"), "proto: RaftOperation: illegal tag 0 (wire type 1)");
  EXPECT_EQ(text("1205"), "unexpected EOF");
  EXPECT_EQ(text("0a00"), "proto: wrong wireType = 2 for field OpType");
  EXPECT_EQ(text("2a031a01ff"), "unexpected EOF");
  EXPECT_EQ(text("2a0d1a0bffffffffffffffffffff01"), "proto: integer overflow");
  EXPECT_EQ(text("08637a0161"), "") << "unknown types and fields are kept and passed over";
}

}  // namespace
}  // namespace atrest::raftlog
