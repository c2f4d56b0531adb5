#include "harness/campaign/cases.h"

#include <algorithm>

namespace atrest::campaign {
namespace {

using verdict::Kind;

shrink::Fingerprint FingerprintOf(const runner::Found& found) {
  shrink::Fingerprint fingerprint = shrink::FingerprintOf(found.suite, found.finding);
  if (found.disputed) fingerprint.kind = verdict::NameOf(Kind::kDisputed);
  return fingerprint;
}

// What ended a case by itself, and is a failure whatever the oracles say.
std::optional<shrink::Fingerprint> EndOf(const verdict::Verdict& verdict) {
  const bool is_one = verdict.kind == Kind::kCrashed || verdict.kind == Kind::kTimeout ||
                      verdict.kind == Kind::kHarnessError;
  if (!is_one) return std::nullopt;
  auto fingerprint = shrink::FingerprintOf(verdict);
  // Whatever was asked for, a target must not end.
  if (fingerprint) fingerprint->suite = verdict::Suite::kConformance;
  return fingerprint;
}

bool Breaks(const generate::Property& property, const runner::Found& found) {
  if (found.disputed) return false;
  return property.is_mixed || found.suite == verdict::Suite::kConformance ||
         std::ranges::find(property.requirements, found.finding.requirement) !=
             property.requirements.end();
}

}  // namespace

std::vector<size_t> PropertiesFor(const std::vector<std::string>& patterns,
                                  const std::set<std::string>& capabilities) {
  const auto& all = generate::Properties();
  std::vector<size_t> chosen;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool asked =
        patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
          return runner::MatchesPattern(pattern, all[i].id);
        });
    if (asked && generate::IsFor(all[i], capabilities)) chosen.push_back(i);
  }
  return generate::Turns(chosen);
}

scenario::Scenario Cases::ScenarioOf(uint64_t seed) const {
  return generate::Generate(generate::Properties()[PropertyOf(seed)], seed, options_.generate);
}

Result<runner::Executed> Cases::Execute(const scenario::Scenario& scenario) const {
  driver::DriverOptions made;
  made.seed = options_.driver_seed;
  auto driver = options_.make_driver(made);
  if (!driver.ok()) return driver.status();
  runner::ExecuteOptions how;
  how.oracles = options_.oracles ? runner::ExecuteOptions::Oracles::kAll
                                 : runner::ExecuteOptions::Oracles::kNone;
  how.trace = false;
  std::unique_ptr<driver::Driver> reference;
  if (options_.make_reference) {
    auto another = options_.make_reference(made);
    if (!another.ok()) return another.status();
    reference = std::move(another).value();
    how.reference = reference.get();
  }
  return runner::ExecuteWith(scenario, *driver.value(), suite_, fixtures_, how);
}

Status Cases::Run(uint64_t seed, Tally& tally) const {
  const size_t index = PropertyOf(seed);
  const generate::Property& property = generate::Properties()[index];
  scenario::Scenario scenario = ScenarioOf(seed);
  // All oracles speak anyway; a comparison alone would need somebody to compare with.
  if (!options_.make_reference && scenario.suite == verdict::Suite::kCompatibility)
    scenario.suite = verdict::Suite::kHardening;
  const auto executed = Execute(scenario);
  if (!executed.ok()) return executed.status();
  const verdict::Verdict& verdict = executed.value().verdict;
  ++tally.cases;
  tally.steps += scenario.steps.size();
  tally.coverage.Note(scenario);
  if (verdict.kind == Kind::kUndecided) {
    ++tally.undecided;
    tally.undecided_why =
        std::string(property.id) + " seed " + std::to_string(seed) + ": " + verdict.message;
  }
  if (verdict.kind == Kind::kSkipped) ++tally.skipped;
  if (verdict.kind == Kind::kHarnessError) ++tally.harness_errors;
  bool broken = false;
  for (const runner::Found& found : executed.value().findings) {
    tally.Note(FingerprintOf(found), found.disputed, found.finding.message, seed, index,
               found.step);
    broken = broken || Breaks(property, found);
  }
  if (const auto end = EndOf(verdict)) {
    tally.Note(*end, false, verdict.message, seed, index, scenario.steps.size());
    broken = true;
  }
  ++tally.properties[index].cases;
  if (broken) ++tally.properties[index].broken;
  return Status();
}

}  // namespace atrest::campaign
