#include "reference/crypto/nonce.h"

#include <algorithm>

#include "reference/base/bytes.h"
#include "reference/base/fault.h"
#include "reference/base/random.h"

namespace atrest::crypto {
namespace {

constexpr size_t kPrefixSize = 4;

// NEXT as it is used, where a fault or variant has another form of nonces.
Nonce Written(const Nonce& next) {
  Nonce nonce = next;
  if (fault::On(Fault::kVariantNonceLittleEndian)) {
    std::reverse(nonce.begin() + kPrefixSize, nonce.end());
  }
  Random scattered(LoadBe64(&next[0]) ^ LoadBe64(&next[kPrefixSize]));
  if (fault::On(Fault::kVariantNonceAllRandom)) scattered.Fill(nonce);
  if (fault::On(Fault::kNonceOneRandomByte)) {
    nonce = {};
    nonce.back() = static_cast<uint8_t>(scattered.Next());
  }
  if (fault::On(Fault::kNonceTwoRandomBytes)) {
    nonce = {};
    scattered.Fill(std::span(nonce).last(2));
  }
  Random wider(LoadLe32(&next[0]));
  if (fault::On(Fault::kVariantNonceLongPrefix)) wider.Fill(std::span(nonce).subspan(4, 4));
  return nonce;
}

}  // namespace

NonceSequence::NonceSequence(std::array<uint8_t, 4> random, uint64_t counter) {
  std::ranges::copy(random, next_.begin());
  StoreBe64(&next_[kPrefixSize], counter);
}

Nonce NonceSequence::Next() {
  const Nonce nonce = fault::IsAny() ? Written(next_) : next_;
  size_t i = kNonceSize;
  while (i > 0 && ++next_[--i] == 0) {
    if (i == kNonceSize - 1 && fault::On(Fault::kNonceCounterOfAByte)) break;
    if (i == kNonceSize - 2 && fault::On(Fault::kNonceCounterOfTwoBytes)) break;
    if (i == kNonceSize - 4 && fault::On(Fault::kNonceCounterOfFourBytes)) break;
  }
  uint8_t* const counter_at = &next_[kPrefixSize];
  if (fault::On(Fault::kVariantNonceByTwos)) StoreBe64(counter_at, LoadBe64(counter_at) + 1);
  return nonce;
}

#ifdef ATREST_FAULTS
uint64_t NonceSequence::counter() const { return LoadBe64(&next_[kPrefixSize]); }
void NonceSequence::set_counter(uint64_t counter) { StoreBe64(&next_[kPrefixSize], counter); }
#endif

}  // namespace atrest::crypto
