#include "reference/base/crc32.h"

namespace atrest {

Crc32::Crc32(uint32_t reversed_polynomial) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? reversed_polynomial : 0);
    tables_[0][byte] = value;
  }
  for (size_t k = 1; k < tables_.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t previous = tables_[k - 1][byte];
      tables_[k][byte] = previous >> 8 ^ tables_[0][previous & 0xFF];
    }
  }
}

uint32_t Crc32::Of(ByteView bytes) const {
  uint32_t crc = 0xFFFFFFFF;
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    const uint32_t low = LoadLe32(&bytes[at]) ^ crc;
    const uint32_t high = LoadLe32(&bytes[at + 4]);
    crc = tables_[7][low & 0xFF] ^ tables_[6][low >> 8 & 0xFF] ^ tables_[5][low >> 16 & 0xFF] ^
          tables_[4][low >> 24] ^ tables_[3][high & 0xFF] ^ tables_[2][high >> 8 & 0xFF] ^
          tables_[1][high >> 16 & 0xFF] ^ tables_[0][high >> 24];
  }
  for (; at < bytes.size(); ++at) crc = crc >> 8 ^ tables_[0][(crc ^ bytes[at]) & 0xFF];
  return ~crc;
}

}  // namespace atrest
