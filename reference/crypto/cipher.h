// The two ciphers that a payload can be sealed with, and what the server's options call them.
// Specification: standalone.md 2.2 and 3.6.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "reference/base/status.h"

namespace atrest::crypto {

// Persisted: the first byte of every sealed payload. Do not renumber.
enum class Cipher : uint8_t { kAes = 1, kChaCha = 2 };

// "AES" or "CHACHA" in any case; "" is DefaultCipher(). kInvalid "encryption cipher not supported"
// for anything else.
Result<Cipher> ParseCipher(std::string_view name);
// "AES" or "CHACHA".
std::string_view CipherName(Cipher cipher);
// AES on x86, CHACHA on every other architecture.
Cipher DefaultCipher();

}  // namespace atrest::crypto
