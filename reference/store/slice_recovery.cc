#include "reference/store/slice_recovery.h"

#include <algorithm>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/store/bad_record.h"
#include "reference/wire/msg_proto.h"

namespace atrest::store {
namespace {

constexpr uint64_t kRecordsPerRead = 4096;
// The real server's writer of a rebuilt index holds this many records.
constexpr size_t kRebuiltBufferSize = 1000 * kIndexRecordSize;

// Reads all index records into SLICE's counts; *LAST becomes the last one. Zero padding is cut off.
Status ReadIndex(const FileContext& context, Slice& slice, IndexEntry* last) {
  Bytes block(kRecordsPerRead * kIndexRecordSize);
  for (uint64_t offset = kFirstOffset;;) {
    const Result<size_t> read = slice.index->ReadAt(offset, block);
    if (!read.ok()) return read.status();
    for (size_t at = 0; at < read.value(); at += kIndexRecordSize, offset += kIndexRecordSize) {
      const size_t left = read.value() - at;
      if (left < kIndexRecordSize) return EofError(left);
      const Result<std::optional<IndexEntry>> entry =
          ParseIndexRecord(block.data() + at, context.crc, context.options.check_crc);
      if (!entry.ok()) return entry.status();
      if (!entry.value()) return slice.index->Truncate(offset);
      *last = *entry.value();
      slice.Count(last->sequence, last->size, last->timestamp_ns);
    }
    if (read.value() < block.size()) return Status();
  }
}

// Why the record that LAST points at cannot be the last message.
Status CheckLastMessage(const FileContext& context, const Slice& slice, const IndexEntry& last) {
  if (static_cast<int64_t>(last.offset) < 0) {
    return Status(Code::kCorrupt,
                  "unable to set position to " + std::to_string(static_cast<int64_t>(last.offset)));
  }
  RecordReader reader(*slice.data, Framing::kUntyped, context.crc, /*check_crc=*/true, last.offset);
  if (!reader.Next(last.size)) {
    return reader.status().WithPrefix("unable to read last record: ");
  }
  const Result<Message> message = wire::DecodeMessage(reader.payload());
  if (!message.ok()) return message.status().WithPrefix("error decoding message: ");
  if (message.value().sequence == last.sequence) return Status();
  if (fault::On(Fault::kLastSequenceNotCompared)) return Status();
  return Status(Code::kCorrupt, "last message sequence in index is " +
                                    std::to_string(last.sequence) + ", data file is " +
                                    std::to_string(message.value().sequence));
}

// For a variant: indexes the records behind LAST that are whole and go on from it.
Status AdoptTail(const FileContext& context, Slice& slice, const IndexEntry& last) {
  const uint64_t behind = last.offset + kRecordHeaderSize + last.size;
  RecordReader reader(*slice.data, Framing::kUntyped, context.crc, /*check_crc=*/true, behind);
  Bytes entries;
  while (reader.Next()) {
    const Result<Message> decoded = wire::DecodeMessage(reader.payload());
    if (!decoded.ok() || decoded.value().sequence != slice.last + 1) break;
    const Message& message = decoded.value();
    const uint32_t size = static_cast<uint32_t>(reader.payload().size());
    slice.Count(message.sequence, size, message.timestamp_ns);
    AppendIndexRecord({message.sequence, reader.offset(), message.timestamp_ns, size}, context.crc,
                      entries);
  }
  return entries.empty() ? Status() : slice.index->Append(entries);
}

// For a fault.
Status DropLast(const FileContext& context, Slice& slice) {
  ATREST_TRY(slice.index->Truncate(kFirstOffset + (slice.count - 1) * kIndexRecordSize));
  slice.ForgetCounts();
  IndexEntry last;
  return ReadIndex(context, slice, &last);
}

Status UseIndex(const FileContext& context, Slice& slice) {
  IndexEntry last;
  ATREST_TRY(ReadIndex(context, slice, &last));
  if (slice.count == 0) return Status();
  const Status checked = CheckLastMessage(context, slice, last);
  if (checked.ok() && fault::On(Fault::kTailAdopted)) return AdoptTail(context, slice, last);
  if (checked.ok() || fault::On(Fault::kLastRecordNotChecked)) return Status();
  if (fault::On(Fault::kBadLastRecordDropped)) return DropLast(context, slice);
  const Status failed = checked.WithPrefix("Verification of last message for file " +
                                           GoQuote(slice.data_path) + " failed: ");
  context.LogError(failed.message());
  return failed;
}

std::string NeedsHelp(const Slice& slice, const Status& why, const char* what,
                      const Status& refusal) {
  return "error during recovery of file " + GoQuote(slice.data_path) + ": " + why.message() +
         ", you need to manually remove index file " + GoQuote(slice.index_path) + " (" + what +
         " failed with err: " + refusal.message() + ")";
}

Status GiveUpIndex(const FileContext& context, Slice& slice, const Status& why) {
  context.LogError("Error with index file " + GoQuote(slice.index_path) + ": " + why.message() +
                   ". Truncating and recovering from data file");
  const Status truncated = slice.index->Truncate(kFirstOffset);
  if (!truncated.ok()) return Status(Code::kIo, NeedsHelp(slice, why, "truncate", truncated));
  slice.ForgetCounts();
  return Status();
}

class IndexRebuild {
 public:
  // BLAMES_INDEX: an index without records was found. The real server then takes the index for the
  // file that it reads, so that is what gets dumped and truncated where the data file is at fault.
  IndexRebuild(const FileContext& context, Slice& slice, bool blames_index)
      : context_(context), slice_(slice), blames_index_(blames_index) {}

