// Makes the smallest scenario that still fails in the same way, in an order (README.md) that leads
// from any scenario with the failure to the same one: what is behind the failing step goes, steps
// are dropped in chunks, what several steps share (keys, channels, payloads, settings) is made
// canonical in all of them at once, until nothing more can be dropped or be simpler.
// Every candidate is a scenario that the loader accepts, none is run twice, and none that cannot
// fail so (ingredients.h).
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "harness/scenario/scenario.h"
#include "harness/shrink/fingerprint.h"
#include "reference/env/env.h"

namespace atrest::shrink {

// Executes a candidate on a fresh target with an empty store and says at which step (an index) it
// fails in the same way (fingerprint.h); nullopt where it does not.
using Run = std::function<std::optional<size_t>(const scenario::Scenario&)>;

struct Limits {
  size_t executions_max = 150;
  int64_t time_ms = 60'000;
  env::Clock* clock = nullptr;  // null: time is not looked at
  // A candidate counts as failing when it has failed CONFIRM_NEEDED times within CONFIRM_OF
  // executions. For failures that do not come every time.
  size_t confirm_needed = 1;
  size_t confirm_of = 1;
};

struct Minimum {
  scenario::Scenario scenario;
  size_t step = 0;          // that fails, an index: always the last
  size_t executions = 0;    // that were needed
  bool reproduced = false;  // the given scenario failed in this way at all
  bool complete = false;    // nothing is left to be tried: a limit did not end it
};

// FAILURE: what RUN looks for. ON_BETTER, which may be null, is called with the best so far,
// whenever there is a better one, and first with the scenario as given once it has failed.
Minimum Minimise(const scenario::Scenario& scenario, const Fingerprint& failure, const Run& run,
                 const Limits& limits, const std::function<void(const Minimum&)>& on_better);

}  // namespace atrest::shrink
