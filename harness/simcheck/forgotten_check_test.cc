// Channels that are called forgotten: what the files have to show before a loss is excused by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/simcheck/doctored_cluster.h"

namespace atrest::simcheck {
namespace {

using disktruth::DoctoredSnapshot;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr uint64_t kId = 4;  // of channel foo in the snapshot

// Node b was killed while it installed a snapshot with channel foo, which its store has not, and
// starts again. A message of foo that was acknowledged then is nowhere.
class ForgottenTest : public testing::Test {
 protected:
  ForgottenTest() {
    DoctoredSnapshot snapshot{.index = 3};
    snapshot.channels = {{"foo", 1, 1, kId, 0}};
    cluster.PutSnapshot(1, snapshot);
    Install(sim::Restored::Step::kInstalling, 0);
  }
  void Install(sim::Restored::Step step, size_t start) {
    cluster.history.restored.push_back({step, 1, start, 3, 2, ++cluster.history.event});
  }
  void StartAgain() {
    cluster.Down(1);
    (void)cluster.Said();
    cluster.Start(1, cluster.nodes[1].settings);
    cluster.AllAreDown();  // and not compared with each other
  }
  void Lose() {
    cluster.Send(Secret(1));
    cluster.history.published.back().acked_at_ns = 5;
  }
  // The simulator's claim: forgotten by the latest start, and made again at 5 ns.
  void Claim(const std::string& channel = "foo", uint64_t id = kId) {
    sim::ForgottenChannel claim;
    claim.node = 1;
    claim.start = cluster.history.nodes[1].starts.size() - 1;
    claim.channel = channel;
    claim.id = id;
    claim.made_again_ns = 5;
    cluster.history.forgotten.push_back(claim);
  }
  void HaveId(size_t node, uint64_t id) {
    cluster.nodes[node].bolt.Put("channels", "foo", disktruth::IndexKey(id));
    cluster.Put(node, {.index = 3, .type = disktruth::EntryType::kBarrier});
  }

  DoctoredCluster cluster;
};

TEST_F(ForgottenTest, ExcusesWhatWasAcknowledgedBefore) {
  StartAgain();
  Lose();
  Claim();
  HaveId(0, kId + 1);
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), ElementsAre("forgotten-channel b"));
  cluster.Send(Secret(2));
  cluster.history.published.back().acked_at_ns = 6;
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("acked : guid guid-1 of channel foo")));
  cluster.Send(Secret(3), "bar");
  cluster.history.published.back().acked_at_ns = 5;
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("acked : guid guid-2 of channel bar")));
}

TEST_F(ForgottenTest, NotMadeAgainInAnyLog) {
  StartAgain();
  Lose();
  Claim();
  HaveId(0, kId);
  EXPECT_THAT(cluster.Look(), Each(StartsWith("acked ")));
}

TEST_F(ForgottenTest, NotMadeAgainAtAll) {
  StartAgain();
  Lose();
  Claim();
  HaveId(0, kId + 1);
  cluster.history.forgotten[0].made_again_ns.reset();
  EXPECT_THAT(cluster.Look(), Each(StartsWith("acked ")));
  EXPECT_THAT(cluster.Findings(), IsEmpty());
}

TEST_F(ForgottenTest, TheStoreHasTheChannel) {
  cluster.StoreAsItIs(1, {1, "foo", "", 1});
  HaveId(1, kId);
  StartAgain();
  Lose();
  Claim();
  HaveId(0, kId + 1);
  EXPECT_THAT(cluster.Look(),
              ElementsAre("forgotten b: channel foo, id 4, is called forgotten by start 2; but the "
                          "newest snapshot did not have it, or the store had it too",
                          StartsWith("acked : ")));
  EXPECT_THAT(cluster.Findings(), IsEmpty());
}

TEST_F(ForgottenTest, TheStoreHasAnotherChannelOfTheName) {
  cluster.StoreAsItIs(1, {1, "foo", "", 1});
  HaveId(1, kId - 1);
  StartAgain();
  Lose();
  Claim();
  HaveId(0, kId + 1);
  EXPECT_THAT(cluster.Look(), Each(StartsWith("stored "))) << "an empty message, as planted";
}

TEST_F(ForgottenTest, TheSnapshotHasNoSuchChannel) {
  StartAgain();
  Lose();
  Claim("bar");
  Claim("foo", kId + 7);
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("forgotten b: channel bar, id 4, is called"),
                                          HasSubstr("forgotten b: channel foo, id 11, is called"),
                                          StartsWith("acked : ")));
}

TEST_F(ForgottenTest, TheInstallWasFinished) {
  Install(sim::Restored::Step::kInstalled, 0);
  StartAgain();
  Lose();
  Claim();
  HaveId(0, kId + 1);
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("the process before did not end inside the "
                                                    "installing of a snapshot"),
                                          StartsWith("acked : ")));
}

TEST_F(ForgottenTest, AnotherStartTookPartSince) {
  StartAgain();
  StartAgain();
  Lose();
  Claim();
  HaveId(0, kId + 1);
  EXPECT_THAT(cluster.Look(), IsEmpty()) << "a start that came to nothing is none";
  sim::Applied applied;
  applied.node = 1;
  applied.start = 1;
  cluster.history.applied.push_back(applied);
  StartAgain();
  Claim();
  EXPECT_THAT(cluster.Look(), testing::Contains(HasSubstr("by start 4; but the process before")));
}

}  // namespace
}  // namespace atrest::simcheck
