// Looks at nodes before something is removed from their files: what they see that is gone when a
// node is down, and that they judge nothing that is only so at rest. And that checkers who look
// only at what changed miss nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/simcheck/doctored_cluster.h"

namespace atrest::simcheck {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A file that is there for a while.
void Pass(DoctoredCluster& cluster, const std::string& text, bool is_seen) {
  cluster.Write(0, "/raft/snapshots/2-4-1.tmp/state.bin", ToBytes(text));
  if (is_seen) cluster.LookAt(0);
  ASSERT_TRUE(cluster.nodes[0].files.RemoveAll("/raft/snapshots/2-4-1.tmp").ok());
}

TEST(LooksTest, APayloadInAFileThatIsRemoved) {
  for (const bool is_seen : {false, true}) {
    DoctoredCluster cluster;
    cluster.Publish(Secret(1));
    Pass(cluster, Secret(1), is_seen);
    cluster.Down(0);
    if (is_seen) {
      EXPECT_THAT(cluster.Said(), ElementsAre(StartsWith("leak a: raft/snapshots/2-4-1.tmp/")));
    } else {
      EXPECT_THAT(cluster.Said(), IsEmpty());
    }
  }
}

// Entry 4 is written, removed and written over, then another one takes its nonce.
TEST(LooksTest, ANonceOfAnEntryThatIsGone) {
  for (const bool is_seen : {false, true}) {
    DoctoredCluster cluster;
    cluster.Publish(Secret(1));
    if (is_seen) cluster.LookAt(0);
    cluster.nodes[0].bolt.Erase("logs", disktruth::IndexKey(4));
    cluster.Put(0, {.index = 3, .type = disktruth::EntryType::kBarrier});
    cluster.nodes[0].counter = 0;
    cluster.Send(Secret(2));
    cluster.Log(0, cluster.Next(Secret(2)));
    cluster.Down(0);
    const auto said = cluster.Said();
    const auto is_reuse = HasSubstr("nonce-reuse a: raft.log, entry 4: the nonce a1");
    if (is_seen) {
      EXPECT_THAT(said, Contains(is_reuse));
    } else {
      EXPECT_THAT(said, Each(testing::Not(is_reuse)));
    }
  }
}

TEST(LooksTest, NothingIsJudgedThatIsOnlySoAtRest) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.history.published.back().acked_at_ns = 5;
  cluster.Put(0, {.index = 6, .type = disktruth::EntryType::kNoop});
  cluster.Write(0, "/raft/snapshots/2-4-1/state.bin", ToBytes("half"));
  cluster.history.nodes[0].exit_text = "why";
  cluster.LookAt(0);
  EXPECT_THAT(cluster.Said(), IsEmpty());
  EXPECT_THAT(cluster.Look(), Contains(StartsWith("acked ")));
}

TEST(LooksTest, AnAcknowledgedMessageIsRemoved) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  for (size_t node = 0; node < 3; ++node) cluster.Down(node);
  EXPECT_THAT(cluster.Said(), IsEmpty());
  for (size_t node = 0; node < 3; ++node) {
    ASSERT_TRUE(cluster.nodes[node].files.RemoveAll("/store/foo").ok());
    cluster.Down(node);
  }
  EXPECT_THAT(cluster.Said(), IsEmpty()) << "the logs have it";
  for (size_t node = 0; node < 3; ++node) {
    cluster.nodes[node].bolt.Erase("logs", disktruth::IndexKey(4));
    cluster.Put(node, {.index = 3, .type = disktruth::EntryType::kBarrier});
    cluster.Down(node);
  }
  EXPECT_THAT(cluster.Said(), ElementsAre(StartsWith("acked : guid guid-0 of channel foo")));
}

TEST(LooksTest, AMessageIsRemovedAndThenAcknowledged) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  ++cluster.index;
  cluster.Log(1, cluster.Next(Secret(1)));
  cluster.Down(1);
  cluster.nodes[1].bolt.Erase("logs", disktruth::IndexKey(4));
  cluster.Put(1, {.index = 3, .type = disktruth::EntryType::kBarrier});
  cluster.Down(1);
  EXPECT_THAT(cluster.Said(), IsEmpty());
  cluster.history.published.back().acked_at_ns = 5;
  cluster.Down(1);
  EXPECT_THAT(cluster.Said(), ElementsAre(StartsWith("acked : guid guid-0 of channel foo")));
}

// A process ended between a record and its index, so that the sequence was stored again, sealed;
// then the file is read anew.
TEST(LooksTest, ARecordKeepsTheStartThatWroteIt) {
  DoctoredCluster cluster;
  cluster.Restart(0, [](sim::NodeSettings& settings) {
    settings.encrypts = false;
    settings.key.clear();
  });
  cluster.Send("short");
  cluster.StoreAsItIs(0, {1, "foo", "short", 1});
  cluster.Restart(0, [](sim::NodeSettings& settings) {
    settings.encrypts = true;
    settings.key = "key of a";
  });
  cluster.Store(0, {1, "foo", "short", 1});
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(), IsEmpty());
  const Bytes bytes =
      env::ReadWhole(cluster.nodes[0].files, "/store/foo/msgs.1.dat", 1 << 24).value();
  cluster.Write(0, "/store/foo/msgs.1.dat", bytes);
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(LooksTest, KeysAreNotPrinted) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.nodes[1].settings.key = cluster.nodes[0].settings.key;
  cluster.Store(1, {1, "foo", Secret(1), 1});
  const auto found = cluster.Look();
  EXPECT_THAT(found, Contains(HasSubstr("key 1 of the run (first given to node a)")));
  EXPECT_THAT(found, Each(testing::Not(HasSubstr("key of a"))));
}

}  // namespace
}  // namespace atrest::simcheck
