// Makes of a failure that a campaign found one reproduction: the case minimised
// (shrink/reproduce.h) and written as a scenario file with a snapshot of the store before the step
// that fails. It is done in a process of its own, since a target in this process may take it along.
// Errors: a Status where nothing could be written; a failure that does not come again is said so.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "harness/campaign/cases.h"
#include "harness/campaign/interrupt_watch.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::campaign {

struct Reduced {
  bool reproduced = false;
  std::string file;    // the scenario
  uint64_t steps = 0;  // of it
  uint64_t executions = 0;
  bool complete = false;  // nothing is left to be tried
  std::string trouble;    // what ended it, if not itself: the file may be the case as it was
};

struct ReduceOptions {
  std::string directory;  // gets a file and a snapshot for each failure
  int64_t time_ms = 60'000;
  uint64_t executions_max = 150;
};

// The name of FAILURE's file: "hardening-H-swap-ideal".
std::string NameOf(const Failure& failure);

Result<Reduced> Reduce(const Failure& failure, const Cases& cases, const ReduceOptions& options,
                       env::FileSystem& files, env::Clock& clock, InterruptWatch& watch);

// The scenario as it is to be saved: it cites what FAILURE broke, in its suite, and is judged for
// that when it is run again.
scenario::Scenario Citing(const Failure& failure, scenario::Scenario scenario,
                          const scenario::Requirements& requirements);

}  // namespace atrest::campaign
