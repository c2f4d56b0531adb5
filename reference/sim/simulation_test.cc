// Whole runs: that they are a function of their options, that they reach what they are to reach,
// and that what is wrong is found. The checkers of files are tested in harness/simcheck.
#include "reference/sim/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "reference/base/fault.h"
#include "reference/sim/run_checkers.h"

namespace atrest::sim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A run with its checkers, and the files of all nodes at its end.
struct Ran {
  explicit Ran(const SimOptions& options, std::ostream* trace = nullptr, Checker* more = nullptr) {
    const auto own = MakeRunCheckers();
    std::vector<Checker*> checkers;
    for (const auto& checker : own) checkers.push_back(checker.get());
    if (more != nullptr) checkers.push_back(more);
    Simulation simulation(options, checkers, trace);
    result = simulation.Run();
    for (size_t i = 0; i < simulation.nodes(); ++i) {
      const NodeHistory& node = simulation.history().nodes[i];
      files[node.id] = simulation.node(i).disk().Copy(node.raft_directory);
      files[node.id].merge(simulation.node(i).disk().Copy(node.store_directory));
    }
    for (const Violation& violation : result.violations) {
      texts += violation.checker + " " + violation.node + " " + violation.text + "\n";
    }
  }
  SimResult result;
  std::map<std::string, SimDisk::Tree> files;
  std::string texts;  // of violations
};

SimOptions Swarm(uint64_t seed, uint64_t ops = 150) {
  SimOptions options;
  options.seed = seed;
  options.ops = ops;
  return DrawOptions(options, /*swarm=*/true);
}

SimOptions With(const std::string& faults, uint64_t seed, uint64_t ops = 150) {
  SimOptions options;
  options.seed = seed;
  options.ops = ops;
  options.faults = ParseFaults(faults).value();
  return DrawOptions(options, /*swarm=*/false);
}

TEST(Simulation, ClusterWithoutFaultsAcknowledgesAndDeliversAll) {
  const Ran run(With("none", 1));
  EXPECT_EQ(run.texts, "");
  EXPECT_EQ(run.result.published, run.result.acknowledged);
  EXPECT_GT(run.result.acknowledged, 100u);
  EXPECT_GT(run.result.delivered, 0u);
  EXPECT_EQ(run.result.marks.elections, 1u);
  EXPECT_THAT(run.files.at("a"), Not(IsEmpty()));
}

TEST(Simulation, SameSeedGivesTheSameHashAndTheSameFiles) {
  for (const uint64_t seed : {3, 4}) {
    const Ran once(Swarm(seed));
    std::ostringstream trace;
    const Ran again(Swarm(seed), &trace);
    EXPECT_EQ(once.result.hash, again.result.hash);
    EXPECT_EQ(once.files, again.files);
    EXPECT_EQ(once.result.events, again.result.events);
    EXPECT_THAT(trace.str(), HasSubstr(" sim    rest "));
  }
  EXPECT_NE(Ran(Swarm(3)).result.hash, Ran(Swarm(4)).result.hash);
}

// One choice more in one place must not change those of another.
TEST(Simulation, ClientsDoTheSameWhateverTheFaults) {
  const auto publishes = [](const SimOptions& options) {
    Simulation simulation(options, {}, nullptr);
    (void)simulation.Run();
    std::vector<Bytes> payloads;
    for (const Published& sent : simulation.history().published) payloads.push_back(sent.payload);
    return payloads;
  };
  SimOptions lossy = With("none", 5);
  lossy.network.loss_permille = 50;
  EXPECT_EQ(publishes(With("none", 5)), publishes(lossy));
}

TEST(Simulation, SwarmSurvivesAndReachesWhatItIsFor) {
  Marks sum;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Ran run(Swarm(seed, 500));
    EXPECT_EQ(run.texts, "") << "seed " << seed;
    sum.elections += run.result.marks.elections > 1 ? 1 : 0;
    sum.crashes_in_write += run.result.marks.crashes_in_write > 0 ? 1 : 0;
    sum.snapshot_installs += run.result.marks.snapshot_installs > 0 ? 1 : 0;
    sum.cipher_switches += run.result.marks.cipher_switches > 0 ? 1 : 0;
  }
  EXPECT_GE(sum.elections, 4u);
  EXPECT_GE(sum.crashes_in_write, 4u);
  EXPECT_GE(sum.snapshot_installs, 2u);
  EXPECT_GE(sum.cipher_switches, 4u);
}

TEST(Simulation, EachSurvivableFaultByItselfIsSurvived) {
  for (const AtlasEntry& entry : FaultAtlas()) {
    if (!entry.survivable) continue;
    EXPECT_EQ(Ran(With(std::string(entry.name), 2)).texts, "") << entry.name;
  }
}

