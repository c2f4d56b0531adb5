// What the inspector found in a file store: plain values, in the order that INSPECT.md fixes, which
// also says what each of them means. Names and strings are the bytes of the store; the printers
// (inspect_json.h, inspect_text.h) make text of them.
// Threads: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/crypto/envelope.h"
#include "reference/store/journal.h"
#include "reference/store/store.h"

namespace atrest::inspect {

enum class DamageKind { kVersion, kTruncated, kCrc, kUndecodable, kType, kIndex, kTrailing };

struct Damage {
  std::string file;  // relative to the store, '/'-separated
  uint64_t offset = 0;
  uint64_t bytes = 0;  // affected, from the offset on
  DamageKind kind = DamageKind::kTruncated;
  std::string why;  // for people; its words may change
};

struct Slice {
  uint64_t number = 0;
  uint64_t data_size = 0;              // bytes of the files
  std::optional<uint64_t> index_size;  // nullopt without an index file
  uint64_t records = 0;
  uint64_t index_records = 0;
  uint64_t data_padding = 0;  // bytes
  uint64_t index_padding = 0;
};

enum class IndexState { kAgrees, kMissing, kDiffers };

// Where a message is stored.
struct Place {
  uint64_t slice = 0;
  uint64_t offset = 0;  // of the record's header in the data file
  uint64_t sequence = 0;
};

// The numbers, from 1, of the given keys.
using KeyNumber = size_t;

struct StoredMessage {
  Place place;
  uint32_t record_size = 0;  // bytes of the payload of the framing
  std::string subject;
  std::string reply;
  int64_t timestamp_ns = 0;
  std::optional<uint64_t> data_size;  // nullopt where the data field is absent
  bool crc_ok = false;
  IndexState index = IndexState::kMissing;
  std::optional<crypto::Cipher> cipher;  // as the data looks; only a key can tell
  crypto::Nonce nonce{};                 // zeros without a cipher
  std::vector<KeyNumber> opened_by;
  std::optional<uint64_t> plaintext_size;
  std::optional<Bytes> payload;  // kept on demand: opened, or stored where it is not sealed
};

struct Channel {
  std::string name;
  std::vector<Slice> slices;
  std::vector<StoredMessage> messages;
  std::vector<store::RecoveredSubscription> subscriptions;
};

struct NonceReuse {
  std::string channel;
  crypto::Cipher cipher = crypto::Cipher::kAes;
  crypto::Nonce nonce{};
  std::optional<KeyNumber> key;  // nullopt: what no given key opens, taken to be under one key
  std::vector<Place> at;
  bool same_bytes = false;
};

struct Inspection {
  std::optional<store::ServerInfo> server;
  std::vector<store::ClientInfo> clients;
  std::vector<Channel> channels;
  std::vector<NonceReuse> nonce_reuse;
  std::vector<Damage> damage;
  std::vector<std::string> other_files;
  bool payloads_kept = false;  // as the options asked
};

}  // namespace atrest::inspect
