#include "harness/prove/trial.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "harness/runner/jobs.h"
#include "harness/runner/run.h"

namespace atrest::prove {
namespace {

using Oracles = runner::ExecuteOptions::Oracles;
using verdict::Kind;

// How much longer a target has after a first timeout: the machine may have been busy.
constexpr int kPatience = 4;

// As lines for a pipe: "ok", then "speaker\trequirement" each; or else the trouble.
std::string Packed(const Result<std::set<Failure>>& known) {
  if (!known.ok()) return known.status().message();
  std::string lines = "ok\n";
  for (const auto& [speaker, requirement] : known.value())
    lines += speaker + "\t" + requirement + "\n";
  return lines;
}

Result<std::set<Failure>> UnpackedKnown(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line) || line != "ok") return Status(Code::kIo, text);
  std::set<Failure> known;
  while (std::getline(lines, line)) {
    const size_t tab = line.find('\t');
    known.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  return known;
}

}  // namespace

Trial::Trial(const runner::Suite& suite, env::FileSystem& fixtures, const TrialOptions& options,
             std::vector<scenario::Scenario> scenarios, std::set<std::string> quick)
    : suite_(suite),
      fixtures_(fixtures),
      options_(options),
      scenarios_(std::move(scenarios)),
      quick_(std::move(quick)) {}

Result<runner::Executed> Trial::Execute(const scenario::Scenario& scenario,
                                        const std::string& fault, const std::string& trace,
                                        Oracles oracles, int patience) const {
  driver::DriverOptions made;
  made.patience = patience;
  made.seed = options_.seed;
  made.fault = fault;
  made.fault_trace = trace;
  auto driver = options_.make_driver(made);
  if (!driver.ok()) return driver.status();
  // A scenario is judged as by `atrest run`; to a generated case the reference always has its say.
  auto reference = oracles == Oracles::kAll ? options_.make_reference({})
                                            : runner::ReferenceFor(scenario, driver.value()->Info(),
                                                                   options_.make_reference);
  if (!reference.ok()) return reference.status();
  runner::ExecuteOptions how;
  how.oracles = oracles;
  how.trace = false;
  how.reference = reference.value().get();
  return runner::ExecuteWith(scenario, *driver.value(), suite_, fixtures_, how);
}

Result<runner::Executed> Trial::Judge(const scenario::Scenario& scenario, const std::string& fault,
                                      const std::string& trace, Oracles oracles) const {
  auto executed = Execute(scenario, fault, trace, oracles, 1);
  if (executed.ok() && executed.value().verdict.kind == Kind::kTimeout)
    executed = Execute(scenario, fault, trace, oracles, kPatience);
  if (!executed.ok()) return executed;
  const verdict::Verdict& verdict = executed.value().verdict;
  if (verdict.kind == Kind::kHarnessError)
    return Status(Code::kIo, scenario.id + ": the harness failed: " + verdict.message);
  const bool has_ended = verdict.kind == Kind::kCrashed || verdict.kind == Kind::kTimeout;
  if (fault.empty() && has_ended) {
    return Status(Code::kIo, scenario.id + ": the target as it is: " +
                                 verdict::NameOf(verdict.kind) + ": " + verdict.message);
  }
  return executed;
}

Result<SeenAll> Trial::RunScenario(const scenario::Scenario& scenario, const std::string& fault,
                                   const std::string& trace) const {
  const auto executed = Judge(scenario, fault, trace, Oracles::kOfSuite);
  if (!executed.ok()) return executed.status();
  return SeenInScenario(executed.value(), scenario, suite_);
}

Result<SeenAll> Trial::RunCase(uint64_t index, const std::string& fault,
                               const std::string& trace) const {
  const uint64_t seed = options_.seed + index;
  const scenario::Scenario scenario =
      generate::Generate(PropertyOf(index), seed, {options_.steps, capabilities_});
  const auto executed = Judge(scenario, fault, trace, Oracles::kAll);
  if (!executed.ok()) return executed.status();
  return SeenInCase(executed.value(), scenario, suite_);
}

const generate::Property& Trial::PropertyOf(uint64_t index) const {
  return generate::Properties()[properties_[(options_.seed + index) % properties_.size()]];
}

Status Trial::Learn(uint64_t jobs) {
  auto probe = options_.make_driver({});
  if (!probe.ok()) return probe.status();
  const auto can = probe.value()->Info().capabilities;
  probe.value().reset();
  capabilities_ = {can.begin(), can.end()};
  properties_ = campaign::PropertiesFor({}, capabilities_);
  if (properties_.empty()) return Status(Code::kInvalid, "no property is for the target");
  known_.resize(scenarios_.size() + options_.cases);
  Status lost;  // by the first; there is no more to learn after that
  runner::Shared<std::atomic<bool>> is_lost;
  if (is_lost.get() == nullptr) return Status(Code::kIo, "no memory that jobs can share");
  runner::Jobs work;
  work.jobs = jobs;
  work.pieces = known_.size();
  work.work = [&](size_t index) {
    if (*is_lost.get()) return std::string("there is no use in it");
    BeginPiece(options_.seconds_max);
    return Packed(FailuresOf(index));
  };
  work.done = [&](size_t index, const std::optional<std::string>& answer, const std::string& how) {
    auto known = answer ? UnpackedKnown(*answer)
                        : Status(Code::kIo, NameOfCheck(index) + ": its process ended by " + how);
    if (known.ok()) known_[index] = std::move(known).value();
    if (known.ok() || !lost.ok()) return;
    lost = known.status();
    *is_lost.get() = true;
  };
  ATREST_TRY(runner::DoInJobs(work));
  for (size_t i = scenarios_.size(); i < known_.size(); ++i)
    known_in_cases_.insert(known_[i].begin(), known_[i].end());
  return lost;
}

