// The files of a store as records: version word, framing, index records; and the damage in them.
// Which bytes count as damage, and where reading goes on, is INSPECT.md's; the format is that of
// specification, standalone.md 1.2 and 1.6. What a payload means is not looked at here.
// Ownership: records are views into the file's bytes.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/inspect/inspection.h"
#include "reference/base/bytes.h"
#include "reference/base/crc32.h"
#include "reference/store/record.h"

namespace atrest::inspect {

// Damage within one file; Damage without the file's name.
struct DamagedBytes {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  DamageKind kind = DamageKind::kTruncated;
  std::string why;
};

// A record whose header and payload fit the file.
struct Record {
  uint64_t offset = 0;
  uint8_t type = 0;  // 0 in untyped files
  bool crc_ok = false;
  ByteView payload;

  uint64_t end() const { return offset + 8 + payload.size(); }
  DamagedBytes AsDamage(DamageKind kind, std::string why) const {
    return {offset, end() - offset, kind, std::move(why)};
  }
};

struct RecordFile {
  std::vector<Record> records;  // by offset
  uint64_t padding = 0;         // zero bytes at the end
  std::vector<DamagedBytes> damage;
};

// RESUME_AT, ascending: offsets at which to go on behind a record that does not fit the file, or
// that begins at none of them, has a wrong checksum and would reach over one.
RecordFile ReadRecords(ByteView file, store::Framing framing, const Crc32& crc,
                       const std::vector<uint64_t>& resume_at = {});

// An index record with a right checksum.
struct IndexRecord {
  uint64_t position = 0;  // its own offset in the index file
  store::IndexEntry entry;
};

struct IndexFile {
  std::vector<IndexRecord> records;  // by position
  uint64_t padding = 0;
  std::vector<DamagedBytes> damage;
};

IndexFile ReadIndex(ByteView file, const Crc32& crc);

}  // namespace atrest::inspect
