// Executes one scenario on one driver and judges it: what each step shows (perform.h) goes to the
// oracles.
// Errors: the target's are in the verdict; so are the harness's own (Kind::kHarnessError).
// Threads: none shared.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/oracle/finding.h"
#include "harness/runner/suite.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"
#include "harness/verdict/verdict.h"

namespace atrest::runner {

// Told of each step that is done, by index; a failure ends the scenario as the harness's own.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  // The target's files are as the step will find them.
  virtual Status Before(size_t, driver::Driver&) { return Status(); }
  virtual Status After(size_t, const scenario::Step&, const verdict::Observation&,
                       driver::Driver&) {
    return Status();
  }
};

struct ExecuteOptions {
  enum class Oracles {
    kNone,     // steps are done, and only the target's own end is judged
    kOfSuite,  // those that speak in the scenario's suite; the first finding ends it
    kAll,      // all, whatever the suite; findings are gathered and end nothing
  };
  Oracles oracles = Oracles::kOfSuite;
  bool disk = true;   // the disk oracle looks behind every step
  bool trace = true;  // the verdict has a line a step, and the log
  // A fresh reference, which does the same steps: the oracle "reference". nullptr: it is not asked.
  driver::Driver* reference = nullptr;
  StepObserver* observer = nullptr;
  // Findings of other requirements do not count; empty: all do.
  std::set<std::string> requirements;
};

struct Found {
  size_t step = 0;  // index
  verdict::Suite suite = verdict::Suite::kConformance;
  oracle::Finding finding;
  bool disputed = false;     // the reference shows the same: documentation and 0.25.6 disagree
  bool by_model = false;     // also where the model says it of the disk
  bool about_start = false;  // in a start that was refused
};

struct Executed {
  verdict::Verdict verdict;
  // With Oracles::kAll the first of each oracle and requirement; else the one that the verdict is
  // about, if there is one.
  std::vector<Found> findings;
};

// FIXTURES is the file system that SUITE was opened on. The verdict's replay and seconds are left
// to the caller.
Executed ExecuteWith(const scenario::Scenario& scenario, driver::Driver& driver, const Suite& suite,
                     env::FileSystem& fixtures, const ExecuteOptions& options);

// The verdict alone, with no options.
verdict::Verdict Execute(const scenario::Scenario& scenario, driver::Driver& driver,
                         const Suite& suite, env::FileSystem& fixtures);

}  // namespace atrest::runner
