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

// Little- and big-endian integers at FROM or TO, which need no alignment.
uint32_t LoadLe32(const uint8_t* from);
uint64_t LoadLe64(const uint8_t* from);
uint64_t LoadBe64(const uint8_t* from);
void StoreLe32(uint8_t* to, uint32_t value);
void StoreLe64(uint8_t* to, uint64_t value);
void StoreBe64(uint8_t* to, uint64_t value);

}  // namespace atrest