TEST(Simulation, OneNodeAndFiveNodesWorkToo) {
  for (const size_t nodes : {1, 5}) {
    SimOptions options = With("kill,cipher_switch", 1);
    options.nodes = nodes;
    EXPECT_EQ(Ran(options).texts, "") << nodes << " nodes";
  }
}

// Sees what nobody may see, once.
struct PlantedChecker : Checker {
  const char* name() const override { return "planted"; }
  void OnNodeDown(const History& history, size_t node, std::vector<Violation>& found) override {
    ++downs;
    EXPECT_FALSE(history.nodes[node].is_up);
    if (downs == 1) found.push_back({name(), history.nodes[node].id, "none", "planted"});
  }
  void AtRest(const History& history, std::vector<Violation>& /*found*/) override {
    ++rests;
    for (const NodeHistory& node : history.nodes) EXPECT_TRUE(node.is_up) << node.id;
  }
  int downs = 0;
  int rests = 0;
};

TEST(Simulation, CheckersAreAskedWhenANodeIsDownAndAtRest) {
  PlantedChecker first;
  const Ran run(With("kill", 1, 500), nullptr, &first);
  EXPECT_THAT(run.texts, HasSubstr("planted"));
  EXPECT_GE(first.downs, 4) << "each kill, and the stop of each node at the end";
  EXPECT_EQ(first.rests, 1);
  PlantedChecker second;
  EXPECT_EQ(Ran(With("kill", 1, 500), nullptr, &second).texts, run.texts) << "found again";
}

TEST(Simulation, ClusterThatCannotHealIsMissedByTheLivenessPhase) {
  // Two nodes of three have each other's log, which neither has the key for.
  const SimOptions options = With("swapped_log,own_keys", 1);
  std::ostringstream trace;
  const Ran run(options, &trace);
  EXPECT_THAT(trace.str(), HasSubstr("swapped_log"));
  EXPECT_THAT(trace.str(), HasSubstr("failed to get last log at index"));
  EXPECT_THAT(trace.str(), HasSubstr(" sim    miss "));
  EXPECT_EQ(run.texts, "") << "it is documented";
}

// Acknowledged messages that no new subscription gets are found, whoever still holds their bytes.
TEST(Simulation, MessagesThatNobodyIsDeliveredAreMissed) {
  // What is shipped has no faults to switch on.
  if (fault::Rows().empty()) GTEST_SKIP() << "built without faults of the reference";
  const fault::Scope scope(Fault::kRoleNoBarrier);
  std::string texts;
  for (uint64_t seed = 1; seed <= 5; ++seed) texts += Ran(Swarm(seed, 500)).texts;
  EXPECT_THAT(texts, HasSubstr("read-back  guid "));
}

// Nobody can give a follower what looks sealed and is not: the others go on, and it is named.
TEST(Simulation, NodeThatCannotBeGivenItsSnapshotStaysBehindByName) {
  size_t blocked = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SimOptions options;
    options.seed = seed;
    options.ops = 300;
    options.faults = {FaultKind::kPlainBefore};
    Simulation simulation(DrawOptions(options, /*swarm=*/true), {}, nullptr);
    EXPECT_THAT(simulation.Run().violations, IsEmpty()) << "seed " << seed;
    const History& history = simulation.history();
    for (const size_t node : history.restore_blocked) {
      ++blocked;
      EXPECT_TRUE(history.nodes[node].cannot_restore_ns) << history.nodes[node].id;
    }
    EXPECT_LE(history.restore_blocked.size(), 1u) << "a majority works";
  }
  EXPECT_GE(blocked, 1u);
}

TEST(Simulation, DamageIsNotedBeforeItIsDone) {
  for (const char* fault : {"wrong_key", "encryption_off", "bit_flip", "log_removed"}) {
    Simulation simulation(With(fault, 3), {}, nullptr);
    (void)simulation.Run();
    size_t damages = 0;
    for (const NodeHistory& node : simulation.history().nodes) {
      for (const NodeDamage& damage : node.damages) {
        ++damages;
        EXPECT_EQ(damage.fault, fault);
        EXPECT_GT(damage.event, node.starts.front().event);
      }
    }
    EXPECT_EQ(damages, 1u) << fault;
  }
}

TEST(Simulation, NodeWhoseLogIsRemovedSaysSo) {
  std::ostringstream trace;
  const Ran run(With("log_removed", 1), &trace);
  EXPECT_THAT(trace.str(),
              HasSubstr("streaming state was recovered but cluster log path \"raft\" is empty"));
  EXPECT_EQ(run.texts, "") << "cured";
}