Result<Trial::Known> Trial::FailuresOf(size_t index) const {
  const size_t count = scenarios_.size();
  const auto seen =
      index < count ? RunScenario(scenarios_[index], "", "") : RunCase(index - count, "", "");
  if (!seen.ok()) return seen.status();
  return KnownOf(seen.value());
}

void Trial::BeginPiece(unsigned seconds) const {
  ::alarm(seconds);
  if (!options_.temporary.empty()) ::setenv("TMPDIR", options_.temporary.c_str(), 1);
}

std::string Trial::NameOfCheck(size_t index) const {
  const size_t count = scenarios_.size();
  return index < count ? scenarios_[index].id : std::string(PropertyOf(index - count).id);
}

std::vector<std::string> Trial::Checks() const {
  std::vector<std::string> checks;
  for (const scenario::Scenario& scenario : scenarios_) checks.push_back(scenario.id);
  const std::set<size_t> properties(properties_.begin(), properties_.end());
  for (const size_t property : properties) checks.emplace_back(generate::Properties()[property].id);
  return checks;
}

bool Trial::IsKnown(const Seen& seen, size_t index) const {
  if (seen.kind == Kind::kDisputed || known_[index].contains(seen.failure)) return true;
  return index >= scenarios_.size() && seen.suite == verdict::Suite::kHardening &&
         known_in_cases_.contains(seen.failure);
}

bool Trial::AddKills(const SeenAll& all, size_t index, const Kill& like, const Stage& stage,
                     Evidence& evidence) const {
  bool is_enough = false;
  for (const Seen& seen : all) {
    if (IsKnown(seen, index)) continue;
    if (seen.kind == Kind::kUndecided) {
      evidence.undecided.insert(like.check);
      continue;
    }
    Kill kill = like;
    kill.target_seed = options_.seed;
    kill.suite = seen.suite;
    kill.kind = verdict::NameOf(seen.kind);
    kill.oracle = seen.failure.first;
    kill.requirement = seen.failure.second;
    kill.eye = seen.eye;
    kill.message = seen.message;
    is_enough = is_enough || (stage.enough && stage.enough(kill));
    evidence.Add(std::move(kill));
  }
  return is_enough;
}

bool Trial::IsOf(const Stage& stage, const std::string& scenario) const {
  const bool is_quick = quick_.contains(scenario);
  switch (stage.what) {
    case Stage::What::kQuick:
      return is_quick;
    case Stage::What::kOthers:
      return !is_quick;
    case Stage::What::kAll:
      return true;
    case Stage::What::kCases:
      return false;
  }
  return false;
}

std::vector<size_t> Trial::OrderOf(const Stage& stage) const {
  std::vector<size_t> order;
  for (size_t i = 0; i < scenarios_.size(); ++i)
    if (IsOf(stage, scenarios_[i].id)) order.push_back(i);
  std::stable_partition(order.begin(), order.end(), [&](size_t i) {
    return std::ranges::find_first_of(scenarios_[i].requirements, stage.first) !=
           scenarios_[i].requirements.end();
  });
  return order;
}

Result<bool> Trial::RunScenarios(const std::string& fault, const std::string& trace,
                                 const Stage& stage, Evidence& evidence) const {
  for (const size_t i : OrderOf(stage)) {
    const scenario::Scenario& scenario = scenarios_[i];
    const auto seen = RunScenario(scenario, fault, trace);
    if (!seen.ok()) return seen.status();
    ++evidence.scenarios;
    Kill like;
    like.check = scenario.id;
    like.quick = quick_.contains(scenario.id);
    if (AddKills(seen.value(), i, like, stage, evidence)) return true;
  }
  return false;
}

Result<bool> Trial::RunCases(const std::string& fault, const std::string& trace, const Stage& stage,
                             Evidence& evidence) const {
  for (uint64_t i = 0; i < options_.cases; ++i) {
    const auto seen = RunCase(i, fault, trace);
    if (!seen.ok()) return seen.status();
    ++evidence.cases;
    Kill like;
    like.check = PropertyOf(i).id;
    like.by_property = true;
    like.cases = i + 1;
    like.seed = options_.seed + i;
    if (AddKills(seen.value(), scenarios_.size() + i, like, stage, evidence)) return true;
  }
  return false;
}

Result<bool> Trial::Run(const std::string& fault, const std::string& trace, const Stage& stage,
                        Evidence& evidence) const {
  return stage.what == Stage::What::kCases ? RunCases(fault, trace, stage, evidence)
                                           : RunScenarios(fault, trace, stage, evidence);
}

}  // namespace atrest::prove
