// Runs scenarios against a target, a fresh one for each, and gathers the verdicts.
// Threads: none shared. With jobs, REQUIRES what jobs.h does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/runner/suite.h"
#include "harness/verdict/verdict.h"

namespace atrest::runner {

struct RunOptions {
  std::string target;  // its name, for reports
  std::string server;  // the program that was given for it, for reports; "" for none
  std::string fault;   // that the target was given, for reports; "" for none
  driver::DriverFactory make_driver;
  uint64_t seed = 1;  // of the target's entropy
  uint64_t jobs = 1;  // processes that share the scenarios
  // The least time for an answer that make_driver gives the target.
  int64_t answer_ms = driver::DriverOptions().answer_ms;
  bool strict = false;
  std::string keep;  // directory that keeps the run, to be judged again; "": nothing is kept
  // Fresh references, for what is judged by comparison; none: such scenarios are undecided.
  driver::DriverFactory make_reference;
  // Failures of other requirements do not count; empty: all do.
  std::set<std::string> requirements;
  // Has the last word on each verdict: disputes, known failures. May be empty.
  std::function<void(verdict::Verdict&)> settle;
  std::map<std::string, std::string> configuration;  // more lines for the summary's
};

// Told of each event in turn; either may be empty.
struct RunEvents {
  std::function<void(const verdict::RunSummary&)> starting;
  std::function<void(const verdict::Verdict&)> ended;
};

// FILES is the file system that SUITE was opened on; CLOCK measures durations and stamps the run.
// Verdicts come in the order of SCENARIOS, with jobs too. Fails as options.make_driver does, and
// where the system gives no processes for jobs; a scenario's own troubles are in its verdict.
Result<verdict::RunSummary> Run(const Suite& suite,
                                const std::vector<scenario::Scenario>& scenarios,
                                const RunOptions& options, const RunEvents& events,
                                env::FileSystem& files, env::Clock& clock);

// A reference that SCENARIO on the target INFO is to be compared with; null where it is not: the
// reference cannot do it, or is the target itself and other oracles judge.
Result<std::unique_ptr<driver::Driver>> ReferenceFor(const scenario::Scenario& scenario,
                                                     const driver::TargetInfo& info,
                                                     const driver::DriverFactory& make_reference);

// Seconds since 1970 as "2026-01-02T03:04:05Z".
std::string Rfc3339(int64_t seconds);

}  // namespace atrest::runner
