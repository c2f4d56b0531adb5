// How far a documented outcome reaches: to the damaged node and to what was there when it was
// damaged, and no further.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/simcheck/doctored_cluster.h"
#include "harness/simcheck/documented_outcomes.h"

namespace atrest::simcheck {
namespace {

using disktruth::DoctoredEntry;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// An entry in the place of another.
void PutOdd(DoctoredCluster& cluster, size_t node) {
  cluster.nodes[node].bolt.Put("logs", disktruth::IndexKey(4),
                               std::string(AsText(DoctoredEntry{.index = 9}.Encoded())));
  cluster.Put(node, {.index = 3, .type = disktruth::EntryType::kBarrier});
}

void PutStray(DoctoredCluster& cluster, size_t node) {
  Bytes record = disktruth::EncodedMessage({1, "foo", "", 1});
  disktruth::AppendVarintField(record, 10, 12345);
  Bytes file = {1, 0, 0, 0};
  Append(file, disktruth::Framed(record));
  cluster.Write(node, "/store/foo/msgs.1.dat", file);
}

TEST(FormTest, OddFilesAreTheDamagedNodesAlone) {
  for (const std::string fault : {"bit_flip", "misdirected_read", "lost_unsynced"}) {
    DoctoredCluster cluster;
    cluster.Send("");
    cluster.Damage(1, fault);
    PutOdd(cluster, 1);
    PutStray(cluster, 1);
    cluster.AllAreDown();
    EXPECT_THAT(cluster.Look(), IsEmpty()) << fault;
    PutOdd(cluster, 0);
    PutStray(cluster, 2);
    EXPECT_THAT(cluster.Look(),
                UnorderedElementsAre("logs a: raft.log, entry 4: says that it is entry 9",
                                     HasSubstr("stored c: channel foo, msgs.dat at ")))
        << fault;
  }
}

TEST(FormTest, OtherLogsHaveTheFormOfLogs) {
  for (const std::string fault : {"swapped_log", "rolled_back_log", "forged_operation"}) {
    DoctoredCluster cluster;
    cluster.Damage(1, fault);
    PutOdd(cluster, 1);
    EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("logs b: raft.log, entry 4"))) << fault;
  }
}

TEST(FormTest, GapsAndPagesOfSoundNodes) {
  DoctoredCluster cluster;
  cluster.Damage(1, "bit_flip");
  for (const size_t node : {size_t{0}, size_t{1}}) {
    cluster.Put(node, {.index = 6, .type = disktruth::EntryType::kNoop});
  }
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("logs a: raft.log lacks entries 4 to 5")));
  for (const size_t node : {size_t{1}, size_t{2}}) {
    Bytes bytes = env::ReadWhole(cluster.nodes[node].files, "/raft/raft.log", 1 << 24).value();
    bytes.resize(bytes.size() - 4096);
    cluster.Write(node, "/raft/raft.log", bytes);
  }
  const auto found = cluster.Look();
  EXPECT_THAT(found, Not(IsEmpty()));
  EXPECT_THAT(found, Each(StartsWith("logs c: raft.log at ")));
}

// A node is damaged while it is down, starts, and writes on.
struct Damaged : DoctoredCluster {
  explicit Damaged(const std::string& fault) {
    Down(0);
    Damage(0, fault);
  }
  void StartAgain() { Start(0, nodes[0].settings); }
  // In the store, in clear; sequences are no duplicates.
  void StoreClear(const std::string& payload) {
    Send(payload);
    StoreAsItIs(0, Next(payload));
  }
  void LogClear(const std::string& payload) {
    Send(payload);
    const disktruth::DoctoredMessage message = Next(payload);
    ++index;
    DoctoredEntry entry{.index = index};
    entry.data = disktruth::PublishOperation({message}, 4);
    nodes[0].bolt.Put("channels", "foo", disktruth::IndexKey(4));
    Put(0, entry);
  }
  std::vector<std::string> SaidDown() {
    AllAreDown();
    return Look();
  }
};

