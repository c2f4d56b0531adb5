// Undoes DEFLATE (RFC 1951), so that a payload that was only compressed is found: Huffman codes
// leave no byte of it as it was. For the canary search, so it is lenient: it gives what it could
// decode before the first error, and checks no checksum.
// Threads: pure.
#pragma once

#include <cstddef>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

// At most LIMIT bytes of what the stream at the start of BYTES holds.
Bytes Inflate(ByteView bytes, size_t limit);

// The offsets, from FROM on, at which the compressed part of a gzip or zlib stream may begin.
std::vector<size_t> CompressedStreams(ByteView bytes, size_t from);

}  // namespace atrest::disktruth
