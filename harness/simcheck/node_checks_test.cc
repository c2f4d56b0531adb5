// The checkers of nodes (snapshots, outcome), the table of documented outcomes, and the named
// findings: each found where it is, and not found where it is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/simcheck/doctored_cluster.h"
#include "harness/simcheck/documented_outcomes.h"

namespace atrest::simcheck {
namespace {

using disktruth::DoctoredEntry;
using disktruth::DoctoredMessage;
using disktruth::DoctoredSnapshot;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Three messages on every node.
struct Filled : DoctoredCluster {
  explicit Filled(size_t count = 3) : DoctoredCluster(count) {
    for (uint64_t number = 1; number <= 3; ++number) Publish(Secret(number));
  }
  DoctoredSnapshot Snapshot() const {
    DoctoredSnapshot snapshot{.index = 6};
    snapshot.channels = {{"foo", 1, 3, 4, 0}};
    return snapshot;
  }
};

void Unencrypted(sim::NodeSettings& settings) {
  settings.encrypts = false;
  settings.key.clear();
}

TEST(SnapshotTest, AWholeOneThatFits) {
  Filled cluster;
  cluster.PutSnapshot(0, cluster.Snapshot());
  cluster.Write(1, "/raft/snapshots/2-9-1.tmp/state.bin", ToBytes("unfinished"));
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(SnapshotTest, FilesThatDoNotBelongTogether) {
  Filled cluster;
  const DoctoredSnapshot right = cluster.Snapshot();
  DoctoredSnapshot wrong = right;
  wrong.channels[0].id = 5;
  const std::string directory = "/raft/snapshots/" + right.Name();
  cluster.PutSnapshot(0, right);
  cluster.Write(0, directory + "/state.bin", wrong.State());
  cluster.PutSnapshot(1, right);
  cluster.Write(1, directory + "/state.bin", Bytes(7));
  cluster.PutSnapshot(2, right);
  Bytes meta = right.Meta();
  meta[2] = 'v';
  cluster.Write(2, directory + "/meta.json", meta);
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("state.bin has another checksum"),
                                          HasSubstr("state.bin has 7 bytes"),
                                          HasSubstr("meta.json has another form")));
}

TEST(SnapshotTest, OnlyAnOlderOneMayBeHalf) {
  Filled cluster;
  const DoctoredSnapshot newest = cluster.Snapshot();
  DoctoredSnapshot older = newest;
  older.index = 5;
  for (const size_t node : {size_t{0}, size_t{1}}) {
    cluster.Write(node, "/raft/snapshots/" + older.Name() + "/state.bin", older.State());
  }
  cluster.PutSnapshot(0, newest);
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("snapshots b: snapshot 2-5-1700000000000: "
                                                     "no meta.json")));
}

TEST(SnapshotTest, NothingElseIsInIt) {
  Filled cluster;
  DoctoredSnapshot snapshot = cluster.Snapshot();
  snapshot.more = Secret(2);
  cluster.PutSnapshot(0, snapshot);
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("leak a: raft/snapshots/"),
                                          HasSubstr("state.bin has a snapshot with field 4")));
}

TEST(SnapshotTest, ItFitsTheStoreAndTheLog) {
  Filled cluster;
  DoctoredSnapshot snapshot = cluster.Snapshot();
  snapshot.channels[0].last = 4;
  cluster.PutSnapshot(0, snapshot);
  snapshot = cluster.Snapshot();
  snapshot.channels[0].id = 5;
  snapshot.term = 1;
  cluster.PutSnapshot(1, snapshot);
  snapshot = cluster.Snapshot();
  snapshot.channels.push_back({"bar", 1, 1, 5, 0});
  cluster.PutSnapshot(2, snapshot);
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("messages 1 to 4, but the store has 1 to 3"),
                                          HasSubstr("the log's entry is of another term"),
                                          HasSubstr("channel foo: another id than in raft.log"),
                                          HasSubstr("channel bar: the store has nothing of it")));
}

TEST(OutcomeTest, AWrongKeyBehindACommandEndsTheNode) {
  Filled cluster;
  cluster.Restart(0, [](sim::NodeSettings& settings) { settings.key = "wrong"; });
  cluster.history.nodes[0].exit_text =
      "failed to get last log at index 6: cipher: message authentication failed";
  cluster.history.nodes[0].exit_code = 1;
  cluster.Down(0);
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.history.nodes[0].exit_code = 2;
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("its files call for exit 1, failed to get")));
}

