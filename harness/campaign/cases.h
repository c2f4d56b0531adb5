// The cases of a campaign: which seeds and properties they are, and one of them executed and judged
// by every oracle. A case is a generated scenario (generate/properties.h) on a fresh target.
// Case number N of a campaign has the seed SEED + N, and the property that this seed chooses among
// those that were asked for: `--seed S --cases 1 --property ID` repeats one.
// Ownership: borrows the suite and the file systems.
// Errors: a Status where no target can be made; what a target does is in the tally.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/campaign/tally.h"
#include "harness/driver/driver.h"
#include "harness/generate/properties.h"
#include "harness/runner/execute.h"
#include "harness/runner/suite.h"
#include "harness/shrink/reproduce.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::campaign {

struct CaseOptions {
  driver::DriverFactory make_driver;
  uint64_t driver_seed = 1;  // of the target's entropy
  // The reference, for the same steps beside; null where it is the target itself.
  driver::DriverFactory make_reference;
  bool oracles = true;             // else the steps are only done
  std::vector<size_t> properties;  // PropertiesFor, at least one
  generate::GenerateOptions generate;
};

// The properties that match one of PATTERNS (runner::MatchesPattern; none: all) and are for a
// target with CAPABILITIES, in turns (generate::Turns).
std::vector<size_t> PropertiesFor(const std::vector<std::string>& patterns,
                                  const std::set<std::string>& capabilities);

class Cases {
 public:
  Cases(const runner::Suite& suite, env::FileSystem& fixtures, const CaseOptions& options)
      : suite_(suite), fixtures_(fixtures), options_(options) {}

  size_t PropertyOf(uint64_t seed) const {
    return options_.properties[seed % options_.properties.size()];
  }
  scenario::Scenario ScenarioOf(uint64_t seed) const;

  // Executes the case SEED, and notes what it showed.
  Status Run(uint64_t seed, Tally& tally) const;

  // What the scenarios are executed with, for reproducing one. The reference compares with itself.
  shrink::Bench BenchFor() const {
    const auto& reference =
        options_.make_reference ? options_.make_reference : options_.make_driver;
    return {suite_, fixtures_, options_.make_driver, reference, options_.driver_seed};
  }

  const runner::Suite& suite() const { return suite_; }

 private:
  Result<runner::Executed> Execute(const scenario::Scenario& scenario) const;

  const runner::Suite& suite_;
  env::FileSystem& fixtures_;
  const CaseOptions& options_;
};

}  // namespace atrest::campaign
