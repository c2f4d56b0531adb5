// What the load program publishes: payloads that say who made them and when, and prove that they
// came through unchanged.
//   offset 0 publisher LE32, 4 number LE64, 12 time LE64, 20 CRC-32 of all other bytes, 24 filling
// Threads: a PayloadMaker belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reference/base/bytes.h"
#include "reference/base/crc32.h"
#include "reference/base/status.h"

namespace atrest::load {

struct Stamp {
  uint32_t publisher = 0;
  uint64_t number = 0;  // from 1 for each publisher
  int64_t sent_ns = 0;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

class PayloadMaker {
 public:
  static constexpr size_t kSizeMin = 24;

  // SIZE is at least kSizeMin.
  explicit PayloadMaker(size_t size);
  // Valid until the next call.
  ByteView Make(const Stamp& stamp);
  // kCorrupt unless PAYLOAD is what some Make of this size made.
  Result<Stamp> Read(ByteView payload) const;

 private:
  uint32_t Check(ByteView payload) const;

  Crc32 crc_;
  Bytes payload_;
};

}  // namespace atrest::load
