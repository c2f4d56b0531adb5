// How a MessageLog removes messages: by number, size and age. Removal only counts; files go when a
// whole slice has gone. Specification, standalone.md 1.6.
#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/store/limit_warning.h"
#include "reference/store/message_log.h"

namespace atrest::store {
namespace {

constexpr int64_t kExpiryRetryNs = 5'000'000'000;
constexpr uint64_t kSealOverhead = 29;  // for a fault: what sealing adds to a payload

}  // namespace

void MessageLog::RemoveFirstSlice() {
  ATREST_CHECK(slices_.size() > 1);
  const std::unique_ptr<Slice> slice = std::move(slices_.front());
  slices_.pop_front();
  if (read_slice_ == slice.get()) read_slice_ = nullptr;
  slice->CloseFiles();
  if (fault::On(Fault::kEmptiedSliceLeft)) return;
  // What cannot be removed stays, unreported, as with the real server; a later start finds it
  // again.
  (void)context_.env.files.Remove(slice->data_path);
  (void)context_.env.files.Remove(slice->index_path);
}

void MessageLog::CountAsRemoved(Slice& slice, uint32_t payload_size) {
  const uint64_t size = payload_size + kMessageOverhead;
  ++slice.removed;
  slice.removed_bytes += size;
  --count_;
  bytes_ -= size;
  ++first_;
  first_message_ = nullptr;
  if (first_ > last_) last_message_ = nullptr;
  slice.first = first_;
  if (slice.exhausted() && slices_.size() > 1) RemoveFirstSlice();
}

// SLICE's first message has no index record. The real server tries the next sequence, and the next;
// where no record can match any more it does so for ever. Here the rest of the slice counts as
// removed then.
void MessageLog::SkipMissing(Slice& slice, IndexCursor& cursor) {
  first_message_ = nullptr;
  const Result<std::optional<IndexEntry>> entry = cursor.At(slice, slice.removed);
  const auto unflushed = unflushed_.upper_bound(slice.first);
  uint64_t next = 0;
  if (entry.ok() && entry.value()) {
    next = entry.value()->sequence;
  } else if (unflushed != unflushed_.end()) {
    next = unflushed->first;
  }
  if (next > slice.first && next <= slice.last) {
    first_ = slice.first = next;
    return;
  }
  count_ -= slice.count - slice.removed;
  bytes_ -= slice.bytes - slice.removed_bytes;
  slice.removed = slice.count;
  slice.removed_bytes = slice.bytes;
  first_ = slice.first = slice.last + 1;
  if (first_ > last_) last_message_ = nullptr;
  if (slices_.size() > 1) RemoveFirstSlice();
}

Status MessageLog::RemoveFirst(IndexCursor& cursor) {
  Slice& slice = *slices_.front();
  ATREST_TRY(OpenIndex(slice));
  const Result<std::optional<IndexEntry>> entry = IndexOf(slice, slice.first, cursor);
  if (!entry.ok()) return entry.status();
  // Another value than before only where a slice is missing.
  first_ = slice.first;
  if (entry.value()) {
    CountAsRemoved(slice, entry.value()->size);
  } else {
    SkipMissing(slice, cursor);
  }
  return Status();
}

bool MessageLog::OverLimits() const {
  const bool many = limits_.max_messages > 0 && count_ > limits_.max_messages;
  if (!many && limits_.max_bytes > 0 && bytes_ > limits_.max_bytes && last_message_ != nullptr &&
      last_message_->payload().size() > kSealOverhead &&
      bytes_ - count_ * kSealOverhead <= limits_.max_bytes &&
      fault::On(Fault::kLimitCountsPlaintext)) {
    return false;
  }
  return count_ > 1 && ((limits_.max_messages > 0 && count_ > limits_.max_messages) ||
                        (limits_.max_bytes > 0 && bytes_ > limits_.max_bytes));
}

void MessageLog::EnforceLimits(bool warn) {
  IndexCursor cursor(context_);
  while (OverLimits()) {
    const Status removed = RemoveFirst(cursor);
    if (!removed.ok()) {
      // Not a failure of the message that was stored.
      context_.LogError("Unable to remove first message: " + removed.message());
      return;
    }
    if (!warn || warned_of_limits_) continue;
    warned_of_limits_ = true;
    context_.log.Log(LogLevel::kWarning, ReachedLimits(channel_, count_, limits_.max_messages,
                                                       bytes_, limits_.max_bytes));
  }
}

void MessageLog::Expire(int64_t now_ns) {
  const Status status = ExpireUntil(now_ns);
  if (status.ok()) return;
  context_.LogError("Error during expiration: " + status.message());
  expiration_ns_ = WrapAdd(now_ns, kExpiryRetryNs);
}

Status MessageLog::ExpireUntil(int64_t now_ns) {
  IndexCursor cursor(context_);
  const int64_t max_age = limits_.max_age_ns;
  while (count_ > 0 && first_ <= last_) {
    Slice& slice = *slices_.front();
    // Where a slice is missing, or a torn one was cut.
    if (!slice.Holds(first_)) first_ = slice.first;
    // The time of the next attempt stays what it is: at the next Tick.
    if (!OpenIndex(slice).ok()) return Status();
    const Result<std::optional<IndexEntry>> entry = IndexOf(slice, first_, cursor);
    if (!entry.ok()) return entry.status();
    if (!entry.value()) {
      context_.log.Log(LogLevel::kWarning, "Skip expiration of missing sequence " +
                                               std::to_string(first_) + " for channel " +
                                               GoQuote(channel_));
      SkipMissing(slice, cursor);
      continue;
    }
    const int64_t elapsed = WrapSubtract(now_ns, entry.value()->timestamp_ns);
    if (elapsed < max_age) {
      expiration_ns_ = elapsed < 0 ? WrapAdd(entry.value()->timestamp_ns, max_age)
                                   : WrapAdd(now_ns, max_age - elapsed);
      return Status();
    }
    CountAsRemoved(slice, entry.value()->size);
  }
  expiration_ns_ = 0;
  return Status();
}

}  // namespace atrest::store
