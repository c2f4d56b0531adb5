// Snapshots: when they are due, what is deleted behind them, and followers that get one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raft/script_network.h"

namespace atrest::raft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Options WithTrailing(uint64_t trailing) {
  Options options;
  options.trailing_logs = trailing;
  return options;
}

class RaftSnapshotTest : public ::testing::Test {
 protected:
  void TearDown() override {
    network_.CheckLogs();
    EXPECT_THAT(network_.violations(), IsEmpty());
  }

  // a leads, and COUNT commands are applied everywhere. The first is entry 3.
  void Fill(size_t count) {
    ASSERT_TRUE(network_.Elect("a"));
    network_.ProposeMany("a", std::vector<std::string>(count, "x"));
    network_.Run(kSecondNs);
    ASSERT_THAT(Applied("c"), SizeIs(count));
  }
  const std::vector<std::string>& Applied(const ServerId& id) { return network_.node(id).applied; }
  const ScriptDisk& Disk(const ServerId& id) { return network_.node(id).disk; }

  ScriptNetwork network_{{.options = WithTrailing(0)}};
};

TEST_F(RaftSnapshotTest, TheLogBehindASnapshotGoes) {
  Fill(20);
  ASSERT_TRUE(network_.Snapshot("a"));
  EXPECT_THAT(Disk("a").log, IsEmpty());
  EXPECT_EQ(network_.raft("a").snapshot()->index, 22u);
  EXPECT_EQ(network_.raft("a").last_index(), 22u);
  EXPECT_EQ(network_.Propose("a", "y"), 23u);
  network_.Run(kSecondNs);
  EXPECT_THAT(Applied("b"), SizeIs(21));
}

TEST(RaftTrailingTest, TrailingEntriesStay) {
  ScriptNetwork network({.nodes = 1, .options = WithTrailing(8)});
  network.RunUntilLeader();
  network.ProposeMany("a", std::vector<std::string>(20, "x"));
  ASSERT_TRUE(network.Snapshot("a"));
  const ScriptDisk& disk = network.node("a").disk;
  EXPECT_EQ(disk.FirstIndex(), 15u);
  EXPECT_EQ(disk.LastIndex(), 22u);
}

TEST(RaftTrailingTest, EntriesBehindTheSnapshotStayWhateverTrails) {
  ScriptNetwork network({.nodes = 1, .options = WithTrailing(0)});
  network.RunUntilLeader();
  network.ProposeMany("a", {"x", "y"});
  const auto meta = std::make_shared<const SnapshotMeta>(network.raft("a").SnapshotPoint().value());
  network.ProposeMany("a", {"z"});
  Output output;
  network.raft("a").SnapshotTaken(network.now_ns(), meta, output);
  ASSERT_THAT(output.writes, SizeIs(1));
  EXPECT_EQ(std::get<DeleteEntries>(output.writes[0]).first, 1u);
  EXPECT_EQ(std::get<DeleteEntries>(output.writes[0]).last, 4u);
}

TEST(RaftTrailingTest, FewerEntriesThanTrailAreLeftAlone) {
  ScriptNetwork network({.nodes = 1, .options = WithTrailing(22)});
  network.RunUntilLeader();
  network.ProposeMany("a", std::vector<std::string>(20, "x"));
  ASSERT_TRUE(network.Snapshot("a"));
  EXPECT_EQ(network.node("a").disk.FirstIndex(), 1u);
}

TEST(RaftSnapshotTimeTest, OneIsDueAfterTheThresholdOnly) {
  Options options;
  options.snapshot_threshold = 10;
  ScriptNetwork network({.nodes = 1, .options = options});
  network.RunUntilLeader();
  network.ProposeMany("a", std::vector<std::string>(7, "x"));
  network.Run(500 * kSecondNs);
  EXPECT_EQ(network.raft("a").snapshot(), nullptr) << "nine entries";
  network.Propose("a", "x");
  network.Run(240 * kSecondNs);
  ASSERT_NE(network.raft("a").snapshot(), nullptr);
  EXPECT_EQ(network.raft("a").snapshot()->index, 10u);
}

