#include "harness/disktruth/store_files.h"

namespace atrest::disktruth {

// Eight tables, so that eight bytes are taken at a time: table N holds the effect of a byte that
// is followed by N more.
Checksum::Tables Checksum::Make(uint32_t polynomial) {
  Tables tables = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? polynomial : 0);
    tables[0][byte] = value;
  }
  for (size_t more = 1; more < tables.size(); ++more) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[more - 1][byte];
      tables[more][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

const std::shared_ptr<const Checksum::Tables>& Checksum::Ieee() {
  static const auto kTables = std::make_shared<const Tables>(Make(kIeee));
  return kTables;
}

Checksum::Checksum(uint32_t polynomial)
    : tables_(polynomial == kIeee ? Ieee() : std::make_shared<const Tables>(Make(polynomial))) {}

uint32_t Checksum::operator()(ByteView bytes) const {
  const Tables& tables = *tables_;
  uint32_t value = 0xFFFFFFFF;
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const uint32_t low = LoadLe32(at) ^ value;
    const uint32_t high = LoadLe32(at + 4);
    value = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^
            tables[4][low >> 24] ^ tables[3][high & 0xFF] ^ tables[2][high >> 8 & 0xFF] ^
            tables[1][high >> 16 & 0xFF] ^ tables[0][high >> 24];
  }
  for (; left > 0; --left, ++at) value = value >> 8 ^ tables[0][(value ^ *at) & 0xFF];
  return value ^ 0xFFFFFFFF;
}

}  // namespace atrest::disktruth
