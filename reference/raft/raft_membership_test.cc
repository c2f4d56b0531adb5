// Who is in the cluster: a list of peers, a seed that others join, additions and removals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raft/membership_codec.h"
#include "reference/raft/script_network.h"

namespace atrest::raft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Kind = MembershipChange::Kind;

std::vector<ServerId> IdsOf(const Configuration& configuration) {
  std::vector<ServerId> ids;
  for (const Server& server : configuration.servers) ids.push_back(server.id);
  return ids;
}

class RaftMembershipTest : public ::testing::Test {
 protected:
  void TearDown() override {
    network_.CheckLogs();
    EXPECT_THAT(network_.violations(), IsEmpty());
  }

  std::vector<ServerId> Members(const ServerId& id) {
    return IdsOf(network_.raft(id).configuration());
  }
  // What came of the change with TICKET: its text, "" if it is committed, "waits" if it waits.
  std::string OutcomeOf(const ServerId& id, uint64_t ticket) {
    for (const ChangeResult& result : network_.node(id).changes) {
      if (result.ticket == ticket) return result.status.message();
    }
    return "waits";
  }

  ScriptNetwork network_;
};

TEST_F(RaftMembershipTest, EachPeerOfAListBootstrapsItself) {
  EXPECT_THAT(Members("a"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Members("b"), ElementsAre("b", "a", "c"));
  const LogEntry& entry = *network_.node("b").disk.log.at(1);
  EXPECT_EQ(entry.type, EntryType::kConfiguration);
  EXPECT_EQ(entry.term, 1u);
  const Result<Configuration> stored = DecodeConfiguration(entry.data);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored.value().servers[0], (Server{Suffrage::kVoter, "b", "tc.b.tc"}));
  EXPECT_EQ(network_.node("b").disk.current_term, 1u);
}

TEST_F(RaftMembershipTest, ASecondBootstrapIsRefused) {
  EXPECT_EQ(network_.Bootstrap("a", {"b"}).message(), "bootstrap only works on new clusters");
  network_.Crash("a");
  network_.Restart("a");
  EXPECT_EQ(network_.Bootstrap("a", {"b"}).message(), "bootstrap only works on new clusters");
}

TEST(RaftBootstrapTest, AListIsChecked) {
  ScriptNetwork network({.nodes = 1, .bootstrap = false});
  EXPECT_EQ(network.Bootstrap("a", {"b", "b"}).message(), "found duplicate ID in configuration: b");
  EXPECT_EQ(network.Bootstrap("a", {"a"}).message(), "found duplicate ID in configuration: a");
  EXPECT_EQ(network.Bootstrap("a", {""}).message(),
            "empty ID in configuration: {[{Voter a tc.a.tc} {Voter  tc..tc}]}");
  Output output;
  const Configuration others{{{Suffrage::kVoter, "b", "tc.b.tc"}}};
  EXPECT_EQ(network.raft("a").Bootstrap(1, others, output).message(), "node is not a voter");
  EXPECT_FALSE(network.raft("a").has_state());
  EXPECT_TRUE(network.Bootstrap("a", {"b"}).ok());
}

TEST(RaftBootstrapTest, ASeedIsJoinedByOneAfterTheOther) {
  ScriptNetwork network({.nodes = 3, .bootstrap = false});
  ASSERT_TRUE(network.Bootstrap("a", {}).ok());
  ASSERT_EQ(network.RunUntilLeader(), "a");
  network.Propose("a", "early");
  network.Change("a", {.id = "b"}, 1);
  EXPECT_THAT(network.node("a").changes, SizeIs(1)) << "a cluster of one decides alone";
  network.Run(kSecondNs);
  network.Change("a", {.id = "c"}, 2);
  EXPECT_THAT(network.node("a").changes, SizeIs(1)) << "one of two does not";
  network.Run(kSecondNs);
  ASSERT_THAT(network.node("a").changes, SizeIs(2));
  EXPECT_EQ(network.node("a").changes[1].index, 5u);
  for (const ServerId& id : network.ids()) {
    EXPECT_THAT(IdsOf(network.raft(id).configuration()), ElementsAre("a", "b", "c"));
    EXPECT_THAT(network.node(id).applied, ElementsAre("early"));
  }
  network.Crash("a");
  EXPECT_NE(network.RunUntilLeader(), "");
}

TEST_F(RaftMembershipTest, AMemberThatJoinsAgainIsOneMoreEntry) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.Run(kSecondNs);
  network_.Crash("b");
  network_.Wipe("b");
  network_.Restart("b");
  EXPECT_FALSE(network_.raft("b").has_state());
  network_.Change("a", {.id = "b"}, 1);
  network_.Run(kSecondNs);
  EXPECT_EQ(OutcomeOf("a", 1), "");
  EXPECT_EQ(network_.node("a").disk.log.at(3)->type, EntryType::kConfiguration);
  EXPECT_THAT(Members("b"), ElementsAre("a", "b", "c"));
}

