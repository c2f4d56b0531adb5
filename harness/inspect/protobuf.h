// What INSPECT.md demands of a payload beyond what reference/wire does: that code is as lenient as
// the real server's, which does not look inside groups it passes over and cuts field numbers and
// varints to their width. An inspector says so when bytes are wrong.
// Threads: pure functions.
#pragma once

#include <string>

#include "reference/base/bytes.h"

namespace atrest::inspect {

// Whether a payload is valid protobuf, whatever its schema.
struct Validity {
  // "" if it is; otherwise why not.
  std::string why;
  // Whether it has a field with a number beyond 31 bits, which the reference's decoders would
  // refuse or take for another. KnownFields is then what they should be given.
  bool has_huge_numbers = false;
};

Validity CheckProtobuf(ByteView payload);

// PAYLOAD without the fields whose numbers have more than 31 bits. REQUIRES: it is valid.
Bytes KnownFields(ByteView payload);

}  // namespace atrest::inspect
