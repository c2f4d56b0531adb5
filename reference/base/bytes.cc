#include "reference/base/bytes.h"

#include <algorithm>

namespace atrest {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

std::optional<uint8_t> Digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

template <typename T, size_t kSize>
T LoadLe(const uint8_t* from) {
  T value = 0;
  for (size_t i = 0; i < kSize; ++i) value |= static_cast<T>(from[i]) << (8 * i);
  return value;
}

template <typename T, size_t kSize>
void StoreLe(uint8_t* to, T value) {
  for (size_t i = 0; i < kSize; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

}  // namespace

ByteView AsBytes(std::string_view text) {
  return ByteView(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::string_view AsText(ByteView bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Bytes ToBytes(std::string_view text) { return Bytes(text.begin(), text.end()); }

bool Equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

void Append(Bytes& to, ByteView from) { to.insert(to.end(), from.begin(), from.end()); }

std::string ToHex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<Bytes> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const auto high = Digit(text[i]);
    const auto low = Digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(*high << 4 | *low));
  }
  return bytes;
}

std::string Hex32(uint32_t value) {
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text.push_back(kDigits[(value >> shift) & 15]);
  return text;
}

uint32_t LoadLe32(const uint8_t* from) { return LoadLe<uint32_t, 4>(from); }
uint64_t LoadLe64(const uint8_t* from) { return LoadLe<uint64_t, 8>(from); }

uint64_t LoadBe64(const uint8_t* from) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | from[i];
  return value;
}

void StoreLe32(uint8_t* to, uint32_t value) { StoreLe<uint32_t, 4>(to, value); }
void StoreLe64(uint8_t* to, uint64_t value) { StoreLe<uint64_t, 8>(to, value); }

void StoreBe64(uint8_t* to, uint64_t value) {
  for (int i = 7; i >= 0; --i, value >>= 8) to[i] = static_cast<uint8_t>(value);
}

}  // namespace atrest
