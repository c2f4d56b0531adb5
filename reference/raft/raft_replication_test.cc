// How entries get to followers, what is committed, and how logs that went apart come together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raft/script_network.h"

namespace atrest::raft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kMs = kMillisecondNs;

class RaftReplicationTest : public ::testing::Test {
 protected:
  void TearDown() override {
    network_.CheckLogs();
    EXPECT_THAT(network_.violations(), IsEmpty());
  }

  void Lead(const ServerId& id) { ASSERT_TRUE(network_.Elect(id)); }
  const std::vector<std::string>& Applied(const ServerId& id) { return network_.node(id).applied; }
  // How many entries each message from FROM to TO that waits holds.
  std::vector<size_t> Sizes(const ServerId& from, const ServerId& to) {
    std::vector<size_t> sizes;
    for (const Message& message : network_.wire()) {
      if (message.from != from || message.to != to) continue;
      sizes.push_back(std::get<AppendRequest>(message.body).entries.size());
    }
    return sizes;
  }

  ScriptNetwork network_;
};

TEST_F(RaftReplicationTest, ACommandIsAppliedEverywhereOnce) {
  Lead("a");
  EXPECT_EQ(network_.Propose("a", "x"), 3u);
  network_.Run(kSecondNs);
  for (const ServerId& id : network_.ids()) EXPECT_THAT(Applied(id), ElementsAre("x"));
}

TEST_F(RaftReplicationTest, EntriesCarryTheTimeAndTheTermOfTheirLeader) {
  Lead("a");
  network_.Pass(500 * kMs);
  network_.Propose("a", "x");
  const LogEntry& entry = *network_.node("a").disk.log.at(3);
  EXPECT_EQ(entry.appended_at_ns, network_.now_ns());
  EXPECT_EQ(entry.term, network_.raft("a").term());
  EXPECT_EQ(entry.type, EntryType::kCommand);
  EXPECT_EQ(network_.node("a").disk.log.at(1)->appended_at_ns, 0);
  EXPECT_EQ(network_.node("a").disk.log.at(2)->type, EntryType::kNoop);
}

TEST_F(RaftReplicationTest, ACommitNeedsAMajority) {
  Lead("a");
  network_.Crash("b");
  network_.Cut("a", "c");
  network_.Propose("a", "x");
  network_.DeliverAll();
  EXPECT_EQ(network_.raft("a").commit_index(), 2u);
  EXPECT_THAT(Applied("a"), IsEmpty());
  network_.Heal();
  network_.Run(300 * kMs);
  EXPECT_THAT(Applied("a"), ElementsAre("x"));
}

TEST_F(RaftReplicationTest, FollowersLearnTheCommitIndexWithinTwoCommitTimeouts) {
  Lead("a");
  network_.Propose("a", "x");
  network_.DeliverAll();
  EXPECT_THAT(Applied("a"), ElementsAre("x"));
  EXPECT_THAT(Applied("b"), IsEmpty());
  network_.Run(200 * kMs);
  EXPECT_THAT(Applied("b"), ElementsAre("x"));
}

TEST_F(RaftReplicationTest, CommandsOfOneProposalAreOneWrite) {
  Lead("a");
  const int before = network_.node("a").writes;
  EXPECT_EQ(network_.ProposeMany("a", {"x", "y", "z"}), 3u);
  EXPECT_EQ(network_.node("a").writes, before + 1);
  network_.Run(kSecondNs);
  EXPECT_THAT(Applied("b"), ElementsAre("x", "y", "z"));
}

TEST_F(RaftReplicationTest, TwoMessagesAreUnderWayAndNoMore) {
  Lead("a");
  network_.Run(kSecondNs);
  for (int i = 0; i < 5; ++i) network_.Propose("a", std::to_string(i));
  EXPECT_THAT(Sizes("a", "b"), ElementsAre(1, 1));
  ASSERT_TRUE(network_.DeliverNext("a", "b"));
  ASSERT_TRUE(network_.DeliverNext("b", "a"));
  EXPECT_THAT(Sizes("a", "b"), ElementsAre(1, 3)) << "what came meanwhile goes together";
  network_.DeliverAll();
  EXPECT_EQ(network_.raft("b").last_index(), 7u);
}

