#include "reference/store/message_log.h"

#include <algorithm>
#include <limits>

#include "reference/base/fault.h"
namespace atrest::store {
namespace {

constexpr size_t kBufferSizeMin = 512;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kShrinkIntervalNs = 5 * kSecondNs;

template <typename T>
T Quarter(T limit, T least) {
  return limit > 0 ? std::max(limit / 4, least) : 0;
}

}  // namespace

MessageLog::SliceLimits MessageLog::MakeSliceLimits(const FileStoreOptions& options,
                                                    const ChannelLimits& limits) {
  const SliceLimits configured{options.slice_max_messages, options.slice_max_bytes,
                               options.slice_max_age_ns};
  if (configured.messages > 0 || configured.bytes > 0 || configured.age_ns > 0) return configured;
  return {Quarter<uint64_t>(limits.max_messages, 1), Quarter<uint64_t>(limits.max_bytes, 1),
          Quarter<int64_t>(limits.max_age_ns, kSecondNs)};
}

MessageLog::MessageLog(const FileContext& context, const std::string& channel,
                       const ChannelLimits& limits)
    : context_(context),
      channel_(channel),
      limits_(limits),
      slice_limits_(MakeSliceLimits(context.options, limits)),
      writer_(kBufferSizeMin, context.options.buffer_size),
      now_tick_(Now()),
      last_shrink_(now_tick_),
      last_evict_(now_tick_),
      last_auto_sync_(now_tick_) {}

std::unique_ptr<Slice> MessageLog::MakeSlice(int64_t number, const std::string& data_name) const {
  const std::string directory = JoinPath(context_.root, channel_);
  auto slice = std::make_unique<Slice>();
  slice->number = number;
  slice->data_path = JoinPath(directory, data_name);
  slice->index_path = JoinPath(directory, kSlicePrefix + std::to_string(number) + kIndexSuffix);
  return slice;
}

Status MessageLog::OpenIndex(Slice& slice) {
  if (&slice != write_slice()) {
    if (read_slice_ != nullptr && read_slice_ != &slice) read_slice_->CloseFiles();
    read_slice_ = &slice;
    read_slice_used_ = true;
  }
  if (slice.index != nullptr) return Status();
  Result<std::unique_ptr<env::File>> index = OpenVersioned(context_.env.files, slice.index_path);
  if (!index.ok()) return index.status();
  slice.index = std::move(index).value();
  return Status();
}

Status MessageLog::OpenFiles(Slice& slice) {
  ATREST_TRY(OpenIndex(slice));
  if (slice.data != nullptr) return Status();
  Result<std::unique_ptr<env::File>> data = OpenVersioned(context_.env.files, slice.data_path);
  if (!data.ok()) return data.status();
  slice.data = std::move(data).value();
  if (&slice != write_slice()) return Status();
  writer_.Attach(slice.data.get());
  const Result<uint64_t> size = slice.data->Size();
  if (size.ok()) write_offset_ = size.value();
  constexpr uint64_t kNotOnDisk = kMessageOverhead - kRecordHeaderSize;
  const uint64_t indexed = kFirstOffset + slice.bytes - slice.count * kNotOnDisk;
  if (size.ok() && indexed < size.value() && fault::On(Fault::kWritesWhereIndexEnds)) {
    write_offset_ = indexed;
  }
  return size.status();
}

// Both files end up closed, whatever fails; the first failure is returned.
Status MessageLog::CloseWriteSlice() {
  Slice& slice = *write_slice();
  Status data = writer_.Flush();
  if (data.ok() && context_.options.sync) data = slice.data->Sync();
  writer_.Attach(nullptr);
  Status index = WriteUnflushedIndex();
  if (index.ok() && context_.options.sync) index = slice.index->Sync();
  slice.CloseFiles();
  return data.ok() ? index : data;
}

bool MessageLog::NeedsNewSlice() const {
  const Slice* slice = write_slice();
  if (slice == nullptr) return true;
  const SliceLimits& most = slice_limits_;
  if (most.messages > 0 && slice->count == most.messages && fault::On(Fault::kSliceOneTooMany)) {
    return false;
  }
  return (most.bytes > 0 && slice->bytes >= most.bytes) ||
         (most.messages > 0 && slice->count >= most.messages) ||
         (most.age_ns > 0 && WrapSubtract(now_tick_, slice->first_write_ns) >= most.age_ns);
}

Status MessageLog::RollOver() {
  if (write_slice() != nullptr) ATREST_TRY(CloseWriteSlice());
  const int64_t number = slices_.empty() ? 1 : slices_.back()->number + 1;
  std::unique_ptr<Slice> slice =
      MakeSlice(number, kSlicePrefix + std::to_string(number) + kDataSuffix);
  Result<std::unique_ptr<env::File>> data = OpenVersioned(context_.env.files, slice->data_path);
  if (!data.ok()) return data.status();
  Result<std::unique_ptr<env::File>> index = OpenVersioned(context_.env.files, slice->index_path);
  if (!index.ok()) return index.status();
  slice->data = std::move(data).value();
  slice->index = std::move(index).value();
  slices_.push_back(std::move(slice));
  writer_.Attach(write_slice()->data.get());
  // Also where files of this number were left behind, whose bytes the new records then follow: the
  // real server's indices are wrong in that case too.
  write_offset_ = kFirstOffset;
  if (last_message_ != nullptr && fault::On(Fault::kRolloverCopiesLast)) {
    write_slice()->first = last_;
    ATREST_TRY(WriteThrough(*write_slice(), *last_message_));
  }
  // A slice is not removed while it is the only one, even when it has run out of messages.
  if (slices_.size() == 2 && slices_.front()->exhausted()) RemoveFirstSlice();
  return Status();
}

Status MessageLog::WriteThrough(Slice& slice, const Message& message) {
  const uint32_t size = static_cast<uint32_t>(wire::EncodedSize(message));
  Bytes payload;
  wire::Encode(message, payload);
  scratch_.clear();
  AppendRecord(payload, context_.crc, scratch_);
  ATREST_TRY(slice.data->Append(scratch_));
  scratch_.clear();
  AppendIndexRecord({message.sequence, write_offset_, message.timestamp_ns, size}, context_.crc,
                    scratch_);
  ATREST_TRY(slice.index->Append(scratch_));
  write_offset_ += kRecordHeaderSize + size;
  slice.AddLast(message.sequence, size);
  last_ = message.sequence;
  ++count_;
  bytes_ += size + kMessageOverhead;
  return Status();
}

Status MessageLog::FillGap(const Message& message) {
  ATREST_TRY(FlushFiles(/*force_sync=*/false));
  last_message_ = nullptr;
  Message empty;
  empty.subject = channel_;
  empty.timestamp_ns = message.timestamp_ns;
  for (empty.sequence = last_ + 1; empty.sequence < message.sequence; ++empty.sequence) {
    ATREST_TRY(WriteThrough(*write_slice(), empty));
  }
  return Status();
}

Status MessageLog::Write(const MessagePtr& message, uint32_t size) {
  const size_t required = size + kRecordHeaderSize;
  if (writer_.buffers() && required > writer_.available()) {
    ATREST_TRY(writer_.Grow(required));
    ATREST_TRY(WriteUnflushedIndex());
  }
  Bytes payload;
  payload.reserve(size);
  wire::Encode(*message, payload);
  scratch_.clear();
  AppendRecord(payload, context_.crc, scratch_);
  ATREST_TRY(writer_.Write(scratch_));
  const IndexEntry entry{message->sequence, write_offset_, message->timestamp_ns, size};
  if (writer_.buffered() >= required) {
    unflushed_[message->sequence] = {message, entry};
    return Status();
  }
  scratch_.clear();
  AppendIndexRecord(entry, context_.crc, scratch_);
  return write_slice()->index->Append(scratch_);
}

void MessageLog::Remember(const MessagePtr& message, uint32_t size) {
  const uint64_t sequence = message->sequence;
  if (first_ == 0 || first_ == sequence) {
    first_ = sequence;
    first_message_ = message;
    if (limits_.max_age_ns > 0) {
      expiration_ns_ = WrapAdd(message->timestamp_ns, limits_.max_age_ns);
    }
  }
  last_ = sequence;
  last_message_ = message;
  if (!fault::On(Fault::kNothingCached)) cache_.Add(sequence, message, message->timestamp_ns);
  write_offset_ += kRecordHeaderSize + size;
  ++count_;
  bytes_ += size + kMessageOverhead;
  write_slice()->Count(sequence, size, message->timestamp_ns);
}

Status MessageLog::Store(Message message) {
  if (message.sequence <= last_) return Status();
  const size_t size = wire::EncodedSize(message);
  if (size > std::numeric_limits<uint32_t>::max() - kMessageOverhead) {
    return Status(Code::kInvalid, "record size too big");
  }
  if (write_slice() != nullptr) ATREST_TRY(OpenFiles(*write_slice()));
  need_sync_ = true;
  if (last_ > 0 && message.sequence > last_ + 1) ATREST_TRY(FillGap(message));
  if (NeedsNewSlice()) ATREST_TRY(RollOver());
  const MessagePtr stored = std::make_shared<const Message>(std::move(message));
  ATREST_TRY(Write(stored, static_cast<uint32_t>(size)));
  Remember(stored, static_cast<uint32_t>(size));
  EnforceLimits(/*warn=*/true);
  return Status();
}

Status MessageLog::WriteUnflushedIndex() {
  if (unflushed_.empty()) return Status();
  Bytes records;
  records.reserve(unflushed_.size() * kIndexRecordSize);
  for (const auto& [sequence, unflushed] : unflushed_) {
    AppendIndexRecord(unflushed.entry, context_.crc, records);
  }
  // Forgotten even if the write fails: the real server does not try these records again.
  unflushed_.clear();
  return write_slice()->index->Append(records);
}

Status MessageLog::FlushFiles(bool force_sync) {
  Slice& slice = *write_slice();
  if (!force_sync && writer_.buffered() > 0 && fault::On(Fault::kAckedBeforeWritten)) {
    return Status();
  }
  if (!unflushed_.empty() && fault::On(Fault::kIndexBeforeData)) ATREST_TRY(WriteUnflushedIndex());
  if (writer_.buffered() > 0) {
    const Status written = writer_.Flush();
    if (!written.ok() && fault::On(Fault::kFullDiskAcked)) return Status();
    ATREST_TRY(written);
  }
  const Status indexed = WriteUnflushedIndex();
  if (!indexed.ok() && fault::On(Fault::kIndexFailureIgnored)) return Status();
  ATREST_TRY(indexed);
  if (!need_sync_ || !(context_.options.sync || force_sync)) return Status();
  // Data first: an index record must not survive a crash that its message does not.
  ATREST_TRY(slice.data->Sync());
  ATREST_TRY(slice.index->Sync());
  need_sync_ = false;
  return Status();
}

Status MessageLog::Flush() {
  if (write_slice() == nullptr) return Status();
  ATREST_TRY(OpenFiles(*write_slice()));
  return FlushFiles(/*force_sync=*/false);
}

Status MessageLog::Close() {
  Status status;
  if (write_slice() != nullptr && (need_sync_ || writer_.buffered() > 0 || !unflushed_.empty())) {
    status = OpenFiles(*write_slice());
    if (status.ok()) status = FlushFiles(/*force_sync=*/true);
  }
  const bool open = write_slice() != nullptr && write_slice()->data != nullptr;
  if (status.ok() && open && fault::On(Fault::kPaddedAtStop)) {
    status = write_slice()->data->Append(Bytes(kRecordHeaderSize));
  }
  writer_.Attach(nullptr);
  for (const std::unique_ptr<Slice>& slice : slices_) slice->CloseFiles();
  return status;
}

Status MessageLog::Empty() {
  writer_ = BufferedWriter(kBufferSizeMin, context_.options.buffer_size);
  slices_.clear();
  ascending_ = true;
  read_slice_ = nullptr;
  const std::string directory = JoinPath(context_.root, channel_);
  const auto entries = context_.env.files.List(directory);
  if (entries.ok()) {
    for (const env::DirectoryEntry& entry : entries.value()) {
      const bool is_slice = entry.name.starts_with(kSlicePrefix) &&
                            entry.name.find('.', sizeof kSlicePrefix - 1) != std::string::npos;
      // What cannot be removed stays, unreported, as with the real server.
      if (is_slice) (void)context_.env.files.Remove(JoinPath(directory, entry.name));
    }
  }
  first_ = last_ = count_ = bytes_ = 0;
  warned_of_limits_ = false;
  unflushed_.clear();
  cache_.Clear();
  first_message_ = last_message_ = nullptr;
  expiration_ns_ = 0;
  return Status();
}

void MessageLog::AutoSync() {
  if (!need_sync_ || write_slice() == nullptr) return;
  // A failure shows in the next Flush or Store, which meets it again.
  if (OpenFiles(*write_slice()).ok()) (void)FlushFiles(/*force_sync=*/true);
}

void MessageLog::Tick() {
  now_tick_ = Now();
  if (read_slice_ != nullptr && !std::exchange(read_slice_used_, false)) {
    read_slice_->CloseFiles();
    read_slice_ = nullptr;
  }
  if (writer_.buffers() && now_tick_ - last_shrink_ >= kShrinkIntervalNs) {
    last_shrink_ = now_tick_;
    const bool open = write_slice() != nullptr && write_slice()->data != nullptr;
    if (open) (void)writer_.Shrink();  // a failure is met again by the next write
  }
  if (expiration_ns_ > 0 && limits_.max_age_ns > 0 && now_tick_ >= expiration_ns_) {
    Expire(now_tick_);
  }
  if (now_tick_ - last_evict_ >= MessageCache::kTimeToLiveNs &&
      !fault::On(Fault::kCacheNeverEvicts)) {
    last_evict_ = now_tick_;
    const int64_t longer = fault::On(Fault::kCachedLonger) ? 9 * kSecondNs : 0;
    cache_.Evict(WrapSubtract(now_tick_, longer));
  }
  const int64_t interval = context_.options.auto_sync_ns;
  if (interval > 0 && now_tick_ - last_auto_sync_ >= interval) {
    last_auto_sync_ = now_tick_;
    AutoSync();
  }
}

}  // namespace atrest::store
