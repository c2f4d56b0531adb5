// From a failure to what one can work with: the smallest scenario that shows it, as a file, and a
// snapshot of the store as it was before the failing step. Both are on disk as soon as there is
// something to write, and are replaced by better ones.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "harness/driver/driver.h"
#include "harness/runner/execute.h"
#include "harness/runner/suite.h"
#include "harness/shrink/minimise.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::shrink {

// What scenarios are executed with. Everything is borrowed.
struct Bench {
  const runner::Suite& suite;
  env::FileSystem& fixtures;  // that SUITE was opened on
  driver::DriverFactory make_driver;
  // The reference, for the oracle of that name and as the one that says whether a scenario with
  // expectations still asks for what is right. Empty: neither.
  driver::DriverFactory make_reference;
  uint64_t seed = 1;  // of the target's entropy
};

// Executes SCENARIO on a fresh target. With ALL_ORACLES every oracle speaks whatever the suite.
Result<runner::Executed> ExecuteOn(const Bench& bench, const scenario::Scenario& scenario,
                                   bool all_oracles, runner::StepObserver* observer = nullptr);

// What SCENARIO fails by; nullopt if it does not, or not by anything one could look for again.
Result<std::optional<Fingerprint>> FailureOf(const Bench& bench,
                                             const scenario::Scenario& scenario);

// A Run for Minimise: where a candidate fails so. Candidates with expectations that the reference
// breaks too, but did not in ORIGINAL, do not count: they have become wrong.
Run RunFor(const Bench& bench, const Fingerprint& failure, const scenario::Scenario& original);

struct Output {
  std::string scenario;      // a file
  std::string store_before;  // a directory; replaced
};

// Minimises SCENARIO, which fails so, into OUTPUT on FILES. Fails where OUTPUT cannot be written.
Result<Minimum> Reproduce(const Bench& bench, const scenario::Scenario& scenario,
                          const Fingerprint& failure, const Limits& limits, env::FileSystem& files,
                          const Output& output);

// FILE's snapshot: beside it, under its name with ".store-before" for ".json".
std::string StoreBeforeOf(const std::string& file);

}  // namespace atrest::shrink
