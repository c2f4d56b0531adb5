#include "reference/crypto/envelope.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "reference/base/check.h"

namespace atrest::crypto {
namespace {

constexpr size_t kHeaderSize = 1 + kNonceSize;

// Neither code byte: data that was stored when encryption was off.
bool IsPlain(ByteView stored) {
  return !stored.empty() && stored[0] != static_cast<uint8_t>(Cipher::kAes) &&
         stored[0] != static_cast<uint8_t>(Cipher::kChaCha);
}

Status NotSealed(size_t size) {
  return Status(Code::kCorrupt,
                "trying to decrypt data that is not (len=" + std::to_string(size) + ")");
}

Status NotAuthentic(Cipher cipher) {
  return Status(Code::kCorrupt, cipher == Cipher::kAes
                                    ? "cipher: message authentication failed"
                                    : "chacha20poly1305: message authentication failed");
}

}  // namespace

struct Envelope::Ciphers {
  Secret key;
  std::optional<Aead> seal;
  std::optional<Aead> open_aes;
  std::optional<Aead> open_chacha;

  Aead& ToSeal(Cipher cipher) {
    if (!seal) seal.emplace(cipher, Aead::Direction::kSeal, key.view());
    return *seal;
  }
  Aead& ToOpen(Cipher cipher) {
    std::optional<Aead>& open = cipher == Cipher::kAes ? open_aes : open_chacha;
    if (!open) open.emplace(cipher, Aead::Direction::kOpen, key.view());
    return *open;
  }
};

Envelope::Envelope(Cipher cipher, Secret derived_key, NonceSequence nonces)
    : ciphers_(std::make_unique<Ciphers>()), cipher_(cipher), nonces_(nonces) {
  ATREST_CHECK(derived_key.view().size() == kKeySize);
  ciphers_->key = std::move(derived_key);
}

Envelope::~Envelope() = default;
Envelope::Envelope(Envelope&&) noexcept = default;
Envelope& Envelope::operator=(Envelope&&) noexcept = default;

Bytes Envelope::Seal(ByteView plaintext) {
  const Nonce nonce = nonces_.Next();
  Bytes sealed;
  sealed.reserve(plaintext.size() + kOverhead);
  sealed.push_back(static_cast<uint8_t>(cipher_));
  Append(sealed, nonce);
  ciphers_->ToSeal(cipher_).Seal(nonce, plaintext, sealed);
  return sealed;
}

Result<Bytes> Envelope::Open(ByteView stored) const {
  if (IsPlain(stored)) return Bytes(stored.begin(), stored.end());
  if (stored.size() <= kHeaderSize) return NotSealed(stored.size());
  const Cipher cipher{stored[0]};
  if (stored.size() < kOverhead) return NotAuthentic(cipher);
  Nonce nonce;
  std::ranges::copy(stored.subspan(1, kNonceSize), nonce.begin());
  Bytes plaintext;
  if (!ciphers_->ToOpen(cipher).Open(nonce, stored.subspan(kHeaderSize), plaintext)) {
    return NotAuthentic(cipher);
  }
  return plaintext;
}

}  // namespace atrest::crypto
