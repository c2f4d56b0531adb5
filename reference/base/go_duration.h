// Durations as Go prints them, in log lines and error texts.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

namespace atrest {

// Nanoseconds as time.Duration prints them: "1h2m3.5s", "250ms", "-1s", "0s".
std::string GoDurationText(int64_t nanoseconds);

// NUMBER over 10^PLACES without trailing zeros: "3.5".
std::string GoDecimal(uint64_t number, int places);

}  // namespace atrest
