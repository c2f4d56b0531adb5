#include "reference/crypto/aead.h"

#include <botan/aead.h>
#include <botan/exceptn.h>
#include <botan/secmem.h>
#include <botan/version.h>

#include <string>

#include "reference/base/check.h"

namespace atrest::crypto {
namespace {

#if BOTAN_VERSION_MAJOR >= 3
constexpr Botan::Cipher_Dir kEncryption = Botan::Cipher_Dir::Encryption;
constexpr Botan::Cipher_Dir kDecryption = Botan::Cipher_Dir::Decryption;
#else
constexpr Botan::Cipher_Dir kEncryption = Botan::ENCRYPTION;
constexpr Botan::Cipher_Dir kDecryption = Botan::DECRYPTION;
#endif

// CALL(), which is false if it ends in a tag that does not match. Any other exception of Botan
// means that this program uses it wrongly.
template <typename Call>
bool Authentic(Call call) {
  try {
    call();
    return true;
  } catch (const Botan::Invalid_Authentication_Tag&) {
    return false;
  } catch (const Botan::Exception& exception) {
    CheckFailed(__FILE__, __LINE__, exception.what());
  }
}

}  // namespace

// Botan works in place on whole blocks of its own, except that what is left at the end (and the
// tag) has to be in a vector of its own type: so only that is copied.
struct Aead::Mode {
  std::unique_ptr<Botan::AEAD_Mode> botan;
  size_t block_size = 0;
  Botan::secure_vector<uint8_t> last;  // kept for its memory

  void Process(const Nonce& nonce, std::span<uint8_t> blocks) {
    botan->start(nonce.data(), nonce.size());
    if (!blocks.empty())
      ATREST_CHECK(botan->process(blocks.data(), blocks.size()) == blocks.size());
    botan->finish(last);
  }
};

Aead::Aead(Cipher cipher, Direction direction, ByteView key) : mode_(std::make_unique<Mode>()) {
  ATREST_CHECK(key.size() == kKeySize);
  const bool authentic = Authentic([&] {
    mode_->botan = Botan::AEAD_Mode::create_or_throw(
        cipher == Cipher::kAes ? "AES-256/GCM" : "ChaCha20Poly1305",
        direction == Direction::kSeal ? kEncryption : kDecryption);
    mode_->botan->set_key(key.data(), key.size());
    mode_->block_size = mode_->botan->update_granularity();
  });
  ATREST_CHECK(authentic);
}

Aead::~Aead() = default;

void Aead::Seal(const Nonce& nonce, ByteView plaintext, Bytes& out) {
  const size_t start = out.size();
  const size_t blocks_size = plaintext.size() - plaintext.size() % mode_->block_size;
  Append(out, plaintext.first(blocks_size));
  const ByteView rest = plaintext.subspan(blocks_size);
  mode_->last.assign(rest.begin(), rest.end());
  const bool authentic =
      Authentic([&] { mode_->Process(nonce, std::span(out).subspan(start, blocks_size)); });
  ATREST_CHECK(authentic);
  Append(out, mode_->last);
}

bool Aead::Open(const Nonce& nonce, ByteView sealed, Bytes& out) {
  ATREST_CHECK(sealed.size() >= kTagSize);
  const size_t text_size = sealed.size() - kTagSize;
  const size_t blocks_size = text_size - text_size % mode_->block_size;
  out.clear();
  out.reserve(text_size);
  Append(out, sealed.first(blocks_size));
  const ByteView rest = sealed.subspan(blocks_size);
  mode_->last.assign(rest.begin(), rest.end());
  const bool authentic = Authentic([&] { mode_->Process(nonce, out); });
  if (!authentic) {
    out.clear();
    return false;
  }
  Append(out, mode_->last);
  return true;
}

}  // namespace atrest::crypto
