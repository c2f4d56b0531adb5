// CRC-32 with a polynomial chosen at run time: reflected, initial value and final xor 0xFFFFFFFF.
// Every record and index entry of the file store carries one; the polynomial is an option of the
// server (standalone.md 1.2).
// Threads: a Crc32 is immutable once made and may be shared.
#pragma once

#include <array>
#include <cstdint>

#include "reference/base/bytes.h"

namespace atrest {

class Crc32 {
 public:
  static constexpr uint32_t kIeee = 0xEDB88320;

  // REVERSED_POLYNOMIAL is in reversed notation: IEEE is 0xEDB88320, Castagnoli 0x82F63B78.
  explicit Crc32(uint32_t reversed_polynomial);

  uint32_t Of(ByteView bytes) const;

 private:
  // Slicing-by-8: table k advances a byte by k further bytes.
  std::array<std::array<uint32_t, 256>, 8> tables_;
};

}  // namespace atrest
