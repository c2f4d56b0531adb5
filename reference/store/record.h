// Records, the unit of every file of the file store: framing, checksum, and the fixed-size records
// of an index. Constants are in record_format.h, the grammar in FORMAT.md; specification,
// standalone.md 1.2 and 1.6.
// Not for what payloads mean (journal.h, wire/msg_proto.h), nor for what recovery does about
// damage (bad_record.h).
// Ownership: a RecordReader borrows its file and Crc32.
// Errors: a RecordReader stops with a ReadStop and a Status that holds the real server's text.
// Nothing is allocated beyond what the file holds, whatever a size field claims.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>

#include "reference/base/bytes.h"
#include "reference/base/crc32.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::store {

enum class Framing { kUntyped, kTyped };

struct RecordHeader {
  uint8_t type = 0;  // 0 in untyped files
  uint32_t size = 0;
  uint32_t crc = 0;
};

// REQUIRES: FROM points at kRecordHeaderSize bytes.
RecordHeader ParseHeader(Framing framing, const uint8_t* from);

// Appends an untyped record that frames PAYLOAD.
void AppendRecord(ByteView payload, const Crc32& crc, Bytes& to);
// kInvalid "record size too big" if PAYLOAD does not fit the 24 bits of a typed record.
Status AppendTypedRecord(uint8_t type, ByteView payload, const Crc32& crc, Bytes& to);

enum class ReadStop {
  kEnd,            // "EOF": no byte follows, or only a whole header of a record that has a payload
  kUnexpectedEof,  // "unexpected EOF": the header or the payload is cut
  kZeroPadding,    // "end of file padded with zeros": an all-zero header
  kWrongSize,      // "expected record size to be A bytes, got B bytes"
  kBadChecksum,    // "corrupted data, expected crc to be STORED, got COMPUTED"
  kIo              // the file could not be read
};

class RecordReader {
 public:
  // Starts at OFFSET. With CHECK_CRC false a wrong checksum is not noticed.
  RecordReader(const env::File& file, Framing framing, const Crc32& crc, bool check_crc,
               uint64_t offset);

  // Reads the next record; false where there is none to be had, and from then on. A record of
  // another size than a non-zero EXPECTED_SIZE stops the reader.
  bool Next(uint32_t expected_size = 0);

  // Of the record that was read, until the next Next(): where its header is, its type, its payload.
  uint64_t offset() const { return offset_; }
  uint8_t type() const { return header_.type; }
  ByteView payload() const { return payload_; }

  // After Next() returned false; offset() is then where the record that cannot be had would start.
  ReadStop stop() const { return *stop_; }
  const Status& status() const { return status_; }

 private:
  bool Stop(ReadStop stop, Status status);
  bool ReadPayload();
  // The bytes at AT, SIZE of them; fewer at the end of the file. Valid until the next call.
  Result<ByteView> View(uint64_t at, uint64_t size);

  const env::File& file_;
  const Framing framing_;
  const Crc32& crc_;
  const bool check_crc_;
  uint64_t offset_;
  uint64_t next_offset_;
  RecordHeader header_;
  ByteView payload_;
  Bytes window_;
  uint64_t window_offset_ = 0;
  std::optional<ReadStop> stop_;
  Status status_;
};

// Where a message is: one record of an index file.
struct IndexEntry {
  uint64_t sequence = 0;
  uint64_t offset = 0;
  int64_t timestamp_ns = 0;
  uint32_t size = 0;  // of the payload
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

// Appends kIndexRecordSize bytes.
void AppendIndexRecord(const IndexEntry& entry, const Crc32& crc, Bytes& to);
// nullopt for a record of 32 zero bytes, which is padding. kCorrupt "corrupted data, ..." if
// CHECK_CRC and the checksum is wrong. REQUIRES: FROM points at kIndexRecordSize bytes.
Result<std::optional<IndexEntry>> ParseIndexRecord(const uint8_t* from, const Crc32& crc,
                                                   bool check_crc);

// The text of the real server for a file that ends where SIZE_READ bytes of something could be
// read.
Status EofError(uint64_t size_read);
Status ZeroPaddingError();
Status ChecksumError(uint32_t stored, uint32_t computed);

}  // namespace atrest::store
