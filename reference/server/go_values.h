// Booleans, integers and durations as Go reads and prints them: what the real server's
// flags, configuration values and error texts are made of. Not for size suffixes (nats_config.h).
// Section: options.md 1.1 and 2.3.
// Errors: nullopt, or a Status kInvalid with Go's text.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace atrest::server {

// strconv.ParseBool.
std::optional<bool> ParseGoBool(std::string_view text);
// strconv.ParseInt with base 0 and 64 bits: "10", "-0x1F", "0o17", "010" (octal), "1_000".
// "parse error" or "value out of range".
Result<int64_t> ParseGoInt(std::string_view text);
// time.ParseDuration, in nanoseconds: `time: missing unit in duration "5"` and the like.
Result<int64_t> ParseGoDuration(std::string_view text);
}  // namespace atrest::server
