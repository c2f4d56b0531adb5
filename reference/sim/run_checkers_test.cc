// The checkers that need no file: each finds what no cluster may do in a history that is made for
// it, and excuses what the table of damage effects says, from when it says, and nothing else.
#include "reference/sim/run_checkers.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "reference/sim/damage_effects.h"
#include "reference/sim/fault_atlas.h"
#include "reference/sim/workload.h"

namespace atrest::sim {
namespace {

class RunCheckersTest : public testing::Test {
 protected:
  RunCheckersTest() {
    history.nodes.resize(2);
    history.nodes[0].id = "a";
    history.nodes[1].id = "b";
    for (NodeHistory& node : history.nodes) node.starts.push_back({1, 1, {}, 0});
  }
  std::string Found(std::unique_ptr<Checker> checker) {
    std::vector<Violation> found;
    checker->OnNodeDown(history, 0, found);
    checker->AtRest(history, found);
    std::string texts;
    for (const Violation& violation : found) texts += violation.node + ": " + violation.text + "\n";
    return texts;
  }
  // NODE has FAULT at EVENT and starts at the next.
  void Damage(size_t node, const std::string& fault, uint64_t event) {
    history.nodes[node].damages = {{event, fault}};
    history.nodes[node].starts.push_back({event + 1, static_cast<int64_t>(event) + 1, {}, 0});
  }
  void Undamage() {
    for (NodeHistory& node : history.nodes) {
      node.damages.clear();
      node.starts.resize(1);
    }
  }
  // The damaging faults of the atlas under which MAKE's checker is silent.
  std::set<std::string> Excusing(const std::function<std::unique_ptr<Checker>()>& make,
                                 uint64_t event) {
    std::set<std::string> excusing;
    for (const AtlasEntry& entry : FaultAtlas()) {
      if (entry.survivable) continue;
      Damage(1, std::string(entry.name), event);
      if (Found(make()).empty()) excusing.insert(std::string(entry.name));
      Undamage();
    }
    return excusing;
  }
  // An entry that node 0 applies.
  static Applied Entry(uint64_t index, uint64_t event) {
    Applied applied;
    applied.index = index;
    applied.term = 1;
    applied.digest = 10 * index;
    applied.first_byte = 8;
    applied.event = event;
    return applied;
  }
  static Restored Snapshot(Restored::Step step, uint64_t index, uint64_t event) {
    Restored restored;
    restored.step = step;
    restored.index = index;
    restored.event = event;
    return restored;
  }
  static Delivered Message(uint64_t sequence, const std::string& payload, int64_t at_ns) {
    return {"c", 1, "foo", sequence, false, 0, ToBytes(payload), at_ns};
  }
  History history;
};

const std::set<std::string> kOtherLogs = {"bit_flip", "misdirected_read", "swapped_log",
                                          "rolled_back_log", "lost_unsynced"};

TEST(DamageEffectsTest, EachDamagingFaultHasARow) {
  for (const AtlasEntry& entry : FaultAtlas()) {
    EXPECT_EQ(FindDamageEffects(entry.name) != nullptr, !entry.survivable) << entry.name;
  }
  std::set<std::string_view> names;
  for (const DamageEffects& effects : AllDamageEffects()) {
    EXPECT_TRUE(names.insert(effects.fault).second) << effects.fault;
    EXPECT_FALSE(effects.section.empty()) << effects.fault;
  }
  EXPECT_EQ(FindDamageEffects("fire"), nullptr);
}

TEST_F(RunCheckersTest, AnEffectBeginsWithTheStartAfterTheDamage) {
  EXPECT_EQ(FirstEffect(history, &DamageEffects::votes).event, UINT64_MAX);
  history.nodes[1].damages = {{5, "rolled_back_log"}};
  EXPECT_EQ(FirstEffect(history, &DamageEffects::votes).event, UINT64_MAX);
  history.nodes[1].starts.push_back({9, 90, {}, 0});
  history.nodes[1].starts.push_back({12, 120, {}, 0});
  EXPECT_EQ(FirstEffect(history, &DamageEffects::votes).event, 9U);
  EXPECT_EQ(FirstEffect(history, &DamageEffects::votes).at_ns, 90);
  EXPECT_EQ(FirstEffect(history, &DamageEffects::data).event, UINT64_MAX);
  Damage(0, "bit_flip", 3);
  EXPECT_EQ(FirstEffect(history, &DamageEffects::votes).event, 4U);
}

TEST_F(RunCheckersTest, TwoLeadersOfATerm) {
  history.led = {{0, 2, 10}, {1, 3, 20}, {0, 2, 30}};
  EXPECT_EQ(Found(MakeLeaderChecker()), "");
  history.led.push_back({0, 3, 40});
  EXPECT_EQ(Found(MakeLeaderChecker()), "a: leads in term 3, in which b led\n");
}

TEST_F(RunCheckersTest, TwoLeadersOfATermWhereVotesAreForgotten) {
  history.led = {{1, 3, 20}, {0, 3, 40}};
  EXPECT_EQ(Excusing(MakeLeaderChecker, 30), kOtherLogs);
  EXPECT_EQ(Excusing(MakeLeaderChecker, 50), std::set<std::string>()) << "it was before";
}

TEST_F(RunCheckersTest, EntriesThatDifferAndEntriesTwice) {
  history.applied = {{0, 0, 1, 1, 5, 10},
                     {1, 0, 1, 1, 5, 11},
                     {0, 0, 2, 1, 0, 20},
                     {1, 0, 2, 1, 0, 20},
                     {1, 0, 3, 1, 0, 30}};
  EXPECT_EQ(Found(MakeAppliedChecker()), "");
  history.applied.push_back({0, 0, 3, 1, 0, 31});
  EXPECT_EQ(Found(MakeAppliedChecker()), "a: applies another entry 3 (term 1) than b (term 1)\n");
  history.applied.back() = {1, 0, 3, 1, 0, 30};
  EXPECT_EQ(Found(MakeAppliedChecker()), "b: applies entry 3 behind 3\n");
}

TEST_F(RunCheckersTest, AnEntryIsPassedOver) {
  history.applied = {Entry(1, 10), Entry(2, 11), Entry(4, 13)};
  EXPECT_EQ(Found(MakeAppliedChecker()), "a: applies entry 4 behind 2\n");
  EXPECT_EQ(Excusing(MakeAppliedChecker, 11),
            (std::set<std::string>{"bit_flip", "misdirected_read", "lost_unsynced"}));
  EXPECT_EQ(Excusing(MakeAppliedChecker, 20), std::set<std::string>());
  history.applied = {Entry(2, 10)};
  EXPECT_EQ(Found(MakeAppliedChecker()), "a: applies entry 2 behind 0\n") << "the first one";
}

TEST_F(RunCheckersTest, SnapshotsStandForEntries) {
  using Step = Restored::Step;
  history.restored = {Snapshot(Step::kAtStart, 4, 10), Snapshot(Step::kInstalling, 9, 12),
                      Snapshot(Step::kInstalled, 9, 14)};
  history.applied = {Entry(5, 11), Entry(10, 15)};
  EXPECT_EQ(Found(MakeAppliedChecker()), "");
  history.applied = {Entry(5, 11), Entry(10, 13)};
  EXPECT_EQ(Found(MakeAppliedChecker()),
            "a: applies entry 10 behind 5\na: restores a snapshot of entry 9 behind 10\n");
  history.applied = {Entry(6, 11)};
  EXPECT_EQ(Found(MakeAppliedChecker()), "a: applies entry 6 behind 4\n");
}

TEST_F(RunCheckersTest, AnotherEntryWhereCommittedOnesGotLost) {
  history.applied = {Entry(1, 10), Entry(2, 11), Entry(1, 12), Entry(2, 13)};
  history.applied[2].node = history.applied[3].node = 1;
  history.applied[3].term = 2;
  EXPECT_EQ(Found(MakeAppliedChecker()), "b: applies another entry 2 (term 2) than a (term 1)\n");
  EXPECT_EQ(Excusing(MakeAppliedChecker, 11), kOtherLogs);
  EXPECT_EQ(Excusing(MakeAppliedChecker, 13), std::set<std::string>());
}

TEST_F(RunCheckersTest, OtherDataOfAnEntry) {
  history.applied = {Entry(1, 10), Entry(2, 11), Entry(1, 12), Entry(2, 13)};
  history.applied[2].node = history.applied[3].node = 1;
  history.applied[3].digest = 7;
  std::set<std::string> excusing = kOtherLogs;
  excusing.insert("forged_operation");
  EXPECT_EQ(Excusing(MakeAppliedChecker, 11), excusing);
  history.applied[3].first_byte = 2;
  excusing.insert({"encryption_off", "plain_log"});
  EXPECT_EQ(Excusing(MakeAppliedChecker, 11), excusing) << "sealed, and not opened";
}

TEST_F(RunCheckersTest, SealedDataIsNotWhatOthersAreComparedWith) {
  history.applied = {Entry(1, 20), Entry(1, 21), Entry(1, 22), Entry(2, 23), Entry(2, 24)};
  history.applied[2].node = history.applied[4].node = 1;
  history.applied[0].start = history.applied[3].start = 1;
  history.applied[3].digest = 7;
  history.applied[3].first_byte = 1;
  Damage(0, "encryption_off", 15);
  EXPECT_EQ(Found(MakeAppliedChecker()), "");
  Applied other = Entry(2, 25);
  other.digest = 8;
  history.applied.push_back(other);
  EXPECT_EQ(Found(MakeAppliedChecker()), "a: applies another entry 2 (term 1) than b (term 1)\n");
}

TEST_F(RunCheckersTest, DeliveriesThatWereNotSentOrAreOutOfOrder) {
  history.published.push_back({"foo", "g1", ToBytes("one"), 1, 5});
  history.published.push_back({"foo", "g2", ToBytes("two"), 1, 5});
  history.delivered = {Message(1, "one", 6), Message(2, "two", 6), Message(1, "one", 6),
                       Message(1, "one", 6)};
  history.delivered[2].redelivered = true;
  history.delivered[3].epoch = 1;
  EXPECT_EQ(Found(MakeDeliveryChecker()), "");
  history.delivered.push_back(Message(1, "two", 6));
  history.delivered.back().epoch = 1;
  history.delivered.push_back(Message(3, "three", 6));
  history.delivered.back().subscription = 2;
  EXPECT_EQ(Found(MakeDeliveryChecker()),
            ": c got foo:1 with another payload than before\n"
            ": c got foo:1 as new behind 1\n"
            ": c got foo:3 that nobody published\n");
}

TEST_F(RunCheckersTest, DeliveriesThatADamageExplains) {
  history.published.push_back({"foo", "g1", ToBytes("one"), 1, 5});
  const std::set<std::string> other_bytes = {"bit_flip", "misdirected_read", "forged_operation",
                                             "lost_unsynced"};
  history.delivered = {Message(1, "nobody's", 40)};
  EXPECT_EQ(Excusing(MakeDeliveryChecker, 30), other_bytes);
  EXPECT_EQ(Excusing(MakeDeliveryChecker, 40), std::set<std::string>()) << "it was before";
  std::set<std::string> sealed = other_bytes;
  sealed.insert({"encryption_off", "plain_log"});
  history.delivered = {Message(1, "\x01 ciphertext", 40)};
  EXPECT_EQ(Excusing(MakeDeliveryChecker, 30), sealed);
  sealed.insert({"swapped_log", "rolled_back_log"});
  history.delivered = {Message(1, "", 40)};
  EXPECT_EQ(Excusing(MakeDeliveryChecker, 30), sealed) << "in the place of a message";
  history.delivered = {Message(2, "one", 40), Message(1, "one", 41)};
  EXPECT_EQ(Excusing(MakeDeliveryChecker, 30), std::set<std::string>()) << "never out of order";
}

TEST_F(RunCheckersTest, ASequenceOfTwoMessages) {
  history.published.push_back({"foo", "g1", ToBytes("one"), 1, 5});
  history.published.push_back({"foo", "g2", ToBytes("two"), 1, 5});
  history.delivered = {Message(1, "one", 20), Message(1, "two", 40)};
  history.delivered[1].subscription = 2;
  EXPECT_EQ(Found(MakeDeliveryChecker()), ": c got foo:1 with another payload than before\n");
  std::set<std::string> excusing = kOtherLogs;
  excusing.insert({"encryption_off", "plain_log", "forged_operation"});
  EXPECT_EQ(Excusing(MakeDeliveryChecker, 30), excusing);
}

TEST_F(RunCheckersTest, ReaderDoesNotGetAllThatWasAcknowledged) {
  history.published = {{"foo", "g1", ToBytes("one"), 1, 5},
                       {"foo", "g2", ToBytes("one"), 1, 6},
                       {"foo", "g3", ToBytes("never acknowledged"), 1, {}}};
  history.delivered = {{"other", 1, "foo", 2, false, 0, ToBytes("one"), 9},
                       {kReader, 2, "foo", 1, false, 0, ToBytes("one"), 9},
                       {kReader, 2, "foo", 1, true, 0, ToBytes("one"), 9}};
  EXPECT_EQ(Found(MakeReadBackChecker()), "") << "nobody read anything back";
  history.read_back = kReader;
  EXPECT_EQ(Found(MakeReadBackChecker()),
            ": guid g2 of channel foo was acknowledged, and a subscription from the first message "
            "on did not get it\n");
  history.delivered.push_back({kReader, 2, "foo", 3, false, 0, ToBytes("one"), 9});
  EXPECT_EQ(Found(MakeReadBackChecker()),
            ": a subscription to foo from the first message on got 3 and not 2\n");
  history.delivered.back().sequence = 2;
  EXPECT_EQ(Found(MakeReadBackChecker()), "");
}

TEST_F(RunCheckersTest, ReaderIsNotAskedForWhatAForgottenChannelHad) {
  history.read_back = kReader;
  history.published = {{"foo", "g1", ToBytes("one"), 1, 5}, {"foo", "g2", ToBytes("two"), 1, 8}};
  ForgottenChannel forgotten;
  forgotten.channel = "foo";
  forgotten.made_again_ns = 7;
  history.forgotten = {forgotten};
  EXPECT_EQ(Found(MakeReadBackChecker()),
            ": guid g2 of channel foo was acknowledged, and a subscription from the first message "
            "on did not get it\n");
}

TEST_F(RunCheckersTest, ExitsWithoutDamage) {
  history.nodes[0].exit_text = "channel \"foo\" - unable to restore messages, aborting";
  history.nodes[0].exit_code = 1;
  EXPECT_EQ(Found(MakeExitChecker()), "") << "cluster.md 3j";
  history.nodes[0].exit_text = "panic: why";
  history.nodes[0].exit_code = 2;
  EXPECT_EQ(Found(MakeExitChecker()), "a: ended with 2: panic: why\n");
  history.nodes[0].damages.push_back({1, "wrong_key"});
  EXPECT_EQ(Found(MakeExitChecker()), "");
}

}  // namespace
}  // namespace atrest::sim
