// Writes records to the end of a file through a buffer that grows with use and shrinks when idle:
// what a killed process loses is what was buffered. Sizes and flush points are the real server's,
// since they decide what is on disk after a crash; specification, standalone.md 1.6.
// After a failed write every later one fails in the same way, until Attach: a part of the record
// may be on disk, and writing on behind it would hide that.
// Ownership: borrows the attached file. The destructor writes nothing.
// Threads: one.
#pragma once

#include <cstddef>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::store {

class BufferedWriter {
 public:
  // The buffer starts at the smaller of the two sizes. MAX_SIZE 0: no buffer.
  BufferedWriter(size_t min_size, size_t max_size);

  bool buffers() const { return max_size_ > 0; }
  size_t buffered() const { return buffer_.size(); }
  size_t available() const { return size_ - buffer_.size(); }
  bool at_max_size() const { return size_ == max_size_; }

  // Goes on with FILE (null: with none), an empty buffer of the present size, and no failure.
  void Attach(env::File* file);
  // Buffers RECORD if it fits, after a flush if need be; writes it through if it is larger than the
  // whole buffer. REQUIRES: a file is attached, here and below.
  Status Write(ByteView record);
  Status Flush();
  // Flushes and doubles the buffer, or makes it as large as REQUIRED; never larger than the
  // maximum.
  Status Grow(size_t required);
  // Call now and then: a buffer found at most half full twice in a row is flushed and halved.
  Status Shrink();

 private:
  bool half_empty() const { return buffer_.size() * 100 / size_ <= 50; }
  Status WriteThrough(ByteView bytes);

  size_t min_size_;
  size_t max_size_;
  size_t size_;
  bool shrink_next_ = false;
  env::File* file_ = nullptr;
  Bytes buffer_;
  Status failure_;
};

}  // namespace atrest::store
