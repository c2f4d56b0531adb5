// What a campaign found, for people and as JSON, and as the summary of a run from which the exit
// code follows (verdict.h). Layout of the JSON: an object with "options", "cases", "failures" (each
// with its fingerprint, how often and from which seed on it came, the file of its reproduction and
// the commands that repeat it), "properties" and "coverage".
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "harness/campaign/campaign_jobs.h"
#include "harness/campaign/reduce_failure.h"
#include "harness/verdict/verdict.h"

namespace atrest::campaign {

struct Report {
  std::vector<std::pair<std::string, std::string>> options;  // as they were printed first
  std::string target;                                        // as on the command line
  // What else its commands need, as a shell takes it: both (" --server P"), one of them.
  std::string more_arguments;
  std::string fuzz_arguments;
  std::string replay_arguments;
  const JobsOutcome* outcome = nullptr;
  std::set<std::string> capabilities;
  bool strict = false;
  size_t steps = 20;
  // By the index of the failure in the tally.
  std::map<size_t, Reduced> reduced;
};

// Indices of the tally's failures, the gravest first.
std::vector<size_t> InOrder(const Tally& tally);

void PrintReport(const Report& report, std::ostream& out);
std::string JsonOf(const Report& report);
verdict::ExitCode ExitCodeOf(const Report& report);

}  // namespace atrest::campaign
