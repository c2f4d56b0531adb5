#include "reference/store/subscription_log.h"

#include <algorithm>

#include "reference/base/fault.h"
#include "reference/store/bad_record.h"
#include "reference/store/record_format.h"

namespace atrest::store {
namespace {

constexpr size_t kBufferSizeMin = 128;
constexpr size_t kCompactionBufferSize = 10 * 1024 * 1024;
constexpr int64_t kShrinkIntervalNs = 5'000'000'000;

}  // namespace

SubscriptionLog::SubscriptionLog(const FileContext& context, const std::string& channel,
                                 uint64_t max_subscriptions)
    : context_(context),
      path_(JoinPath(JoinPath(context.root, channel), kSubscriptionsFile)),
      max_subscriptions_(max_subscriptions),
      writer_(kBufferSizeMin, context.options.buffer_size),
      last_shrink_(context.env.clock.NowNs()),
      last_auto_sync_(last_shrink_) {}

Result<std::unique_ptr<SubscriptionLog>> SubscriptionLog::Open(const FileContext& context,
                                                               const std::string& channel,
                                                               uint64_t max_subscriptions,
                                                               bool recover) {
  std::unique_ptr<SubscriptionLog> log(new SubscriptionLog(context, channel, max_subscriptions));
  Status opened = log->OpenFile();
  if (opened.ok() && recover) opened = log->Replay();
  if (opened.ok()) return log;
  return opened.WithPrefix(std::string("unable to ") + (recover ? "recover" : "create") +
                           " subscription store for [" + channel + "]: ");
}

Status SubscriptionLog::OpenFile() {
  if (file_ != nullptr) return Status();
  Result<std::unique_ptr<env::File>> file = OpenVersioned(context_.env.files, path_);
  if (!file.ok()) return file.status();
  file_ = std::move(file).value();
  writer_.Attach(file_.get());
  return Status();
}

Status SubscriptionLog::Replay() {
  RecordReader reader(*file_, Framing::kTyped, context_.crc, context_.options.check_crc,
                      kFirstOffset);
  while (reader.Next()) {
    file_size_ += kRecordHeaderSize + reader.payload().size();
    ATREST_TRY(Apply(static_cast<SubscriptionRecord>(reader.type()), reader.payload()));
  }
  Status status;
  if (reader.stop() == ReadStop::kZeroPadding) {
    status = file_->Truncate(reader.offset());
  } else if (reader.stop() != ReadStop::kEnd) {
    status = HandleBadRecord(context_, *file_, path_, Framing::kTyped, reader);
  }
  // Most channels of a store are not written for long: their files are opened when they are.
  writer_.Attach(nullptr);
  file_.reset();
  return status;
}

Status SubscriptionLog::Apply(SubscriptionRecord type, ByteView payload) {
  switch (type) {
    case SubscriptionRecord::kNew:
    case SubscriptionRecord::kUpdate:
      return ApplyState(type, payload);
    case SubscriptionRecord::kDelete:
      return ApplyDelete(payload);
    case SubscriptionRecord::kAck:
    case SubscriptionRecord::kPending: {
      const Result<SubscriptionUpdate> update = DecodeSubscriptionUpdate(payload);
      if (!update.ok()) return update.status();
      const auto found = subscriptions_.find(update.value().id);
      if (found == subscriptions_.end()) return Status();
      if (type == SubscriptionRecord::kPending) {
        SetPending(found->second, update.value().sequence);
      } else {
        const bool kept = fault::On(Fault::kAcksNotReplayed);
        if (!kept) found->second.pending.erase(update.value().sequence);
      }
      CountRecord(type);
      return Status();
    }
  }
  return Status(Code::kCorrupt,
                "unexpected record type: " + std::to_string(static_cast<int>(type)));
}

Status SubscriptionLog::ApplyState(SubscriptionRecord type, ByteView payload) {
  const Result<SubscriptionState> state = DecodeSubscriptionState(payload);
  if (!state.ok()) return state.status();
  const uint64_t id = state.value().id;
  const bool known = subscriptions_.contains(id);
  if (type == SubscriptionRecord::kNew) {
    subscriptions_[id] = {state.value(), {}};
  } else {
    Set(state.value());
  }
  last_id_ = std::max(last_id_, id);
  ++records_;
  // What is updated for the first time was not there to become obsolete.
  if (type == SubscriptionRecord::kUpdate && known) ++obsolete_records_;
  return Status();
}

Status SubscriptionLog::ApplyDelete(ByteView payload) {
  const Result<SubscriptionUpdate> update = DecodeSubscriptionDelete(payload);
  if (!update.ok()) return update.status();
  last_id_ = std::max(last_id_, update.value().id);
  const auto found = subscriptions_.find(update.value().id);
  if (found == subscriptions_.end()) return Status();
  obsolete_records_ += 1 + found->second.pending.size();
  subscriptions_.erase(found);
  return Status();
}

void SubscriptionLog::Set(const SubscriptionState& subscription) {
  subscriptions_[subscription.id].state = subscription;
}

void SubscriptionLog::SetPending(RecoveredSubscription& subscription, uint64_t sequence) {
  if (sequence > subscription.state.last_sent && !fault::On(Fault::kPlaceNotKept)) {
    subscription.state.last_sent = sequence;
  }
  subscription.pending.insert(sequence);
}

void SubscriptionLog::CountRecord(SubscriptionRecord type) {
  switch (type) {
    case SubscriptionRecord::kNew:
    case SubscriptionRecord::kPending:
      ++records_;
      return;
    case SubscriptionRecord::kUpdate:
      ++records_;
      ++obsolete_records_;
      return;
    case SubscriptionRecord::kDelete:
    case SubscriptionRecord::kAck:
      ++obsolete_records_;
      return;
  }
}

Status SubscriptionLog::Append(SubscriptionRecord type, ByteView payload) {
  Bytes record;
  ATREST_TRY(AppendTypedRecord(static_cast<uint8_t>(type), payload, context_.crc, record));
  ATREST_TRY(OpenFile());
  if (writer_.buffers() && !writer_.at_max_size() && record.size() > writer_.available()) {
    ATREST_TRY(writer_.Grow(record.size()));
  }
  ATREST_TRY(writer_.Write(record));
  active_ = true;
  file_size_ += record.size();
  CountRecord(type);
  return Status();
}

Status SubscriptionLog::AppendState(SubscriptionRecord type,
                                    const SubscriptionState& subscription) {
  Bytes payload;
  Encode(subscription, payload);
  return Append(type, payload);
}

Status SubscriptionLog::AppendUpdate(SubscriptionRecord type, uint64_t id, uint64_t sequence) {
  Bytes payload;
  Encode(SubscriptionUpdate{id, sequence}, payload);
  return Append(type, payload);
}

Status SubscriptionLog::Create(SubscriptionState& subscription) {
  if (max_subscriptions_ > 0 && subscriptions_.size() >= max_subscriptions_) {
    return Status(Code::kInvalid, "too many subscriptions per channel");
  }
  // Used up even if the record cannot be written.
  subscription.id = ++last_id_;
  ATREST_TRY(AppendState(SubscriptionRecord::kNew, subscription));
  subscriptions_[subscription.id] = {subscription, {}};
  return Status();
}

Status SubscriptionLog::Update(const SubscriptionState& subscription) {
  ATREST_TRY(AppendState(SubscriptionRecord::kUpdate, subscription));
  Set(subscription);
  return Status();
}

Status SubscriptionLog::Delete(uint64_t id) {
  const Status written = AppendUpdate(SubscriptionRecord::kDelete, id, 0);
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return written;
  // Forgotten even if the record was not written: a later compaction leaves it out.
  obsolete_records_ += found->second.pending.size();
  subscriptions_.erase(found);
  if (ShouldCompact()) Compact();
  return written;
}

Status SubscriptionLog::AddPending(uint64_t id, uint64_t sequence) {
  ATREST_TRY(AppendUpdate(SubscriptionRecord::kPending, id, sequence));
  const auto found = subscriptions_.find(id);
  if (found != subscriptions_.end()) SetPending(found->second, sequence);
  return Status();
}

Status SubscriptionLog::AckPending(uint64_t id, uint64_t sequence) {
  ATREST_TRY(AppendUpdate(SubscriptionRecord::kAck, id, sequence));
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return Status();
  found->second.pending.erase(sequence);
  if (ShouldCompact()) Compact();
  return Status();
}

Status SubscriptionLog::FlushFile(bool force_sync) {
  if (!active_ || file_ == nullptr) return Status();
  active_ = false;
  if (writer_.buffered() > 0) ATREST_TRY(writer_.Flush());
  return context_.options.sync || force_sync ? file_->Sync() : Status();
}

Status SubscriptionLog::Flush() {
  if (!active_) return Status();
  if (writer_.buffered() > 0 && fault::On(Fault::kAcksLostAtStop)) return Status();
  ATREST_TRY(OpenFile());
  return FlushFile(/*force_sync=*/false);
}

Status SubscriptionLog::Close() {
  if (writer_.buffered() > 0 && fault::On(Fault::kAcksLostAtStop)) writer_.Attach(file_.get());
  const Status status = FlushFile(/*force_sync=*/true);
  writer_.Attach(nullptr);
  file_.reset();
  return status;
}

void SubscriptionLog::Tick() {
  const int64_t now = context_.env.clock.NowNs();
  // Failures are met again by the next write.
  if (file_ != nullptr && writer_.buffers() && now - last_shrink_ >= kShrinkIntervalNs) {
    last_shrink_ = now;
    (void)writer_.Shrink();
  }
  const int64_t interval = context_.options.auto_sync_ns;
  if (interval > 0 && now - last_auto_sync_ >= interval) {
    last_auto_sync_ = now;
    if (active_ && OpenFile().ok()) (void)FlushFile(/*force_sync=*/true);
  }
}

bool SubscriptionLog::ShouldCompact() const {
  const FileStoreOptions& options = context_.options;
  if (!options.compact_enabled || file_size_ < options.compact_min_file_size) return false;
  const uint64_t fragmentation = records_ == 0 ? 100 : obsolete_records_ * 100 / records_;
  if (options.compact_fragmentation > 0 &&
      fragmentation < static_cast<uint64_t>(options.compact_fragmentation)) {
    return false;
  }
  return !compacted_ns_ ||
         context_.env.clock.NowNs() - *compacted_ns_ >= options.compact_interval_ns;
}

Status SubscriptionLog::WriteLive(BufferedWriter& writer, uint64_t* size, uint64_t* records) {
  const auto write = [&](SubscriptionRecord type, const auto& what) {
    Bytes payload;
    Encode(what, payload);
    Bytes record;
    ATREST_TRY(AppendTypedRecord(static_cast<uint8_t>(type), payload, context_.crc, record));
    *size += record.size();
    ++*records;
    return writer.Write(record);
  };
  for (const auto& [id, subscription] : subscriptions_) {
    ATREST_TRY(write(SubscriptionRecord::kNew, subscription.state));
    for (const uint64_t sequence : subscription.pending) {
      ATREST_TRY(write(SubscriptionRecord::kPending, SubscriptionUpdate{id, sequence}));
    }
  }
  return writer.Flush();
}

Result<uint64_t> SubscriptionLog::WriteCompacted(env::File& file, uint64_t* records) {
  BufferedWriter writer(kCompactionBufferSize, kCompactionBufferSize);
  writer.Attach(&file);
  uint64_t size = 0;
  ATREST_TRY(WriteLive(writer, &size, records));
  ATREST_TRY(file.Sync());
  return size;
}

void SubscriptionLog::Compact() {
  // What is buffered reaches the old file first: that is the one that stays if anything fails.
  (void)FlushFile(/*force_sync=*/false);
  writer_.Attach(nullptr);
  file_.reset();
  std::string path;
  Result<std::unique_ptr<env::File>> made = MakeTemporary(context_, kSubscriptionsTemporary, &path);
  if (!made.ok()) return;
  uint64_t records = 0;
  const Result<uint64_t> size = WriteCompacted(*made.value(), &records);
  std::move(made).value().reset();
  active_ = true;
  if (!size.ok() || !context_.env.files.Rename(path, path_).ok()) {
    (void)context_.env.files.Remove(path);
    return;
  }
  file_size_ = size.value();
  records_ = records;
  obsolete_records_ = 0;
  compacted_ns_ = context_.env.clock.NowNs();
}

std::vector<RecoveredSubscription> SubscriptionLog::Subscriptions() const {
  std::vector<RecoveredSubscription> all;
  for (const auto& [id, subscription] : subscriptions_) all.push_back(subscription);
  return all;
}

}  // namespace atrest::store
