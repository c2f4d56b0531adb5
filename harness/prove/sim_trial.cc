#include "harness/prove/sim_trial.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "harness/simcheck/sim_checks.h"
#include "reference/sim/run_checkers.h"
#include "reference/sim/simulation.h"

namespace atrest::prove {
namespace {

constexpr char kPrefix[] = "sim/";
constexpr uint64_t kOps = 300;
constexpr std::string_view kSwarm = "swarm";
// What befalls the cluster, from seed to seed: mostly what it survives, of all kinds; then a few
// kinds alone, which a swarm has too little of, and what shows only where something was damaged.
constexpr std::array<std::string_view, 8> kMixes = {kSwarm,
                                                    kSwarm,
                                                    "partition,kill,reorder,duplicate,delay",
                                                    "wrong_key",
                                                    kSwarm,
                                                    "kill_in_snapshot,kill,cipher_switch",
                                                    "power_loss,kill_in_write,wipe",
                                                    "plain_before"};
// What clients see, or whoever starts a server; the rest takes somebody who looks at its files.
constexpr std::array<std::string_view, 4> kClientCheckers = {"delivery", "read-back", "liveness",
                                                             "no-exit"};

std::string_view MixOf(uint64_t seed) { return kMixes[(seed + kMixes.size() - 1) % kMixes.size()]; }

sim::SimOptions OptionsOf(uint64_t seed) {
  sim::SimOptions given;
  given.seed = seed;
  given.ops = kOps;
  const bool swarm = MixOf(seed) == kSwarm;
  if (!swarm) given.faults = sim::ParseFaults(std::string(MixOf(seed))).value();
  return sim::DrawOptions(given, swarm);
}

// One run's checkers: those of the nodes' files and those of the history.
struct Checkers {
  Checkers() : all(files.all()) {
    for (const auto& checker : own) all.push_back(checker.get());
  }

  const simcheck::SimChecks files;
  const std::vector<std::unique_ptr<sim::Checker>> own = sim::MakeRunCheckers();
  std::vector<sim::Checker*> all;
};

Eye EyeOf(const sim::Violation& violation) {
  if (violation.requirement == "H-nonce-reuse") return Eye::kNonces;
  const bool is_client =
      std::ranges::find(kClientCheckers, violation.checker) != kClientCheckers.end();
  return is_client ? Eye::kClient : Eye::kDisk;
}

}  // namespace

std::string SimArguments(uint64_t seed) {
  return "--seed " + std::to_string(seed) + " --ops " + std::to_string(kOps) + " --faults " +
         std::string(MixOf(seed));
}

Result<std::vector<Kill>> SimTrial::RunSeed(uint64_t seed, Fault fault) const {
  const fault::Scope scope(fault);
  Checkers checkers;
  const auto result = sim::Simulation(OptionsOf(seed), checkers.all, nullptr).Run();
  std::vector<Kill> kills;
  std::set<std::pair<std::string, std::string>> seen;
  for (const sim::Violation& violation : result.violations) {
    if (!seen.emplace(violation.checker, violation.requirement).second) continue;
    const auto* requirement = suite_.requirements().Find(violation.requirement);
    if (requirement == nullptr) {
      return Status(Code::kIo, kPrefix + violation.checker + " names " + violation.requirement +
                                   ", which is no requirement of the register");
    }
    Kill kill;
    kill.check = kPrefix + violation.checker;
    kill.by_property = true;
    kill.suite = requirement->suite;
    kill.kind = verdict::NameOf(verdict::Kind::kFail);
    kill.oracle = violation.checker;
    kill.requirement = violation.requirement;
    kill.eye = EyeOf(violation);
    kill.seed = seed;
    kill.message = (violation.node.empty() ? "" : "node " + violation.node + ": ") + violation.text;
    kills.push_back(std::move(kill));
  }
  return kills;
}

Result<bool> SimTrial::Run(const std::string& fault, const std::string& /*trace*/,
                           const Stage& stage, Evidence& evidence) const {
  if (stage.what != Stage::What::kCases) return false;
  const fault::Row* row = fault::Find(fault);
  const Fault broken = row == nullptr ? Fault::kNone : row->fault;
  for (uint64_t i = 0; i < options_.runs; ++i) {
    const uint64_t seed = options_.seed + i;
    const auto kills = RunSeed(seed, broken);
    if (!kills.ok()) return kills.status();
    ++evidence.cases;
    if (kills.value().empty()) continue;
    const auto without = RunSeed(seed, Fault::kNone);
    if (!without.ok()) return without.status();
    if (!without.value().empty()) {
      const Kill& first = without.value().front();
      return Status(Code::kIo, "the reference as it is fails atrest simulate " +
                                   SimArguments(seed) + ": " + first.check + ": " + first.message);
    }
    bool is_enough = false;
    for (Kill kill : kills.value()) {
      kill.cases = i + 1;
      is_enough = is_enough || (stage.enough && stage.enough(kill));
      evidence.Add(std::move(kill));
    }
    if (is_enough) return true;
  }
  return false;
}

std::vector<std::string> SimTrial::Checks() const {
  std::vector<std::string> checks;
  const Checkers checkers;
  for (const sim::Checker* checker : checkers.all) {
    checks.push_back(kPrefix + std::string(checker->name()));
  }
  checks.push_back(kPrefix + std::string(sim::kLivenessChecker));
  std::erase(checks, kPrefix + std::string("findings"));
  // It judges what the simulator says of itself.
  std::erase(checks, kPrefix + std::string("forgotten"));
  return checks;
}

void SimTrial::BeginPiece(unsigned seconds) const { ::alarm(seconds); }

}  // namespace atrest::prove
