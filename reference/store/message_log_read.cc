// How a MessageLog finds and reads messages: specification, standalone.md 1.10.
#include <algorithm>

#include "reference/base/fault.h"
#include "reference/store/message_log.h"

namespace atrest::store {
namespace {

Status InvalidSeek(const std::string& path) {
  return Status(Code::kIo, "seek " + path + ": invalid argument");
}

// SIZE bytes at OFFSET of the data file; "EOF" or "unexpected EOF" if there are fewer.
Result<Bytes> ReadExactly(const Slice& slice, uint64_t offset, uint64_t size) {
  if (static_cast<int64_t>(offset) < 0) return InvalidSeek(slice.data_path);
  const Result<uint64_t> file_size = slice.data->Size();
  if (!file_size.ok()) return file_size.status();
  const uint64_t left = file_size.value() - std::min(offset, file_size.value());
  if (left < size) return EofError(left);
  Bytes bytes(static_cast<size_t>(size));
  const Result<size_t> read = slice.data->ReadAt(offset, bytes);
  if (!read.ok()) return read.status();
  if (read.value() < bytes.size()) return EofError(read.value());
  return bytes;
}

Status CheckPayload(const FileContext& context, uint32_t stored_crc, ByteView payload) {
  const bool checks = context.options.check_crc || fault::On(Fault::kChecksumAlwaysChecked);
  if (!checks) return Status();
  const uint32_t computed = context.crc.Of(payload);
  if (computed == stored_crc || fault::On(Fault::kChecksumNotChecked)) return Status();
  if (stored_crc == 0 && fault::On(Fault::kChecksumLeftOut)) return Status();
  if (fault::On(Fault::kChecksumsExchanged)) return ChecksumError(computed, stored_crc);
  return ChecksumError(stored_crc, computed);
}

Result<MessagePtr> Decode(ByteView payload) {
  Result<Message> message = wire::DecodeMessage(payload);
  if (!message.ok()) return message.status();
  return MessagePtr(std::make_shared<const Message>(std::move(message).value()));
}

// For a variant: a record that is not of this channel, or not what the index says.
Status CheckRecord(const std::string& channel, const IndexEntry& entry, const Message& message) {
  const bool fits = message.sequence == entry.sequence && message.subject == channel &&
                    message.timestamp_ns == entry.timestamp_ns;
  if (fits || !fault::On(Fault::kRecordsMatched)) return Status();
  return Status(Code::kCorrupt, "record is not that of the index");
}

}  // namespace

Result<std::optional<IndexEntry>> MessageLog::IndexOf(Slice& slice, uint64_t sequence,
                                                      IndexCursor& cursor) {
  const auto unflushed = unflushed_.find(sequence);
  if (unflushed != unflushed_.end()) return std::optional<IndexEntry>(unflushed->second.entry);
  return cursor.Find(slice, sequence);
}

Result<IndexEntry> MessageLog::RequireIndexOf(Slice& slice, uint64_t sequence,
                                              IndexCursor& cursor) {
  const Result<std::optional<IndexEntry>> entry = IndexOf(slice, sequence, cursor);
  if (!entry.ok()) return entry.status();
  if (entry.value()) return *entry.value();
  // The real server goes down here.
  return Status(Code::kCorrupt, "no index record for sequence " + std::to_string(sequence));
}

Slice* MessageLog::SliceOf(uint64_t sequence) const {
  if (slices_.empty()) return nullptr;
  Slice* last = write_slice();
  if (last->Holds(sequence)) return last;
  const auto end = slices_.end() - 1;
  const auto found =
      ascending_ ? std::partition_point(slices_.begin(), end,
                                        [&](const auto& slice) { return slice->last < sequence; })
                 : std::find_if(slices_.begin(), end,
                                [&](const auto& slice) { return slice->Holds(sequence); });
  return found != end && (*found)->Holds(sequence) ? found->get() : nullptr;
}

Result<MessagePtr> MessageLog::Lookup(uint64_t sequence) {
  if (sequence < first_ || sequence > last_) return MessagePtr();
  MessagePtr message = cache_.Get(sequence, Now());
  if (message != nullptr) return message;
  const auto unflushed = unflushed_.find(sequence);
  if (unflushed != unflushed_.end()) {
    cache_.Add(sequence, unflushed->second.message, Now());
    return unflushed->second.message;
  }
  Slice* slice = SliceOf(sequence);
  if (slice == nullptr) return MessagePtr();
  ATREST_TRY(OpenFiles(*slice));
  return ReadFromDisk(*slice, sequence);
}

Result<MessagePtr> MessageLog::ReadFromDisk(Slice& slice, uint64_t sequence) {
  if (context_.options.read_buffer_size > 0 && sequence != slice.last &&
      !fault::On(Fault::kNoReadAhead)) {
    Result<MessagePtr> read = ReadAhead(slice, sequence);
    if (!read.ok() && fault::On(Fault::kReadAheadFailureIsFinal)) return read;
    // Whatever went wrong may concern a later message only.
    if (read.ok()) return read;
  }
  return ReadOne(slice, sequence);
}

// The index records of SEQUENCE and of those behind it whose messages fit the read buffer.
Result<std::vector<IndexEntry>> MessageLog::PlanReadAhead(Slice& slice, uint64_t sequence) {
  const uint64_t budget = context_.options.read_buffer_size;
  const uint64_t affordable = std::max<uint64_t>(budget / kIndexRecordSize, 1);
  const uint64_t most = std::min(affordable - 1, slice.last - sequence) + 1;
  const uint64_t position = IndexPosition(slice, sequence);
  const Result<uint64_t> index_size = slice.index->Size();
  if (!index_size.ok()) return index_size.status();
  const uint64_t records =
      (index_size.value() - std::min(index_size.value(), kFirstOffset)) / kIndexRecordSize;
  if (position > records || most > records - position) return EofError(1);

  std::vector<IndexEntry> plan;
  IndexCursor cursor(context_);
  uint64_t total = 0;
  for (uint64_t i = 0; i < most; ++i) {
    const Result<std::optional<IndexEntry>> entry = cursor.At(slice, position + i);
    if (!entry.ok()) return entry.status();
    if (!entry.value()) return EofError(0);
    if (entry.value()->sequence != sequence + i) {
      return Status(Code::kCorrupt, "wrong sequence, wanted " + std::to_string(sequence + i) +
                                        " got " + std::to_string(entry.value()->sequence));
    }
    const uint64_t size = entry.value()->size + uint64_t{kRecordHeaderSize};
    if (i > 0 && total + size > budget) break;
    const bool is_next = i == 0 || entry.value()->offset ==
                                       plan.back().offset + kRecordHeaderSize + plan.back().size;
    if (!is_next && !context_.options.assume_adjacent) break;
    total += size;
    plan.push_back(*entry.value());
  }
  return plan;
}

// Takes the records to lie one behind the other, and does not look at their size words: a wrong one
// goes unnoticed.
Result<MessagePtr> MessageLog::ReadAhead(Slice& slice, uint64_t sequence) {
  const Result<std::vector<IndexEntry>> plan = PlanReadAhead(slice, sequence);
  if (!plan.ok()) return plan.status();
  uint64_t total = 0;
  for (const IndexEntry& entry : plan.value()) total += entry.size + uint64_t{kRecordHeaderSize};
  const Result<Bytes> bytes = ReadExactly(slice, plan.value().front().offset, total);
  if (!bytes.ok()) return bytes.status();

  MessagePtr first;
  ByteView rest = bytes.value();
  const int64_t now = Now();
  for (const IndexEntry& entry : plan.value()) {
    const RecordHeader header = ParseHeader(Framing::kUntyped, rest.data());
    const ByteView payload = rest.subspan(kRecordHeaderSize, entry.size);
    ATREST_TRY(CheckPayload(context_, header.crc, payload));
    const Result<MessagePtr> message = Decode(payload);
    if (!message.ok()) return message;
    ATREST_TRY(CheckRecord(channel_, entry, *message.value()));
    if (first == nullptr) first = message.value();
    if (cache_.Get(entry.sequence, now) == nullptr && !fault::On(Fault::kNothingCached))
      cache_.Add(entry.sequence, message.value(), now);
    rest = rest.subspan(kRecordHeaderSize + entry.size);
  }
  return first;
}

Result<MessagePtr> MessageLog::ReadOne(Slice& slice, uint64_t sequence) {
  IndexCursor cursor(context_);
  const Result<std::optional<IndexEntry>> found = cursor.Find(slice, sequence);
  if (!found.ok()) return found.status();
  if (!found.value()) return MessagePtr();
  const IndexEntry& entry = *found.value();
  const Result<Bytes> bytes =
      ReadExactly(slice, entry.offset, entry.size + uint64_t{kRecordHeaderSize});
  if (!bytes.ok()) return bytes.status();
  const RecordHeader header = ParseHeader(Framing::kUntyped, bytes.value().data());
  if (header.size == 0 && header.crc == 0) return ZeroPaddingError();
  if (header.size != entry.size && !fault::On(Fault::kSizeWordIgnored)) {
    return Status(Code::kCorrupt, "expected size to be " + std::to_string(entry.size) + ", got " +
                                      std::to_string(header.size));
  }
  const ByteView payload = ByteView(bytes.value()).subspan(kRecordHeaderSize);
  ATREST_TRY(CheckPayload(context_, header.crc, payload));
  const Result<MessagePtr> message = Decode(payload);
  if (message.ok()) ATREST_TRY(CheckRecord(channel_, entry, *message.value()));
  if (message.ok() && !fault::On(Fault::kNothingCached)) {
    cache_.Add(sequence, message.value(), Now());
  }
  return message;
}

Result<MessagePtr> MessageLog::FirstMessage() {
  if (first_message_ != nullptr) return first_message_;
  Result<MessagePtr> message = Lookup(first_);
  if (message.ok()) first_message_ = message.value();
  return message;
}

Result<MessagePtr> MessageLog::LastMessage() {
  if (last_message_ != nullptr) return last_message_;
  Result<MessagePtr> message = Lookup(last_);
  if (message.ok()) last_message_ = message.value();
  return message;
}

Result<uint64_t> MessageLog::SequenceFromTimestamp(int64_t timestamp_ns) {
  if (first_ == 0) return uint64_t{0};
  if (first_ > last_) return last_ + 1;
  if (first_message_ != nullptr && timestamp_ns <= first_message_->timestamp_ns) return first_;
  if (last_message_ != nullptr) {
    if (timestamp_ns == last_message_->timestamp_ns) return last_;
    if (timestamp_ns > last_message_->timestamp_ns) return last_ + 1;
  }
  for (const std::unique_ptr<Slice>& slice : slices_) {
    if (slice->exhausted()) continue;
    ATREST_TRY(OpenIndex(*slice));
    const Result<std::optional<uint64_t>> found = FindTimestamp(*slice, timestamp_ns);
    if (!found.ok()) return found.status();
    if (found.value()) return *found.value();
  }
  return last_ + 1;
}

// The first sequence of SLICE at or behind TIMESTAMP_NS. One after the other, since timestamps need
// not ascend in a store that was tampered with, and the answer is then the real server's.
Result<std::optional<uint64_t>> MessageLog::FindTimestamp(Slice& slice, int64_t timestamp_ns) {
  IndexCursor cursor(context_);
  const Result<IndexEntry> first = RequireIndexOf(slice, slice.first, cursor);
  if (!first.ok()) return first.status();
  if (timestamp_ns <= first.value().timestamp_ns) return std::optional<uint64_t>(slice.first);
  IndexCursor far(context_);
  const Result<IndexEntry> last = RequireIndexOf(slice, slice.last, far);
  if (!last.ok()) return last.status();
  if (timestamp_ns > last.value().timestamp_ns) return std::optional<uint64_t>();
  if (timestamp_ns == last.value().timestamp_ns) return std::optional<uint64_t>(slice.last);
  for (uint64_t sequence = slice.first + 1; sequence < slice.last; ++sequence) {
    const Result<IndexEntry> entry = RequireIndexOf(slice, sequence, cursor);
    if (!entry.ok()) return entry.status();
    if (entry.value().timestamp_ns >= timestamp_ns) return std::optional<uint64_t>(sequence);
  }
  return std::optional<uint64_t>(slice.last);
}

}  // namespace atrest::store