TEST(RaftSnapshotTimeTest, NothingAppliedSinceTheStartNothingToSnapshot) {
  ScriptNetwork network({.nodes = 1});
  EXPECT_EQ(network.raft("a").SnapshotPoint().status().message(), "nothing new to snapshot");
  network.RunUntilLeader();
  EXPECT_FALSE(network.raft("a").SnapshotPoint().ok()) << "a noop is nothing";
  network.ProposeBarrier("a");
  EXPECT_TRUE(network.raft("a").SnapshotPoint().ok());
}

TEST_F(RaftSnapshotTest, NoSnapshotBeforeTheConfigurationIsBehindIt) {
  Fill(3);
  network_.AddNode("d");
  network_.Change("a", {.id = "d"});
  network_.Run(kSecondNs);
  EXPECT_EQ(network_.raft("a").SnapshotPoint().status().message(),
            "cannot take snapshot now, wait until the configuration entry at 6 has been applied "
            "(have applied 5)");
  network_.Propose("a", "y");
  network_.Run(kSecondNs);
  EXPECT_TRUE(network_.Snapshot("a"));
  EXPECT_EQ(network_.raft("a").snapshot()->configuration_index, 6u);
  EXPECT_THAT(network_.raft("a").snapshot()->configuration->servers, SizeIs(4));
}

TEST_F(RaftSnapshotTest, ARestartGoesOnFromTheSnapshot) {
  Fill(20);
  ASSERT_TRUE(network_.Snapshot("b"));
  network_.Propose("a", "y");
  network_.Run(kSecondNs);
  network_.Crash("b");
  network_.Restart("b");
  EXPECT_THAT(Applied("b"), SizeIs(20));
  EXPECT_EQ(network_.raft("b").last_applied(), 22u);
  network_.Run(kSecondNs);
  EXPECT_THAT(Applied("b"), SizeIs(21));
  EXPECT_THAT(network_.raft("b").configuration().servers, SizeIs(3));
}

TEST_F(RaftSnapshotTest, AFollowerThatIsFarBehindGetsTheSnapshot) {
  Fill(5);
  network_.Isolate("c");
  network_.ProposeMany("a", std::vector<std::string>(300, "y"));
  network_.Run(kSecondNs);
  ASSERT_TRUE(network_.Snapshot("a"));
  network_.ProposeMany("a", {"z"});
  network_.Run(kSecondNs);
  network_.Heal();
  network_.Run(20 * kSecondNs);
  EXPECT_EQ(network_.node("c").restores, 1u);
  EXPECT_EQ(Applied("c"), Applied("a"));
  EXPECT_EQ(network_.raft("c").snapshot()->index, 307u);
  EXPECT_GE(Disk("c").FirstIndex(), 308u) << "what it had before is gone";
}

TEST_F(RaftSnapshotTest, AWipedNodeGetsTheSnapshot) {
  Fill(300);
  ASSERT_TRUE(network_.Snapshot("a"));
  ASSERT_TRUE(network_.Snapshot("b"));
  network_.Crash("c");
  network_.Wipe("c");
  network_.Restart("c");
  ASSERT_TRUE(network_.Bootstrap("c", {"a", "b"}).ok());
  network_.Run(20 * kSecondNs);
  EXPECT_EQ(Applied("c"), Applied("a"));
  EXPECT_EQ(network_.node("c").restores, 1u);
}

TEST_F(RaftSnapshotTest, ALostSnapshotIsSentAgain) {
  Fill(300);
  ASSERT_TRUE(network_.Snapshot("a"));
  network_.Crash("c");
  network_.Wipe("c");
  network_.Restart("c");
  ASSERT_TRUE(network_.Bootstrap("c", {"a", "b"}).ok());
  network_.Cut("c", "a");  // the answer is lost
  network_.Run(5 * kSecondNs);
  network_.Heal();
  network_.Run(20 * kSecondNs);
  EXPECT_EQ(Applied("c"), Applied("a"));
}

