// The warning that both stores log, once per channel, when a limit makes them drop old messages,
// and its spelling of sizes. Specification, standalone.md 1.6.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace atrest::store {

// 'Reached limits for store "foo" (msgs=3/3 bytes=270 B/976.56 MB), dropping old messages to make
// room for new ones'. COUNT and BYTES are what is left after the first message was dropped; a limit
// of 0 is shown as 0.
std::string ReachedLimits(std::string_view channel, uint64_t count, uint64_t max_count,
                          uint64_t bytes, uint64_t max_bytes);

// "270 B" below 1024, else two decimals and the largest unit that fits: "1.50 KB", "976.56 MB".
std::string FriendlyBytes(uint64_t bytes);

}  // namespace atrest::store
