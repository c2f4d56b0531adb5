// Undoes DEFLATE (RFC 1951), so that a payload that was only compressed is found: Huffman codes
// leave no byte of it as it was. For the canary search, so it is lenient: it gives what it could
// decode before the first error, and checks no checksum.
// Threads: pure.
#pragma once

#include <cstddef>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

struct Inflated {
  Bytes bytes;
  bool goes_on = false;  // behind the end of the input
};
// At most LIMIT bytes of what the stream at the start of BYTES holds.
Inflated Inflate(ByteView bytes, size_t limit);

// Offsets at which the compressed part of a gzip or zlib stream may begin.
using CompressedParts = std::vector<size_t>;
// Those whose stream begins at FROM or behind it.
CompressedParts CompressedStreams(ByteView bytes, size_t from);

}  // namespace atrest::disktruth
