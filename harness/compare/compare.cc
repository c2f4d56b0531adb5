#include "harness/compare/compare.h"

#include <algorithm>

#include "harness/compare/shrink.h"

namespace atrest::compare {
namespace {

// The case up to its difference.
Case CutBehind(Case one, size_t step) {
  one.steps.resize(std::min(one.steps.size(), step + 1));
  return one;
}

}  // namespace

CaseReport CompareCase(const Case& one, const Target& left, const Target& right,
                       size_t shrink_runs_max) {
  CaseReport report;
  report.shrunk = one;
  PairOutcome outcome = RunPair(one, left, right);
  report.trace = std::move(outcome.trace);
  if (!outcome.inconclusive.empty()) {
    report.kind = CaseReport::Kind::kInconclusive;
    report.why = std::move(outcome.inconclusive);
  }
  if (!outcome.difference) return report;
  report.difference = *outcome.difference;
  const std::string kind = KindOf(report.difference.mismatch.field);
  const Fails fails = [&](const Case& candidate) {
    PairOutcome again = RunPair(candidate, left, right);
    if (!again.difference || KindOf(again.difference->mismatch.field) != kind) return false;
    report.difference = *again.difference;
    report.trace = std::move(again.trace);
    return true;
  };
  const Case cut = CutBehind(one, report.difference.step);
  if (!fails(cut)) {
    report.kind = CaseReport::Kind::kUnsteady;
    return report;
  }
  report.kind = CaseReport::Kind::kDifferent;
  report.shrunk = Shrink(cut, fails, shrink_runs_max);
  return report;
}

Result<std::set<std::string>> CommonCapabilities(const Target& left, const Target& right) {
  const auto of_left = left.make(left.options);
  if (!of_left.ok()) return of_left.status();
  const auto of_right = right.make(right.options);
  if (!of_right.ok()) return of_right.status();
  const auto others = of_right.value()->Info().capabilities;
  std::set<std::string> common;
  for (const std::string& name : of_left.value()->Info().capabilities) {
    if (std::ranges::find(others, name) != others.end()) common.insert(name);
  }
  return common;
}

Status Compare(const CompareOptions& options, const Target& left, const Target& right,
               const CaseEnded& ended) {
  const auto capabilities = CommonCapabilities(left, right);
  if (!capabilities.ok()) return capabilities.status();
  const GeneratorOptions generator{options.steps, capabilities.value()};
  for (uint64_t i = options.job; i < options.cases; i += options.jobs) {
    const Case one = Generate(options.seed + i, generator);
    ended(one, CompareCase(one, left, right, options.shrink_runs_max));
  }
  return Status();
}

}  // namespace atrest::compare
