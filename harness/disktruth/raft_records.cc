#include "harness/disktruth/raft_records.h"

#include <algorithm>

#include "harness/disktruth/field_walk.h"

namespace atrest::disktruth {
namespace {

// How every entry begins: a map of six, and its first name.
constexpr std::string_view kEntryBegin =
    "\x86\xaa"
    "AppendedAt";
constexpr uint8_t kNil = 0xC0;
constexpr int64_t kNanosecondsMax = 999'999'999;
constexpr size_t kServersMax = 1 << 10;

uint64_t LoadBe(ByteView bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// Reads msgpack of the old dialect, front to back. Once something failed, all fails.
class Pack {
 public:
  explicit Pack(ByteView bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  size_t at() const { return at_; }

  ByteView Take(size_t count) {
    if (failed_ || count > bytes_.size() - at_) {
      failed_ = true;
      return {};
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  uint8_t Byte() {
    const ByteView byte = Take(1);
    return failed_ ? 0 : byte[0];
  }
  void Expect(uint8_t byte) { failed_ = Byte() != byte || failed_; }

  ByteView Raw() {
    const uint8_t marker = Byte();
    if (marker >= 0xA0 && marker <= 0xBF) return Take(marker & 0x1F);
    if (marker == 0xDA) return Take(LoadBe(Take(2)));
    if (marker == 0xDB) return Take(LoadBe(Take(4)));
    failed_ = true;
    return {};
  }
  // nullopt where there is nil instead.
  std::optional<ByteView> RawOrNil() {
    if (!failed_ && at_ < bytes_.size() && bytes_[at_] == kNil) {
      ++at_;
      return std::nullopt;
    }
    return Raw();
  }
  uint64_t Unsigned() {
    const uint8_t marker = Byte();
    if (marker <= 0x7F) return marker;
    if (marker >= 0xCC && marker <= 0xCF) return LoadBe(Take(size_t{1} << (marker - 0xCC)));
    failed_ = true;
    return 0;
  }
  size_t Count(uint8_t fixed, uint8_t marker_16) {
    const uint8_t marker = Byte();
    if ((marker & 0xF0) == fixed) return marker & 0x0F;
    if (marker == marker_16) return LoadBe(Take(2));
    failed_ = true;
    return 0;
  }
  void Name(std::string_view name) { failed_ = AsText(Raw()) != name || failed_; }
  void Fail() { failed_ = true; }

 private:
  ByteView bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

std::optional<EntryTime> TimeOf(Pack& pack) {
  const auto body = pack.RawOrNil();
  if (!body || pack.failed()) return std::nullopt;
  EntryTime time;
  const uint64_t first = LoadBe(body->first(std::min<size_t>(body->size(), 8)));
  if (body->size() == 4) {
    time.seconds = static_cast<int64_t>(first);
  } else if (body->size() == 8) {
    time = {static_cast<int64_t>(first & 0x3FFFFFFFF), static_cast<uint32_t>(first >> 34)};
  } else if (body->size() == 12) {
    time = {static_cast<int64_t>(LoadBe(body->last(8))), static_cast<uint32_t>(first >> 32)};
  } else {
    pack.Fail();
  }
  if (time.nanoseconds > kNanosecondsMax) pack.Fail();
  return time;
}

ByteView BytesOf(ByteView message, const Field& field) {
  return message.subspan(field.bytes_begin, field.end - field.bytes_begin);
}

bool ReadBatch(ByteView batch, std::vector<OperationMessage>& messages) {
  FieldWalk walk(batch);
  while (const auto field = walk.Next()) {
    if (field->number != 1 || field->is_varint) continue;
    const auto message = ReadMessage(BytesOf(batch, *field));
    if (!message) return false;
    messages.push_back(*message);
  }
  return !walk.failed();
}

}  // namespace

std::string NameOf(EntryType type) {
  switch (type) {
    case EntryType::kCommand:
      return "Command";
    case EntryType::kNoop:
      return "Noop";
    case EntryType::kBarrier:
      return "Barrier";
    case EntryType::kConfiguration:
      return "Configuration";
  }
  return "type " + std::to_string(static_cast<unsigned>(type));
}

std::optional<RaftEntry> ReadRaftEntry(ByteView bytes) {
  Pack pack(bytes);
  RaftEntry entry;
  pack.Expect(0x86);
  pack.Name("AppendedAt");
  entry.at = TimeOf(pack);
  pack.Name("Data");
  entry.data = pack.RawOrNil().value_or(ByteView());
  pack.Name("Extensions");
  entry.has_extensions = pack.RawOrNil().has_value();
  pack.Name("Index");
  entry.index = pack.Unsigned();
  pack.Name("Term");
  entry.term = pack.Unsigned();
  pack.Name("Type");
  const uint64_t type = pack.Unsigned();
  if (pack.failed() || type > UINT8_MAX) return std::nullopt;
  entry.type = static_cast<EntryType>(type);
  entry.size = pack.at();
  return entry;
}

std::vector<FoundEntry> FindRaftEntries(ByteView bytes, size_t end) {
  std::vector<FoundEntry> found;
  const size_t room = bytes.size() - std::min(end, bytes.size());
  const std::string_view text =
      AsText(bytes.first(bytes.size() - room + std::min(room, kEntryBegin.size() - 1)));
  size_t at = text.find(kEntryBegin);
  while (at != std::string_view::npos) {
    const auto entry = ReadRaftEntry(bytes.subspan(at));
    if (entry) found.push_back({at, *entry});
    at = text.find(kEntryBegin, at + (entry ? entry->size : 1));
  }
  return found;
}

std::optional<OperationMessage> ReadMessage(ByteView plain) {
  OperationMessage message;
  FieldWalk walk(plain);
  while (const auto field = walk.Next()) {
    if (field->number == 1 && field->is_varint) message.sequence = field->value;
    if (field->number == 2 && !field->is_varint) message.channel = AsText(BytesOf(plain, *field));
    if (field->number == 4 && !field->is_varint) message.payload = BytesOf(plain, *field);
    if (field->number == 5 && field->is_varint) {
      message.timestamp = static_cast<int64_t>(field->value);
    }
  }
  if (walk.failed()) return std::nullopt;
  return message;
}

std::optional<RaftOperationParts> ReadOperation(ByteView plain) {
  RaftOperationParts parts;
  FieldWalk walk(plain);
  while (const auto field = walk.Next()) {
    if (field->is_varint) {
      if (field->number == 1) parts.operation = static_cast<Operation>(field->value);
      if (field->number == 10) parts.channel_id = field->value;
      continue;
    }
    const ByteView part = BytesOf(plain, *field);
    if (field->number == 2 && !ReadBatch(part, parts.messages)) return std::nullopt;
    if (field->number == 9) parts.deleted = AsText(part);
  }
  if (walk.failed()) return std::nullopt;
  return parts;
}

std::optional<std::vector<std::string>> ReadConfiguration(ByteView data) {
  Pack pack(data);
  pack.Expect(0x81);
  pack.Name("Servers");
  const size_t count = pack.Count(0x90, 0xDC);
  std::vector<std::string> servers;
  for (size_t number = 0; number < std::min(count, kServersMax) && !pack.failed(); ++number) {
    pack.Expect(0x83);
    pack.Name("Address");
    const std::string address(AsText(pack.Raw()));
    pack.Name("ID");
    const std::string id(AsText(pack.Raw()));
    pack.Name("Suffrage");
    servers.push_back(address + " " + id + " " + std::to_string(pack.Unsigned()));
  }
  if (pack.failed() || count > kServersMax || pack.at() != data.size()) return std::nullopt;
  std::ranges::sort(servers);
  return servers;
}

}  // namespace atrest::disktruth
