#include "reference/env/mem_content.h"

#include <algorithm>

namespace atrest::env {

size_t MemContent::Read(uint64_t offset, std::span<uint8_t> into) const {
  if (offset >= size_) return 0;
  const ByteView found =
      ByteView(*bytes_).first(size_).subspan(offset).first(std::min(into.size(), size_ - offset));
  std::copy_n(found.data(), found.size(), into.data());
  return found.size();
}

void MemContent::Own() {
  bytes_ = std::make_shared<Bytes>(bytes_->begin(), bytes_->begin() + static_cast<long>(size_));
  frozen_ = false;
}

Bytes& MemContent::ForOverwrite() {
  if (!Owned()) Own();
  bytes_->resize(size_);
  return *bytes_;
}

Bytes& MemContent::ForGrowth() {
  const bool ends_with_bytes = !frozen_ && size_ == bytes_->size();
  return ends_with_bytes ? *bytes_ : ForOverwrite();
}

void MemContent::Write(uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  if (offset >= size_) {
    Bytes& own = ForGrowth();
    own.resize(offset);
    Append(own, bytes);
    size_ = own.size();
    return;
  }
  Bytes& own = ForOverwrite();
  own.resize(std::max<size_t>(size_, offset + bytes.size()));
  std::copy_n(bytes.data(), bytes.size(), own.data() + offset);
  size_ = own.size();
}

void MemContent::Resize(uint64_t size) {
  if (size > size_) ForGrowth().resize(size);
  size_ = size;
}

}  // namespace atrest::env
