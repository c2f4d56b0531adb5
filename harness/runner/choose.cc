#include "harness/runner/choose.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "reference/base/random.h"

namespace atrest::runner {
namespace {

using scenario::Scenario;

// Roughly milliseconds of a server program.
struct StepCost {
  uint64_t operator()(const scenario::Start&) const { return 40; }
  uint64_t operator()(const scenario::Wait& wait) const {
    return static_cast<uint64_t>(std::clamp<int64_t>(wait.ms, 0, 10'000));
  }
  uint64_t operator()(const scenario::Publish& publish) const {
    return 1 + publish.payloads.size() / 10;
  }
  template <typename Other>
  uint64_t operator()(const Other&) const {
    return 2;
  }
};

uint64_t CostOf(const Scenario& scenario) {
  constexpr uint64_t kRareNeed = 30;
  uint64_t cost = 1;
  for (const scenario::Step& step : scenario.steps) cost += std::visit(StepCost{}, step.action);
  for (const std::string& need : scenario.needs) {
    if (need != "file" && need != "memory") cost += kRareNeed;
  }
  return cost;
}

struct Candidate {
  size_t index;
  uint64_t cost;
};

uint64_t CountNew(const Scenario& scenario, const std::set<std::string>& missing) {
  return static_cast<uint64_t>(std::ranges::count_if(
      scenario.requirements, [&](const std::string& id) { return missing.contains(id); }));
}

}  // namespace

std::vector<Scenario> QuickOf(const std::vector<Scenario>& scenarios,
                              const std::set<std::string>& also) {
  std::set<std::string> missing;
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < scenarios.size(); ++i) {
    candidates.push_back({i, CostOf(scenarios[i])});
    missing.insert(scenarios[i].requirements.begin(), scenarios[i].requirements.end());
  }
  std::set<size_t> chosen;
  for (size_t i = 0; i < scenarios.size(); ++i) {
    if (!also.contains(scenarios[i].id)) continue;
    chosen.insert(i);
    for (const std::string& id : scenarios[i].requirements) missing.erase(id);
  }
  while (!missing.empty()) {
    const auto best = std::ranges::max_element(candidates, [&](const auto& a, const auto& b) {
      // Compared as fractions, without rounding; the first of equals wins.
      return CountNew(scenarios[a.index], missing) * b.cost <
             CountNew(scenarios[b.index], missing) * a.cost;
    });
    chosen.insert(best->index);
    for (const std::string& id : scenarios[best->index].requirements) missing.erase(id);
  }
  std::vector<Scenario> quick;
  for (const size_t index : chosen) quick.push_back(scenarios[index]);
  return quick;
}

void Shuffle(uint64_t seed, std::vector<Scenario>& scenarios) {
  Random random(seed);
  for (size_t left = scenarios.size(); left > 1; --left)
    std::swap(scenarios[left - 1], scenarios[random.Below(left)]);
}

}  // namespace atrest::runner
