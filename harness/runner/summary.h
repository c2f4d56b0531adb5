// The head of a run's summary, the same whatever is run.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "harness/driver/driver.h"
#include "harness/runner/run.h"
#include "harness/verdict/verdict.h"

namespace atrest::runner {

// Of a run with OPTIONS against a target that says INFO of itself.
verdict::RunSummary BeginSummary(const RunOptions& options, const driver::TargetInfo& info,
                                 env::Clock& clock);

// Stamps how long it took; BEGAN: what CLOCK said before.
void EndSummary(verdict::RunSummary& summary, int64_t began, env::Clock& clock);

// Nanoseconds as seconds.
double SecondsOf(int64_t ns);

// TEXT as a shell takes it for one word.
std::string Quoted(const std::string& text);

// The options that make atrest do the same again, from " --target" on.
std::string TargetArguments(const RunOptions& options);

}  // namespace atrest::runner
