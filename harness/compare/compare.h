// The differential program: one case after another is made from its seed and performed on both
// targets. What differs is performed again, to tell a difference from an accident, and shrunk.
// Errors: kInvalid where a target cannot be made at all.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/compare/generator.h"
#include "harness/compare/pair_run.h"

namespace atrest::compare {

struct CompareOptions {
  uint64_t seed = 1;   // of the first case; the next has the next
  uint64_t cases = 1;  // how many
  size_t steps = 30;
  size_t shrink_runs_max = 150;
  // Of these cases only every JOBS-th is performed, from number JOB on.
  uint64_t jobs = 1;
  uint64_t job = 0;
};

struct CaseReport {
  enum class Kind { kEqual, kDifferent, kUnsteady, kInconclusive };
  Kind kind = Kind::kEqual;
  Case shrunk;  // the case itself where it was not shrunk
  // The first difference of the shrunk case. Of an unsteady case, which showed none when it was
  // performed again: the one that was seen once.
  Difference difference;
  std::vector<std::string> trace;
  std::string why;  // of an inconclusive case
};

// Performs ONE and reports on it.
CaseReport CompareCase(const Case& one, const Target& left, const Target& right,
                       size_t shrink_runs_max);

using CaseEnded = std::function<void(const Case&, const CaseReport&)>;

// Calls ENDED for each case in turn.
Status Compare(const CompareOptions& options, const Target& left, const Target& right,
               const CaseEnded& ended);

// What both targets can do.
Result<std::set<std::string>> CommonCapabilities(const Target& left, const Target& right);

}  // namespace atrest::compare
