// The record envelope: how one payload is sealed before it is written, and opened when it is read.
//     u8 code (01 AES-256-GCM, 02 ChaCha20-Poly1305) | u8[12] nonce | ciphertext | u8[16] tag
// with no associated data. Formats: FORMAT.md; specification, standalone.md 2.2 to 2.4. This folder
// is the only code that sees Botan's ciphers and hashes; its exceptions stop here.
// For payloads of one channel or one Raft log, which have one derived key (secret.h). Not for
// deciding what is sealed at all: that empty payloads are stored as they are is a rule of the
// stores.
// Threads: none shared; an Envelope keeps keyed cipher objects.
#pragma once

#include <memory>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/crypto/aead.h"
#include "reference/crypto/cipher.h"
#include "reference/crypto/nonce.h"
#include "reference/crypto/secret.h"

namespace atrest::crypto {

inline constexpr size_t kOverhead = 1 + kNonceSize + kTagSize;

class Envelope {
 public:
  // DERIVED_KEY: 32 bytes, of DeriveChannelKey or DeriveRaftKey. CIPHER is for sealing; opening
  // goes by the code byte. REQUIRES: derived_key.view().size() == 32.
  Envelope(Cipher cipher, Secret derived_key, NonceSequence nonces);
  ~Envelope();
  Envelope(Envelope&&) noexcept;
  Envelope& operator=(Envelope&&) noexcept;

  // The sealed form of PLAINTEXT (kOverhead bytes longer) under the next nonce. Any length, 0
  // included.
  Bytes Seal(ByteView plaintext);

  // What a reader with this key gets for STORED. Data whose first byte is neither 01 nor 02 is
  // returned as it is. kCorrupt, with the real server's texts:
  //   "trying to decrypt data that is not (len=N)"       N <= 13 and a code byte, or N = 0
  //   "cipher: message authentication failed"            code 01: wrong key, damage, or too short
  //                                                      for a tag
  //   "chacha20poly1305: message authentication failed"  code 02 likewise
  Result<Bytes> Open(ByteView stored) const;

#ifdef ATREST_FAULTS
  NonceSequence& nonces() { return nonces_; }
#endif

 private:
  Result<Bytes> OpenSealed(Cipher cipher, ByteView stored) const;
  Cipher CipherFor(size_t size) const;

  struct Ciphers;  // keyed, made when first used
  std::unique_ptr<Ciphers> ciphers_;
  Cipher cipher_;
  NonceSequence nonces_;
};

}  // namespace atrest::crypto
