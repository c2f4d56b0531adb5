// Messages that come late, twice, or about what is over: a leader's and a follower's view of each
// other must not go wrong by them, nor the traffic grow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raft/script_network.h"

namespace atrest::raft {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// a leads b and c, and all have entries 1 to 2.
class RaftLateMessageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(network_.Elect("a"));
    network_.Run(kSecondNs);
    term_ = network_.raft("a").term();
  }
  void TearDown() override { EXPECT_THAT(network_.violations(), IsEmpty()); }

  Message Refusal(const ServerId& from, uint64_t previous_index, uint64_t last_log) {
    AppendReply reply;
    reply.no_retry_backoff = true;
    reply.previous_index = previous_index;
    reply.last_log = last_log;
    return {from, "a", term_, reply};
  }
  Message Success(const ServerId& from, uint64_t match_index, uint64_t term) {
    AppendReply reply;
    reply.success = true;
    reply.match_index = match_index;
    return {from, "a", term, reply};
  }
  // The oldest that waits from a to b, left where it is.
  Message Waiting() {
    for (const Message& message : network_.wire()) {
      if (message.to == "b") return message;
    }
    return {};
  }
  static const AppendRequest& Append(const Message& message) {
    return std::get<AppendRequest>(message.body);
  }

  ScriptNetwork network_;
  uint64_t term_ = 0;
};

TEST_F(RaftLateMessageTest, AnEarlierRequestDoesNotCutOffWhatCameAfterIt) {
  network_.ProposeMany("a", {"x", "y"});
  const Message early = Waiting();
  network_.DeliverAll();
  network_.ProposeMany("a", {"z"});
  network_.DeliverAll();
  const int writes = network_.node("b").writes;
  const std::vector<Message> answers = network_.Hand(early);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(std::get<AppendReply>(answers[0].body).success);
  EXPECT_EQ(std::get<AppendReply>(answers[0].body).match_index, 4u);
  EXPECT_EQ(network_.node("b").writes, writes);
  EXPECT_EQ(network_.raft("b").last_index(), 5u);
}

// A commit index may come before the entries: only what the request covers is known to be right.
TEST_F(RaftLateMessageTest, ACommitIndexBeyondTheRequestWaits) {
  network_.Propose("a", "x");
  network_.DeliverAll();
  ASSERT_EQ(network_.raft("b").commit_index(), 2u);
  AppendRequest request;
  request.previous_index = 2;
  request.previous_term = 2;
  request.commit_index = 3;
  network_.Hand({"a", "b", term_, request});
  EXPECT_EQ(network_.raft("b").commit_index(), 2u);
  request.previous_index = 3;
  network_.Hand({"a", "b", term_, request});
  EXPECT_EQ(network_.raft("b").commit_index(), 3u);
}

TEST_F(RaftLateMessageTest, AnAnswerOfAnEarlierLeadershipDoesNotCount) {
  network_.Crash("b");
  network_.Crash("c");
  network_.Propose("a", "x");
  network_.Hand(Success("b", 3, term_ - 1));
  EXPECT_EQ(network_.raft("a").commit_index(), 2u);
  network_.Hand(Success("b", 3, term_));
  EXPECT_EQ(network_.raft("a").commit_index(), 3u);
}

TEST_F(RaftLateMessageTest, NobodyAnswersForMoreThanThereIs) {
  network_.Hand(Success("b", 900, term_));
  EXPECT_EQ(network_.raft("a").commit_index(), 2u);
  network_.Propose("a", "x");
  network_.DeliverAll();
  EXPECT_EQ(network_.raft("b").last_index(), 3u);
}

TEST_F(RaftLateMessageTest, ALateRefusalIsIgnored) {
  EXPECT_THAT(network_.Hand(Refusal("b", 1, 2)), IsEmpty());
  network_.Propose("a", "x");
  EXPECT_EQ(Append(Waiting()).previous_index, 2u) << "goes on where it was";
}

TEST_F(RaftLateMessageTest, ARefusalByOneThatLostItsLogIsBelieved) {
  const std::vector<Message> sent = network_.Hand(Refusal("b", 2, 0));
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(Append(sent[0]).previous_index, 0u);
  EXPECT_THAT(Append(sent[0]).entries, SizeIs(2));
}

TEST_F(RaftLateMessageTest, ADoubledRefusalIsAnsweredOnce) {
  ASSERT_THAT(network_.Hand(Refusal("b", 2, 0)), SizeIs(1));
  EXPECT_THAT(network_.Hand(Refusal("b", 2, 0)), IsEmpty());
}

