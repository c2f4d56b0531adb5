// The log of one cluster node, DIR/CLUSTER/raft.log: the entries that consensus replicates, what it
// must remember of terms and votes, and the ids of channels. With encryption on, the data of
// commands is sealed under the node's own key before it is stored and opened when it is read; all
// else stays readable. Specification: cluster.md 1.2, 1.3 and 1.6; file format, FORMAT.md.
// Not for deciding what is stored: reference/raft; nor for what a command says: raft_operation.h.
// Ownership: what the Env refers to and the logger are borrowed.
// Errors: those of bolt_pager.h of the file, of raft_entry.h and crypto/envelope.h of an entry, and
// kNotFound "log not found" and "not found". Nothing is stored of a call that fails, unless it was
// the last sync that failed: then all of it is in the file, and is what is read. A key or value
// of less than 8 bytes where a number is due makes the real server panic: kCorrupt with its text.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/logger.h"
#include "reference/crypto/envelope.h"
#include "reference/env/env.h"
#include "reference/raftlog/bolt_db.h"
#include "reference/raftlog/raft_entry.h"

namespace atrest::raftlog {

// Persisted: the names of the buckets, and of the keys in "conf".
inline constexpr std::string_view kLogsBucket = "logs";
inline constexpr std::string_view kConfBucket = "conf";
inline constexpr std::string_view kChannelsBucket = "channels";
inline constexpr std::string_view kCurrentTerm = "CurrentTerm";
inline constexpr std::string_view kLastVoteTerm = "LastVoteTerm";
inline constexpr std::string_view kLastVoteCandidate = "LastVoteCand";

struct RaftLogEncryption {
  crypto::Cipher cipher = crypto::DefaultCipher();  // of what is written
  crypto::Secret key;                               // as configured; not empty
};

struct RaftLogOptions {
  bool sync = false;            // -cluster_sync: what a call stored is durable when it returns
  bool store_freelist = false;  // bolt_free_list_sync
  size_t cached_entries =
      512;  // -cluster_log_cache_size: entries that are kept as they were stored
  std::optional<RaftLogEncryption> encryption;
};

class RaftLog {
 public:
  // Opens the log at PATH, which is made if it does not exist; its directory must. "encryption key
  // required" (kInvalid) for an empty key.
  static Result<std::unique_ptr<RaftLog>> Open(env::Env env, Logger& log, const std::string& path,
                                               const RaftLogOptions& options);

  // 0 where there are no entries.
  Result<uint64_t> FirstIndex();
  Result<uint64_t> LastIndex();
  // The entry with its data opened.
  Result<LogEntry> GetLog(uint64_t index);
  // In one transaction; entries of the same index are replaced.
  Status StoreLogs(std::span<const LogEntry> entries);
  // Deletes the entries FIRST to LAST, both included, of those that exist. Logs both, and how long
  // it took.
  Status DeleteRange(uint64_t first, uint64_t last);

  // What is stable: bytes and numbers by name.
  Status Set(std::string_view key, ByteView value);
  Result<Bytes> Get(std::string_view key);
  Status SetUint64(std::string_view key, uint64_t value);
  Result<uint64_t> GetUint64(std::string_view key);

  // Channels by name. 0: has none.
  Status SetChannelId(std::string_view channel, uint64_t id);
  Status DeleteChannelId(std::string_view channel);
  Result<uint64_t> GetChannelId(std::string_view channel);

  // The database below, to look into.
  BoltDb& db() { return *db_; }

 private:
  RaftLog(env::Env env, Logger& log, const RaftLogOptions& options, std::unique_ptr<BoltDb> db)
      : env_(env), log_(log), options_(options), db_(std::move(db)) {}

  Status CreateBuckets();
  Status BeginEncryption();
  // IS_FIRST: of those in one transaction.
  Bytes Encode(const LogEntry& entry, bool is_first);
  Result<LogEntry> Decode(ByteView stored) const;
  Result<uint64_t> EdgeIndex(bool last);
  Status Delete(uint64_t first, uint64_t last);
  Status Put(std::string_view bucket, std::string_view key, ByteView value);
  Result<uint64_t> GetNumber(std::string_view bucket, std::string_view key);
  void Remember(const LogEntry& entry);

  env::Env env_;
  Logger& log_;
  const RaftLogOptions options_;
  std::unique_ptr<BoltDb> db_;
  std::optional<crypto::Envelope> envelope_;
  std::map<uint64_t, LogEntry> cache_;  // by index modulo options_.cached_entries
};

}  // namespace atrest::raftlog
