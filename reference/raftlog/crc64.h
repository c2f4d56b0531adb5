// CRC-64/XZ: the ECMA polynomial, reflected, initial value and final xor all ones. What a
// snapshot's state is checked with; no protection against whoever can write the file.
// Specification: cluster.md 2. Threads: a pure function.
#pragma once

#include <cstdint>

#include "reference/base/bytes.h"

namespace atrest::raftlog {

uint64_t Crc64(ByteView bytes);

}  // namespace atrest::raftlog
