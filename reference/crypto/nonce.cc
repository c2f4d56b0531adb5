#include "reference/crypto/nonce.h"

#include <algorithm>

#include "reference/base/bytes.h"

namespace atrest::crypto {

NonceSequence::NonceSequence(std::array<uint8_t, 4> random, uint64_t counter) {
  std::ranges::copy(random, next_.begin());
  StoreBe64(&next_[random.size()], counter);
}

Nonce NonceSequence::Next() {
  const Nonce nonce = next_;
  size_t i = kNonceSize;
  while (i > 0 && ++next_[--i] == 0) {
  }
  return nonce;
}

}  // namespace atrest::crypto
