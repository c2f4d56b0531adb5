#include "reference/base/go_quote.h"

#include <cstdint>
#include <cstdio>

#include "reference/base/utf8.h"

namespace atrest {
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

std::string GoQuote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    quoted += Escaped(character, length > 0);
    text.remove_prefix(character.size());
  }
  return quoted + '"';
}

}  // namespace atrest
