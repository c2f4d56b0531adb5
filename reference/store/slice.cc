#include "reference/store/slice.h"

#include <algorithm>

namespace atrest::store {
namespace {

constexpr uint64_t kBlockRecordsMax = 1024;

// Positions behind this cannot be in a file.
constexpr uint64_t kPositionMax = (uint64_t{1} << 62) / kIndexRecordSize;

uint64_t OffsetOf(uint64_t position) { return kFirstOffset + position * kIndexRecordSize; }

}  // namespace

Status IndexCursor::Fill(const Slice& slice, uint64_t position, uint64_t records) {
  const Result<uint64_t> size = slice.index->Size();
  if (!size.ok()) return size.status();
  const uint64_t offset = OffsetOf(position);
  const uint64_t left = size.value() - std::min(offset, size.value());
  block_.resize(static_cast<size_t>(std::min(left, records * kIndexRecordSize)));
  slice_number_ = slice.number;
  block_position_ = position;
  const Result<size_t> read = slice.index->ReadAt(offset, block_);
  block_.resize(read.ok() ? read.value() : 0);
  return read.status();
}

Result<std::optional<IndexEntry>> IndexCursor::At(const Slice& slice, uint64_t position) {
  if (position > kPositionMax) return std::optional<IndexEntry>();
  const bool inside = slice_number_ == slice.number && position >= block_position_ &&
                      (position - block_position_ + 1) * kIndexRecordSize <= block_.size();
  if (!inside) {
    ATREST_TRY(Fill(slice, position, block_records_));
    block_records_ = std::min(block_records_ * 2, kBlockRecordsMax);
  }
  const size_t at = static_cast<size_t>(position - block_position_) * kIndexRecordSize;
  const size_t left = block_.size() - std::min(at, block_.size());
  if (left == 0) return std::optional<IndexEntry>();
  if (left < kIndexRecordSize) return EofError(left);
  Result<std::optional<IndexEntry>> parsed =
      ParseIndexRecord(block_.data() + at, context_.crc, context_.options.check_crc);
  if (parsed.ok() && !parsed.value()) return ZeroPaddingError();
  return parsed;
}

Result<std::optional<IndexEntry>> IndexCursor::Find(const Slice& slice, uint64_t sequence) {
  const uint64_t position = IndexPosition(slice, sequence);
  Result<std::optional<IndexEntry>> entry = At(slice, position);
  if (!entry.ok()) return entry;
  if (entry.value() && entry.value()->sequence == sequence) return entry;
  return FindBefore(slice, sequence, position);
}

std::optional<IndexEntry> IndexCursor::FindBefore(const Slice& slice, uint64_t sequence,
                                                  uint64_t position) {
  const Result<uint64_t> size = slice.index->Size();
  if (!size.ok() || size.value() < kFirstOffset) return std::nullopt;
  position = std::min(position, (size.value() - kFirstOffset) / kIndexRecordSize);
  while (position > 0) {
    --position;
    if (slice_number_ != slice.number || position < block_position_) {
      const uint64_t start = position + 1 - std::min(position + 1, block_records_);
      if (!Fill(slice, start, position + 1 - start).ok()) return std::nullopt;
      block_records_ = std::min(block_records_ * 2, kBlockRecordsMax);
    }
    const Result<std::optional<IndexEntry>> entry = At(slice, position);
    if (!entry.ok() || !entry.value() || entry.value()->sequence < sequence) return std::nullopt;
    if (entry.value()->sequence == sequence) return entry.value();
  }
  return std::nullopt;
}

}  // namespace atrest::store
