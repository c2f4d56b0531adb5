// The bytes of a configuration in the log and in a message: msgpack in the dialect from before
// 2013. Specification: cluster.md 1.4 (the contents) and 1.3 (the dialect).
// Decoding accepts what the real server's decoder does: keys in any order, unknown keys, arrays in
// place of maps, old and new strings, nil, numbers of any width; bytes behind the value.
// Errors: kCorrupt with the real decoder's texts, "failed to decode configuration: EOF" or "failed
// to decode configuration: msgpack decode error [pos N]: WHY", at which the real server panics.
// Threads: pure functions.
#pragma once

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/raft/membership.h"

namespace atrest::raft {

Bytes EncodeConfiguration(const Configuration& configuration);
Result<Configuration> DecodeConfiguration(ByteView bytes);

}  // namespace atrest::raft
