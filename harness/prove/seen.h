// What one check has shown of a target: how it failed, was ended or could not decide, each with the
// eyes that see it. The matter that trial.h compares: with a fault and without.
// Threads: pure functions.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/prove/evidence.h"
#include "harness/runner/execute.h"
#include "harness/runner/suite.h"
#include "harness/scenario/scenario.h"

namespace atrest::prove {

// One way for a check to fail: the oracle's name, or how it ended ("crashed", "timeout",
// "undecided"), and the requirement; "" of what ended, since nobody was looking.
using Failure = std::pair<std::string, std::string>;

struct Seen {
  verdict::Kind kind;  // kFail, kDisputed, kCrashed, kTimeout or kUndecided
  Failure failure;
  verdict::Suite suite;
  Eye eye;
  std::string message;
};
using SeenAll = std::vector<Seen>;

// Of a scenario: what its verdict says.
SeenAll SeenInScenario(const runner::Executed& executed, const scenario::Scenario& scenario,
                       const runner::Suite& suite);
// Of a generated case: all that any oracle has to say.
SeenAll SeenInCase(const runner::Executed& executed, const scenario::Scenario& scenario,
                   const runner::Suite& suite);

// What ALL, shown by the target as it is, excuses with a fault. A dispute excuses nothing: it is no
// failure, and with a fault one may be.
std::set<Failure> KnownOf(const SeenAll& all);

}  // namespace atrest::prove
