#include "harness/shrink/search.h"

#include <utility>

#include "harness/scenario/print.h"
#include "harness/shrink/ingredients.h"
#include "harness/shrink/repair.h"

namespace atrest::shrink {

using scenario::Scenario;

constexpr int64_t kNsPerMs = 1'000'000;

Search::Search(const Fingerprint& failure, const Run& run, const Limits& limits,
               const std::function<void(const Minimum&)>& on_better)
    : failure_(failure), run_(run), limits_(limits), on_better_(on_better) {
  if (limits_.clock != nullptr) began_ns_ = limits_.clock->NowNs();
}

bool Search::Begin(const Scenario& scenario) {
  minimum_.scenario = scenario;
  size_t step = 0;
  if (!Fails(scenario, step)) return false;
  minimum_.reproduced = true;
  tried_.insert(scenario::PrintScenario(scenario));
  Take(scenario, step);
  return true;
}

Minimum Search::Finish() {
  minimum_.complete = minimum_.reproduced && !is_over_;
  return std::move(minimum_);
}

bool Search::MayRun() {
  const bool late =
      limits_.clock != nullptr && limits_.clock->NowNs() - began_ns_ > limits_.time_ms * kNsPerMs;
  if (late || minimum_.executions >= limits_.executions_max) is_over_ = true;
  return !is_over_;
}

bool Search::Fails(const Scenario& candidate, size_t& step) {
  size_t failed = 0;
  for (size_t i = 0; i < limits_.confirm_of; ++i) {
    if (failed + (limits_.confirm_of - i) < limits_.confirm_needed || !MayRun()) return false;
    ++minimum_.executions;
    if (const auto at = run_(candidate)) {
      step = *at;
      if (++failed >= limits_.confirm_needed) return true;
    }
  }
  return false;
}

void Search::Take(Scenario scenario, size_t step) {
  // What is behind the step that fails has no part in it.
  if (step + 1 < scenario.steps.size()) {
    scenario.steps.resize(step + 1);
    Repair(scenario);
    tried_.insert(scenario::PrintScenario(scenario));
  }
  minimum_.scenario = std::move(scenario);
  minimum_.step = step;
  if (on_better_) on_better_(minimum_);
}

bool Search::Try(Scenario candidate) {
  if (is_over_) return false;
  Repair(candidate);
  if (!tried_.insert(scenario::PrintScenario(candidate)).second) return false;
  if (!CanFail(candidate, failure_)) return false;
  size_t step = 0;
  if (!Fails(candidate, step)) return false;
  Take(std::move(candidate), step);
  return true;
}

bool Search::Try(const Change& change) {
  Scenario candidate = best();
  change(candidate);
  return Try(std::move(candidate));
}

void Search::TryMost(const std::vector<Change>& changes) {
  if (changes.empty() || is_over_) return;
  Scenario candidate = best();
  for (const Change& change : changes) change(candidate);
  if (Try(std::move(candidate)) || changes.size() == 1) return;
  const auto middle = changes.begin() + static_cast<ptrdiff_t>(changes.size() / 2);
  TryMost({changes.begin(), middle});
  TryMost({middle, changes.end()});
}

}  // namespace atrest::shrink
