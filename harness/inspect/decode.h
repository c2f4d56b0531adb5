// Decodes a payload with one of the reference's decoders, after the check that INSPECT.md demands.
// Errors: kCorrupt; the texts are for people.
// Threads: pure functions.
#pragma once

#include "harness/inspect/protobuf.h"
#include "reference/base/status.h"

namespace atrest::inspect {

template <typename T>
Result<T> DecodeStrictly(ByteView payload, Result<T> (*decode)(ByteView)) {
  const Validity validity = CheckProtobuf(payload);
  if (!validity.why.empty()) return Status(Code::kCorrupt, validity.why);
  return validity.has_huge_numbers ? decode(KnownFields(payload)) : decode(payload);
}

}  // namespace atrest::inspect
