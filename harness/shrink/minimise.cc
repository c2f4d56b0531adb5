#include "harness/shrink/minimise.h"

#include <string>

#include "harness/scenario/print.h"
#include "harness/shrink/canonical.h"
#include "harness/shrink/reduce.h"
#include "harness/shrink/search.h"

namespace atrest::shrink {
namespace {

using scenario::Scenario;

void TryEach(Search& search, const std::vector<Change>& changes) {
  for (const Change& change : changes) search.Try(change);
}

// The scenario is about its failure and nothing else.
void NameAfter(Scenario& scenario, const Fingerprint& failure) {
  scenario.title = "Minimal: " + Show(failure);
  scenario.suite = failure.suite;
  if (!failure.requirement.empty()) scenario.requirements = {failure.requirement};
  for (scenario::Expectation& expectation : scenario.expectations)
    expectation.requirement = scenario.requirements.front();
}

}  // namespace

Minimum Minimise(const Scenario& scenario, const Fingerprint& failure, const Run& run,
                 const Limits& limits, const std::function<void(const Minimum&)>& on_better) {
  Search search(failure, run, limits, on_better);
  if (!search.Begin(scenario)) return search.Finish();
  search.Try([&](Scenario& changed) { NameAfter(changed, failure); });
  std::string before;
  do {
    before = scenario::PrintScenario(search.best());
    DropSteps(search);
    search.TryMost(BoldChanges());
    DropParts(search);
    TryEach(search, JointChanges());
    DropSteps(search);
    TryEach(search, SingleChanges(search.best()));
    LowerNumbers(search);
    PutInOrder(search);
  } while (!search.is_over() && scenario::PrintScenario(search.best()) != before);
  return search.Finish();
}

}  // namespace atrest::shrink
