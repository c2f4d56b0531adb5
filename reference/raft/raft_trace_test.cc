#include "reference/raft/raft_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raft/script_network.h"

namespace atrest::raft {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> TextsOf(const std::vector<Message>& messages) {
  std::vector<std::string> texts;
  for (const Message& message : messages) texts.push_back(MessageText(message));
  return texts;
}

// A whole election and a first command, as the wire sees it.
TEST(RaftTextTest, AnElectionIsReadable) {
  ScriptNetwork network({.nodes = 2});
  network.TickAtDeadline("a");
  EXPECT_THAT(TextsOf(network.wire()), ElementsAre("a>b 2 vote? log 1/1"));
  network.DeliverNext("a", "b");
  EXPECT_THAT(TextsOf(network.wire()), ElementsAre("b>a 2 vote"));
  network.DeliverNext("b", "a");
  EXPECT_THAT(TextsOf(network.wire()), ElementsAre("a>b 2 append after 1/1 +1 commit 0"));
  network.DeliverNext("a", "b");
  EXPECT_THAT(TextsOf(network.wire()), ElementsAre("b>a 2 appended 2"));
}

TEST(RaftTextTest, TheOtherMessages) {
  const auto text = [](decltype(Message::body) body) { return MessageText({"a", "b", 7, body}); };
  const auto meta = std::make_shared<const SnapshotMeta>(SnapshotMeta{9, 3, nullptr, 1});
  AppendReply refusal;
  refusal.previous_index = 5;
  refusal.last_log = 4;
  EXPECT_EQ(text(VoteReply{}), "a>b 7 no vote");
  EXPECT_EQ(text(AppendRequest{}), "a>b 7 heartbeat");
  EXPECT_EQ(text(refusal), "a>b 7 refused after 5 log 4");
  EXPECT_EQ(text(SnapshotRequest{meta, nullptr}), "a>b 7 snapshot 9/3");
  EXPECT_EQ(text(SnapshotReply{true, 9}), "a>b 7 installed 9");
  EXPECT_EQ(text(SnapshotReply{false, 9}), "a>b 7 not installed 9");
}

TEST(RaftTextTest, WritesAndRoles) {
  ScriptNetwork network({.nodes = 1});
  Output output;
  network.raft("a").Tick(network.raft("a").deadline_ns(), output);
  std::vector<std::string> texts;
  for (const Write& write : output.writes) texts.push_back(WriteText(write));
  EXPECT_THAT(texts, ElementsAre("term 2", "vote term 2", "vote for tc.a.tc", "store 2..2"));
  EXPECT_EQ(WriteText(DeleteEntries{3, 9}), "delete 3..9");
  const auto meta = std::make_shared<const SnapshotMeta>(SnapshotMeta{9, 3, nullptr, 1});
  EXPECT_EQ(WriteText(StoreSnapshot{meta, nullptr}), "store snapshot 9/3");
  EXPECT_STREQ(RoleText(output.roles.back()), "leader");
}

}  // namespace
}  // namespace atrest::raft