TEST(OutcomeTest, BehindANoopItPanics) {
  Filled cluster;
  cluster.Put(1, {.index = 7, .term = 3, .type = disktruth::EntryType::kNoop});
  cluster.Restart(1, [](sim::NodeSettings& settings) { settings.key = "wrong"; });
  cluster.history.nodes[1].exit_text = "panic: chacha20poly1305: message authentication failed";
  cluster.history.nodes[1].exit_code = 2;
  cluster.Down(1);
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(OutcomeTest, ASnapshotCoversWhatDoesNotOpen) {
  Filled cluster;
  cluster.Put(0, {.index = 7, .type = disktruth::EntryType::kNoop});
  cluster.PutSnapshot(0, cluster.Snapshot());
  cluster.Restart(0, [](sim::NodeSettings& settings) { settings.key = "wrong"; });
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(OutcomeTest, WithoutOneTheNodeMustNotTakePart) {
  Filled cluster;
  cluster.Restart(0, [](sim::NodeSettings& settings) { settings.key = "wrong"; });
  EXPECT_THAT(cluster.Look(), IsEmpty());
  const size_t start = cluster.history.nodes[0].starts.size() - 1;
  cluster.history.applied.push_back({0, start, cluster.index, 1, 0, 0});
  cluster.Down(0);
  EXPECT_THAT(
      cluster.Look(),
      ElementsAre("outcome a: the node took part, although entry 4 does not open under its key"));
}

TEST(OutcomeTest, AStoreWithoutItsLog) {
  Filled cluster;
  cluster.Write(0, "/store/server.dat", ToBytes("x"));
  ASSERT_TRUE(cluster.nodes[0].files.RemoveAll("/raft").ok());
  cluster.Damage(0, "log_removed");
  cluster.history.nodes[0].exit_text =
      "streaming state was recovered but cluster log path \"/raft\" is empty";
  cluster.history.nodes[0].exit_code = 1;
  cluster.Down(0);
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.history.nodes[0].exit_text = "something else";
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("exit 1, streaming state was recovered")));
}

TEST(OutcomeTest, AFileThatWasOnlyBegun) {
  Filled cluster;
  cluster.history.nodes[0].exit_text =
      "unable to recover message store for [bar](file: \"bar/msgs.1.dat\"): unable to verify file "
      "version: EOF";
  cluster.history.nodes[0].exit_code = 1;
  cluster.Down(0);
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("outcome a: the node ended by itself")));
  cluster.Write(0, "/store/bar/msgs.1.dat", {});
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(OutcomeTest, NoReasonToEnd) {
  Filled cluster;
  cluster.history.nodes[2].exit_text = "something else";
  cluster.history.nodes[2].exit_code = 1;
  cluster.Down(2);
  EXPECT_THAT(cluster.Look(), ElementsAre("outcome c: the node ended by itself: something else"));
}

TEST(OutcomeTest, FaultsOfTheTableAlone) {
  Filled cluster;
  cluster.Damage(0, "no such fault");
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("no such fault has no documented outcome")));
}

TEST(OutcomeTest, NodesThatStayBehindNeedAReason) {
  DoctoredCluster cluster;
  cluster.AllAreDown();
  cluster.history.restore_blocked = {1};
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("outcome b: the node stays behind, since")));
  EXPECT_THAT(cluster.Findings(), ElementsAre("restore-blocked b"));
  DoctoredCluster damaged;
  damaged.AllAreDown();
  damaged.Damage(0, "plain_before");
  damaged.history.restore_blocked = {1};
  damaged.history.nodes[1].cannot_restore_ns = 1;
  EXPECT_THAT(damaged.Look(), ElementsAre(HasSubstr("outcome b: the node stays behind")))
      << "nothing of the damage can have spread";
  sim::Applied applied;
  applied.event = damaged.history.event + 1;
  damaged.history.applied.push_back(applied);
  damaged.history.restore_blocked = {1, 2};
  EXPECT_THAT(damaged.Look(), ElementsAre(HasSubstr("outcome c: the node stays behind")))
      << "it never said so";
}

TEST(OutcomeTest, AClusterWithoutALeaderNeedsAReason) {
  for (const char* harmless : {"log_removed", "forged_operation"}) {
    DoctoredCluster cluster;
    cluster.history.nodes[0].is_up = false;
    cluster.history.quorum_lost = "node a: why";
    cluster.Damage(0, harmless);
    const bool may_end = std::string(harmless) == "forged_operation";
    EXPECT_THAT(cluster.Look(),
                may_end ? testing::Matcher<std::vector<std::string>>(
                              Not(Contains(HasSubstr("can be elected"))))
                        : ElementsAre(HasSubstr("outcome a: the node is down for no reason"),
                                      HasSubstr("outcome : nobody can be elected, and no fault")))
        << harmless;
  }
}

TEST(DocumentedOutcomesTest, SettingsAreFaults) {
  DoctoredCluster cluster;
  const NodeView view;
  const auto faults = [&](size_t node) { return FaultsOf(cluster.history, node, view); };
  EXPECT_THAT(faults(0), IsEmpty());
  cluster.Restart(0, [](sim::NodeSettings& settings) { settings.cipher = "CHACHA"; });
  EXPECT_THAT(faults(0), IsEmpty());
  cluster.Restart(0, Unencrypted);
  EXPECT_THAT(faults(0), ElementsAre("encryption_off"));
  cluster.Restart(1, [](sim::NodeSettings& settings) { settings.key = "other"; });
  EXPECT_THAT(faults(1), ElementsAre("wrong_key"));
  cluster.Restart(2, [](sim::NodeSettings& settings) { settings.encrypts = false; });
  EXPECT_THAT(faults(2), ElementsAre("log_encryption_off"));
  NodeView wiped;
  wiped.first_start = 1;
  EXPECT_THAT(FaultsOf(cluster.history, 2, wiped), ElementsAre("plain_log"));
}

