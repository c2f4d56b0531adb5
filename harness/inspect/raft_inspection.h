// What the inspector found in a clustered node's Raft directory: plain values, in the order that
// RAFT.md fixes, which also says what each of them means. Names and strings are the bytes of the
// files; the printers (raft_json.h, raft_text.h) make text of them.
// Threads: values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/inspect/inspection.h"
#include "reference/raftlog/bolt_page.h"
#include "reference/raftlog/raft_entry.h"
#include "reference/raftlog/raft_operation.h"
#include "reference/raftlog/raft_snapshot.h"
#include "reference/raftlog/snapshot_meta.h"

namespace atrest::inspect {

struct RaftDamage {
  std::string file;  // relative to the directory
  std::optional<raftlog::PageId> page;
  std::string why;  // for people; its words may change
};

struct RaftValue {
  std::string name;
  Bytes value;
};

struct RaftChannelId {
  std::string name;
  uint64_t id = 0;
};

struct StoredEntry {
  raftlog::LogEntry stored;              // its data as it lies in the file
  std::optional<crypto::Cipher> cipher;  // of a command, as the data looks
  crypto::Nonce nonce{};                 // zeros without a cipher
  std::vector<KeyNumber> opened_by;
  std::optional<Bytes> plaintext;  // opened, or the data of what is not sealed
  std::optional<raftlog::RaftOperation> operation;
};

struct RaftFreePage {
  raftlog::PageId page = 0;
  std::vector<StoredEntry> entries;
};

struct RaftNonceReuse {
  crypto::Cipher cipher = crypto::Cipher::kAes;
  crypto::Nonce nonce{};
  std::vector<uint64_t> indexes;
};

struct StoredSnapshot {
  std::string name;  // of its directory
  raftlog::SnapshotMeta meta;
  bool crc_ok = false;
  std::optional<raftlog::RaftSnapshot> state;
};

struct RaftInspection {
  std::array<std::optional<raftlog::Meta>, 2> metas;
  std::vector<RaftValue> conf;
  std::vector<RaftChannelId> channels;
  std::vector<StoredEntry> entries;
  std::vector<RaftFreePage> free_pages;
  std::vector<RaftNonceReuse> nonce_reuse;
  std::vector<StoredSnapshot> snapshots;
  std::vector<RaftDamage> damage;
  bool payloads_kept = false;  // as was asked
};

}  // namespace atrest::inspect