TEST_F(RaftReplicationTest, AMessageHasAtMost64Entries) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.ProposeMany("a", std::vector<std::string>(150, "x"));
  EXPECT_THAT(Sizes("a", "b"), ElementsAre(64, 64));
  network_.DeliverAll();
  EXPECT_EQ(network_.raft("b").last_index(), 152u);
}

TEST_F(RaftReplicationTest, FollowersShareWhatTheyAreSent) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.Propose("a", "x");
  network_.DeliverAll();
  EXPECT_EQ(network_.node("a").disk.log.at(3), network_.node("b").disk.log.at(3));
}

TEST_F(RaftReplicationTest, LostEntriesAreNoticedAndSentAgain) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.Propose("a", "x");
  network_.Drop("a", "b");
  network_.Propose("a", "y");
  network_.DeliverAll();
  network_.Run(300 * kMs);
  EXPECT_THAT(Applied("b"), ElementsAre("x", "y"));
}

TEST_F(RaftReplicationTest, LostAnswersAreMadeUpFor) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.Crash("c");
  network_.Propose("a", "x");
  ASSERT_TRUE(network_.DeliverNext("a", "b"));
  network_.Drop("b", "a");
  EXPECT_THAT(Applied("a"), IsEmpty());
  network_.Run(300 * kMs);
  EXPECT_THAT(Applied("a"), ElementsAre("x"));
}

TEST_F(RaftReplicationTest, ALossyNetworkGoesOn) {
  Lead("a");
  network_.Lose(30);
  for (int i = 0; i < 300; ++i) {
    const ServerId leader = network_.Leader();
    if (!leader.empty()) network_.Propose(leader, std::to_string(i));
    network_.Run(100 * kMs);
  }
  EXPECT_GT(Applied("a").size(), 200u) << "while it is lossy";
  network_.Heal();
  network_.Run(10 * kSecondNs);
  EXPECT_EQ(Applied("a"), Applied("b"));
  EXPECT_EQ(Applied("a"), Applied("c"));
}

TEST_F(RaftReplicationTest, DoubledMessagesDoNoHarm) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.ProposeMany("a", {"x", "y"});
  network_.Propose("a", "z");
  const size_t waiting = network_.wire().size();
  for (size_t at = 0; at < waiting; ++at) network_.Duplicate(at);
  for (size_t at = 0; at < waiting; ++at) network_.Duplicate(at);
  network_.DeliverAll();
  network_.Run(kSecondNs);
  for (const ServerId& id : network_.ids()) EXPECT_THAT(Applied(id), ElementsAre("x", "y", "z"));
}

TEST_F(RaftReplicationTest, OvertakenMessagesDoNoHarm) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.Propose("a", "x");
  network_.Propose("a", "y");
  network_.Propose("a", "z");
  while (!network_.wire().empty()) network_.Deliver(network_.wire().size() - 1);
  network_.Run(kSecondNs);
  for (const ServerId& id : network_.ids()) EXPECT_THAT(Applied(id), ElementsAre("x", "y", "z"));
}

// The old leader goes on in a minority; the majority goes on without it.
TEST_F(RaftReplicationTest, WhatAnOldLeaderCouldNotCommitIsReplaced) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.Isolate("a");
  network_.ProposeMany("a", {"lost", "lost too", "and this"});
  EXPECT_EQ(network_.raft("a").last_index(), 5u);
  Lead("b");
  network_.Propose("b", "kept");
  network_.DeliverAll();
  network_.Heal();
  network_.Run(10 * kSecondNs);
  for (const ServerId& id : network_.ids()) EXPECT_THAT(Applied(id), ElementsAre("kept"));
}

TEST_F(RaftReplicationTest, AnOldLeaderThatIsBackIsToldAndFollows) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.Isolate("a");
  ASSERT_NE(network_.raft("a").role(), Role::kFollower);
  network_.Crash("b");
  network_.Restart("b");
  for (int i = 0; i < 5 && network_.raft("b").role() != Role::kLeader; ++i) {
    network_.Crash("c");
    network_.Restart("c");
    network_.TickAtDeadline("b");
    network_.DeliverAll();
  }
  ASSERT_EQ(network_.raft("b").role(), Role::kLeader);
  ASSERT_EQ(network_.raft("a").role(), Role::kLeader) << "nobody told it yet";
  network_.Heal();
  network_.TickAtDeadline("a");
  network_.DeliverAll();
  EXPECT_EQ(network_.raft("a").role(), Role::kFollower);
  network_.Run(5 * kSecondNs);
  EXPECT_EQ(network_.raft("a").leader(), network_.Leader());
}

