#include "reference/store/buffered_writer.h"

#include <algorithm>

namespace atrest::store {

BufferedWriter::BufferedWriter(size_t min_size, size_t max_size)
    : min_size_(min_size), max_size_(max_size), size_(std::min(min_size, max_size)) {}

void BufferedWriter::Attach(env::File* file) {
  file_ = file;
  buffer_.clear();
  failure_ = Status();
}

Status BufferedWriter::WriteThrough(ByteView bytes) {
  ATREST_CHECK(file_ != nullptr);
  const Status written = file_->Append(bytes);
  if (buffers()) failure_ = written;
  return written;
}

Status BufferedWriter::Write(ByteView record) {
  if (!failure_.ok()) return failure_;
  if (!buffers()) return WriteThrough(record);
  if (!buffer_.empty() && available() < record.size()) ATREST_TRY(Flush());
  if (available() < record.size()) return WriteThrough(record);
  Append(buffer_, record);
  if (shrink_next_ && !half_empty()) shrink_next_ = false;
  return Status();
}

Status BufferedWriter::Flush() {
  if (!failure_.ok()) return failure_;
  if (buffer_.empty()) return Status();
  ATREST_TRY(WriteThrough(buffer_));
  buffer_.clear();
  return Status();
}

Status BufferedWriter::Grow(size_t required) {
  shrink_next_ = false;
  ATREST_TRY(Flush());
  size_ = std::min(std::max(size_ * 2, required), max_size_);
  return Status();
}

Status BufferedWriter::Shrink() {
  if (size_ <= min_size_) return Status();
  if (!shrink_next_) {
    shrink_next_ = half_empty();
    return Status();
  }
  ATREST_TRY(Flush());
  size_ = std::max(size_ / 2, min_size_);
  buffer_ = Bytes();
  return Status();
}

}  // namespace atrest::store