TEST_F(RaftMembershipTest, OnlyALeaderChangesIt) {
  network_.Change("b", {.id = "d"}, 7);
  EXPECT_EQ(OutcomeOf("b", 7), "node is not the leader");
}

TEST_F(RaftMembershipTest, AChangeWaitsForTheLeadersFirstCommit) {
  ASSERT_TRUE(network_.ElectBy("a", {"b"}));
  network_.DropAll();
  network_.AddNode("d");
  network_.Change("a", {.id = "d"}, 1);
  EXPECT_EQ(OutcomeOf("a", 1), "waits");
  EXPECT_EQ(network_.raft("a").last_index(), 2u);
  network_.Run(kSecondNs);
  EXPECT_EQ(OutcomeOf("a", 1), "");
  EXPECT_THAT(Members("d"), ElementsAre("a", "b", "c", "d"));
}

TEST_F(RaftMembershipTest, AlsoWhereTheConfigurationIsCommittedForLong) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.Run(kSecondNs);
  ASSERT_TRUE(network_.ElectBy("b", {"c"}));
  network_.DropAll();
  network_.Change("b", {.id = "d"}, 1);
  EXPECT_EQ(OutcomeOf("b", 1), "waits");
  EXPECT_THAT(Members("b"), SizeIs(3));
}

TEST_F(RaftMembershipTest, ChangesComeOneAfterTheOther) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.AddNode("d");
  network_.AddNode("e");
  network_.Change("a", {.id = "d"}, 1);
  network_.Change("a", {.id = "e"}, 2);
  EXPECT_THAT(Members("a"), ElementsAre("a", "b", "c", "d"));
  network_.Run(kSecondNs);
  EXPECT_THAT(Members("e"), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(network_.node("a").changes[0].index, 3u);
  EXPECT_EQ(network_.node("a").changes[1].index, 4u);
}

TEST_F(RaftMembershipTest, AChangeForAnotherConfigurationIsRefused) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.Change("a", {.kind = Kind::kRemoveServer, .id = "c", .previous_index = 9}, 1);
  EXPECT_EQ(OutcomeOf("a", 1), "configuration changed since 9 (latest is 1)");
  EXPECT_EQ(network_.raft("a").last_index(), 2u);
}

TEST_F(RaftMembershipTest, ALostLeadershipLosesTheChange) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.Run(kSecondNs);
  network_.Isolate("a");
  network_.AddNode("d");
  network_.Cut("a", "d");
  network_.Change("a", {.id = "d"}, 1);
  network_.Change("a", {.id = "e"}, 2);
  network_.Run(5 * kSecondNs);
  EXPECT_EQ(OutcomeOf("a", 1), "leadership lost while committing log");
  EXPECT_EQ(OutcomeOf("a", 2), "node is not the leader");
}

TEST_F(RaftMembershipTest, AConfigurationThatIsReplacedIsUndone) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.Run(kSecondNs);
  network_.Isolate("a");
  network_.Change("a", {.kind = Kind::kRemoveServer, .id = "c"}, 1);
  EXPECT_THAT(Members("a"), ElementsAre("a", "b"));
  ASSERT_TRUE(network_.Elect("b"));
  network_.Run(kSecondNs);
  network_.Heal();
  network_.Run(10 * kSecondNs);
  EXPECT_THAT(Members("a"), SizeIs(3));
}

TEST_F(RaftMembershipTest, ARemovedFollowerGetsTheNewsAndIsQuiet) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.Run(kSecondNs);
  network_.Change("a", {.kind = Kind::kRemoveServer, .id = "c"}, 1);
  network_.Run(kSecondNs);
  EXPECT_EQ(OutcomeOf("a", 1), "");
  EXPECT_THAT(Members("c"), ElementsAre("a", "b"));
  const uint64_t term = network_.raft("c").term();
  network_.Run(60 * kSecondNs);
  EXPECT_EQ(network_.raft("c").term(), term) << "no candidate without a vote";
  EXPECT_EQ(network_.Leader(), "a");
  network_.Propose("a", "x");
  network_.Run(kSecondNs);
  EXPECT_THAT(network_.node("b").applied, ElementsAre("x"));
  EXPECT_THAT(network_.node("c").applied, IsEmpty());
}

