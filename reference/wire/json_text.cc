#include "reference/wire/json_text.h"

#include <cstddef>
#include <cstdint>

namespace atrest::wire {
namespace {

// One byte of a JSON string; <, > and & are escaped as the real server's library does.
void PutEscaped(char c, std::string& json) {
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kShortNames = "\"\\bfnrt";
  const auto byte = static_cast<uint8_t>(c);
  if (const size_t at = kShort.find(c); at != std::string_view::npos) {
    json += '\\';
    json += kShortNames[at];
  } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
    json += "\\u00";
    json += kDigits[byte >> 4];
    json += kDigits[byte & 0xF];
  } else {
    json += c;
  }
}

}  // namespace

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) PutEscaped(c, json);
  return json + '"';
}

}  // namespace atrest::wire
