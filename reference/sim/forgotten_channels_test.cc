// What counts as a forgotten channel, and what does not.
#include "reference/sim/forgotten_channels.h"

#include <gtest/gtest.h>

#include "reference/raftlog/raft_operation.h"

namespace atrest::sim {
namespace {

constexpr uint64_t kId = 7;  // of the channel in the snapshot

class ForgottenChannelTest : public testing::Test {
 protected:
  ForgottenChannelTest() {
    history_.nodes.resize(3);
    for (NodeHistory& node : history_.nodes) node.starts.resize(1);
    history_.led = {{1, 4}, {0, 5}, {1, 6}};
    ForgottenChannel forgotten;
    forgotten.node = 0;
    forgotten.channel = "foo";
    forgotten.id = kId;
    history_.forgotten.push_back(forgotten);
  }
  void Apply(size_t node, uint64_t term, uint64_t id, const std::string& channel = "foo") {
    raftlog::RaftOperation operation;
    operation.messages.emplace_back();
    operation.messages.back().sequence = 1;
    operation.messages.back().subject = channel;
    operation.channel_id = id;
    raft::LogEntry entry;
    entry.term = term;
    entry.data = raftlog::EncodeOperation(operation);
    NoteForgottenApplied(history_, node, entry, ++now_ns_);
  }
  std::optional<int64_t> MadeAgain() const { return history_.MadeAgain("foo"); }

  History history_;
  int64_t now_ns_ = 0;
};

TEST_F(ForgottenChannelTest, IsLostWhenTheNodeLeadsAndMakesItAgain) {
  Apply(2, 4, kId);
  EXPECT_EQ(MadeAgain(), std::nullopt);
  Apply(1, 5, kId + 1);
  EXPECT_EQ(MadeAgain(), 2);
  Apply(2, 5, kId + 1);
  EXPECT_EQ(MadeAgain(), 2) << "the first time counts";
  EXPECT_EQ(history_.MadeAgain("bar"), std::nullopt);
}

// An ack that is replicated makes it without an id.
TEST_F(ForgottenChannelTest, IsLostWhenTheNodeLeadsAndHasItWithoutAnId) {
  Apply(1, 4, 0);
  EXPECT_EQ(MadeAgain(), std::nullopt) << "of another leader";
  Apply(1, 5, 0);
  EXPECT_EQ(MadeAgain(), 2);
}

TEST_F(ForgottenChannelTest, IsBackWithTheFirstEntryOfItThatComes) {
  Apply(0, 4, kId);
  Apply(1, 5, kId + 1);
  EXPECT_EQ(MadeAgain(), std::nullopt);
}

TEST_F(ForgottenChannelTest, MadeAgainByAnotherNodeItIsNotForgottenAnyMore) {
  Apply(0, 6, kId + 1);
  Apply(1, 5, kId + 1);
  EXPECT_EQ(MadeAgain(), std::nullopt);
}

TEST_F(ForgottenChannelTest, AWipedNodeHasNothingToForget) {
  for (NodeHistory& node : history_.nodes) ++node.wipes;
  Apply(1, 5, kId + 1);
  EXPECT_EQ(MadeAgain(), std::nullopt);
}

TEST_F(ForgottenChannelTest, AnotherLeaderOrChannelIsAnotherMatter) {
  Apply(1, 6, kId + 1);
  Apply(1, 5, kId + 1, "bar");
  EXPECT_EQ(MadeAgain(), std::nullopt);
}

TEST_F(ForgottenChannelTest, WhatIsNoOperationSaysNothing) {
  raft::LogEntry entry;
  entry.term = 5;
  entry.data = ToBytes("\xff\xff\xff");
  NoteForgottenApplied(history_, 0, entry, 1);
  entry.type = raft::EntryType::kNoop;
  NoteForgottenApplied(history_, 0, entry, 2);
  EXPECT_EQ(MadeAgain(), std::nullopt);
}

}  // namespace
}  // namespace atrest::sim