  Status Run() {
    ATREST_TRY(ReadData());
    if (blamed_was_truncated_ && blames_index_ && !pending_.empty()) {
      // Truncating reopened the file under the writer of the new index.
      return Status(Code::kIo, "write " + slice_.index_path + ": file already closed");
    }
    ATREST_TRY(Write());
    return slice_.index->Sync();
  }

 private:
  Status ReadData() {
    const bool checks = context_.options.check_crc && !fault::On(Fault::kRebuildWithoutChecksum);
    RecordReader reader(*slice_.data, Framing::kUntyped, context_.crc, checks, kFirstOffset);
    while (reader.Next()) ATREST_TRY(AddMessage(reader));
    if (slice_.count > 1 && fault::On(Fault::kRebuildDropsLast)) DropLastOfRebuilt();
    if (reader.stop() == ReadStop::kEnd) return Status();
    env::File& blamed = blames_index_ ? *slice_.index : *slice_.data;
    blamed_was_truncated_ = true;
    const bool is_padded = reader.stop() == ReadStop::kZeroPadding;
    if (is_padded && !fault::On(Fault::kPaddingIsDamage)) return blamed.Truncate(reader.offset());
    return HandleBadRecord(context_, blamed, blames_index_ ? slice_.index_path : slice_.data_path,
                           Framing::kUntyped, reader);
  }

  Status AddMessage(const RecordReader& reader) {
    const Result<Message> decoded = wire::DecodeMessage(reader.payload());
    if (!decoded.ok()) return decoded.status();
    const Message& message = decoded.value();
    if (message.payload().empty() && fault::On(Fault::kRebuildSkipsEmpty)) return Status();
    const uint32_t size = static_cast<uint32_t>(reader.payload().size());
    slice_.Count(message.sequence, size, message.timestamp_ns);
    if (pending_.size() == kRebuiltBufferSize) ATREST_TRY(Write());
    const bool now = fault::On(Fault::kRebuildStampsNow);
    const int64_t stamp = now ? context_.env.clock.NowNs() : message.timestamp_ns;
    AppendIndexRecord({message.sequence, reader.offset(), stamp, size}, context_.crc, pending_);
    return Status();
  }

  // For a fault.
  void DropLastOfRebuilt() {
    if (pending_.size() < kIndexRecordSize) return;
    pending_.resize(pending_.size() - kIndexRecordSize);
    --slice_.count;
    --slice_.last;
  }

  Status Write() {
    if (pending_.empty()) return Status();
    ATREST_TRY(slice_.index->Append(pending_));
    pending_.clear();
    return Status();
  }

  const FileContext& context_;
  Slice& slice_;
  const bool blames_index_;
  bool blamed_was_truncated_ = false;
  Bytes pending_;
};

}  // namespace

Status RecoverSlice(const FileContext& context, Slice& slice, bool had_index) {
  bool blames_index = false;
  if (had_index && fault::On(Fault::kIndexAlwaysRebuilt)) {
    ATREST_TRY(slice.index->Truncate(kFirstOffset));
  } else if (had_index) {
    const Status usable = UseIndex(context, slice);
    if (usable.ok() && slice.count > 0) return Status();
    blames_index = usable.ok();
    if (!usable.ok()) ATREST_TRY(GiveUpIndex(context, slice, usable));
  }
  if (!had_index && fault::On(Fault::kRebuildReported)) {
    context.log.Log(LogLevel::kWarning, "Index file " + GoQuote(slice.index_path) +
                                            " is missing and is made again from the data");
  }
  const Status rebuilt = IndexRebuild(context, slice, blames_index).Run();
  if (rebuilt.ok()) return rebuilt;
  slice.CloseFiles();
  const Status removed = context.env.files.Remove(slice.index_path);
  if (!removed.ok()) return Status(Code::kIo, NeedsHelp(slice, rebuilt, "remove", removed));
  return rebuilt;
}

}  // namespace atrest::store
