#include "reference/store/limit_warning.h"

#include <cmath>
#include <cstdio>

#include "reference/base/utf8.h"

namespace atrest::store {
namespace {

std::string Formatted(const char* format, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// CHARACTER, one UTF-8 character or a byte that is none, as it stands between the quotes.
std::string Escaped(std::string_view character, bool is_utf8) {
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view kNames = "abfnrtv\\\"";
  const unsigned first = static_cast<uint8_t>(character[0]);
  const size_t named = kNamed.find(character[0]);
  if (named != std::string_view::npos) return std::string("\\") + kNames[named];
  if (!is_utf8 || first < 0x20 || first == 0x7F) return Formatted("\\x%02x", first);
  // U+0080 to U+00A0 and U+00AD: control characters and what only looks like nothing.
  const unsigned second = character.size() == 2 ? static_cast<uint8_t>(character[1]) : 0;
  const bool invisible = first == 0xC2 && (second <= 0xA0 || second == 0xAD);
  return invisible ? Formatted("\\u%04x", second) : std::string(character);
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    quoted += Escaped(character, length > 0);
    text.remove_prefix(character.size());
  }
  return quoted + '"';
}

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
  return "Reached limits for store " + Quoted(channel) + " (msgs=" + std::to_string(count) + "/" +
         std::to_string(max_count) + " bytes=" + FriendlyBytes(bytes) + "/" +
         FriendlyBytes(max_bytes) + "), dropping old messages to make room for new ones";
}

}  // namespace atrest::store