// A leader far behind in its knowledge of a follower: the logs of terms 2 to 4 differ.
TEST_F(RaftReplicationTest, LogsThatWentApartSeveralTimesComeTogether) {
  for (const ServerId id : {"a", "b", "c", "a", "b"}) {
    Lead(id);
    network_.Run(kSecondNs);
    for (const ServerId& other : network_.ids()) network_.Isolate(other);
    network_.ProposeMany(id, {id + "1", id + "2", id + "3"});
    network_.DropAll();
    network_.Heal();
  }
  Lead("c");
  network_.Run(5 * kSecondNs);
  network_.Propose("c", "end");
  network_.Run(5 * kSecondNs);
  EXPECT_EQ(network_.Terms("a"), network_.Terms("c"));
  EXPECT_EQ(network_.Terms("b"), network_.Terms("c"));
  EXPECT_EQ(Applied("a"), Applied("c"));
  EXPECT_EQ(Applied("c").back(), "end");
}

// A follower's log that is longer than the leader's loses its end.
TEST_F(RaftReplicationTest, ALongerLogLosesWhatNobodyElseHas) {
  Lead("a");
  network_.Run(kSecondNs);
  network_.Isolate("a");
  network_.ProposeMany("a", std::vector<std::string>(100, "lost"));
  Lead("b");
  network_.Run(kSecondNs);
  network_.Heal();
  network_.Run(10 * kSecondNs);
  network_.Propose(network_.Leader(), "x");
  network_.Run(kSecondNs);
  EXPECT_EQ(network_.raft("a").last_index(), network_.raft("b").last_index());
  EXPECT_THAT(Applied("a"), ElementsAre("x"));
}

TEST_F(RaftReplicationTest, AWipedFollowerGetsAllAgain) {
  Lead("a");
  network_.ProposeMany("a", std::vector<std::string>(200, "x"));
  network_.Run(kSecondNs);
  network_.Crash("b");
  network_.Wipe("b");
  network_.Restart("b");
  ASSERT_TRUE(network_.Bootstrap("b", {"a", "c"}).ok());
  network_.Propose("a", "y");
  network_.Run(kSecondNs);
  EXPECT_EQ(Applied("b").size(), 201u);
  EXPECT_EQ(network_.Leader(), "a");
}

TEST_F(RaftReplicationTest, AFollowerThatLostWhatWasNotSyncedIsCaughtUp) {
  Lead("a");
  network_.Run(kSecondNs);
  ScriptNode& node = network_.node("b");
  node.syncs = false;
  node.synced = node.disk;
  network_.ProposeMany("a", {"x", "y", "z"});
  network_.Run(kSecondNs);
  network_.Crash("b");
  network_.Restart("b");
  EXPECT_EQ(network_.raft("b").last_index(), 2u);
  network_.Run(kSecondNs);
  EXPECT_THAT(Applied("b"), ElementsAre("x", "y", "z"));
}

TEST_F(RaftReplicationTest, AnEntryThatIsSentOutOfPlaceIsRefused) {
  Lead("b");
  auto entry = std::make_shared<LogEntry>();
  entry->index = 9;
  entry->term = 50;
  AppendRequest request;
  request.previous_index = 2;
  request.previous_term = 2;
  request.entries = EntryRun({entry});
  network_.wire().push_back({"b", "a", network_.raft("b").term(), request});
  network_.Deliver(network_.wire().size() - 1);
  EXPECT_FALSE(std::get<AppendReply>(network_.wire().back().body).success);
  EXPECT_EQ(network_.raft("a").last_index(), 2u);
  network_.DropAll();
}

TEST_F(RaftReplicationTest, AnOlderTermIsRefused) {
  Lead("b");
  network_.wire().push_back({"c", "a", 1, AppendRequest()});
  network_.Deliver(network_.wire().size() - 1);
  const Message reply = network_.wire().back();
  EXPECT_FALSE(std::get<AppendReply>(reply.body).success);
  EXPECT_EQ(reply.term, network_.raft("b").term());
  EXPECT_EQ(network_.raft("a").leader(), "b");
  network_.DropAll();
}

