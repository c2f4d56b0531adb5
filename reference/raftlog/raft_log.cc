#include "reference/raftlog/raft_log.h"

#include <array>
#include <utility>

#include "reference/base/fault.h"
#include "reference/base/go_duration.h"
#include "reference/crypto/secret.h"
#include "reference/raftlog/raft_log_faults.h"

namespace atrest::raftlog {
namespace {

// A deletion that takes longer is logged as an error.
constexpr int64_t kSlowDeletionNs = 2'000'000'000;

std::string IndexKey(uint64_t index) {
  std::array<uint8_t, 8> key;
  StoreBe64(key.data(), index);
  return std::string(AsText(key));
}

Result<uint64_t> Number(ByteView bytes) {
  if (bytes.size() >= 8) return LoadBe64(bytes.data());
  return Status(Code::kCorrupt, "panic: runtime error: index out of range [7] with length " +
                                    std::to_string(bytes.size()));
}

Status NotFound() { return Status(Code::kNotFound, "not found"); }

// Only commands that say something are sealed.
bool IsSealed(const LogEntry& entry) {
  if (entry.data.empty()) return false;
  if (entry.type == LogType::kCommand) return true;
  return entry.type == LogType::kConfiguration && fault::On(Fault::kRaftlogConfigurationToo);
}

crypto::Secret KeyFrom(const crypto::Secret& configured) {
  if (fault::On(Fault::kRaftlogKeyOfChannel)) return crypto::DeriveChannelKey(configured, "");
  return crypto::DeriveRaftKey(configured);
}

}  // namespace

Result<std::unique_ptr<RaftLog>> RaftLog::Open(env::Env env, Logger& log, const std::string& path,
                                               const RaftLogOptions& options) {
  BoltOptions bolt;
  bolt.sync = options.sync && !fault::On(Fault::kRaftlogNotSynced);
  bolt.store_freelist = options.store_freelist;
  auto db = BoltDb::Open(env.files, path, bolt);
  if (!db.ok()) return db.status();
  std::unique_ptr<RaftLog> raft(new RaftLog(env, log, options, std::move(db).value()));
  ATREST_TRY(raft->CreateBuckets());
  ATREST_TRY(raft->BeginEncryption());
  return raft;
}

// A transaction at every start, which mostly writes nothing but its meta.
Status RaftLog::CreateBuckets() {
  auto transaction = db_->Begin();
  if (!transaction.ok()) return transaction.status();
  for (const std::string_view bucket : {kConfBucket, kLogsBucket, kChannelsBucket}) {
    ATREST_TRY(transaction.value().CreateBucketIfNotExists(bucket));
  }
  return transaction.value().Commit();
}

Status RaftLog::BeginEncryption() {
  if (!options_.encryption) return Status();
  if (options_.encryption->key.empty()) return Status(Code::kInvalid, "encryption key required");
  const auto last = LastIndex();
  if (!last.ok()) return last.status();
  std::array<uint8_t, 4> random;
  env_.entropy.Fill(random);
  if (fault::On(Fault::kRaftlogNonceNoRandom)) random = {};
  envelope_.emplace(options_.encryption->cipher, KeyFrom(options_.encryption->key),
                    crypto::NonceSequence(random, last.value() + 1));
  return Status();
}

Bytes RaftLog::Encode(const LogEntry& entry, bool is_first) {
  Bytes encoded;
  const bool may_slip = envelope_ && IsSealed(entry) && fault::IsAny();
  const bool stays = may_slip && faults::StaysClear(entry, is_first, env_.clock.NowNs());
  if (!envelope_ || !IsSealed(entry) || stays) {
    EncodeEntry(entry, encoded);
    return encoded;
  }
  LogEntry sealed{entry.index, entry.term, entry.type, {}, entry.extensions, entry.appended_at};
  sealed.data =
      may_slip ? faults::SealAs(*envelope_, entry, is_first) : envelope_->Seal(entry.data);
  EncodeEntry(sealed, encoded);
  return encoded;
}

Result<LogEntry> RaftLog::Decode(ByteView stored) const {
  auto entry = DecodeEntry(stored);
  if (!entry.ok() || !envelope_ || !IsSealed(entry.value())) return entry;
  const Bytes& stored_data = entry.value().data;
  auto opened = fault::IsAny()
                    ? faults::OpenAs(*envelope_, options_.encryption->cipher, stored_data)
                    : envelope_->Open(stored_data);
  if (!opened.ok()) return opened.status();
  entry.value().data = std::move(opened).value();
  return entry;
}

Result<uint64_t> RaftLog::EdgeIndex(bool last) {
  const auto key = last ? db_->LastKey(kLogsBucket) : db_->FirstKey(kLogsBucket);
  if (!key.ok()) return key.status();
  if (!key.value()) return uint64_t{0};
  return Number(AsBytes(*key.value()));
}

Result<uint64_t> RaftLog::FirstIndex() { return EdgeIndex(false); }

Result<uint64_t> RaftLog::LastIndex() { return EdgeIndex(true); }

void RaftLog::Remember(const LogEntry& entry) {
  if (options_.cached_entries > 0) cache_[entry.index % options_.cached_entries] = entry;
}

Result<LogEntry> RaftLog::GetLog(uint64_t index) {
  if (options_.cached_entries > 0) {
    const auto cached = cache_.find(index % options_.cached_entries);
    if (cached != cache_.end() && cached->second.index == index) return cached->second;
  }
  const auto stored = db_->Get(kLogsBucket, IndexKey(index));
  if (!stored.ok()) return stored.status();
  if (!stored.value()) return Status(Code::kNotFound, "log not found");
  return Decode(*stored.value());
}

Status RaftLog::StoreLogs(std::span<const LogEntry> entries) {
  auto transaction = db_->Begin();
  if (!transaction.ok()) return transaction.status();
  for (const LogEntry& entry : entries) {
    const bool is_first = &entry == entries.data();
    ATREST_TRY(
        transaction.value().Put(kLogsBucket, IndexKey(entry.index), Encode(entry, is_first)));
  }
  const Status committed = transaction.value().Commit();
  // A commit whose last sync failed may have replaced entries.
  if (!committed.ok()) cache_.clear();
  for (const LogEntry& entry : entries) {
    if (committed.ok()) Remember(entry);
  }
  return committed;
}

Status RaftLog::DeleteRange(uint64_t first, uint64_t last) {
  cache_.clear();
  const int64_t start = env_.clock.NowNs();
  log_.Log(LogLevel::kInfo,
           "Deleting raft logs from " + std::to_string(first) + " to " + std::to_string(last));
  const Status status = Delete(first, last);
  const int64_t took = env_.clock.NowNs() - start;
  log_.Log(took > kSlowDeletionNs ? LogLevel::kError : LogLevel::kInfo,
           "Deletion took " + GoDurationText(took));
  return status;
}

Status RaftLog::Delete(uint64_t first, uint64_t last) {
  if (fault::On(Fault::kRaftlogDeletesOneMore)) ++last;
  std::vector<std::string> keys;
  Status status;
  ATREST_TRY(db_->Visit(kLogsBucket, IndexKey(first), [&](std::string_view key, ByteView) {
    const auto index = Number(AsBytes(key));
    status = index.status();
    if (!index.ok() || index.value() > last) return false;
    keys.emplace_back(key);
    return true;
  }));
  ATREST_TRY(status);
  auto transaction = db_->Begin();
  if (!transaction.ok()) return transaction.status();
  for (const std::string& key : keys) ATREST_TRY(transaction.value().Delete(kLogsBucket, key));
  return transaction.value().Commit();
}

Status RaftLog::Put(std::string_view bucket, std::string_view key, ByteView value) {
  if (key.empty()) return Status(Code::kInvalid, "key required");
  if (key.size() > kKeySizeMax) return Status(Code::kInvalid, "key too large");
  auto transaction = db_->Begin();
  if (!transaction.ok()) return transaction.status();
  ATREST_TRY(transaction.value().Put(bucket, key, Bytes(value.begin(), value.end())));
  return transaction.value().Commit();
}

Result<uint64_t> RaftLog::GetNumber(std::string_view bucket, std::string_view key) {
  const auto value = db_->Get(bucket, key);
  if (!value.ok()) return value.status();
  if (!value.value()) return NotFound();
  return Number(*value.value());
}

Status RaftLog::Set(std::string_view key, ByteView value) { return Put(kConfBucket, key, value); }

Result<Bytes> RaftLog::Get(std::string_view key) {
  auto value = db_->Get(kConfBucket, key);
  if (!value.ok()) return value.status();
  if (!value.value()) return NotFound();
  return std::move(*value.value());
}

Status RaftLog::SetUint64(std::string_view key, uint64_t value) {
  return Put(kConfBucket, key, AsBytes(IndexKey(value)));
}

Result<uint64_t> RaftLog::GetUint64(std::string_view key) { return GetNumber(kConfBucket, key); }

Status RaftLog::SetChannelId(std::string_view channel, uint64_t id) {
  return Put(kChannelsBucket, channel, AsBytes(IndexKey(id)));
}

Status RaftLog::DeleteChannelId(std::string_view channel) {
  auto transaction = db_->Begin();
  if (!transaction.ok()) return transaction.status();
  ATREST_TRY(transaction.value().Delete(kChannelsBucket, channel));
  return transaction.value().Commit();
}

Result<uint64_t> RaftLog::GetChannelId(std::string_view channel) {
  auto id = GetNumber(kChannelsBucket, channel);
  if (id.status().code() == Code::kNotFound) return uint64_t{0};
  return id;
}

}  // namespace atrest::raftlog
