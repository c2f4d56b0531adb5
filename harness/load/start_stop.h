// How soon a STAN server program serves and how soon it is gone: from exec to the answer to a
// client's connect request, and from SIGTERM to the end of the process.
// Errors: kIo if a start or a stop takes longer than kPatienceMs; the program is killed then.
// Threads: one, in MeasureStartStop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/load/load_client.h"

namespace atrest::load {

struct StartStop {
  int64_t ready_ns = 0;
  int64_t gone_ns = 0;
  int exit_code = 0;  // 256 + the signal where one ended it
};

inline constexpr int kPatienceMs = 20000;

// Starts and stops COMMAND once. It must listen where TARGET says.
Result<StartStop> MeasureStartStop(const std::vector<std::string>& command, const Target& target);

}  // namespace atrest::load
