// Words and numbers as the text reports have them.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

namespace atrest::inspect {

// "1 message", "2 messages".
std::string Counted(uint64_t count, const std::string& one, const std::string& many);

// "2026-11-21T20:56:26.123456789Z"
std::string Utc(int64_t timestamp_ns);

// "1,2,3"
template <typename List>
std::string Joined(const List& numbers) {
  std::string joined;
  for (const auto& number : numbers) joined += (joined.empty() ? "" : ",") + std::to_string(number);
  return joined;
}

}  // namespace atrest::inspect
