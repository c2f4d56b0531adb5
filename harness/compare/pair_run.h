// Performs one case on two fresh targets, step by step, and compares them after each: what was
// seen, and, whenever both are stopped, every byte on disk. The first difference ends the case. A
// case is inconclusive where both targets leave their driver in doubt, or the harness fails.
// Ownership: makes the drivers, which end with the run.
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/compare/case.h"
#include "harness/compare/facts.h"
#include "harness/driver/driver.h"

namespace atrest::compare {

struct Target {
  std::string name;
  driver::DriverFactory make;
  driver::DriverOptions options;
};

struct Difference {
  size_t step = 0;  // from 0
  Mismatch mismatch;
};

struct PairOutcome {
  std::optional<Difference> difference;
  std::string inconclusive;        // why nothing can be said; "" where something can
  std::vector<std::string> trace;  // one line for each step performed, with what both did
};

PairOutcome RunPair(const Case& one, const Target& left, const Target& right);

}  // namespace atrest::compare