TEST_F(RaftLateMessageTest, AHeartbeatsAnswerDoesNotEndAProbe) {
  network_.ProposeMany("a", std::vector<std::string>(100, "x"));
  network_.DeliverAll();
  const std::vector<Message> probe = network_.Hand(Refusal("b", 102, 50));
  ASSERT_THAT(probe, SizeIs(1));
  EXPECT_EQ(Append(probe[0]).previous_index, 50u);
  EXPECT_THAT(network_.Hand(Success("b", 0, term_)), IsEmpty()) << "the probe is not answered yet";
  const std::vector<Message> sent = network_.Hand(Success("b", 60, term_));
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(Append(sent[0]).previous_index, 60u);
}

TEST_F(RaftLateMessageTest, AfterARefusalTheWholeWindowIsFree) {
  network_.Propose("a", "x");
  network_.Propose("a", "y");
  network_.DropAll();
  const std::vector<Message> probe = network_.Hand(Refusal("b", 4, 2));
  ASSERT_THAT(probe, SizeIs(1));
  network_.ProposeMany("a", std::vector<std::string>(128, "z"));
  network_.DropAll();
  EXPECT_THAT(network_.Hand(Success("b", 3, term_)), SizeIs(2));
}

// As fast as the network is, not once a commit timeout.
TEST_F(RaftLateMessageTest, RefusalsAreAnsweredAtOnce) {
  network_.Isolate("a");
  network_.ProposeMany("a", std::vector<std::string>(20, "lost"));
  ASSERT_TRUE(network_.Elect("b"));
  network_.ProposeMany("b", std::vector<std::string>(30, "kept"));
  network_.DeliverAll();
  ASSERT_TRUE(network_.Elect("c"));  // it takes it that a has all of this, and goes back by ones
  network_.Heal();
  const int64_t before = network_.now_ns();
  while (network_.Terms("a") != network_.Terms("c")) {
    network_.Run(kMillisecondNs);
  }
  EXPECT_LE(network_.now_ns() - before, 200 * kMillisecondNs) << "one commit timeout";
}

TEST_F(RaftLateMessageTest, ARequestFromBeforeTheSnapshotSucceedsUpToIt) {
  network_.ProposeMany("a", std::vector<std::string>(10, "x"));
  const Message early = Waiting();
  network_.Run(kSecondNs);
  ASSERT_TRUE(network_.Snapshot("b"));
  ASSERT_EQ(network_.raft("b").snapshot()->index, 12u);
  std::vector<EntryPtr> entries(Append(early).entries.begin(), Append(early).entries.end());
  auto beyond = std::make_shared<LogEntry>();
  beyond->index = 13;
  beyond->term = term_;
  entries.push_back(beyond);
  AppendRequest request = Append(early);
  request.entries = EntryRun(entries);
  const std::vector<Message> answers = network_.Hand({"a", "b", term_, request});
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(std::get<AppendReply>(answers[0].body).success);
  EXPECT_EQ(std::get<AppendReply>(answers[0].body).match_index, 12u);
  EXPECT_EQ(network_.raft("b").last_index(), 12u);
}

TEST_F(RaftLateMessageTest, WhoContradictsASnapshotIsNotHurried) {
  network_.ProposeMany("a", std::vector<std::string>(10, "x"));
  network_.Run(kSecondNs);
  ASSERT_TRUE(network_.Snapshot("b"));
  AppendRequest request;
  request.previous_index = 12;
  request.previous_term = 1;
  const std::vector<Message> answers = network_.Hand({"a", "b", term_, request});
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_FALSE(std::get<AppendReply>(answers[0].body).success);
  EXPECT_FALSE(std::get<AppendReply>(answers[0].body).no_retry_backoff);
}

TEST_F(RaftLateMessageTest, AStrangersAnswersDoNotMatter) {
  network_.Crash("b");
  network_.Crash("c");
  network_.Propose("a", "x");
  EXPECT_THAT(network_.Hand(Success("z", 3, term_)), IsEmpty());
  EXPECT_EQ(network_.raft("a").commit_index(), 2u);
}

TEST_F(RaftLateMessageTest, AFollowerIgnoresAnswers) {
  const Message message{"c", "b", term_, AppendReply()};
  EXPECT_THAT(network_.Hand(message), IsEmpty());
  EXPECT_THAT(network_.Hand({"c", "b", 90, VoteReply{true}}), IsEmpty());
  EXPECT_EQ(network_.raft("b").term(), term_);
}

}  // namespace
}  // namespace atrest::raft
