#include "reference/raftlog/crc64.h"

#include <array>

namespace atrest::raftlog {
namespace {

constexpr uint64_t kReflectedPolynomial = 0xC96C5795D7870F42;

std::array<uint64_t, 256> MakeTable() {
  std::array<uint64_t, 256> table{};
  for (uint64_t i = 0; i < table.size(); ++i) {
    uint64_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

}  // namespace

uint64_t Crc64(ByteView bytes) {
  static const std::array<uint64_t, 256> kTable = MakeTable();
  uint64_t crc = ~uint64_t{0};
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

}  // namespace atrest::raftlog