TEST(DocumentedOutcomesTest, EachIsNamedOnceAndSaysWhere) {
  std::set<std::string> names;
  for (const DocumentedOutcome& outcome : DocumentedOutcomes()) {
    EXPECT_TRUE(names.insert(outcome.fault).second) << outcome.fault;
    EXPECT_NE(std::string(outcome.section), "") << outcome.fault;
    EXPECT_EQ(FindOutcome(outcome.fault), &outcome);
  }
  EXPECT_GE(names.size(), 10U);
}

TEST(FindingTest, N1) {
  Filled cluster;
  cluster.Restart(1, [](sim::NodeSettings& settings) { settings.encrypts = false; });
  cluster.Publish(Secret(9));
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), ElementsAre("N1 b"));
  EXPECT_EQ(cluster.checks.findings()[0].evidence,
            "raft.log, entry 7: in clear; channel foo, sequence 4: sealed under key 2 of the run "
            "(first given to node b)");
}

TEST(FindingTest, N15) {
  DoctoredCluster cluster;
  cluster.Down(2);
  cluster.Wipe(2);
  sim::NodeSettings settings;
  Unencrypted(settings);
  cluster.Start(2, settings);
  cluster.BeginLog(2);
  cluster.Publish(Secret(1));
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), ElementsAre("N15 c"));
}

TEST(FindingTest, PlaintextResidue) {
  DoctoredCluster cluster;
  cluster.Restart(0, Unencrypted);
  cluster.Publish(Secret(1));
  cluster.Restart(0, [](sim::NodeSettings& settings) {
    settings.encrypts = true;
    settings.key = "key of a";
  });
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), Not(Contains("plaintext-residue a")));
  cluster.nodes[0].bolt.Leave();
  cluster.nodes[0].bolt.Erase("logs", disktruth::IndexKey(4));
  cluster.Put(0, {.index = 3, .type = disktruth::EntryType::kBarrier});
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), Contains("plaintext-residue a"));
}

TEST(FindingTest, AForgedOperation) {
  Filled cluster;
  DoctoredEntry entry{.index = 5};
  entry.data = disktruth::PublishOperation({{2, "foo", "FFFFFFFFFFF", 1}}, 4);
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.Damage(0, "forged_operation");
  cluster.Put(0, entry);
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), IsEmpty());
  cluster.Store(0, {2, "foo", "FFFFFFFFFFF", 1});
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), ElementsAre("forged-operation a"));
}

TEST(FindingTest, DoubleEncryption) {
  Filled cluster;
  cluster.Restart(0, Unencrypted);
  // What it has sealed before, it passes on to a follower that begins anew.
  const disktruth::Opener none({});
  cluster.Down(2);
  cluster.Wipe(2);
  cluster.Start(2, {.encrypts = true, .cipher = "AES", .key = "new"});
  cluster.nodes[0].settings.key = "key of a";
  const Bytes inner = cluster.SealedFor(0, "foo", AsBytes(Secret(1)));
  cluster.nodes[2].bolt.Put("channels", "foo", disktruth::IndexKey(4));
  cluster.Store(2, {1, "foo", std::string(AsText(inner)), 1});
  cluster.history.nodes[2].is_up = false;
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), ElementsAre("double-encryption c"));
}

TEST(FindingTest, DoubleEncryptionIsOtherwiseAViolation) {
  Filled cluster;
  const Bytes inner = cluster.SealedFor(0, "foo", AsBytes(Secret(1)));
  cluster.Send(std::string(AsText(inner)));
  cluster.Store(0, {4, "foo", std::string(AsText(inner)), 7});
  EXPECT_THAT(cluster.Look(), Contains("own-key a: channel foo, sequence 4: sealed 2 times"));
}

TEST(FindingTest, MixedKeysBehindASnapshot) {
  Filled cluster;
  cluster.nodes[0].bolt = {};
  cluster.Put(0, {.index = 7, .type = disktruth::EntryType::kNoop});
  for (const size_t node : {size_t{1}, size_t{2}}) {
    cluster.Put(node, {.index = 7, .type = disktruth::EntryType::kNoop});
  }
  cluster.index = 7;
  cluster.PutSnapshot(0, cluster.Snapshot());
  cluster.Restart(0, [](sim::NodeSettings& settings) { settings.key = "wrong"; });
  EXPECT_THAT(cluster.Findings(), IsEmpty());
  cluster.Publish(Secret(4));
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), ElementsAre("mixed-keys a"));
  EXPECT_THAT(cluster.checks.findings()[0].evidence,
              HasSubstr("channel foo, sequence 4: sealed under key 4 of the run (first given to "
                        "node a), others before it under key 1 of the run (first given to node "
                        "a)"));
}

TEST(FindingTest, NamesAreKnown) {
  EXPECT_THAT(FindingNames(), Contains("N1"));
  EXPECT_EQ(FindingNames().size(), 9U);
}

}  // namespace
}  // namespace atrest::simcheck
