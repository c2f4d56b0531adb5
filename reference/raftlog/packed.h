// Lists of numbers as protobuf packs them: varints one behind the other, in one field. For the
// messages of this folder alone.
// Errors: kCorrupt with the texts of wire/proto.h. Threads: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::raftlog {

Bytes EncodePacked(const std::vector<uint64_t>& numbers);
// Appends the numbers of PACKED to TO.
Status DecodePacked(ByteView packed, std::vector<uint64_t>& to);

}  // namespace atrest::raftlog
