#include "harness/tamper/log_bytes.h"

#include <string_view>

#include "harness/disktruth/bolt_file.h"

namespace atrest::tamper {
namespace {

constexpr uint8_t kMapOfSix = 0x86;
constexpr uint8_t kNil = 0xC0;
constexpr int kPairs = 6;
constexpr uint64_t kCommand = 0;

struct Value {
  uint64_t number = 0;
  std::optional<Range> raw;  // in the entry
};

// SIZE bytes, big-endian.
std::optional<uint64_t> ReadNumber(ByteView entry, size_t& at, size_t size) {
  if (size > entry.size() - at) return std::nullopt;
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | entry[at++];
  return number;
}

std::optional<Value> ReadRaw(ByteView entry, size_t& at, std::optional<uint64_t> size) {
  if (!size || *size > entry.size() - at) return std::nullopt;
  const Value value{0, Range{at, static_cast<size_t>(*size)}};
  at += *size;
  return value;
}

// Of the dialect that entries are written in: nil, unsigned numbers, raw bytes.
std::optional<Value> ReadValue(ByteView entry, size_t& at) {
  if (at >= entry.size()) return std::nullopt;
  const uint8_t first = entry[at++];
  if (first == kNil) return Value{};
  if (first < 0x80) return Value{first, {}};
  if ((first & 0xE0) == 0xA0) return ReadRaw(entry, at, first & 0x1F);
  if (first == 0xDA) return ReadRaw(entry, at, ReadNumber(entry, at, 2));
  if (first == 0xDB) return ReadRaw(entry, at, ReadNumber(entry, at, 4));
  if (first < 0xCC || first > 0xCF) return std::nullopt;
  const auto number = ReadNumber(entry, at, size_t{1} << (first - 0xCC));
  return number ? std::optional(Value{*number, {}}) : std::nullopt;
}

// The data of ENTRY, if it is a command.
std::optional<Range> DataOfCommand(ByteView entry) {
  if (entry.empty() || entry[0] != kMapOfSix) return std::nullopt;
  std::optional<Range> data;
  bool is_command = false;
  size_t at = 1;
  for (int i = 0; i < kPairs; ++i) {
    const auto key = ReadValue(entry, at);
    const auto value = key ? ReadValue(entry, at) : std::nullopt;
    if (!value || !key->raw) return std::nullopt;
    const std::string_view name = AsText(entry.subspan(key->raw->offset, key->raw->size));
    if (name == "Data") data = value->raw;
    if (name == "Type") is_command = value->number == kCommand;
  }
  return is_command ? data : std::nullopt;
}

}  // namespace

bool IsRaftLog(const std::string& file) { return file.ends_with("/raft.log"); }

std::optional<RecordPlace> FindCommand(ByteView file, uint64_t number) {
  disktruth::BoltFile database;
  disktruth::ReadBoltFile(file, database);
  const auto logs = database.buckets.find("logs");
  if (logs == database.buckets.end()) return std::nullopt;
  uint64_t seen = 0;
  for (const disktruth::BoltPair& pair : logs->second) {
    const auto data = DataOfCommand(pair.value);
    if (!data || ++seen != number) continue;
    const auto entry = static_cast<size_t>(pair.value.data() - file.data());
    return RecordPlace{entry, {entry, pair.value.size()}, {entry + data->offset, data->size}};
  }
  return std::nullopt;
}

}  // namespace atrest::tamper
