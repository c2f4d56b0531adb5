#include "harness/prove/seen.h"

#include <algorithm>

namespace atrest::prove {
namespace {

using verdict::Kind;

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

// What ended by itself or in nothing. Whatever a scenario is about, a target must not end.
SeenAll OfEnd(const verdict::Verdict& verdict) {
  const bool is_one = verdict.kind == Kind::kCrashed || verdict.kind == Kind::kTimeout ||
                      verdict.kind == Kind::kUndecided;
  if (!is_one) return {};
  return {{verdict.kind,
           {verdict::NameOf(verdict.kind), ""},
           verdict::Suite::kConformance,
           Eye::kClient,
           verdict.message}};
}

}  // namespace

SeenAll SeenInScenario(const runner::Executed& executed, const scenario::Scenario& scenario,
                       const runner::Suite& suite) {
  const verdict::Verdict& verdict = executed.verdict;
  if (verdict.kind != Kind::kFail && verdict.kind != Kind::kDisputed) return OfEnd(verdict);
  const auto& found = executed.findings;
  const bool inspects = !found.empty() && Inspects(scenario, found.front().step);
  const std::string requirement =
      verdict.requirement.empty() ? scenario.requirements.front() : verdict.requirement;
  return {{verdict.kind,
           {verdict.oracle, requirement},
           SuiteOf(suite, requirement, scenario.suite),
           EyeOf(scenario, verdict.oracle, requirement, inspects),
           verdict.message}};
}

SeenAll SeenInCase(const runner::Executed& executed, const scenario::Scenario& scenario,
                   const runner::Suite& suite) {
  SeenAll all = OfEnd(executed.verdict);
  for (const runner::Found& found : executed.findings) {
    const std::string& requirement = found.finding.requirement;
    all.push_back(
        {found.disputed ? Kind::kDisputed : Kind::kFail,
         {found.finding.oracle, requirement},
         SuiteOf(suite, requirement, found.suite),
         EyeOf(scenario, found.finding.oracle, requirement, Inspects(scenario, found.step)),
         found.finding.message});
  }
  return all;
}

std::set<Failure> KnownOf(const SeenAll& all) {
  std::set<Failure> known;
  for (const Seen& seen : all) {
    if (seen.kind != Kind::kDisputed) known.insert(seen.failure);
  }
  return known;
}

}  // namespace atrest::prove
