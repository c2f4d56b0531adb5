#include "harness/tamper/log_bytes.h"

#include <algorithm>
#include <string_view>

#include "harness/disktruth/bolt_file.h"

namespace atrest::tamper {
namespace {

constexpr uint8_t kMapOfSix = 0x86;
constexpr uint8_t kNil = 0xC0;
constexpr int kPairs = 6;
constexpr uint64_t kCommand = 0;

// A page (cluster.md 1.1): header, then elements, each 16 bytes.
constexpr size_t kHeaderBytes = 16;
constexpr size_t kFlagsAt = 8;
constexpr size_t kCountAt = 10;
constexpr size_t kElementBytes = 16;
constexpr uint16_t kLeaf = 2;
constexpr size_t kBucketHeaderBytes = 16;

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

uint16_t LoadLe16(const uint8_t* from) { return static_cast<uint16_t>(from[0] | from[1] << 8); }
void StoreLe16(uint8_t* into, uint16_t value) {
  into[0] = static_cast<uint8_t>(value);
  into[1] = static_cast<uint8_t>(value >> 8);
}

struct LeafPage {
  size_t offset = 0;
  size_t count = 0;
  size_t ElementAt(size_t number) const { return offset + kHeaderBytes + number * kElementBytes; }
};

std::optional<LeafPage> LeafAt(ByteView file, size_t offset) {
  if (offset + kHeaderBytes > file.size()) return std::nullopt;
  const LeafPage page{offset, LoadLe16(file.data() + offset + kCountAt)};
  const bool is_leaf = LoadLe16(file.data() + offset + kFlagsAt) == kLeaf;
  if (!is_leaf || page.ElementAt(page.count) > file.size()) return std::nullopt;
  return page;
}

// The element of PAGE whose key stands at KEY.
std::optional<size_t> ElementOf(ByteView file, const LeafPage& page, size_t key) {
  for (size_t i = 0; i < page.count; ++i) {
    const size_t at = page.ElementAt(i);
    if (at + LoadLe32(file.data() + at + 4) == key) return i;
  }
  return std::nullopt;
}

// Key and value of command NUMBER; both views are of FILE.
std::optional<disktruth::BoltPair> PairOf(const disktruth::BoltFile& database, uint64_t number) {
  const auto logs = database.buckets.find("logs");
  if (logs == database.buckets.end()) return std::nullopt;
  uint64_t seen = 0;
  for (const disktruth::BoltPair& pair : logs->second) {
    if (DataOfCommand(pair.value) && ++seen == number) return pair;
  }
  return std::nullopt;
}

// Where the value of BUCKET begins, which the root page, a leaf, has.
std::optional<size_t> BucketValue(ByteView file, const LeafPage& root, const std::string& bucket) {
  for (size_t i = 0; i < root.count; ++i) {
    const size_t at = root.ElementAt(i);
    const size_t key = at + LoadLe32(file.data() + at + 4);
    const size_t key_size = LoadLe32(file.data() + at + 8);
    const size_t end = key + key_size + kBucketHeaderBytes + kHeaderBytes;
    if (key_size != bucket.size() || end > file.size()) continue;
    if (AsText(file.subspan(key, key_size)) == bucket) return key + key_size;
  }
  return std::nullopt;
}

}  // namespace

bool IsRaftLog(const std::string& file) { return file.ends_with("/raft.log"); }

std::optional<RecordPlace> FindCommand(ByteView file, uint64_t number) {
  disktruth::BoltFile database;
  disktruth::ReadBoltFile(file, database);
  const auto pair = PairOf(database, number);
  if (!pair) return std::nullopt;
  const auto entry = static_cast<size_t>(pair->value.data() - file.data());
  const Range data = DataOfCommand(pair->value).value_or(Range{});
  return RecordPlace{entry, {entry, pair->value.size()}, {entry + data.offset, data.size}};
}

bool RemoveCommand(Bytes& file, uint64_t number) {
  disktruth::BoltFile database;
  disktruth::ReadBoltFile(file, database);
  const auto pair = PairOf(database, number);
  if (!pair) return false;
  const auto key = static_cast<size_t>(pair->key.data() - file.data());
  const size_t page_size = database.meta->page_size;
  // Its page is the last one before it that has it: an entry may be long.
  for (size_t id = key / page_size + 1; id-- > 0;) {
    const auto page = LeafAt(file, id * page_size);
    const auto element = page ? ElementOf(file, *page, key) : std::nullopt;
    if (!element) continue;
    for (size_t i = *element; i + 1 < page->count; ++i) {
      uint8_t* to = file.data() + page->ElementAt(i);
      std::copy_n(to + kElementBytes, kElementBytes, to);
      // Positions count from the element itself, which has moved.
      StoreLe32(to + 4, LoadLe32(to + 4) + static_cast<uint32_t>(kElementBytes));
    }
    StoreLe16(file.data() + page->offset + kCountAt, static_cast<uint16_t>(page->count - 1));
    return true;
  }
  return false;
}

bool EmptyBucket(Bytes& file, const std::string& bucket) {
  disktruth::BoltFile database;
  disktruth::ReadBoltFile(file, database);
  if (database.meta == nullptr) return false;
  const size_t page_size = database.meta->page_size;
  const auto root = LeafAt(file, database.meta->root * page_size);
  const auto value = root ? BucketValue(file, *root, bucket) : std::nullopt;
  if (!value) return false;
  const uint64_t tree = LoadLe64(file.data() + *value);
  const size_t page = tree == 0 ? *value + kBucketHeaderBytes : tree * page_size;
  if (page + kHeaderBytes > file.size()) return false;
  StoreLe16(file.data() + page + kFlagsAt, kLeaf);
  StoreLe16(file.data() + page + kCountAt, 0);
  return true;
}

}  // namespace atrest::tamper
