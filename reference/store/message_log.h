// The messages of one channel in files: slices of a data file and an index each. Specification,
// standalone.md 1.6, 1.7, 1.10; FORMAT.md. message_log.cc writes, message_log_read.cc reads,
// message_log_limits.cc removes, message_log_recovery.cc opens.
// Ownership: borrows its FileContext. Open files: those of the slice that is written, and of at
// most one other.
// Errors: see store.h. Failures while expiring or limiting are logged, since no caller waits for
// them.
// Threads: one.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "reference/store/buffered_writer.h"
#include "reference/store/file_context.h"
#include "reference/store/limits.h"
#include "reference/store/message_cache.h"
#include "reference/store/slice.h"
#include "reference/store/store.h"

namespace atrest::store {

class MessageLog : public MessageStore {
 public:
  // A channel without messages. Makes no file before the first message.
  MessageLog(const FileContext& context, const std::string& channel, const ChannelLimits& limits);

  // What is on disk of CHANNEL. A refusal reads
  // 'unable to recover message store for [CHANNEL](file: "LAST FILE OPENED"): ...'.
  static Result<std::unique_ptr<MessageLog>> Recover(const FileContext& context,
                                                     const std::string& channel,
                                                     const ChannelLimits& limits);

  Status Store(Message message) override;
  Result<MessagePtr> Lookup(uint64_t sequence) override;
  Result<MessagePtr> FirstMessage() override;
  Result<MessagePtr> LastMessage() override;
  uint64_t FirstSequence() const override { return first_; }
  uint64_t LastSequence() const override { return last_; }
  Result<uint64_t> SequenceFromTimestamp(int64_t timestamp_ns) override;
  MessageCounts Counts() const override { return {count_, bytes_}; }
  Status Flush() override;
  Status Empty() override;
  void Tick() override;

  // Flushes and syncs; closes all files. The log is not to be used after it.
  Status Close();

 private:
  // A message whose record is in the write buffer, and whose index record is not written yet.
  struct Unflushed {
    MessagePtr message;
    IndexEntry entry;
  };
  struct SliceLimits {
    uint64_t messages = 0;  // 0: unlimited, as the others
    uint64_t bytes = 0;
    int64_t age_ns = 0;
  };
  static SliceLimits MakeSliceLimits(const FileStoreOptions& options, const ChannelLimits& limits);

  // message_log.cc
  int64_t Now() const { return context_.env.clock.NowNs(); }
  std::unique_ptr<Slice> MakeSlice(int64_t number, const std::string& data_name) const;
  Slice* write_slice() const { return slices_.empty() ? nullptr : slices_.back().get(); }
  Status OpenIndex(Slice& slice);
  Status OpenFiles(Slice& slice);
  Status CloseWriteSlice();
  bool NeedsNewSlice() const;
  Status RollOver();
  Status FillGap(const Message& message);
  Status Write(const MessagePtr& message, uint32_t size);
  Status WriteThrough(Slice& slice, const Message& message);
  Status WriteUnflushedIndex();
  Status FlushFiles(bool force_sync);
  void Remember(const MessagePtr& message, uint32_t size);
  void AutoSync();

  // message_log_read.cc
  Result<std::optional<IndexEntry>> IndexOf(Slice& slice, uint64_t sequence, IndexCursor& cursor);
  // Like IndexOf, but a missing record is a failure.
  Result<IndexEntry> RequireIndexOf(Slice& slice, uint64_t sequence, IndexCursor& cursor);
  Slice* SliceOf(uint64_t sequence) const;
  Result<MessagePtr> ReadFromDisk(Slice& slice, uint64_t sequence);
  Result<MessagePtr> ReadAhead(Slice& slice, uint64_t sequence);
  Result<std::vector<IndexEntry>> PlanReadAhead(Slice& slice, uint64_t sequence);
  Result<MessagePtr> ReadOne(Slice& slice, uint64_t sequence);
  Result<std::optional<uint64_t>> FindTimestamp(Slice& slice, int64_t timestamp_ns);

  // message_log_limits.cc
  bool OverLimits() const;
  void EnforceLimits(bool warn);
  void Expire(int64_t now_ns);
  Status ExpireUntil(int64_t now_ns);
  Status RemoveFirst(IndexCursor& cursor);
  void CountAsRemoved(Slice& slice, uint32_t payload_size);
  void SkipMissing(Slice& slice, IndexCursor& cursor);
  void RemoveFirstSlice();

  // message_log_recovery.cc
  Status RecoverSlices(std::string* file);
  Status RecoverNamedSlice(const std::string& data_name, std::string* file);

  const FileContext& context_;
  const std::string channel_;
  const ChannelLimits limits_;
  const SliceLimits slice_limits_;

  std::deque<std::unique_ptr<Slice>> slices_;  // by number; the last one is written
  bool ascending_ = true;                      // sequences ascend with slice numbers
  Slice* read_slice_ = nullptr;                // the one slice besides the last that may be open
  bool read_slice_used_ = false;               // since the last Tick

  BufferedWriter writer_;
  uint64_t write_offset_ = kFirstOffset;
  std::map<uint64_t, Unflushed> unflushed_;
  bool need_sync_ = false;
  Bytes scratch_;

  MessageCache cache_;
  MessagePtr first_message_;  // null if not known
  MessagePtr last_message_;
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
  bool warned_of_limits_ = false;

  int64_t now_tick_;  // the clock as the background task last saw it
  int64_t last_shrink_;
  int64_t last_evict_;
  int64_t last_auto_sync_;
  int64_t expiration_ns_ = 0;  // when the first message expires; 0: none does
};

}  // namespace atrest::store
