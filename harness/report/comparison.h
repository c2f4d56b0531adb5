// Several targets that ran the same scenarios, side by side.
// Threads: pure functions.
#pragma once

#include <ostream>
#include <vector>

#include "harness/verdict/verdict.h"

namespace atrest::report {

// A table, a row a scenario and a column a target; rows whose verdicts differ are marked.
// REQUIRES, here and below: the same scenarios in the same order in every run.
void PrintComparison(const std::vector<verdict::RunSummary>& runs, std::ostream& out);

// One JSON document: each run's report as JsonReporter writes it, and the verdicts by scenario.
void WriteComparison(const std::vector<verdict::RunSummary>& runs, std::ostream& out);

// The gravest of the runs' exit codes.
verdict::ExitCode ExitCodeOf(const std::vector<verdict::RunSummary>& runs);

}  // namespace atrest::report
