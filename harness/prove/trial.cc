#include "harness/prove/trial.h"

#include <algorithm>
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

bool IsFailure(Kind kind) {
  return kind == Kind::kFail || kind == Kind::kCrashed || kind == Kind::kTimeout ||
         kind == Kind::kDisputed;
}

// Whether somebody does with the files what no client can.
bool HandlesFiles(const scenario::Scenario& scenario) {
  return std::ranges::any_of(scenario.steps, [](const scenario::Step& step) {
    return std::holds_alternative<scenario::UseGolden>(step.action) ||
           std::holds_alternative<scenario::Tamper>(step.action);
  });
}

Eye EyeOf(const scenario::Scenario& scenario, const std::string& oracle,
          const std::string& requirement, bool inspects) {
  if (requirement == "K-nonce-counter" || requirement == "H-nonce-reuse") return Eye::kNonces;
  return oracle == "disk" || inspects || HandlesFiles(scenario) ? Eye::kDisk : Eye::kClient;
}

// Who says so; nobody does of what ended by itself.
std::string SpeakerOf(Kind kind, const std::string& oracle) {
  return kind == Kind::kFail || kind == Kind::kDisputed ? oracle : verdict::NameOf(kind);
}

bool Inspects(const scenario::Scenario& scenario, size_t step) {
  return step < scenario.steps.size() &&
         std::holds_alternative<scenario::Inspect>(scenario.steps[step].action);
}

// A finding is of its requirement's suite, whatever scenario it came up in.
verdict::Suite SuiteOf(const runner::Suite& suite, const std::string& requirement,
                       verdict::Suite otherwise) {
  const auto* found = suite.requirements().Find(requirement);
  return found == nullptr ? otherwise : found->suite;
}

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
                                        Oracles oracles) const {
  driver::DriverOptions made;
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

Result<Trial::SeenAll> Trial::RunScenario(const scenario::Scenario& scenario,
                                          const std::string& fault,
                                          const std::string& trace) const {
  auto executed = Execute(scenario, fault, trace, Oracles::kOfSuite);
  if (!executed.ok()) return executed.status();
  const verdict::Verdict& verdict = executed.value().verdict;
  if (!IsFailure(verdict.kind)) return SeenAll();
  const auto& found = executed.value().findings;
  const bool inspects = !found.empty() && Inspects(scenario, found.front().step);
  const std::string requirement =
      verdict.requirement.empty() ? scenario.requirements.front() : verdict.requirement;
  return SeenAll{{verdict.kind,
                  {SpeakerOf(verdict.kind, verdict.oracle), requirement},
                  SuiteOf(suite_, requirement, scenario.suite),
                  EyeOf(scenario, verdict.oracle, requirement, inspects),
                  verdict.message}};
}

// All that any oracle has to say.
Result<Trial::SeenAll> Trial::RunCase(uint64_t index, const std::string& fault,
                                      const std::string& trace) const {
  const uint64_t seed = options_.seed + index;
  const auto& property = PropertyOf(index);
  const scenario::Scenario scenario =
      generate::Generate(property, seed, {options_.steps, capabilities_});
  auto executed = Execute(scenario, fault, trace, Oracles::kAll);
  if (!executed.ok()) return executed.status();
  SeenAll all;
  for (const runner::Found& found : executed.value().findings) {
    const std::string& requirement = found.finding.requirement;
    all.push_back(
        {found.disputed ? Kind::kDisputed : Kind::kFail,
         {found.finding.oracle, requirement},
         SuiteOf(suite_, requirement, found.suite),
         EyeOf(scenario, found.finding.oracle, requirement, Inspects(scenario, found.step)),
         found.finding.message});
  }
  const verdict::Verdict& verdict = executed.value().verdict;
  if (verdict.kind == Kind::kCrashed || verdict.kind == Kind::kTimeout) {
    all.push_back({verdict.kind,
                   {SpeakerOf(verdict.kind, ""), ""},
                   verdict::Suite::kConformance,
                   Eye::kClient,
                   verdict.message});
  }
  return all;
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
  Status lost;
  runner::Jobs work;
  work.jobs = jobs;
  work.pieces = known_.size();
  work.work = [&](size_t index) { return Packed(FailuresOf(index)); };
  work.done = [&](size_t index, const std::optional<std::string>& answer, const std::string& how) {
    auto known = answer ? UnpackedKnown(*answer) : Status(Code::kIo, "a process ended by " + how);
    if (known.ok()) known_[index] = std::move(known).value();
    if (!known.ok()) lost = known.status();
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
  Known known;
  for (const Seen& one : seen.value()) known.insert(one.failure);
  return known;
}

std::vector<std::string> Trial::Checks() const {
  std::vector<std::string> checks;
  for (const scenario::Scenario& scenario : scenarios_) checks.push_back(scenario.id);
  const std::set<size_t> properties(properties_.begin(), properties_.end());
  for (const size_t property : properties) checks.emplace_back(generate::Properties()[property].id);
  return checks;
}

bool Trial::IsKnown(const Seen& seen, size_t index, const Stage& stage) const {
  if (seen.kind == Kind::kDisputed || known_[index].contains(seen.failure)) return true;
  return stage.is_lenient && index >= scenarios_.size() &&
         seen.suite == verdict::Suite::kHardening && known_in_cases_.contains(seen.failure);
}

bool Trial::AddKills(const SeenAll& all, size_t index, const Kill& like, const Stage& stage,
                     Evidence& evidence) const {
  bool is_enough = false;
  for (const Seen& seen : all) {
    if (IsKnown(seen, index, stage)) continue;
    Kill kill = like;
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

Result<bool> Trial::RunScenarios(const std::string& fault, const std::string& trace,
                                 const Stage& stage, Evidence& evidence) const {
  for (size_t i = 0; i < scenarios_.size(); ++i) {
    const scenario::Scenario& scenario = scenarios_[i];
    if (!IsOf(stage, scenario.id)) continue;
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