TEST_F(RaftMembershipTest, ALeaderThatRemovesItselfCommitsThatAndStops) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.Run(kSecondNs);
  network_.Change("a", {.kind = Kind::kRemoveServer, .id = "a"}, 1);
  EXPECT_EQ(OutcomeOf("a", 1), "waits");
  EXPECT_EQ(network_.raft("a").role(), Role::kLeader);
  network_.DeliverAll();
  EXPECT_EQ(OutcomeOf("a", 1), "");
  EXPECT_EQ(network_.raft("a").role(), Role::kShutdown);
  EXPECT_EQ(network_.Propose("a", "x"), 0u);
  const ServerId leader = network_.RunUntilLeader();
  EXPECT_NE(leader, "");
  network_.Run(10 * kSecondNs);
  EXPECT_THAT(Members(leader), SizeIs(2));
}

TEST(RaftBootstrapTest, TheLastVoterStays) {
  ScriptNetwork one({.nodes = 1});
  one.RunUntilLeader();
  one.Change("a", {.kind = Kind::kRemoveServer, .id = "a"}, 1);
  ASSERT_THAT(one.node("a").changes, SizeIs(1));
  EXPECT_EQ(one.node("a").changes[0].status.message(),
            "need at least one voter in configuration: {[]}");
}

TEST_F(RaftMembershipTest, ANonvoterGetsEntriesAndHasNoSay) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.AddNode("d");
  network_.Change("a", {.kind = Kind::kAddNonvoter, .id = "d"}, 1);
  network_.Run(kSecondNs);
  network_.Crash("b");
  network_.Crash("c");
  network_.Propose("a", "x");
  network_.DeliverAll();
  EXPECT_THAT(network_.node("a").applied, IsEmpty()) << "two of four nodes, one of three voters";
  network_.Run(60 * kSecondNs);
  EXPECT_EQ(network_.raft("d").role(), Role::kFollower);
  EXPECT_EQ(network_.Leader(), "");
  network_.Restart("b");
  network_.Run(30 * kSecondNs);
  EXPECT_THAT(network_.node("d").applied, ElementsAre("x"));
}

TEST_F(RaftMembershipTest, ANonvoterBecomesAVoterAndLosesItsVoteAgain) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.AddNode("d");
  network_.Change("a", {.kind = Kind::kAddNonvoter, .id = "d"}, 1);
  network_.Change("a", {.kind = Kind::kAddVoter, .id = "d"}, 2);
  network_.Run(kSecondNs);
  EXPECT_TRUE(HasVote(network_.raft("b").configuration(), "d"));
  network_.Change("a", {.kind = Kind::kDemoteVoter, .id = "d"}, 3);
  network_.Run(kSecondNs);
  EXPECT_FALSE(HasVote(network_.raft("b").configuration(), "d"));
  EXPECT_TRUE(Contains(network_.raft("b").configuration(), "d"));
}

TEST_F(RaftMembershipTest, ConfigurationsSurviveARestart) {
  ASSERT_TRUE(network_.Elect("a"));
  network_.AddNode("d");
  network_.Change("a", {.id = "d"}, 1);
  network_.Run(kSecondNs);
  for (const ServerId& id : network_.ids()) {
    network_.Crash(id);
    network_.Restart(id);
    EXPECT_THAT(Members(id), ElementsAre("a", "b", "c", "d"));
  }
  EXPECT_NE(network_.RunUntilLeader(), "");
}

// cluster.md 3g: the type byte of an entry was changed to that of a configuration.
TEST(RaftDamageTest, AnEntryThatIsNoConfigurationEndsTheStart) {
  ScriptNetwork one({.nodes = 1});
  one.RunUntilLeader();
  one.Propose("a", "\x12 a command");
  one.Crash("a");
  auto damaged = std::make_shared<LogEntry>(*one.node("a").disk.log.at(3));
  damaged->type = EntryType::kConfiguration;
  one.node("a").disk.log[3] = damaged;
  one.Restart("a");
  EXPECT_EQ(one.node("a").failure.message(),
            "panic: failed to decode configuration: msgpack decode error [pos 1]: only encoded map "
            "or array can be decoded into a struct");
}

// cluster.md 3g: an unknown type ends the node when the entry is applied, not before.
TEST(RaftDamageTest, AnEntryOfNoKnownTypeEndsTheNodeWhenItIsApplied) {
  ScriptNetwork one({.nodes = 1});
  one.RunUntilLeader();
  one.Propose("a", "x");
  one.Crash("a");
  auto damaged = std::make_shared<LogEntry>(*one.node("a").disk.log.at(3));
  damaged->type = static_cast<EntryType>(9);
  one.node("a").disk.log[3] = damaged;
  one.Restart("a");
  ASSERT_TRUE(one.IsUp("a"));
  one.Run(5 * kSecondNs);
  EXPECT_FALSE(one.IsUp("a"));
  EXPECT_EQ(one.node("a").failure.message(),
            "panic: unrecognized log type: &raft.Log{Index:3, Term:2, Type:0x09}");
}

}  // namespace
}  // namespace atrest::raft