// An entry that is there and cannot be read: the follower gets no snapshot in its place, ever.
TEST_F(RaftReplicationTest, ALeaderThatCannotReadItsLogHasAFollowerWait) {
  Lead("a");
  network_.ProposeMany("a", std::vector<std::string>(600, "x"));
  network_.Run(kSecondNs);
  ASSERT_TRUE(network_.Snapshot("a"));
  network_.Crash("b");
  network_.Wipe("b");
  network_.Restart("b");
  ASSERT_TRUE(network_.Bootstrap("b", {"a", "c"}).ok());
  network_.node("a").disk.unreadable = {4};
  network_.Run(10 * kSecondNs);
  EXPECT_EQ(network_.raft("b").last_index(), 1u);
  EXPECT_EQ(network_.Leader(), "a");
  network_.node("a").disk.unreadable.clear();
  network_.Run(10 * kSecondNs);
  EXPECT_EQ(Applied("b").size(), 600u);
  EXPECT_EQ(network_.node("b").restores, 0u);
}

// Section 5.4.2 of the Raft paper, its figure 8, with nodes a to e for S1 to S5: that an entry is
// on a majority does not commit it if its term is over.
class RaftFigure8Test : public ::testing::Test {
 protected:
  // Up to (c): the entry of a's first term is on a, b and c, and a leads again; d and e have
  // another one in its place, of a term between those two.
  void UntilC() {
    ASSERT_TRUE(network_.Elect("a"));
    network_.Run(kSecondNs);
    network_.Connect({"a", "b"});
    contested_ = network_.Propose("a", "two");
    network_.DeliverAll();
    ASSERT_EQ(network_.raft("b").last_index(), contested_);
    network_.Crash("a");
    network_.Connect({"c", "d", "e"});
    ASSERT_TRUE(network_.ElectBy("e", {"c", "d"}));
    network_.DropAll();
    ASSERT_EQ(network_.raft("e").last_index(), contested_);
    network_.Crash("e");
    network_.Restart("a");
    network_.Heal();
    ASSERT_TRUE(network_.ElectBy("a", {"b", "d"}));
    network_.DropAll();
    SendContested("b");
    SendContested("c");
    ASSERT_EQ(network_.raft("c").last_index(), contested_);
  }

  // The old entry, and not the noop that follows it.
  void SendContested(const ServerId& to) {
    AppendRequest request;
    request.previous_index = contested_ - 1;
    request.previous_term = network_.node("a").disk.log.at(contested_ - 1)->term;
    request.entries = EntryRun({network_.node("a").disk.log.at(contested_)});
    network_.wire().push_back({"a", to, network_.raft("a").term(), request});
    ASSERT_TRUE(network_.DeliverNext("a", to));
    ASSERT_TRUE(network_.DeliverNext(to, "a"));
    network_.DropAll();
  }

  void Settle() {
    network_.Heal();
    for (const ServerId& id : network_.ids()) {
      if (!network_.IsUp(id)) network_.Restart(id);
    }
    network_.Run(30 * kSecondNs);
    network_.CheckLogs();
    EXPECT_THAT(network_.violations(), IsEmpty());
    for (const ServerId& id : network_.ids()) {
      EXPECT_EQ(network_.Terms(id), network_.Terms("a"));
      EXPECT_EQ(network_.node(id).applied, network_.node("a").applied);
    }
  }

  ScriptNetwork network_{{.nodes = 5}};
  uint64_t contested_ = 0;
};

TEST_F(RaftFigure8Test, AnEntryOfAnOlderTermIsNotCommittedByCounting) {
  UntilC();
  EXPECT_LT(network_.raft("a").commit_index(), contested_);
  // (d): a crashes, e takes over and replaces it everywhere.
  network_.Crash("a");
  network_.Restart("e");
  ASSERT_TRUE(network_.ElectBy("e", {"b", "c", "d"}));
  Settle();
  EXPECT_THAT(network_.node("a").applied, IsEmpty());
}

TEST_F(RaftFigure8Test, AnEntryOfTheOwnTermCommitsWhatIsBeforeIt) {
  UntilC();
  network_.DropAll();
  network_.Run(kSecondNs);  // (e): the noop of a's second term gets to the others
  EXPECT_GT(network_.raft("a").commit_index(), contested_);
  network_.Crash("a");
  network_.Restart("e");
  Settle();
  EXPECT_THAT(network_.node("a").applied, ElementsAre("two"));
}

}  // namespace
}  // namespace atrest::raft