TEST_F(RaftSnapshotTest, ADoubledSnapshotIsTakenOnce) {
  Fill(300);
  ASSERT_TRUE(network_.Snapshot("a"));
  SnapshotRequest request{network_.raft("a").snapshot(), Disk("a").snapshot_data};
  const Message message{"a", "c", network_.raft("a").term(), request};
  network_.wire().push_back(message);
  network_.Deliver(network_.wire().size() - 1);
  const auto reply = std::get<SnapshotReply>(network_.wire().back().body);
  EXPECT_TRUE(reply.success) << "it has all of that";
  EXPECT_EQ(network_.node("c").restores, 0u);
  EXPECT_THAT(Disk("c").log, SizeIs(302));
}

// Entries that nobody committed reach beyond the snapshot: they must not survive it.
TEST_F(RaftSnapshotTest, ALogThatContradictsTheSnapshotGoes) {
  Fill(3);
  network_.Isolate("a");
  network_.ProposeMany("a", std::vector<std::string>(35, "stale"));
  ASSERT_TRUE(network_.Elect("b"));
  network_.ProposeMany("b", std::vector<std::string>(10, "kept"));
  network_.Run(kSecondNs);
  ASSERT_TRUE(network_.Snapshot("b"));
  ASSERT_TRUE(network_.Snapshot("c"));
  ASSERT_GT(network_.raft("a").last_index(), network_.raft("b").last_index());
  network_.Heal();
  network_.Run(20 * kSecondNs);
  network_.Propose(network_.Leader(), "end");
  network_.Run(20 * kSecondNs);
  EXPECT_EQ(network_.node("a").restores, 1u);
  EXPECT_EQ(Applied("a"), Applied("b"));
  EXPECT_EQ(Applied("a").back(), "end");
  EXPECT_EQ(network_.raft("a").last_index(), network_.raft("b").last_index());
}

// c has entries that it does not know to be committed when a snapshot comes that ends among them.
class RaftInstallTest : public ::testing::Test {
 protected:
  // The log of c: entries 1 to 22, of terms 1 and 2, the one at CHANGED_AT a configuration.
  void Fill(uint64_t changed_at = 0) {
    ASSERT_TRUE(network_.Elect("a"));
    network_.Run(kSecondNs);
    for (uint64_t index = 3; index <= 22; ++index) {
      if (index == changed_at) {
        network_.Change("a", {.kind = MembershipChange::Kind::kRemoveServer, .id = "b"});
      } else {
        network_.Propose("a", "x");
      }
      network_.DeliverAll();
    }
    network_.Crash("c");
    network_.Restart("c");
    ASSERT_EQ(Node().last_index(), 22u);
  }

  Raft& Node() { return network_.raft("c"); }

  // Installs a snapshot up to INDEX of TERM with one member, z; what is to be written then.
  std::vector<Write> Install(uint64_t index, uint64_t term) {
    const Configuration configuration{{{Suffrage::kVoter, "z", "tc.z.tc"}}};
    const SnapshotMeta meta{index, term, std::make_shared<const Configuration>(configuration), 2};
    const SnapshotRequest request{std::make_shared<const SnapshotMeta>(meta),
                                  std::make_shared<const Bytes>()};
    Output output;
    Node().Receive(network_.now_ns(), {"a", "c", 2, request}, output);
    EXPECT_EQ(output.restore, request.meta);
    output.Clear();
    Node().SnapshotRestored(network_.now_ns(), output);
    return output.writes;
  }

  static std::pair<uint64_t, uint64_t> Deleted(const std::vector<Write>& writes) {
    if (writes.size() != 1) return {0, 0};
    const auto& remove = std::get<DeleteEntries>(writes[0]);
    return {remove.first, remove.last};
  }

  ScriptNetwork network_{{.options = WithTrailing(5)}};
};

TEST_F(RaftInstallTest, EntriesBehindItStayIfTheLogAgrees) {
  Fill();
  EXPECT_EQ(Deleted(Install(12, 2)), std::make_pair(uint64_t{1}, uint64_t{12}));
  EXPECT_EQ(Node().last_index(), 22u);
  EXPECT_EQ(Node().last_applied(), 12u);
  EXPECT_EQ(Node().commit_index(), 12u);
}

TEST_F(RaftInstallTest, TrailingEntriesStayToo) {
  Fill();
  EXPECT_EQ(Deleted(Install(20, 2)), std::make_pair(uint64_t{1}, uint64_t{17}));
}

