// The protobuf wire format, as the records of the store need it: a cursor over encoded fields and
// an appender. The errors are those of the code generator the real server uses (its texts reach log
// lines and refusals to start); the leniency too: strings are not checked for UTF-8, repeated
// scalars overwrite, unknown fields are passed over.
// Not a schema compiler: a message is a switch over field numbers in the file that owns it
// (msg_proto.h, store/journal.h). Library protobuf checks both directions in
// proto_library_test.cc.
// Threads: none shared. A reader borrows the bytes it reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::wire {

class ProtoReader {
 public:
  // MESSAGE_NAME ("MsgProto") appears in error texts. ENCODED must outlive the reader.
  ProtoReader(std::string_view message_name, ByteView encoded);

  // Moves to the next field; false at the end or after an error. The field must be consumed by
  // exactly one of the calls below before the next Next().
  bool Next();
  uint32_t field() const { return field_; }

  // Each yields a zero value after an error, and sets the error where the wire type is another one.
  // NAME is the field's name in the upstream schema, as it appears in error texts.
  uint64_t Uint64(std::string_view name);
  int64_t Int64(std::string_view name);
  int32_t Int32(std::string_view name);  // truncated to 32 bits
  uint32_t Uint32(std::string_view name);
  bool Bool(std::string_view name);
  // A view into the encoded bytes.
  ByteView Blob(std::string_view name);
  std::string String(std::string_view name);
  void Skip();

  // Ok, or kCorrupt with the first error:
  //   "unexpected EOF"                                     a varint, length or fixed value is cut
  //   "proto: integer overflow"                            a varint of more than 10 bytes
  //   "proto: negative length found during unmarshaling"
  //   "proto: NAME: wiretype end group for non-group"
  //   "proto: NAME: illegal tag T (wire type W)"           W is the whole tag
  //   "proto: wrong wireType = W for field F"
  //   "proto: illegal wireType W"                          only of fields that are passed over
  const Status& status() const { return status_; }

 private:
  void Fail(std::string message);
  uint64_t Varint();
  bool Expect(int wire_type, std::string_view name);

  std::string_view message_name_;
  ByteView encoded_;
  size_t at_ = 0;
  size_t field_start_ = 0;
  uint32_t field_ = 0;
  int wire_type_ = 0;
  Status status_;
};

// Appends fields in proto3 form: zero values and empty strings are left out. Call in ascending
// order of field numbers.
class ProtoWriter {
 public:
  explicit ProtoWriter(Bytes& to) : to_(to) {}
  void Uint64(uint32_t field, uint64_t value);
  void Int64(uint32_t field, int64_t value) { Uint64(field, static_cast<uint64_t>(value)); }
  void Int32(uint32_t field, int32_t value) { Int64(field, value); }
  void Bool(uint32_t field, bool value) { Uint64(field, value ? 1 : 0); }
  void Blob(uint32_t field, ByteView value);
  void String(uint32_t field, std::string_view value) { Blob(field, AsBytes(value)); }

 private:
  Bytes& to_;
};

// Sizes of what ProtoWriter appends, for buffers made once.
size_t Uint64FieldSize(uint32_t field, uint64_t value);
size_t BlobFieldSize(uint32_t field, size_t size);

}  // namespace atrest::wire
