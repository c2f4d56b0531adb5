// How long a target is waited for: measured on it at the start of a run. A machine or a target that
// is slow gets more time, in proportion; none gets less than the option --answer-ms says.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <string>

#include "harness/driver/driver.h"
#include "reference/env/env.h"

namespace atrest::runner {

struct Calibration {
  int64_t slowest_ns = 0;  // of the steps that were measured
  int rounds = 0;          // starts and stops that were measured; 0: it could not be started
  int patience = 1;        // the factor on all bounds of the driver
};

// Starts and stops a fresh target a few times. ANSWER_MS: the least bound.
Calibration Calibrate(driver::Driver& driver, int64_t answer_ms, env::Clock& clock);

// "a step takes up to 45 ms, 10000 ms are waited".
std::string Describe(const Calibration& calibration, int64_t answer_ms);

}  // namespace atrest::runner
