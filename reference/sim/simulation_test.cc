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

// Counts what it is asked to look at.
struct LookingChecker : Checker {
  const char* name() const override { return "looking"; }
  void OnLook(const History& history, size_t node, std::vector<Violation>& /*found*/) override {
    ++(history.nodes[node].is_up ? looks_up : looks_down);
  }
  void OnNodeDown(const History&, size_t, std::vector<Violation>&) override {}
  void AtRest(const History&, std::vector<Violation>&) override {}
  size_t looks_up = 0;
  size_t looks_down = 0;
};

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Simulation, CheckersLookBeforeAnythingIsRemovedAndBeforeAStart) {
  SimOptions options = With("kill_in_write,wipe", 3, 500);
  options.snapshot_interval_ns = 2 * kNsPerSecond;
  options.snapshot_threshold = 8;
  options.trailing_logs = 2;
  LookingChecker checker;
  std::ostringstream trace;
  const Ran run(options, &trace, &checker);
  const std::string text = trace.str();
  const size_t starts = CountOf(text, " start ");
  const size_t removals =
      CountOf(text, " delete ") + CountOf(text, " store snapshot ") + CountOf(text, " snapshot  ");
  EXPECT_GT(starts, 3U);
  EXPECT_GT(removals, 10U);
  EXPECT_EQ(checker.looks_down, starts);
  EXPECT_EQ(checker.looks_up, removals);
}

TEST(Simulation, LogsThatNobodyCanReadAreSwappedBack) {
  // Two nodes have each other's log, which neither has the key for.
  for (const size_t nodes : {3, 5}) {
    SimOptions options = With("swapped_log,own_keys", 1);
    options.nodes = nodes;
    std::ostringstream trace;
    const Ran run(options, &trace);
    const bool failed = trace.str().find("failed to get last log at index") != std::string::npos;
    EXPECT_TRUE(failed || nodes != 3) << "of three nodes neither starts";
    EXPECT_EQ(trace.str().find(" sim    miss "), std::string::npos) << nodes << " nodes";
    EXPECT_EQ(run.texts, "") << nodes << " nodes";
  }
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

TEST(Simulation, WipedNodesAskToBeLetIn) {
  std::ostringstream trace;
  const Ran run(With("join", 2, 500), &trace);
  EXPECT_EQ(run.texts, "");
  EXPECT_GT(run.result.marks.wipes, 0u);
  EXPECT_THAT(trace.str(), HasSubstr("_STAN.raft.tc.join"));
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
  options.nodes = 2;
  options.faults = {FaultKind::kKill, FaultKind::kPlainBefore};
  EXPECT_TRUE(CheckOptions(options).ok());
  options.faults.insert(FaultKind::kBitFlip);
  EXPECT_EQ(CheckOptions(options).message(),
            "damaging faults but plain_before need 3 nodes: a damaged one is cured by a wipe");
  options.nodes = 3;
  options.ops = 10'000'001;
  EXPECT_EQ(CheckOptions(options).message(), "at most 10000000 ops");
}

}  // namespace
}  // namespace atrest::sim
