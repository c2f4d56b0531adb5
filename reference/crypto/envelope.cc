#include "reference/crypto/envelope.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/fault.h"
#include "reference/crypto/key_faults.h"

namespace atrest::crypto {
namespace {

constexpr size_t kHeaderSize = 1 + kNonceSize;

bool IsCode(uint8_t byte) {
  return byte == static_cast<uint8_t>(Cipher::kAes) ||
         byte == static_cast<uint8_t>(Cipher::kChaCha);
}

// Neither code byte: data that was stored when encryption was off.
bool IsPlain(ByteView stored) {
  if (stored.empty()) return false;
  const uint8_t code = stored[0];
  const bool is_short = stored.size() < kOverhead;
  if (IsCode(code)) return is_short && fault::On(Fault::kVariantShortIsPlain);
  if (fault::On(Fault::kCipherNoDetection)) return false;
  if (code <= 3 && fault::On(Fault::kCipherSmallCodes)) return false;
  if (!is_short && fault::On(Fault::kCipherLongIsSealed)) return false;
  return !IsCode(code & 0x7F) || !fault::On(Fault::kCipherHighBitIgnored);
}

Cipher Other(Cipher cipher) { return cipher == Cipher::kAes ? Cipher::kChaCha : Cipher::kAes; }

uint8_t CodeOf(Cipher cipher) {
  if (fault::On(Fault::kCipherCodesExchanged)) cipher = Other(cipher);
  if (cipher == Cipher::kChaCha && fault::On(Fault::kCipherCodeAlwaysAes)) cipher = Cipher::kAes;
  return static_cast<uint8_t>(cipher);
}

// The cipher of data that is not plain; SELECTED is the configured one.
Cipher CipherOfCode(uint8_t code, Cipher selected) {
  const Cipher cipher = IsCode(code & 0x7F) ? Cipher(code & 0x7F) : selected;
  if (cipher != selected && fault::On(Fault::kCipherOpensAsSelected)) return selected;
  return fault::On(Fault::kCipherCodesExchanged) ? Other(cipher) : cipher;
}

// The nonce that NONCE, which is stored, stands for.
Nonce Used(const Nonce& nonce) {
  if (!fault::On(Fault::kNonceStoredBeforeStep)) return nonce;
  Nonce next = nonce;
  ++next.back();
  return next;
}

Status NotSealed(size_t size) {
  return Status(Code::kCorrupt,
                "trying to decrypt data that is not (len=" + std::to_string(size) + ")");
}

Status NotAuthentic(Cipher cipher) {
  if (fault::On(Fault::kVariantOneFailureText)) {
    return Status(Code::kCorrupt, "decryption failed: wrong key or damaged data");
  }
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

  Secret KeyFor(Cipher cipher) const {
    if (cipher == Cipher::kAes || !fault::On(Fault::kKeyChachaReversed)) return key;
    return Secret(Bytes(key.view().rbegin(), key.view().rend()));
  }
  Aead& ToSeal(Cipher cipher) {
    if (!seal) seal.emplace(cipher, Aead::Direction::kSeal, KeyFor(cipher).view());
    return *seal;
  }
  Aead& ToOpen(Cipher cipher) {
    std::optional<Aead>& open = cipher == Cipher::kAes ? open_aes : open_chacha;
    std::optional<Aead>& other = cipher == Cipher::kAes ? open_chacha : open_aes;
    if (!open && other && fault::On(Fault::kCipherOneOpener)) return *other;
    if (!open) open.emplace(cipher, Aead::Direction::kOpen, KeyFor(cipher).view());
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
  const Cipher cipher = CipherFor(plaintext.size());
  Bytes sealed;
  sealed.reserve(plaintext.size() + kOverhead);
  sealed.push_back(CodeOf(cipher));
  Append(sealed, nonce);
  if (cipher == cipher_) {
    ciphers_->ToSeal(cipher).Seal(Used(nonce), plaintext, sealed);
  } else {
    Aead(cipher, Aead::Direction::kSeal, ciphers_->key.view()).Seal(nonce, plaintext, sealed);
  }
  if (fault::On(Fault::kSealingTagOfNothing)) {
    Bytes tag;
    Aead(cipher, Aead::Direction::kSeal, ciphers_->key.view()).Seal(nonce, {}, tag);
    std::ranges::copy(tag, sealed.end() - kTagSize);
  }
  return sealed;
}

// The selected one, but for faults.
Cipher Envelope::CipherFor(size_t size) const {
  constexpr size_t kShort = 64;
  constexpr size_t kLong = 16 * 1024;
  if (cipher_ == Cipher::kChaCha && size < kShort && fault::On(Fault::kCipherShortByAes)) {
    return Cipher::kAes;
  }
  if (cipher_ == Cipher::kAes && size > kLong && fault::On(Fault::kCipherLongByChacha)) {
    return Cipher::kChaCha;
  }
  return cipher_;
}

Result<Bytes> Envelope::Open(ByteView stored) const {
  if (IsPlain(stored)) return Bytes(stored.begin(), stored.end());
  if (stored.size() <= kHeaderSize) return NotSealed(stored.size());
  const Cipher cipher = CipherOfCode(stored[0], cipher_);
  if (stored.size() < kOverhead) return NotAuthentic(cipher);
  Result<Bytes> opened = OpenSealed(cipher, stored);
  if (opened.ok()) return opened;
  if (fault::Is(Fault::kCipherOtherTried) ||
      (cipher == Cipher::kAes && fault::Is(Fault::kCipherCodeAlwaysAes))) {
    Result<Bytes> by_other = OpenSealed(Other(cipher), stored);
    if (!by_other.ok()) return opened;
    (void)fault::On(Fault::kCipherOtherTried);  // the other one has executed when it sealed
    return by_other;
  }
  return opened;
}

Result<Bytes> Envelope::OpenSealed(Cipher cipher, ByteView stored) const {
  Nonce nonce;
  std::ranges::copy(stored.subspan(1, kNonceSize), nonce.begin());
  nonce = Used(nonce);
  const ByteView sealed = stored.subspan(kHeaderSize);
  Bytes plaintext;
  if (ciphers_->ToOpen(cipher).Open(nonce, sealed, plaintext)) return plaintext;
  if (fault::IsAny()) {
    auto forgiven = faults::Forgiven(cipher, ciphers_->key.view(), nonce, sealed);
    if (forgiven) return *std::move(forgiven);
  }
  return NotAuthentic(cipher);
}

}  // namespace atrest::crypto
