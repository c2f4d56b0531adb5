#include "reference/raftlog/packed.h"

namespace atrest::raftlog {
namespace {

// Ten bytes hold 64 bits.
constexpr int kVarintBytesMax = 10;

}  // namespace

Bytes EncodePacked(const std::vector<uint64_t>& numbers) {
  Bytes packed;
  for (uint64_t number : numbers) {
    for (; number >= 0x80; number >>= 7) packed.push_back(static_cast<uint8_t>(number | 0x80));
    packed.push_back(static_cast<uint8_t>(number));
  }
  return packed;
}

Status DecodePacked(ByteView packed, std::vector<uint64_t>& to) {
  uint64_t number = 0;
  int bytes = 0;
  for (const uint8_t byte : packed) {
    if (bytes == kVarintBytesMax) return Status(Code::kCorrupt, "proto: integer overflow");
    number |= uint64_t{byte & 0x7Fu} << (7 * bytes++);
    if (byte >= 0x80) continue;
    to.push_back(number);
    number = 0;
    bytes = 0;
  }
  return bytes == 0 ? Status() : Status(Code::kCorrupt, "unexpected EOF");
}

}  // namespace atrest::raftlog
