#include "harness/driver/stdio_base64.h"

#include <cstdint>

namespace atrest::driver {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kGroupBytes = 3;
constexpr size_t kGroupDigits = 4;

uint32_t ByteAt(std::string_view bytes, size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

}  // namespace

std::string ToBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / kGroupBytes * kGroupDigits);
  for (size_t at = 0; at < bytes.size(); at += kGroupBytes) {
    const uint32_t group =
        ByteAt(bytes, at) << 16 | ByteAt(bytes, at + 1) << 8 | ByteAt(bytes, at + 2);
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += at + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    text += at + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % kGroupDigits != 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  bytes.reserve(text.size() / kGroupDigits * kGroupBytes);
  for (size_t at = 0; at < text.size(); at += kGroupDigits) {
    uint32_t group = 0;
    for (size_t i = at; i < at + kGroupDigits; ++i) {
      const size_t digit = i < text.size() - padding ? kDigits.find(text[i]) : 0;
      if (digit == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<uint32_t>(digit);
    }
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 255);
  }
  bytes.resize(bytes.size() - padding);
  // Bits behind the last byte must be zero, so that there is one text for any bytes.
  if (padding > 0 && ToBase64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace atrest::driver
