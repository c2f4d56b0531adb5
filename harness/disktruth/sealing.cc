#include "harness/disktruth/sealing.h"

#include <openssl/evp.h>

#include "reference/base/check.h"

namespace atrest::disktruth {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// Fetched once: libcrypto's look-up by name costs more than a small payload.
const EVP_CIPHER* CipherFor(CodeByte code) {
  static const EVP_CIPHER* const kAes = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static const EVP_CIPHER* const kChacha = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  return code == CodeByte::kAes ? kAes : kChacha;
}

const EVP_MD* Sha256Method() {
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kMethod;
}

void MustWork(int outcome) { ATREST_CHECK(outcome == 1); }

}  // namespace

Digest32 Sha256(std::initializer_list<ByteView> parts) {
  thread_local DigestContext context(EVP_MD_CTX_new());
  Digest32 digest;
  MustWork(EVP_DigestInit_ex(context.get(), Sha256Method(), nullptr));
  for (const ByteView part : parts) {
    MustWork(EVP_DigestUpdate(context.get(), part.data(), part.size()));
  }
  MustWork(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr));
  return digest;
}

const char* NameOf(Derivation derivation) {
  switch (derivation) {
    case Derivation::kChannel:
      return "the channel's derivation";
    case Derivation::kUnprefixed:
      return "the derivation without its zero bytes";
    case Derivation::kPlain:
      return "plain SHA-256, as in Raft logs";
  }
  return "";
}

Digest32 Derive(Derivation how, std::string_view key, std::string_view channel) {
  const Digest32 master = Sha256({AsBytes(key)});
  if (how == Derivation::kPlain) return master;
  const Bytes zeros(how == Derivation::kChannel ? master.size() + 1 + channel.size() : 0);
  return Sha256({zeros, master, AsBytes("."), AsBytes(channel)});
}

bool LooksSealed(ByteView data) {
  return data.size() >= kOverheadBytes && *CipherOf(data[0]) != '\0';
}

const char* CipherOf(uint8_t code) {
  if (code == static_cast<uint8_t>(CodeByte::kAes)) return "AES";
  return code == static_cast<uint8_t>(CodeByte::kChacha) ? "CHACHA" : "";
}

struct Opener::Contexts {
  std::array<CipherContext, 2> by_code;
};

Opener::Opener(const Digest32& key) : key_(key), contexts_(std::make_unique<Contexts>()) {}
Opener::~Opener() = default;
Opener::Opener(Opener&&) noexcept = default;
Opener& Opener::operator=(Opener&&) noexcept = default;

std::optional<Bytes> Opener::Open(ByteView data) {
  ATREST_CHECK(LooksSealed(data));
  constexpr size_t kTagBytes = 16;
  CipherContext& kept = contexts_->by_code.at(data[0] - 1U);
  if (!kept) {
    kept.reset(EVP_CIPHER_CTX_new());
    const EVP_CIPHER* cipher = CipherFor(static_cast<CodeByte>(data[0]));
    MustWork(EVP_DecryptInit_ex(kept.get(), cipher, nullptr, key_.data(), nullptr));
  }
  EVP_CIPHER_CTX* context = kept.get();
  MustWork(EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, data.data() + 1));
  const ByteView sealed = data.subspan(1 + kNonceBytes);
  const size_t size = sealed.size() - kTagBytes;
  if (size > INT32_MAX) return std::nullopt;
  Bytes plain(size);
  int written = 0;
  if (size > 0) {
    MustWork(
        EVP_DecryptUpdate(context, plain.data(), &written, sealed.data(), static_cast<int>(size)));
  }
  Bytes tag(sealed.begin() + static_cast<std::ptrdiff_t>(size), sealed.end());
  MustWork(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()));
  uint8_t rest[kTagBytes];
  if (EVP_DecryptFinal_ex(context, rest, &written) != 1) return std::nullopt;
  return plain;
}

}  // namespace atrest::disktruth