TEST(FaultAtlas, NamesAreReadAndWritten) {
  EXPECT_EQ(FaultsText(ParseFaults("").value()), "none");
  EXPECT_EQ(FaultsText(ParseFaults("loss,kill").value()), "kill,loss");
  EXPECT_EQ(ParseFaults("kill,,loss").status().message(), "no fault is called \"\"");
  EXPECT_EQ(ParseFaults("fire").status().message(), "no fault is called \"fire\"");
  EXPECT_TRUE(IsSurvivable(ParseFaults("kill,wipe").value()));
  EXPECT_FALSE(IsSurvivable(ParseFaults("kill,bit_flip").value()));
  EXPECT_EQ(HealsAfter({}), Heals::kDelivery);
  EXPECT_EQ(HealsAfter(ParseFaults("kill,plain_before").value()), Heals::kAgreement);
  EXPECT_EQ(HealsAfter(ParseFaults("plain_before,lost_unsynced").value()), Heals::kNothing);
}

TEST(FaultAtlas, DamageHasAnOutcomeAndSurvivableFaultsNeedNone) {
  std::set<std::string_view> names;
  for (const AtlasEntry& entry : FaultAtlas()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(entry.outcome.empty(), entry.survivable) << entry.name;
    EXPECT_EQ(&EntryOf(entry.kind), &entry);
  }
}

TEST(SimOptions, SwarmDrawsSurvivableFaultsOnly) {
  for (uint64_t seed = 1; seed < 200; ++seed) {
    const SimOptions options = Swarm(seed);
    EXPECT_TRUE(IsSurvivable(options.faults));
    EXPECT_TRUE(options.sync || !options.faults.contains(FaultKind::kPowerLoss));
  }
  EXPECT_FALSE(With("lost_unsynced,power_loss", 1).sync);
}

TEST(SimOptions, BoundsAreChecked) {
  SimOptions options;
  EXPECT_TRUE(CheckOptions(options).ok());
  options.nodes = 0;
  EXPECT_EQ(CheckOptions(options).message(), "a cluster has 1 to 9 nodes");
  options.nodes = 3;
  options.ops = 10'000'001;
  EXPECT_EQ(CheckOptions(options).message(), "at most 10000000 ops");
}

// Histories that no cluster makes, for the checkers.
class RunCheckersTest : public testing::Test {
 protected:
  RunCheckersTest() {
    history.nodes.resize(2);
    history.nodes[0].id = "a";
    history.nodes[1].id = "b";
  }
  std::string Found(std::unique_ptr<Checker> checker) {
    std::vector<Violation> found;
    checker->OnNodeDown(history, 0, found);
    checker->AtRest(history, found);
    std::string texts;
    for (const Violation& violation : found) texts += violation.node + ": " + violation.text + "\n";
    return texts;
  }
  History history;
};

TEST_F(RunCheckersTest, TwoLeadersOfATerm) {
  history.led = {{0, 2}, {1, 3}, {0, 2}};
  EXPECT_EQ(Found(MakeLeaderChecker()), "");
  history.led.push_back({0, 3});
  EXPECT_EQ(Found(MakeLeaderChecker()), "a: leads in term 3, in which b led\n");
  history.nodes[1].damages.push_back({1, "rolled_back_log"});
  EXPECT_EQ(Found(MakeLeaderChecker()), "");
}

TEST_F(RunCheckersTest, EntriesThatDifferAndEntriesTwice) {
  history.applied = {{0, 0, 1, 1, 5, 10}, {1, 0, 1, 1, 5, 11}, {0, 0, 2, 1, 0, 20},
                     {1, 0, 2, 1, 0, 20}, {1, 1, 2, 1, 0, 20}, {1, 1, 7, 1, 0, 70}};
  EXPECT_EQ(Found(MakeAppliedChecker()), "");
  history.applied.push_back({0, 0, 7, 1, 0, 71});
  EXPECT_EQ(Found(MakeAppliedChecker()), "a: applies another entry 7 (term 1) than b (term 1)\n");
  history.applied.back() = {1, 1, 7, 1, 0, 70};
  EXPECT_EQ(Found(MakeAppliedChecker()), "b: applies entry 7 behind 7\n");
}

TEST_F(RunCheckersTest, DeliveriesThatWereNotSentOrAreOutOfOrder) {
  history.published.push_back({"foo", "g1", ToBytes("one"), 1, 5});
  history.published.push_back({"foo", "g2", ToBytes("two"), 1, 5});
  history.delivered = {{"c", 1, "foo", 1, false, 0, ToBytes("one"), 6},
                       {"c", 1, "foo", 2, false, 0, ToBytes("two"), 6},
                       {"c", 1, "foo", 1, true, 0, ToBytes("one"), 6},
                       {"c", 1, "foo", 1, false, 1, ToBytes("one"), 6}};
  EXPECT_EQ(Found(MakeDeliveryChecker()), "");
  history.delivered.push_back({"c", 1, "foo", 1, false, 1, ToBytes("two"), 6});
  history.delivered.push_back({"c", 2, "foo", 3, false, 1, ToBytes("three"), 6});
  EXPECT_EQ(Found(MakeDeliveryChecker()),
            ": c got foo:1 with another payload than before\n"
            ": c got foo:1 as new behind 1\n"
            ": c got foo:3 that nobody published\n");
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
