#include "harness/simcheck/seal_book.h"

#include <algorithm>
#include <cstring>

namespace atrest::simcheck {
namespace {

constexpr size_t kTagBytes = 16;
// Nothing documented seals more than twice.
constexpr size_t kLayersMax = 4;

uint64_t HashOf(ByteView bytes) {
  uint64_t hash = 0x9E3779B97F4A7C15 ^ bytes.size();
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    hash = (hash ^ LoadLe64(bytes.data() + at)) * 0xBF58476D1CE4E5B9;
    hash ^= hash >> 29;
  }
  for (; at < bytes.size(); ++at) hash = (hash ^ bytes[at]) * 0x100000001B3;
  return hash;
}

}  // namespace

const Seal& SealBook::See(ByteView data, const std::string& place, const std::vector<KeyId>& first,
                          const Sighting& sighting, bool* is_new) {
  std::array<uint8_t, disktruth::kNonceBytes + kTagBytes> ends;
  std::memcpy(ends.data(), data.data() + 1, disktruth::kNonceBytes);
  std::memcpy(ends.data() + disktruth::kNonceBytes, data.data() + data.size() - kTagBytes,
              kTagBytes);
  const auto [found, is_first] = seals_.try_emplace(Id{place, ends, data.size(), HashOf(data)});
  Seal& seal = found->second;
  if (is_first) {
    seal.number = seals_.size();
    seal.place = place;
    seal.code = data[0];
    std::memcpy(seal.nonce.data(), data.data() + 1, seal.nonce.size());
    seal.first = sighting;
  }
  const bool was_open = seal.is_open();
  if (!was_open) TryToOpen(data, first, seal);
  *is_new = is_first || seal.is_open() != was_open;
  return seal;
}

void SealBook::TryToOpen(ByteView data, const std::vector<KeyId>& first, Seal& seal) {
  if (seal.keys_tried == keys_.size()) return;
  seal.keys_tried = keys_.size();
  Bytes inner(data.begin(), data.end());
  while (seal.keys.size() < kLayersMax && disktruth::LooksSealed(inner)) {
    auto opened = keys_.Open(inner, seal.place, first);
    if (!opened) break;
    seal.keys.push_back(opened->key);
    inner = std::move(opened->plain);
  }
  seal.plain = std::move(inner);
}

}  // namespace atrest::simcheck
