// The files of a stopped store as facts: names, sizes and every record, field by field, with what
// is random in them put through the normaliser. Reads the framing and protobuf on its own
// (standalone.md 1.2 to 1.6); knows nothing of what records mean beyond the fields that hold
// something random. Bytes that are no record are shown as they are up to the first record with a
// wrong checksum: behind that, where a record begins may be chance.
// Threads: pure but for the normaliser's memory.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/compare/facts.h"
#include "harness/compare/normaliser.h"
#include "harness/compare/tree.h"

namespace atrest::compare {

// POLYNOMIALS: those that the case uses, reversed notation; a checksum is right under one of them.
Facts DiskFacts(const Tree& tree, const std::vector<uint32_t>& polynomials, Normaliser& normaliser);

}  // namespace atrest::compare
