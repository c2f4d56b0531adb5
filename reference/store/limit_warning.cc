#include "reference/store/limit_warning.h"

#include <cmath>
#include <cstdio>

#include "reference/base/go_quote.h"

namespace atrest::store {
std::string FriendlyBytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  // In floating point like the real server, whose unit just below a power of 1024 is a matter of
  // its rounding.
  const double value = static_cast<double>(bytes);
  const int exponent = static_cast<int>(std::log(value) / std::log(1024.0));
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %cB", value / std::pow(1024.0, exponent),
                "KMGTPE"[exponent - 1]);
  return text;
}

std::string ReachedLimits(std::string_view channel, uint64_t count, uint64_t max_count,
                          uint64_t bytes, uint64_t max_bytes) {
  return "Reached limits for store " + GoQuote(channel) + " (msgs=" + std::to_string(count) + "/" +
         std::to_string(max_count) + " bytes=" + FriendlyBytes(bytes) + "/" +
         FriendlyBytes(max_bytes) + "), dropping old messages to make room for new ones";
}

}  // namespace atrest::store
