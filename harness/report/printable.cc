#include "harness/report/printable.h"

#include <cstdint>
#include <string_view>

#include "reference/base/utf8.h"

namespace atrest::report {
namespace {

void AppendEscaped(uint8_t byte, std::string& to) {
  constexpr char kDigits[] = "0123456789abcdef";
  to += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::string Printable(const std::string& text, bool keep_lines) {
  std::string clean;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    const size_t length = Utf8Length(std::string_view(text).substr(at));
    const bool control = byte < ' ' || byte == 0x7F;
    if (length == 0 || (control && !(keep_lines && byte == '\n'))) {
      AppendEscaped(byte, clean);
      ++at;
    } else {
      clean.append(text, at, length);
      at += length;
    }
  }
  return clean;
}

}  // namespace atrest::report