TEST_F(RaftInstallTest, NothingStaysIfItDoesNot) {
  Fill();
  EXPECT_EQ(Deleted(Install(12, 1)), std::make_pair(uint64_t{1}, uint64_t{22}));
  EXPECT_EQ(Node().last_index(), 12u);
}

TEST_F(RaftInstallTest, NothingStaysOfALogThatEndsBeforeIt) {
  Fill();
  EXPECT_EQ(Deleted(Install(23, 2)), std::make_pair(uint64_t{1}, uint64_t{22}));
  EXPECT_EQ(Node().last_index(), 23u);
}

TEST_F(RaftInstallTest, AConfigurationBeforeItGivesWayToItsOwn) {
  Fill(10);
  Install(12, 2);
  EXPECT_EQ(ConfigurationText(Node().configuration()), "{[{Voter z tc.z.tc}]}");
}

TEST_F(RaftInstallTest, AConfigurationBehindItCounts) {
  Fill(15);
  Install(12, 2);
  EXPECT_EQ(ConfigurationText(Node().configuration()), "{[{Voter a tc.a.tc} {Voter c tc.c.tc}]}");
}

TEST_F(RaftInstallTest, AnOlderSnapshotOfItsOwnDoesNotCountAnyMore) {
  Fill();
  Install(22, 2);
  const auto own = std::make_shared<const SnapshotMeta>(SnapshotMeta{9, 2, nullptr, 1});
  Output output;
  Node().SnapshotTaken(network_.now_ns(), own, output);
  EXPECT_EQ(Node().snapshot()->index, 22u);
  EXPECT_THAT(output.writes, IsEmpty());
}

TEST_F(RaftInstallTest, ASnapshotOfAnOlderTermIsRefused) {
  Fill();
  SnapshotRequest request{std::make_shared<const SnapshotMeta>(SnapshotMeta{50, 1, nullptr, 1}),
                          std::make_shared<const Bytes>()};
  const std::vector<Message> answers = network_.Hand({"b", "c", 1, request});
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_FALSE(std::get<SnapshotReply>(answers[0].body).success);
  EXPECT_EQ(answers[0].term, 2u);
  EXPECT_EQ(Node().snapshot(), nullptr);
}

TEST_F(RaftSnapshotTest, WhileItRestoresANodeAnswersHeartbeatsOnly) {
  Fill(20);
  ScriptNode& node = network_.node("c");
  network_.Crash("c");
  network_.Wipe("c");
  network_.Restart("c");
  const SnapshotMeta meta{12, 2, std::make_shared<const Configuration>(), 1};
  SnapshotRequest request{std::make_shared<const SnapshotMeta>(meta),
                          std::make_shared<const Bytes>()};
  Output output;
  node.raft->Receive(network_.now_ns(), {"a", "c", 2, request}, output);
  ASSERT_NE(output.restore, nullptr);
  EXPECT_THAT(output.messages, IsEmpty()) << "answered when it is done";
  output.Clear();
  node.raft->Receive(network_.now_ns(), {"b", "c", 9, VoteRequest{99, 9, false, "x"}}, output);
  EXPECT_THAT(output.messages, IsEmpty());
  EXPECT_EQ(node.raft->deadline_ns(), std::numeric_limits<int64_t>::max());
  node.raft->Tick(network_.now_ns() + 100 * kSecondNs, output);
  EXPECT_THAT(output.writes, IsEmpty());
  node.raft->Receive(network_.now_ns(), {"a", "c", 2, AppendRequest()}, output);
  EXPECT_THAT(output.messages, SizeIs(1));
  output.Clear();
  node.raft->SnapshotRestored(network_.now_ns(), output);
  ASSERT_THAT(output.messages, SizeIs(1));
  EXPECT_TRUE(std::get<SnapshotReply>(output.messages[0].body).success);
  EXPECT_EQ(node.raft->last_index(), 12u);
}

