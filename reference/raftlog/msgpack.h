// MessagePack in the dialect of the Raft log: written as before 2013 (strings and bytes are "raw",
// no ext types), read with all that the real server's library accepts for the types that occur.
// Specification: cluster.md 1.3. Not a general library: no floats, no signed numbers below zero, no
// objects.
// Errors: a reader keeps its first error, kCorrupt with the real library's text where it has one:
// "EOF" or "msgpack decode error [pos N]: ...". After an error it yields zero values.
// Threads: none shared. A reader borrows the bytes it reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::raftlog {

class MsgpackReader {
 public:
  // ENCODED must outlive the reader.
  explicit MsgpackReader(ByteView encoded) : encoded_(encoded) {}

  // The beginning of a struct: as a map of names to values, or an array of values in the order of
  // declaration. Nil is a map of nothing.
  struct Container {
    bool is_map = true;
    uint64_t count = 0;
  };
  Container Struct() { return ReadContainer("a struct"); }
  // Of an array of structs or strings.
  Container List() { return ReadContainer("a slice"); }
  // The name of a struct's field; a view into the encoded bytes.
  std::string_view Name() { return AsText(Raw()); }
  std::string String() { return std::string(Name()); }
  // Bytes, also as an array of numbers. Nil is empty.
  Bytes Blob();
  // A number below 2^BITS. Nil is 0.
  uint64_t Unsigned(int bits);
  // The body of a timestamp, whose size is 4, 8 or 12; nullopt for nil.
  std::optional<ByteView> Time();
  void Skip();

  const Status& status() const { return status_; }

 private:
  void Fail(const std::string& what);
  uint8_t Byte();
  uint64_t BigEndian(int bytes);
  ByteView Take(uint64_t size);
  ByteView Raw();
  std::optional<ByteView> RawOf(uint8_t descriptor);
  uint64_t Signed(uint8_t descriptor);
  Container ReadContainer(const char* into);
  std::optional<Container> ContainerOf(uint8_t descriptor);
  uint64_t SkipOne();

  ByteView encoded_;
  size_t at_ = 0;
  Status status_;
};

// Appends in the shortest form.
class MsgpackWriter {
 public:
  explicit MsgpackWriter(Bytes& to) : to_(to) {}
  // REQUIRES: count < 16.
  void Map(uint8_t count);
  void Array(uint32_t count);
  void Raw(ByteView bytes);
  void String(std::string_view text) { Raw(AsBytes(text)); }
  void Nil() { to_.push_back(0xC0); }
  void Unsigned(uint64_t value);

 private:
  void Put(uint8_t descriptor, uint64_t value, int bytes);

  Bytes& to_;
};

}  // namespace atrest::raftlog
