// What faults and variants do to channels that were recovered with encryption on (base/fault.h).
// With none of them on, nothing is done and nothing is read.
// Threads: one.
#pragma once

#include <string>

#include "reference/crypto/cipher.h"
#include "reference/store/store.h"

namespace atrest::store::faults {

// Whether DATA begins with one of the codes of sealed payloads.
bool HasCode(ByteView data);
// Whether the first message of CHANNEL does.
bool FirstHasCode(MessageStore& channel);

// CHANNEL is what is stored, OPENED the encrypting layer around it, CIPHER the configured one. An
// error refuses the start. REQUIRES: CHANNEL is not empty.
Status ChangeRecovered(const std::string& name, MessageStore& channel, MessageStore& opened,
                       crypto::Cipher cipher);

}  // namespace atrest::store::faults
