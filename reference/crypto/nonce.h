// The nonces of one channel or one Raft log, in the order in which the real server takes them.
// Specification: standalone.md 2.4, cluster.md 1.6.
// Not a source of entropy: whoever makes a NonceSequence brings the random bytes (reference/env).
// Threads: none shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace atrest::crypto {

inline constexpr size_t kNonceSize = 12;

using Nonce = std::array<uint8_t, kNonceSize>;

// 4 random bytes and a 64-bit big-endian counter, incremented together as one 96-bit big-endian
// number after each use: a wrap of the counter carries into the random bytes.
class NonceSequence {
 public:
  NonceSequence(std::array<uint8_t, 4> random, uint64_t counter);
  // The next nonce; each call consumes one.
  Nonce Next();

#ifdef ATREST_FAULTS
  // Of the next nonce.
  uint64_t counter() const;
  void set_counter(uint64_t counter);
#endif

 private:
  Nonce next_;
};

}  // namespace atrest::crypto
