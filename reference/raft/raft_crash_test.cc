// Crashes: a node stops after any one of its writes, before what depends on the next, and comes
// back with what it had written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raft/script_network.h"

namespace atrest::raft {
namespace {

using ::testing::IsEmpty;

constexpr int kWritesMax = 200;  // more than any script here makes

Options SmallSnapshots() {
  Options options;
  options.trailing_logs = 2;
  return options;
}

// Runs SCRIPT with VICTIM crashing after 0, 1, 2 ... of the writes that it would have made, until
// it makes it without a crash. Each time the cluster has to come together again.
class RaftCrashTest : public ::testing::Test {
 protected:
  using Script = void (*)(ScriptNetwork&);

  void CrashAtEveryWrite(const ServerId& victim, Script script) {
    int writes = 0;
    for (bool crashed = true; crashed; ++writes) {
      ASSERT_LT(writes, kWritesMax);
      ScriptNetwork network({.options = SmallSnapshots()});
      network.CrashAfterWrites(victim, writes);
      script(network);
      crashed = !network.IsUp(victim);
      if (crashed) network.Restart(victim);
      network.node(victim).writes_left.reset();
      Settle(network);
      if (HasFailure()) FAIL() << victim << " crashed after " << writes << " writes";
    }
    EXPECT_GT(writes, 5) << "the script makes the victim write";
  }

  void Settle(ScriptNetwork& network) {
    network.Heal();
    for (const ServerId& id : network.ids()) {
      if (!network.IsUp(id)) network.Restart(id);
      ASSERT_TRUE(network.IsUp(id)) << network.node(id).failure.message();
    }
    network.Run(40 * kSecondNs);
    ASSERT_NE(network.Leader(), "");
    ASSERT_GT(network.Propose(network.Leader(), "end"), 0u);
    network.Run(kSecondNs);
    network.CheckLogs();
    EXPECT_THAT(network.violations(), IsEmpty());
    for (const ServerId& id : network.ids()) {
      EXPECT_EQ(network.node(id).applied, network.node("a").applied) << id;
      ASSERT_FALSE(network.node(id).applied.empty());
      EXPECT_EQ(network.node(id).applied.back(), "end");
    }
  }
};

void ProposeAtLeader(ScriptNetwork& network, const std::vector<std::string>& commands) {
  const ServerId leader = network.RunUntilLeader();
  if (!leader.empty()) network.ProposeMany(leader, commands);
  network.Run(kSecondNs);
}

void LeadAndPropose(ScriptNetwork& network) {
  network.TickAtDeadline("a");
  if (network.IsUp("a")) network.DeliverAll();
  for (int i = 0; i < 5; ++i) ProposeAtLeader(network, {std::to_string(i), "x"});
}

void ReplaceWhatAnOldLeaderHas(ScriptNetwork& network) {
  LeadAndPropose(network);
  if (!network.IsUp("a")) return;
  network.Isolate("a");
  network.ProposeMany("a", {"lost", "lost too"});
  if (!network.IsUp("a")) return;
  network.Run(10 * kSecondNs);
  ProposeAtLeader(network, {"kept"});
  network.Heal();
  network.Run(10 * kSecondNs);
}

// c is cut off until it needs a snapshot.
void SendASnapshot(ScriptNetwork& network) {
  LeadAndPropose(network);
  if (!network.IsUp("c")) return;
  network.Isolate("c");
  for (int i = 0; i < 5; ++i) ProposeAtLeader(network, {"y", "z"});
  for (const ServerId id : {"a", "b"}) network.Snapshot(id);
  network.Heal();
  network.Run(20 * kSecondNs);
}

TEST_F(RaftCrashTest, ALeaderAtEveryWrite) { CrashAtEveryWrite("a", LeadAndPropose); }

TEST_F(RaftCrashTest, AFollowerAtEveryWrite) { CrashAtEveryWrite("b", LeadAndPropose); }

TEST_F(RaftCrashTest, AnOldLeaderAtEveryWrite) {
  CrashAtEveryWrite("a", ReplaceWhatAnOldLeaderHas);
}

TEST_F(RaftCrashTest, ANodeThatIsSentASnapshotAtEveryWrite) {
  CrashAtEveryWrite("c", SendASnapshot);
}

TEST_F(RaftCrashTest, AllAtOnce) {
  ScriptNetwork network;
  LeadAndPropose(network);
  for (const ServerId& id : network.ids()) network.Crash(id);
  for (const ServerId& id : network.ids()) network.Restart(id);
  Settle(network);
  EXPECT_EQ(network.node("a").applied.size(), 11u);
}

TEST_F(RaftCrashTest, AnEntryThatNobodyWasSentIsLost) {
  ScriptNetwork network;
  ASSERT_TRUE(network.Elect("a"));
  network.CrashAfterWrites("a", 0);
  network.Propose("a", "x");
  EXPECT_FALSE(network.IsUp("a"));
  network.Restart("a");
  Settle(network);
  EXPECT_EQ(network.node("a").applied.size(), 1u);
}

TEST_F(RaftCrashTest, AnEntryThatWasWrittenAndNotSentMayLive) {
  ScriptNetwork network;
  ASSERT_TRUE(network.Elect("a"));
  network.CrashAfterWrites("a", 1);
  network.Propose("a", "x");
  EXPECT_FALSE(network.IsUp("a"));
  EXPECT_THAT(network.wire(), IsEmpty());
  network.Restart("a");
  EXPECT_EQ(network.raft("a").last_index(), 3u);
  Settle(network);
}

// What is applied was acknowledged: it survives whoever crashes then.
TEST_F(RaftCrashTest, WhatTheLeaderAppliedSurvivesIt) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ScriptNetwork network({.seed = seed});
    const ServerId leader = network.RunUntilLeader();
    network.Propose(leader, "acked");
    network.DeliverAll();
    ASSERT_EQ(network.node(leader).applied.size(), 1u);
    network.Crash(leader);
    const ServerId next = network.RunUntilLeader();
    ASSERT_NE(next, "");
    network.Run(kSecondNs);
    EXPECT_THAT(network.node(next).applied, ::testing::ElementsAre("acked"));
    EXPECT_THAT(network.violations(), IsEmpty());
  }
}

}  // namespace
}  // namespace atrest::raft
