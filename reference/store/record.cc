#include "reference/store/record.h"

#include <algorithm>
#include <array>

#include "reference/base/fault.h"
#include "reference/store/record_format.h"

namespace atrest::store {
namespace {

constexpr uint64_t kWindowSize = 256 * 1024;

void AppendFrame(uint32_t first_word, ByteView payload, const Crc32& crc, Bytes& to) {
  std::array<uint8_t, kRecordHeaderSize> header;
  StoreLe32(header.data(), first_word);
  const bool left_out = fault::On(Fault::kChecksumLeftOut);
  StoreLe32(header.data() + 4, left_out ? 0 : crc.Of(payload));
  Append(to, header);
  Append(to, payload);
}

}  // namespace

RecordHeader ParseHeader(Framing framing, const uint8_t* from) {
  RecordHeader header;
  header.size = LoadLe32(from);
  header.crc = LoadLe32(from + 4);
  if (framing == Framing::kTyped) {
    header.type = static_cast<uint8_t>(header.size >> 24);
    header.size &= kMaxTypedSize;
  }
  return header;
}

void AppendRecord(ByteView payload, const Crc32& crc, Bytes& to) {
  AppendFrame(static_cast<uint32_t>(payload.size()), payload, crc, to);
}

Status AppendTypedRecord(uint8_t type, ByteView payload, const Crc32& crc, Bytes& to) {
  if (payload.size() > kMaxTypedSize) return Status(Code::kInvalid, "record size too big");
  const uint32_t size = static_cast<uint32_t>(payload.size());
  AppendFrame(static_cast<uint32_t>(type) << 24 | size, payload, crc, to);
  return Status();
}

Status EofError(uint64_t size_read) {
  return Status(Code::kCorrupt, size_read == 0 ? "EOF" : "unexpected EOF");
}

Status ZeroPaddingError() { return Status(Code::kCorrupt, "end of file padded with zeros"); }

Status ChecksumError(uint32_t stored, uint32_t computed) {
  return Status(Code::kCorrupt,
                "corrupted data, expected crc to be " + Hex32(stored) + ", got " + Hex32(computed));
}

RecordReader::RecordReader(const env::File& file, Framing framing, const Crc32& crc, bool check_crc,
                           uint64_t offset)
    : file_(file),
      framing_(framing),
      crc_(crc),
      check_crc_(check_crc),
      offset_(offset),
      next_offset_(offset) {}

bool RecordReader::Next(uint32_t expected_size) {
  if (stop_) return false;
  offset_ = next_offset_;
  const Result<ByteView> bytes = View(offset_, kRecordHeaderSize);
  if (!bytes.ok()) return Stop(ReadStop::kIo, bytes.status());
  const uint64_t size = bytes.value().size();
  if (size < kRecordHeaderSize) {
    return Stop(size == 0 ? ReadStop::kEnd : ReadStop::kUnexpectedEof, EofError(size));
  }
  header_ = ParseHeader(framing_, bytes.value().data());
  if (header_.type == 0 && header_.size == 0 && header_.crc == 0) {
    return Stop(ReadStop::kZeroPadding, ZeroPaddingError());
  }
  if (expected_size > 0 && header_.size != expected_size) {
    return Stop(
        ReadStop::kWrongSize,
        Status(Code::kCorrupt, "expected record size to be " + std::to_string(expected_size) +
                                   " bytes, got " + std::to_string(header_.size) + " bytes"));
  }
  return ReadPayload();
}

bool RecordReader::ReadPayload() {
  const Result<ByteView> bytes = View(offset_ + kRecordHeaderSize, header_.size);
  if (!bytes.ok()) return Stop(ReadStop::kIo, bytes.status());
  payload_ = bytes.value();
  if (payload_.size() < header_.size) {
    // A file cut exactly behind a header counts as ended there: the real server asks for the
    // payload by a read that reports a plain end of file when not one byte comes.
    return Stop(payload_.empty() ? ReadStop::kEnd : ReadStop::kUnexpectedEof,
                EofError(payload_.size()));
  }
  if (check_crc_) {
    const uint32_t computed = crc_.Of(payload_);
    const bool left_out = header_.crc == 0 && fault::On(Fault::kChecksumLeftOut);
    if (computed != header_.crc && !left_out) {
      return Stop(ReadStop::kBadChecksum, ChecksumError(header_.crc, computed));
    }
  }
  next_offset_ = offset_ + kRecordHeaderSize + header_.size;
  return true;
}

bool RecordReader::Stop(ReadStop stop, Status status) {
  stop_ = stop;
  status_ = std::move(status);
  return false;
}

Result<ByteView> RecordReader::View(uint64_t at, uint64_t size) {
  if (size == 0) return ByteView();
  const bool inside = at >= window_offset_ && at - window_offset_ <= window_.size() &&
                      window_.size() - (at - window_offset_) >= size;
  if (!inside) {
    const Result<uint64_t> file_size = file_.Size();
    if (!file_size.ok()) return file_size.status();
    const uint64_t left = file_size.value() - std::min(at, file_size.value());
    window_.resize(static_cast<size_t>(std::min(left, std::max(size, kWindowSize))));
    window_offset_ = at;
    const Result<size_t> read = file_.ReadAt(at, window_);
    if (!read.ok()) return read.status();
    window_.resize(read.value());
  }
  const uint64_t skip = at - window_offset_;
  return ByteView(window_).subspan(static_cast<size_t>(skip),
                                   static_cast<size_t>(std::min(size, window_.size() - skip)));
}

void AppendIndexRecord(const IndexEntry& entry, const Crc32& crc, Bytes& to) {
  std::array<uint8_t, kIndexRecordSize> record;
  StoreLe64(record.data(), entry.sequence);
  StoreLe64(record.data() + 8, entry.offset);
  StoreLe64(record.data() + 16, static_cast<uint64_t>(entry.timestamp_ns));
  StoreLe32(record.data() + 24, entry.size);
  StoreLe32(record.data() + kIndexCrcAt, crc.Of(ByteView(record).first(kIndexCrcAt)));
  Append(to, record);
}

Result<std::optional<IndexEntry>> ParseIndexRecord(const uint8_t* from, const Crc32& crc,
                                                   bool check_crc) {
  const ByteView record(from, kIndexRecordSize);
  if (std::all_of(record.begin(), record.end(), [](uint8_t byte) { return byte == 0; })) {
    return std::optional<IndexEntry>();
  }
  if (check_crc) {
    const uint32_t stored = LoadLe32(from + kIndexCrcAt);
    const uint32_t computed = crc.Of(record.first(kIndexCrcAt));
    if (stored != computed && !fault::On(Fault::kIndexChecksumIgnored)) {
      return ChecksumError(stored, computed);
    }
  }
  IndexEntry entry;
  entry.sequence = LoadLe64(from);
  entry.offset = LoadLe64(from + 8);
  entry.timestamp_ns = static_cast<int64_t>(LoadLe64(from + 16));
  entry.size = LoadLe32(from + 24);
  return std::optional<IndexEntry>(entry);
}

}  // namespace atrest::store
