// The encrypting layer: seals each non-empty payload before the store below sees it, opens it on
// the way out. Everything else passes through. Each channel has its own derived key and nonce
// sequence, made when the channel is recovered or created; reading goes by the stored code byte,
// whatever cipher is configured. Specification: standalone.md 2 and 3.0 to 3.10. Empty payloads are
// stored as they are. A message whose data is present and empty cannot be read back (standalone.md
// 3.12).
// Ownership: owns the store below. ENTROPY is borrowed and must outlive it.
// Errors: those of the store below, and crypto/envelope.h's texts where a payload cannot be opened.
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "reference/crypto/envelope.h"
#include "reference/crypto/secret.h"
#include "reference/env/env.h"
#include "reference/store/store.h"

namespace atrest::store {

struct EncryptionOptions {
  crypto::Cipher cipher = crypto::DefaultCipher();
  crypto::Secret key;  // as configured; the master of all channel keys
};

// What options come to; views of what the caller keeps.
struct EncryptionChoice {
  bool on = false;  // the switch
  std::string_view cipher;
  std::string_view key_option;
  std::string_view key_variable;  // of the environment; "" where there is none
};

// Whether, how and with which key to encrypt: on if the switch or the key option is given; the key
// is the variable's or, where that is empty, the option's. nullopt: off. kInvalid "encryption
// cipher not supported", then "encryption key required". Specification: standalone.md 3.6.
Result<std::optional<EncryptionOptions>> ResolveEncryption(const EncryptionChoice& choice);

// kInvalid "encryption key required" if the key is empty.
Result<std::unique_ptr<Store>> MakeCryptoStore(std::unique_ptr<Store> below, env::Entropy& entropy,
                                               const EncryptionOptions& options);

}  // namespace atrest::store
