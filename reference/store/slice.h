// One slice of a channel's messages: a data file, its index, and what is counted of them.
// Specification, standalone.md 1.6. Sequences come from the disk and may be anything; arithmetic
// on them and on timestamps wraps, as the real server's does.
// Ownership: a Slice owns its open files; most slices have none open.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reference/env/env.h"
#include "reference/store/file_context.h"
#include "reference/store/record.h"
#include "reference/store/record_format.h"

namespace atrest::store {

struct Slice {
  int64_t number = 0;  // 1, 2, 3...
  std::string data_path;
  std::string index_path;
  std::unique_ptr<env::File> data;   // null while closed
  std::unique_ptr<env::File> index;  // null while closed

  uint64_t first = 0;  // the first message that has not been removed
  uint64_t last = 0;
  uint64_t count = 0;    // messages in the files
  uint64_t removed = 0;  // of them, by limits: only counted, the files do not change
  uint64_t bytes = 0;    // accounted size of all messages in the files
  uint64_t removed_bytes = 0;
  int64_t first_write_ns = 0;  // timestamp of the first message

  void Count(uint64_t sequence, uint32_t payload_size, int64_t timestamp_ns) {
    if (first == 0) first = sequence;
    if (first_write_ns == 0) first_write_ns = timestamp_ns;
    AddLast(sequence, payload_size);
  }
  // The same for a message that fills a gap, which can be neither first nor the one that dates the
  // slice.
  void AddLast(uint64_t sequence, uint32_t payload_size) {
    last = sequence;
    ++count;
    bytes += payload_size + kMessageOverhead;
  }
  // As if nothing had been counted.
  void ForgetCounts() {
    first = last = count = bytes = 0;
    first_write_ns = 0;
  }
  bool Holds(uint64_t sequence) const { return first <= sequence && sequence <= last; }
  bool exhausted() const { return removed == count; }
  void CloseFiles() {
    data.reset();
    index.reset();
  }
};

inline int64_t WrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t WrapSubtract(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// Finds index records of slices on disk. Reads ahead, more with each record that is asked for in
// ascending order, so that a walk over a slice costs few reads; what it has read is not refreshed:
// use one for one walk.
class IndexCursor {
 public:
  explicit IndexCursor(const FileContext& context) : context_(context) {}

  // The record of SEQUENCE; nullopt if there is none. Looks where it would be if sequences had no
  // gaps, then backwards. REQUIRES: the slice's index is open.
  Result<std::optional<IndexEntry>> Find(const Slice& slice, uint64_t sequence);
  // The record at POSITION, counted from 0; nullopt behind the last. A cut one fails with
  // "unexpected EOF", a zero one with "end of file padded with zeros".
  Result<std::optional<IndexEntry>> At(const Slice& slice, uint64_t position);

 private:
  std::optional<IndexEntry> FindBefore(const Slice& slice, uint64_t sequence, uint64_t position);
  Status Fill(const Slice& slice, uint64_t position, uint64_t records);

  const FileContext& context_;
  int64_t slice_number_ = 0;  // of the slice that block_ belongs to
  uint64_t block_position_ = 0;
  uint64_t block_records_ = 1;  // how many to read next
  Bytes block_;
};

// Where SEQUENCE's index record is in SLICE if no sequence is missing.
inline uint64_t IndexPosition(const Slice& slice, uint64_t sequence) {
  return sequence - slice.first + slice.removed;
}

}  // namespace atrest::store
