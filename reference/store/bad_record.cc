#include "reference/store/bad_record.h"

#include <algorithm>
#include <array>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/store/record_format.h"

namespace atrest::store {
namespace {

constexpr size_t kBytesPerLine = 20;

// "0a 1b 2c"
std::string SpacedHex(ByteView bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(bytes.empty() ? 0 : bytes.size() * 3 - 1, ' ');
  for (size_t i = 0; i < bytes.size(); ++i) {
    text[3 * i] = kDigits[bytes[i] >> 4];
    text[3 * i + 1] = kDigits[bytes[i] & 15];
  }
  return text;
}

std::string Printable(ByteView bytes) {
  std::string text(bytes.size(), '.');
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] >= 32 && bytes[i] <= 128) text[i] = static_cast<char>(bytes[i]);
  }
  return text;
}

void DumpPayload(const FileContext& context, ByteView payload) {
  while (!payload.empty()) {
    const ByteView line = payload.first(std::min(payload.size(), kBytesPerLine));
    context.LogError(SpacedHex(line) + std::string(3 * (kBytesPerLine - line.size()), ' ') + " - " +
                     Printable(line));
    payload = payload.subspan(line.size());
  }
}

// What is left of FILE from OFFSET on, at most SIZE bytes; nothing if it cannot be read.
Bytes ReadUpTo(const env::File& file, uint64_t offset, uint64_t size) {
  const Result<uint64_t> file_size = file.Size();
  if (!file_size.ok() || file_size.value() <= offset) return Bytes();
  Bytes bytes(static_cast<size_t>(std::min(size, file_size.value() - offset)));
  const Result<size_t> read = file.ReadAt(offset, bytes);
  bytes.resize(read.ok() ? read.value() : 0);
  return bytes;
}

void Announce(const FileContext& context, const std::string& path, const RecordReader& reader) {
  if (reader.stop() != ReadStop::kUnexpectedEof) {
    context.LogError("Corrupted record in file " + GoQuote(path) + ": " +
                     reader.status().message());
    return;
  }
  context.LogError("Unexpected EOF for file " + GoQuote(path));
  if (context.options.truncate_unexpected_eof) return;
  context.LogError("It is recommended that you make a copy of the whole datatstore " +
                   GoQuote(context.root) + ".");
  context.LogError(
      "Restart with the ContinueOnUnexpectedEOF flag to truncate this file to this offset: " +
      std::to_string(reader.offset()) + ".");
  context.LogError("Dataloss may occur. Details about the first corrupted record follows...");
}

// Dumps the record at OFFSET; returns the line that says how much of it is missing.
std::string Dump(const FileContext& context, const env::File& file, Framing framing,
                 uint64_t offset) {
  context.LogError("Record header:");
  context.LogError(" Bytes:");
  const Bytes bytes = ReadUpTo(file, offset, kRecordHeaderSize);
  if (!bytes.empty()) context.LogError(SpacedHex(bytes));
  if (bytes.size() < kRecordHeaderSize) {
    return "record header expected to be 8 bytes, only read " + std::to_string(bytes.size());
  }
  const RecordHeader header = ParseHeader(framing, bytes.data());
  if (framing == Framing::kTyped) context.LogError(" Type: " + std::to_string(header.type));
  context.LogError(" Size: " + std::to_string(header.size));
  context.LogError(" CRC : " + Hex32(header.crc));
  context.LogError("Record payload:");
  const Bytes payload = ReadUpTo(file, offset + kRecordHeaderSize, header.size);
  DumpPayload(context, payload);
  return "record payload expected to be " + std::to_string(header.size) + " bytes, only read " +
         std::to_string(payload.size());
}

}  // namespace

Status HandleBadRecord(const FileContext& context, env::File& file, const std::string& path,
                       Framing framing, const RecordReader& reader) {
  Announce(context, path, reader);
  const std::string missing = Dump(context, file, framing, reader.offset());
  if (reader.stop() != ReadStop::kUnexpectedEof) return reader.status();
  if (!context.options.truncate_unexpected_eof && !fault::On(Fault::kTornTailCutUnasked)) {
    context.LogError(missing);
    return reader.status();
  }
  const std::string offset = std::to_string(reader.offset());
  const Status truncated = file.Truncate(reader.offset());
  if (!truncated.ok()) {
    return truncated.WithPrefix("unable to repair file " + GoQuote(path) +
                                " by truncating at offset " + offset + ": ");
  }
  context.log.Log(LogLevel::kInfo,
                  "File " + GoQuote(path) + " has been truncated to offset: " + offset);
  context.log.Log(LogLevel::kInfo, "Recovery resumes...");
  return Status();
}

}  // namespace atrest::store