// The node crashed between storing the snapshot and deleting the log that it makes void.
TEST_F(RaftSnapshotTest, WhatACrashLeftOfAnInstallationIsCleanedUp) {
  Fill(20);
  network_.Crash("c");
  ScriptNode& node = network_.node("c");
  node.disk.snapshot = std::make_shared<const SnapshotMeta>(
      SnapshotMeta{300, 7, std::make_shared<const Configuration>(), 1});
  node.disk.snapshot_data = std::make_shared<const Bytes>();
  network_.Restart("c");
  EXPECT_THAT(node.disk.log, IsEmpty()) << "it ended before the snapshot";
  EXPECT_EQ(network_.raft("c").last_index(), 300u);
  EXPECT_EQ(network_.raft("c").term(), 7u);
}

TEST_F(RaftSnapshotTest, ALogThatGoesOnWithAnotherTermIsCleanedUp) {
  Fill(20);
  network_.Crash("c");
  ScriptNode& node = network_.node("c");
  node.disk.snapshot = std::make_shared<const SnapshotMeta>(
      SnapshotMeta{10, 7, std::make_shared<const Configuration>(), 1});
  node.disk.snapshot_data = std::make_shared<const Bytes>();
  network_.Restart("c");
  EXPECT_THAT(node.disk.log, IsEmpty());
}

// The real server leaves old entries and a hole behind an installed snapshot.
TEST_F(RaftSnapshotTest, AHoleBeforeTheSnapshotIsCleanedUp) {
  Fill(20);
  network_.Crash("c");
  ScriptNode& node = network_.node("c");
  node.disk.snapshot = std::make_shared<const SnapshotMeta>(
      SnapshotMeta{10, 2, std::make_shared<const Configuration>(), 1});
  node.disk.snapshot_data = std::make_shared<const Bytes>();
  for (uint64_t index = 6; index <= 10; ++index) node.disk.log.erase(index);
  network_.Restart("c");
  EXPECT_EQ(node.disk.FirstIndex(), 11u);
  EXPECT_EQ(network_.raft("c").last_index(), 22u);
}

TEST_F(RaftSnapshotTest, ALogThatGoesOnRightBehindTheSnapshotStays) {
  Fill(20);
  ASSERT_TRUE(network_.Snapshot("c"));
  network_.Propose("a", "y");
  network_.Run(kSecondNs);
  network_.Crash("c");
  const int writes = network_.node("c").writes;
  network_.Restart("c");
  EXPECT_EQ(network_.node("c").writes, writes);
  EXPECT_THAT(Disk("c").log, SizeIs(1));
}

// cluster.md 3: what is read at a start, and how it fails.
TEST_F(RaftSnapshotTest, TheLastEntryIsReadFirst) {
  Fill(3);
  network_.Crash("c");
  network_.node("c").disk.unreadable = {4, 5};
  network_.Restart("c");
  EXPECT_EQ(network_.node("c").failure.message(),
            "failed to get last log at index 5: cipher: message authentication failed");
}

TEST_F(RaftSnapshotTest, ThenEveryEntryBehindTheSnapshot) {
  Fill(3);
  network_.Crash("c");
  network_.node("c").disk.unreadable = {4};
  network_.Restart("c");
  EXPECT_EQ(network_.node("c").failure.message(), "panic: cipher: message authentication failed");
  network_.node("c").disk.unreadable.clear();
  network_.node("c").disk.log.erase(3);
  network_.Restart("c");
  EXPECT_EQ(network_.node("c").failure.message(), "panic: log not found");
}

TEST(RaftUnreadableTest, EntriesInTheSnapshotAreNotRead) {
  ScriptNetwork network({.nodes = 1, .options = WithTrailing(100)});
  network.RunUntilLeader();
  network.ProposeMany("a", {"x", "y", "z"});
  ASSERT_TRUE(network.Snapshot("a"));
  network.ProposeBarrier("a");
  network.Crash("a");
  network.node("a").disk.unreadable = {3, 4, 5};
  network.Restart("a");
  EXPECT_TRUE(network.IsUp("a")) << network.node("a").failure.message();
  EXPECT_EQ(network.RunUntilLeader(), "a");
  EXPECT_THAT(network.node("a").applied, ElementsAre("x", "y", "z"));
}

}  // namespace
}  // namespace atrest::raft