TEST(SealingTest, WhatIsWrittenAfterADamageIsSealed) {
  for (const std::string fault :
       {"bit_flip", "misdirected_read", "lost_unsynced", "forged_operation"}) {
    Damaged cluster(fault);
    cluster.LogClear("short");
    if (fault != "forged_operation") cluster.StoreClear("brief");
    cluster.StartAgain();
    EXPECT_THAT(cluster.SaidDown(), IsEmpty()) << fault;
    cluster.LogClear("other");
    cluster.StoreClear("again");
    const size_t stored = fault == "forged_operation" ? 3 : 4;
    EXPECT_THAT(cluster.SaidDown(),
                ElementsAre("own-key a: raft.log, entry 5: a Command in clear, written while "
                            "encryption was on",
                            "own-key a: channel foo, sequence " + std::to_string(stored) +
                                ": a payload in clear, written while encryption was on"))
        << fault;
  }
}

TEST(SealingTest, WhatDoesNotOpenWasThereBefore) {
  Damaged cluster("bit_flip");
  cluster.Send("one");
  cluster.Send("two");
  Bytes sealed = cluster.SealedFor(0, "foo", AsBytes("one"));
  sealed[20] ^= 1;
  cluster.StoreAsItIs(0, {1, "foo", std::string(AsText(sealed)), 1});
  cluster.StartAgain();
  EXPECT_THAT(cluster.SaidDown(), IsEmpty());
  sealed = cluster.SealedFor(0, "foo", AsBytes("two"));
  sealed[20] ^= 1;
  cluster.StoreAsItIs(0, {2, "foo", std::string(AsText(sealed)), 1});
  EXPECT_THAT(cluster.SaidDown(),
              ElementsAre("own-key a: channel foo, sequence 2: opens under no key of the run"));
}

TEST(SealingTest, NoDamageButForgeryPutsPayloadsThere) {
  for (const std::string fault : {"bit_flip", "misdirected_read", "lost_unsynced"}) {
    Damaged cluster(fault);
    cluster.LogClear(Secret(1));
    cluster.StoreClear(Secret(2));
    cluster.StartAgain();
    EXPECT_THAT(cluster.SaidDown(), ElementsAre(StartsWith("leak a: raft/raft.log at "),
                                                StartsWith("leak a: store/foo/msgs.1.dat at ")))
        << fault;
  }
}

TEST(SealingTest, PayloadsThatAForgeryPutsThereAndNoOthers) {
  Damaged cluster("forged_operation");
  cluster.LogClear(Secret(1));
  cluster.StartAgain();
  EXPECT_THAT(cluster.SaidDown(), IsEmpty());
  cluster.nodes[0].bolt.Leave();
  cluster.Put(0, {.index = 5, .type = disktruth::EntryType::kNoop});
  EXPECT_THAT(cluster.SaidDown(), IsEmpty()) << "the same again, in another page";
  cluster.StoreClear(Secret(1));
  EXPECT_THAT(cluster.SaidDown(), Contains(StartsWith("leak a: store/foo/msgs.1.dat at ")));
  cluster.index = 5;
  cluster.LogClear(Secret(3));
  EXPECT_THAT(cluster.SaidDown(), Contains(StartsWith("leak a: raft/raft.log at ")));
}

TEST(LeewayTest, NoFaultSpreadsTheFormOfFilesOrClearContents) {
  for (const DocumentedOutcome& outcome : DocumentedOutcomes()) {
    EXPECT_FALSE(outcome.cluster.files_odd) << outcome.fault;
    EXPECT_FALSE(outcome.cluster.broken_seals) << outcome.fault;
    EXPECT_FALSE(outcome.cluster.clear_put_there) << outcome.fault;
    EXPECT_FALSE(outcome.cluster.clear_log) << outcome.fault;
    EXPECT_FALSE(outcome.cluster.clear_store) << outcome.fault;
  }
}

TEST(LeewayTest, IsThatOfTheMoment) {
  DoctoredCluster cluster;
  PutOdd(cluster, 1);
  EXPECT_THAT(cluster.Look(), Not(IsEmpty()));
  cluster.Damage(1, "bit_flip");
  PutOdd(cluster, 2);
  PutOdd(cluster, 0);
  EXPECT_THAT(cluster.Look(), Each(Not(HasSubstr("logs b"))));
}

}  // namespace
}  // namespace atrest::simcheck
