// Where the records of a message file stand, found without the store's own reader: a walk over the
// framing (le32 size, le32 CRC-32, payload) and over the protobuf fields up to the data, field 4.
// Threads: pure functions.
#pragma once

#include <optional>

#include "reference/base/bytes.h"

namespace atrest::tamper {

struct Range {
  size_t offset = 0;  // in the file
  size_t size = 0;
};

struct RecordPlace {
  size_t header = 0;
  Range payload;
  Range data;  // empty where the record has none
};

// Record NUMBER, counted from 1; nullopt if the file has no such whole record.
std::optional<RecordPlace> FindRecord(ByteView file, uint64_t number);

// Writes the checksum (IEEE) of the record's payload into its header.
void RepairChecksum(Bytes& file, const RecordPlace& record);

}  // namespace atrest::tamper
