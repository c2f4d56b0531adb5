// What the faults of the areas key and cipher that need more than a line make of their input (see
// base/fault.h). Nothing here is reached unless one of them is on.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/crypto/aead.h"
#include "reference/crypto/cipher.h"
#include "reference/crypto/secret.h"

namespace atrest::crypto::faults {

// The key that is heard where KEY was given; nullopt if it is KEY.
std::optional<Bytes> KeyHeard(ByteView key);
// The channel's name as the derivation sees it.
std::string ChannelHeard(std::string_view channel);
// KEY with zeros for its second half.
Secret HalfOf(const Secret& key);
// How many zero bytes stand before PARTS_SIZE bytes of other parts.
size_t ZerosHeard(size_t parts_size);
// The name of the cipher as it is understood.
std::string CipherHeard(std::string_view upper);

// What SEALED, ciphertext and tag that KEY does not authenticate, is opened to all the same.
std::optional<Bytes> Forgiven(Cipher cipher, ByteView key, const Nonce& nonce, ByteView sealed);

}  // namespace atrest::crypto::faults
