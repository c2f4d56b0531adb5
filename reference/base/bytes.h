// Bytes that are owned (Bytes) or looked at (ByteView), their conversions to text, and the
// fixed-width integers of the formats. A ByteView never owns: it is valid while what it was made
// from is alive and unchanged.
// Threads: none shared; all functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atrest {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

ByteView AsBytes(std::string_view text);
std::string_view AsText(ByteView bytes);
Bytes ToBytes(std::string_view text);
bool Equal(ByteView a, ByteView b);
void Append(Bytes& to, ByteView from);

// Lower-case hexadecimal, two digits a byte, no separators.
std::string ToHex(ByteView bytes);
// nullopt unless TEXT is an even number of hexadecimal digits (either case).
std::optional<Bytes> FromHex(std::string_view text);

// "0x%08x", as the real server prints checksums.
std::string Hex32(uint32_t value);

// Little- and big-endian integers at FROM or TO, which need no alignment. Here rather than in the
// .cc because checksums and framing call them for every few bytes.
namespace internal {

template <typename T>
inline T LoadLe(const uint8_t* from) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(from[i]) << (8 * i);
  return value;
}

template <typename T>
inline void StoreLe(uint8_t* to, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

}  // namespace internal

inline uint32_t LoadLe32(const uint8_t* from) { return internal::LoadLe<uint32_t>(from); }
inline uint64_t LoadLe64(const uint8_t* from) { return internal::LoadLe<uint64_t>(from); }
inline void StoreLe32(uint8_t* to, uint32_t value) { internal::StoreLe(to, value); }
inline void StoreLe64(uint8_t* to, uint64_t value) { internal::StoreLe(to, value); }

inline uint64_t LoadBe64(const uint8_t* from) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | from[i];
  return value;
}

inline void StoreBe64(uint8_t* to, uint64_t value) {
  for (size_t i = 0; i < 8; ++i) to[i] = static_cast<uint8_t>(value >> (56 - 8 * i));
}

}  // namespace atrest
