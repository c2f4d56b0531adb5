// AES-256-GCM and ChaCha20-Poly1305 (RFC 8439) with a 12-byte nonce, a 16-byte tag and no
// associated data: what envelope.cc needs of Botan, whose exceptions stop in aead.cc.
// An object is keyed once and serves many messages. Threads: none shared.
#pragma once

#include <memory>

#include "reference/base/bytes.h"
#include "reference/crypto/cipher.h"
#include "reference/crypto/nonce.h"

namespace atrest::crypto {

inline constexpr size_t kKeySize = 32;
inline constexpr size_t kTagSize = 16;

class Aead {
 public:
  enum class Direction { kSeal, kOpen };

  // REQUIRES: key.size() == kKeySize.
  Aead(Cipher cipher, Direction direction, ByteView key);
  ~Aead();
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;

  // Appends ciphertext and tag of PLAINTEXT to OUT, without a copy of OUT if its capacity allows.
  // REQUIRES: made to seal.
  void Seal(const Nonce& nonce, ByteView plaintext, Bytes& out);

  // The plaintext of SEALED, ciphertext and tag, in OUT. False, with OUT empty, if the tag is not
  // that of this key, nonce and ciphertext. REQUIRES: made to open; sealed.size() >= kTagSize.
  bool Open(const Nonce& nonce, ByteView sealed, Bytes& out);

 private:
  struct Mode;
  std::unique_ptr<Mode> mode_;
};

}  // namespace atrest::crypto
