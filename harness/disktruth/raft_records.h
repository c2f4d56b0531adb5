// What a Raft log's values hold: entries in legacy msgpack (cluster.md 1.3), of which those of type
// Command hold operations in protobuf (1.5), sealed as a whole under SHA-256 of the key (1.6:
// Derivation::kPlain). Operations are read as far as the disk oracle needs them: which messages
// with which payloads, of which channel. Entries can also be looked for at any offset, as in pages
// that are free.
// Bytes are foreign: what cannot be read gives nullopt. Views are of the bytes given.
// Threads: none shared; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

// Persisted, do not renumber. Other types are read, too.
enum class EntryType : uint8_t { kCommand = 0, kNoop = 1, kBarrier = 4, kConfiguration = 5 };
// "Command", "Noop", "Barrier", "Configuration"; "type N" for others.
std::string NameOf(EntryType type);

struct EntryTime {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
  friend bool operator==(const EntryTime&, const EntryTime&) = default;
};

struct RaftEntry {
  uint64_t index = 0;
  uint64_t term = 0;
  EntryType type = EntryType::kCommand;
  ByteView data;                // as stored; empty where it is nil
  std::optional<EntryTime> at;  // nullopt: the zero time
  bool has_extensions = false;  // which no server writes
  size_t size = 0;              // of the whole entry
};

// The entry that BYTES begin with.
std::optional<RaftEntry> ReadRaftEntry(ByteView bytes);

struct FoundEntry {
  size_t offset = 0;
  RaftEntry entry;
};
// Every entry that begins anywhere in BYTES, before END, and is all there.
std::vector<FoundEntry> FindRaftEntries(ByteView bytes, size_t end = SIZE_MAX);

// Persisted, do not renumber; 5 was never used.
enum class Operation : uint64_t {
  kPublish = 0,
  kSubscribe = 1,
  kRemoveSubscription = 2,
  kCloseSubscription = 3,
  kSendAndAck = 4,
  kConnect = 6,
  kDisconnect = 7,
  kDeleteChannel = 8,
};

struct OperationMessage {
  uint64_t sequence = 0;
  std::string_view channel;
  ByteView payload;
  int64_t timestamp = 0;
};

struct RaftOperationParts {
  Operation operation = Operation::kPublish;
  std::vector<OperationMessage> messages;  // of a publish
  std::string_view deleted;                // channel
  uint64_t channel_id = 0;
};

// PLAIN is the data of an entry, opened if it was sealed.
std::optional<RaftOperationParts> ReadOperation(ByteView plain);

// A message as the leader sends it, and as operations hold it.
std::optional<OperationMessage> ReadMessage(ByteView plain);

// Addresses of a Configuration entry's servers, sorted: lists that differ by order alone are the
// same membership (1.4).
std::optional<std::vector<std::string>> ReadConfiguration(ByteView data);

}  // namespace atrest::disktruth
