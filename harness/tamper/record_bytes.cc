#include "harness/tamper/record_bytes.h"

namespace atrest::tamper {
namespace {

constexpr size_t kFileHeader = 4;
constexpr size_t kRecordHeader = 8;
constexpr uint64_t kDataField = 4;

std::optional<uint64_t> ReadVarint(ByteView bytes, size_t& at) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    const uint8_t byte = bytes[at++];
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

Range FindData(ByteView file, Range payload) {
  const ByteView bytes = file.subspan(payload.offset, payload.size);
  for (size_t at = 0; at < bytes.size();) {
    const auto tag = ReadVarint(bytes, at);
    const auto value = tag ? ReadVarint(bytes, at) : std::nullopt;
    if (!value) break;
    if ((*tag & 7) == 0) continue;
    if ((*tag & 7) != 2 || *value > bytes.size() - at) break;
    if (*tag >> 3 == kDataField) return {payload.offset + at, static_cast<size_t>(*value)};
    at += *value;
  }
  return {payload.offset + payload.size, 0};
}

uint32_t Checksum(ByteView bytes) {
  constexpr uint32_t kIeee = 0xEDB88320;
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kIeee : 0);
  }
  return ~crc;
}

}  // namespace

std::optional<RecordPlace> FindRecord(ByteView file, uint64_t number) {
  size_t at = kFileHeader;
  for (uint64_t i = 1; at + kRecordHeader <= file.size(); ++i) {
    const size_t size = LoadLe32(&file[at]);
    if (size > file.size() - at - kRecordHeader) return std::nullopt;
    const Range payload{at + kRecordHeader, size};
    if (i == number) return RecordPlace{at, payload, FindData(file, payload)};
    at += kRecordHeader + size;
  }
  return std::nullopt;
}

void RepairChecksum(Bytes& file, const RecordPlace& record) {
  const ByteView payload = ByteView(file).subspan(record.payload.offset, record.payload.size);
  StoreLe32(&file[record.header + 4], Checksum(payload));
}

}  // namespace atrest::tamper
