#include "harness/runner/oracles.h"

#include <utility>

namespace atrest::runner {
namespace {

// Of a requirement's id: who is not about the documentation says so by its first letter.
verdict::Suite SuiteOf(const std::string& requirement) {
  if (disktruth::IsOfAnyStore(requirement)) return verdict::Suite::kConformance;
  if (requirement.starts_with("K-")) return verdict::Suite::kCompatibility;
  if (requirement.starts_with("H-")) return verdict::Suite::kHardening;
  return verdict::Suite::kConformance;
}

}  // namespace

Oracles::Oracles(const scenario::Scenario& scenario, driver::Driver& driver,
                 const runner::Suite& suite, env::FileSystem& fixtures,
                 const ExecuteOptions& options)
    : suite_(suite), model_(scenario.keys), ideal_(scenario.keys) {
  if (options.disk && options.oracles != ExecuteOptions::Oracles::kNone)
    disk_.emplace(scenario, driver);
  if (options.reference != nullptr)
    reference_.emplace(scenario, *options.reference, suite, fixtures);
}

Result<std::vector<Found>> Oracles::Observe(size_t index, const scenario::Step& step,
                                            const verdict::Observation& seen, bool is_ending) {
  std::vector<Found> found;
  if (const auto* golden = std::get_if<scenario::UseGolden>(&step.action)) {
    const auto known = suite_.KnownContents(golden->name);
    if (!known.ok()) return known.status();
    model_.Adopt(known.value());
    ideal_.Adopt(known.value());
  }
  if (!is_ending) {
    std::string differs;
    if (reference_) {
      auto compared = reference_->Observe(step.action, seen);
      if (!compared.ok()) return compared.status();
      differs = std::move(compared).value();
    }
    for (oracle::Finding& finding : model_.Observe(step.action, seen)) {
      const bool disputed = reference_ && reference_->BreaksToo(finding);
      const verdict::Suite asks = SuiteOf(finding.requirement);
      const bool of_start = std::holds_alternative<scenario::Start>(step.action);
      found.push_back({index, asks, std::move(finding), disputed, true, of_start});
    }
    for (oracle::Finding& finding : ideal_.Observe(step.action, seen))
      found.push_back({index, verdict::Suite::kHardening, std::move(finding)});
    if (!differs.empty()) {
      found.push_back({index,
                       verdict::Suite::kCompatibility,
                       {"reference", "", verdict::Level::kMust, std::move(differs)}});
    }
  }
  if (!disk_) return found;
  auto on_disk = disk_->Observe(step, seen);
  if (!on_disk.ok()) return on_disk.status();
  tampered_ = tampered_ || std::holds_alternative<scenario::Tamper>(step.action);
  for (oracle::Finding& finding : on_disk.value()) {
    // What is lost behind damage is for those who ask what damage may do.
    const bool is_loss =
        finding.level == verdict::Level::kMust &&
        (finding.requirement.empty() || disktruth::IsOfAnyStore(finding.requirement));
    if (tampered_ && is_loss) {
      finding.requirement = "H-loss-reported";
      finding.level = verdict::Level::kShould;
    }
    const verdict::Suite asks = SuiteOf(finding.requirement);
    found.push_back({index, asks, std::move(finding)});
  }
  return found;
}

}  // namespace atrest::runner
