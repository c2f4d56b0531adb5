// What the faults and variants of the areas nonce and sealing that need more than a line do in
// crypto_store.cc (see base/fault.h). With none on, SealAs and OpenAs are Envelope's Seal and Open.
// Threads: as the stores.
#pragma once

#include <map>
#include <string>

#include "reference/crypto/envelope.h"
#include "reference/env/env.h"
#include "reference/store/store.h"

namespace atrest::store::faults {

// What is known of a channel in this run.
struct Seen {
  std::string channel;
  bool in_memory = false;
  bool recovered = false;           // not made in this run
  bool others_recovered = false;    // the store was not empty
  bool was_plain = false;           // its last message was plain when it was recovered
  bool was_deleted = false;         // in this run
  size_t channels_before = 0;       // opened in this run
  bool has_sealed = false;          // something in this run
  bool is_in_batch = false;         // something since the last flush
  const uint64_t* ticks = nullptr;  // of the background task
  uint64_t last_tick = 0;           // when the last message was sealed
  bool has_just_read = false;       // since the last message
  bool failed_to_open = false;
  std::map<Bytes, Bytes> sealed;  // by payload
};

// What a channel's nonces begin with, RANDOM having been drawn for it.
crypto::NonceSequence FirstNonces(std::array<uint8_t, 4> random, const Seen& seen,
                                  MessageStore& below, env::Entropy& entropy);
// The cipher that a channel goes on with.
crypto::Cipher CipherFor(crypto::Cipher selected, const Seen& seen, MessageStore& below);
// Whether the last message is there and not sealed.
bool LastIsPlain(MessageStore& below);

// Whether MESSAGE, whose payload is not empty, is stored as it is.
bool StaysClear(const Seen& seen, const Message& message);
// What is stored for MESSAGE's payload.
Bytes SealAs(crypto::Envelope& envelope, Seen& seen, const Message& message);
// The payload of STORED.
Result<Bytes> OpenAs(const crypto::Envelope& envelope, ByteView stored);
// What else of MESSAGE changes with its payload, and back.
void MarkSealed(crypto::Envelope& envelope, ByteView payload, Message& message);
void MarkOpened(const Seen& seen, Message& message);
// What reading STORED does.
void PassRead(crypto::NonceSequence& nonces, Seen& seen, ByteView stored);
// What an empty message does to the nonces, and one that was sealed and could not be stored.
void PassEmpty(crypto::Envelope& envelope, const Seen& seen);
void PassFailure(crypto::Envelope& envelope);

}  // namespace atrest::store::faults
