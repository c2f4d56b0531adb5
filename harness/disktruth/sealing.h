// The sealed payload as the specification has it (standalone.md 2.1 to 2.3), made with OpenSSL's
// libcrypto and written from that text alone: what judges the reference shares neither code nor
// library with it. Opening only; nothing here seals.
// Errors: what does not open gives nullopt. That libcrypto itself fails stops the process.
// Ownership: an Opener owns its contexts and wipes nothing: the keys are those of tests.
// Threads: an Opener belongs to one.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

using Digest32 = std::array<uint8_t, 32>;

// The code byte that stored data begins with. Persisted, do not renumber.
enum class CodeByte : uint8_t { kAes = 1, kChacha = 2 };
constexpr size_t kNonceBytes = 12;
constexpr size_t kOverheadBytes = 1 + kNonceBytes + 16;

// SHA-256 of the parts, one after the other.
Digest32 Sha256(std::initializer_list<ByteView> parts);

// The ways in which a server could make 32 bytes of key material from a configured key. The first
// is the right one; the others are what a server gets wrong.
enum class Derivation {
  kChannel,     // SHA-256(n zero bytes, SHA-256(K), ".", channel)
  kUnprefixed,  // the same without the zero bytes
  kPlain,       // SHA-256(K): the key of Raft logs
};
const char* NameOf(Derivation derivation);
Digest32 Derive(Derivation how, std::string_view key, std::string_view channel);

// Whether stored data has the form of sealed data: a code byte and room for nonce and tag.
bool LooksSealed(ByteView data);

// "AES", "CHACHA" by code byte; "" for any other.
const char* CipherOf(uint8_t code);

// Opens what was sealed with one 32-byte key, with the cipher that the code byte names.
class Opener {
 public:
  explicit Opener(const Digest32& key);
  ~Opener();
  Opener(Opener&&) noexcept;
  Opener& operator=(Opener&&) noexcept;

  // REQUIRES: LooksSealed(DATA).
  std::optional<Bytes> Open(ByteView data);

 private:
  struct Contexts;
  Digest32 key_;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace atrest::disktruth
