// The storage interface of a STAN server: clients, channels, and for each channel its messages and
// its subscriptions. Three implementations: file_store.h (the real server's files, byte for byte),
// memory_store.h, and crypto_store.h, a layer that seals payloads on the way into either and opens
// them on the way out.
// The operations, their order of effects and their error texts are the real server's; where it is
// random (the order of a map), this one goes in ascending order.
// A store does nothing by itself: what the real one does in the background (expiry, the message
// cache, auto-sync) happens in Tick, by the clock of the Env it was made with.
// Ownership: a Store owns its channels; a Channel pointer is valid until DeleteChannel, Close or
// the store's end. Destroying a store without Close leaves on disk what a killed process would:
// buffered bytes are lost.
// Errors: Status. A failed write leaves the store usable, as far as the real one is.
// Threads: a store and all it owns belong to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/base/status.h"
#include "reference/store/journal.h"
#include "reference/store/limits.h"
#include "reference/wire/msg_proto.h"

namespace atrest::store {

using wire::Message;
using wire::MessagePtr;

struct MessageCounts {
  uint64_t count = 0;
  // As limits count them: record payload + 40 in a file store, encoded size in a memory store.
  uint64_t bytes = 0;
};

class MessageStore {
 public:
  virtual ~MessageStore() = default;

  // Stores MESSAGE behind the last one. That times never decrease is the caller's duty.
  // A sequence that is not greater than the last one's is ignored: ok, no effect.
  virtual Status Store(Message message) = 0;
  // The message, or null if SEQUENCE is outside first..last or in a gap. The message is as stored
  // (the file and memory store) or with its payload opened (the crypto store).
  virtual Result<MessagePtr> Lookup(uint64_t sequence) = 0;
  virtual Result<MessagePtr> FirstMessage() = 0;
  virtual Result<MessagePtr> LastMessage() = 0;
  // 0 if nothing was ever stored; first > last when all messages have been removed.
  virtual uint64_t FirstSequence() const = 0;
  virtual uint64_t LastSequence() const = 0;
  // The first sequence whose timestamp is at or behind TIMESTAMP_NS (the last one, where several up
  // to the last message have that very time); last + 1 if there is none, 0 on an empty store.
  virtual Result<uint64_t> SequenceFromTimestamp(int64_t timestamp_ns) = 0;
  virtual MessageCounts Counts() const = 0;
  // What was stored is on disk (and synced, if the store's options say so) when this returns ok.
  virtual Status Flush() = 0;
  // Removes every message and file; sequences start again at 1.
  virtual Status Empty() = 0;
  // What the real server's background task does once a second: expiry by age, eviction of cached
  // messages, auto-sync.
  virtual void Tick() = 0;
};

class SubscriptionStore {
 public:
  virtual ~SubscriptionStore() = default;
  // Gives SUBSCRIPTION the next id and records it. kInvalid "too many subscriptions per channel".
  virtual Status Create(SubscriptionState& subscription) = 0;
  virtual Status Update(const SubscriptionState& subscription) = 0;
  virtual Status Delete(uint64_t id) = 0;
  virtual Status AddPending(uint64_t id, uint64_t sequence) = 0;
  virtual Status AckPending(uint64_t id, uint64_t sequence) = 0;
  virtual Status Flush() = 0;
  virtual void Tick() = 0;
};

struct Channel {
  std::unique_ptr<MessageStore> messages;
  std::unique_ptr<SubscriptionStore> subscriptions;
};

struct RecoveredSubscription {
  SubscriptionState state;
  std::set<uint64_t> pending;
};

struct RecoveredChannel {
  Channel* channel = nullptr;                        // owned by the store
  std::vector<RecoveredSubscription> subscriptions;  // by id
};

struct RecoveredState {
  ServerInfo server;
  std::vector<ClientInfo> clients;  // by id
  std::map<std::string, RecoveredChannel> channels;
};

class Store {
 public:
  virtual ~Store() = default;
  // "FILE" or "MEMORY".
  virtual std::string Name() const = 0;
  // What an earlier run left; nullopt for a store that never was initialised, or that keeps
  // nothing. Call once, first. kNotFound kNoServerButChannels (below) if there are channels but no
  // server information.
  virtual Result<std::optional<RecoveredState>> Recover() = 0;
  // Records who the server is.
  virtual Status Init(const ServerInfo& server) = 0;
  // kInvalid "too many channels" or "already exists"; kIo where its files cannot be made.
  virtual Result<Channel*> CreateChannel(const std::string& name) = 0;
  // null if there is none.
  virtual Channel* FindChannel(const std::string& name) = 0;
  // Also removes it from disk. kNotFound "not found".
  virtual Status DeleteChannel(const std::string& name) = 0;
  virtual Status AddClient(const ClientInfo& client) = 0;
  virtual Status DeleteClient(const std::string& id) = 0;
  // Limits for channels made from now on; what exists keeps its own.
  virtual void SetLimits(const StoreLimits& limits) = 0;
  virtual void Tick() = 0;
  // Flushes, syncs and closes everything. Later calls return the first one's outcome.
  virtual Status Close() = 0;
};

// The text of Recover's special failure: the caller initialises the server and recovers again
// (standalone.md 1.3).
inline constexpr char kNoServerButChannels[] = "no server state recovered but channels present";

}  // namespace atrest::store
