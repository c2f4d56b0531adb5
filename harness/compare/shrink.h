// Makes a failing case small: chunks of steps are dropped, from large to single ones, then each
// step is made simpler, again and again until nothing more can go. Every candidate is a valid case
// (order.h). The number of candidates that are tried is bounded, so the outcome is small, not
// smallest.
// Threads: one.
#pragma once

#include <cstddef>
#include <functional>

#include "harness/compare/case.h"

namespace atrest::compare {

// Whether a candidate still fails in the way that matters.
using Fails = std::function<bool(const Case&)>;

// REQUIRES: ONE fails. FAILS is called at most RUNS_MAX times.
Case Shrink(Case one, const Fails& fails, size_t runs_max);

}  // namespace atrest::compare
