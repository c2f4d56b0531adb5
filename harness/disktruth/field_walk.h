// Protobuf fields as the server writes them: ascending, once each, varints of the least length, no
// default values. What has another form is still read, and said.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

struct Field {
  size_t begin = 0;  // of its tag
  size_t end = 0;
  uint64_t number = 0;
  bool is_varint = false;  // else it is length-delimited; other wire types are not read
  uint64_t value = 0;      // of a varint
  size_t bytes_begin = 0;  // of a length-delimited field: up to END
  std::string odd;         // why no server writes it like this; "" if one would
};

class FieldWalk {
 public:
  explicit FieldWalk(ByteView message) : message_(message) {}

  // The next field; nullopt at the end and where no field could be read, which failed() tells
  // apart.
  std::optional<Field> Next();
  bool failed() const { return failed_; }

 private:
  std::optional<uint64_t> Varint(std::string& odd);
  std::optional<Field> Fail();

  ByteView message_;
  size_t at_ = 0;
  uint64_t previous_ = 0;
  bool failed_ = false;
};

}  // namespace atrest::disktruth
