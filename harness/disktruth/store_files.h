// The files of a file store read byte by byte (standalone.md 1.2 to 1.6), by a parser of the disk
// oracle's own: framing, checksums and protobuf fields are written here from the specification and
// share no code with the reference or the inspector. Every byte ends up in a record, an index entry
// or a journal record, or in a Stray: there is no third place.
// Bytes are foreign: nothing here fails, and the work is linear in them.
// Threads: none shared.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

// CRC-32 of a polynomial in reversed notation.
class Checksum {
 public:
  static constexpr uint32_t kIeee = 0xEDB88320;
  explicit Checksum(uint32_t polynomial = kIeee);
  uint32_t operator()(ByteView bytes) const;

 private:
  using Tables = std::array<std::array<uint32_t, 256>, 8>;
  static Tables Make(uint32_t polynomial);
  static const std::shared_ptr<const Tables>& Ieee();

  std::shared_ptr<const Tables> tables_;
};

// Bytes that the format does not explain.
struct Stray {
  enum class Kind {
    kVersion,    // the file does not begin with version 1
    kTorn,       // the file ends within a record
    kPadding,    // zeros up to the end
    kGarbage,    // no record could begin here
    kChecksum,   // a whole record whose checksum is not its payload's
    kUndecoded,  // a record of right checksum that is not protobuf
    kType,       // a journal record of unknown type
    kField,      // a protobuf field that records of this kind do not have
    kForm,       // a field written in another form than the server's
  };
  uint64_t offset = 0;
  uint64_t bytes = 0;
  Kind kind = Kind::kGarbage;
  std::string what;
};
using Strays = std::vector<Stray>;

struct StoredRecord {
  uint64_t offset = 0;
  uint32_t size = 0;   // of the payload, without its header of 8 bytes
  bool whole = false;  // right checksum and decoded; else only offset and size mean anything
  uint64_t sequence = 0;
  int64_t timestamp = 0;
  std::string subject;
  bool has_data = false;  // whether field 4 is there at all
  uint64_t data_offset = 0;
  uint64_t data_size = 0;
};

struct DataFile {
  std::vector<StoredRecord> records;
  Strays strays;
  uint64_t end = 0;  // where reading goes on once the file has grown
};

// Reads FILE from DATA.end on, and adds to DATA. RESUME, sorted: offsets at which records begin, by
// the index. What no checksum fits and the index does not name is no record, and reading goes on at
// the next of them.
void ReadRecords(ByteView file, const Checksum& checksum, const std::vector<uint64_t>& resume,
                 DataFile& data);

struct IndexEntry {
  uint64_t position = 0;  // its own offset in the index
  uint64_t sequence = 0;
  uint64_t offset = 0;
  int64_t timestamp = 0;
  uint32_t size = 0;
};

struct IndexFile {
  std::vector<IndexEntry> entries;
  Strays strays;
  uint64_t end = 0;
};

void ReadIndex(ByteView file, const Checksum& checksum, IndexFile& index);

enum class Journal { kServer, kClients, kSubscriptions };
struct JournalFile {
  Strays strays;
  uint64_t end = 0;  // behind the last whole record
  size_t records = 0;
};

// Reads FILE from JOURNAL.end on, and adds to JOURNAL.
void ReadJournal(Journal which, ByteView file, const Checksum& checksum, JournalFile& journal);

}  // namespace atrest::disktruth
