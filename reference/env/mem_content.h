// The bytes of one file in memory, copied only when they have to be: a copy of a MemContent costs
// no more than a pointer, and so do a truncation of it and an append to the longest of several
// copies. That makes a snapshot for every length of a file affordable.
// Threads: copies share bytes, so they belong to one thread; copies of a frozen MemContent may go
// to others.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "reference/base/bytes.h"

namespace atrest::env {

class MemContent {
 public:
  size_t size() const { return size_; }
  // As File::ReadAt.
  size_t Read(uint64_t offset, std::span<uint8_t> into) const;
  // Writes BYTES at OFFSET, with zeros between the end and OFFSET. REQUIRES: offset + bytes.size()
  // fits memory.
  void Write(uint64_t offset, ByteView bytes);
  // Cuts, or grows with zeros.
  void Resize(uint64_t size);
  // From here on this content and the copies made of it never write to the bytes that they share,
  // not even behind the end.
  void Freeze() { frozen_ = true; }

 private:
  bool Owned() const { return !frozen_ && bytes_.use_count() == 1; }
  void Own();
  Bytes& ForOverwrite();
  Bytes& ForGrowth();

  // Several contents may share BYTES_; each sees the first SIZE_ of them. What is behind an end is
  // free for the one content that ends where the bytes do.
  std::shared_ptr<Bytes> bytes_ = std::make_shared<Bytes>();
  size_t size_ = 0;
  bool frozen_ = false;
};

}  // namespace atrest::env
