#include "harness/compare/disk_facts.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "reference/base/crc32.h"

namespace atrest::compare {
namespace {

constexpr size_t kVersionSize = 4;
constexpr size_t kHeaderSize = 8;
constexpr size_t kIndexSize = 32;
constexpr size_t kIndexCovered = 28;

// Which fields of a payload hold something random.
struct Schema {
  uint64_t nuid = 0;     // N1
  uint64_t time = 0;     // N2
  uint64_t payload = 0;  // N3, N4
};
constexpr Schema kMessage{0, 5, 4};
constexpr Schema kClient{3, 0, 0};
constexpr Schema kPlain{};

struct Field {
  uint64_t number = 0;
  bool is_bytes = false;
  uint64_t value = 0;  // a varint, or
  ByteView bytes;
};

std::optional<uint64_t> ReadVarint(ByteView from, size_t& at) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && at < from.size(); shift += 7) {
    const uint8_t byte = from[at++];
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// nullopt for what is not made of varints and byte strings: no record of a store has others.
std::optional<std::vector<Field>> ReadFields(ByteView payload) {
  std::vector<Field> fields;
  for (size_t at = 0; at < payload.size();) {
    const auto tag = ReadVarint(payload, at);
    const auto value = tag ? ReadVarint(payload, at) : std::nullopt;
    if (!value || ((*tag & 7) != 0 && (*tag & 7) != 2)) return std::nullopt;
    Field field{*tag >> 3, (*tag & 7) == 2, *value, {}};
    if (field.is_bytes) {
      if (*value > payload.size() - at) return std::nullopt;
      field.bytes = payload.subspan(at, *value);
      at += *value;
    }
    fields.push_back(field);
  }
  return fields;
}

class Reader {
 public:
  Reader(const std::vector<uint32_t>& polynomials, Normaliser& normaliser)
      : normaliser_(normaliser) {
    for (const uint32_t polynomial : polynomials) sums_.emplace_back(polynomial);
  }

  Facts Read(const Tree& tree) {
    for (const std::string& path : tree.directories) Say("disk " + path, "a directory");
    for (const auto& [path, bytes] : tree.files) ReadFile(path, bytes, tree);
    return std::move(facts_);
  }

 private:
  struct Record {
    size_t offset = 0;
    uint8_t type = 0;
    bool sum_right = false;
    ByteView payload;
  };

  void Say(std::string field, std::string text) {
    facts_.push_back({std::move(field), std::move(text)});
  }

  bool SumIsRight(uint32_t stored, ByteView bytes) const {
    for (const Crc32& sum : sums_) {
      if (sum.Of(bytes) == stored) return true;
    }
    return false;
  }

  void ReadFile(const std::string& path, ByteView bytes, const Tree& tree) {
    const size_t slash = path.rfind('/');
    const std::string channel = slash == std::string::npos ? "" : path.substr(0, slash);
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    if (channel.empty() && name == "server.dat") {
      ReadRecords(path, "", bytes, false, kPlain);
    } else if (channel.empty() && name == "clients.dat") {
      ReadJournal(path, bytes, kClient);
    } else if (name == "subs.dat") {
      ReadJournal(path, bytes, kPlain);
    } else if (name.ends_with(".dat")) {
      ReadRecords(path, channel, bytes, false, kMessage);
    } else if (name.ends_with(".idx")) {
      const auto data = tree.files.find(path.substr(0, path.size() - 4) + ".dat");
      ReadIndex(path, bytes, data == tree.files.end() ? ByteView() : ByteView(data->second));
    } else {
      Say("disk " + path + " contents", Show(bytes));
    }
    Say("disk " + path + " size", std::to_string(bytes.size()));
  }

  // The records of a file, its other bytes said as facts.
  std::vector<Record> Split(const std::string& path, ByteView bytes, bool typed) {
    std::vector<Record> records;
    Say("disk " + path + " version", Show(bytes.first(std::min(bytes.size(), kVersionSize))));
    bool all_right = true;
    size_t at = kVersionSize;
    while (at + kHeaderSize <= bytes.size()) {
      const uint32_t word = LoadLe32(&bytes[at]);
      const uint32_t sum = LoadLe32(&bytes[at + 4]);
      const size_t size = typed ? word & 0xFFFFFF : word;
      if ((word == 0 && sum == 0) || size > bytes.size() - at - kHeaderSize) break;
      const ByteView payload = bytes.subspan(at + kHeaderSize, size);
      records.push_back(
          {at, static_cast<uint8_t>(typed ? word >> 24 : 0), SumIsRight(sum, payload), payload});
      all_right = all_right && records.back().sum_right;
      at += kHeaderSize + size;
    }
    if (at < bytes.size() && all_right) {
      const ByteView rest = bytes.subspan(at);
      // A cut record: its bytes may be random, its length is not.
      const bool zeros = std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; });
      Say("disk " + path + " rest",
          std::to_string(rest.size()) + (zeros ? " zeros" : " bytes at " + std::to_string(at)));
    }
    return records;
  }

  std::string Text(const Field& field, const Schema& schema, const std::string& channel,
                   int64_t& previous_time) {
    const std::string number = std::to_string(field.number) + ": ";
    if (!field.is_bytes) {
      if (field.number != schema.time) return number + std::to_string(field.value);
      return number + Time(static_cast<int64_t>(field.value), previous_time);
    }
    const std::string_view text = AsText(field.bytes);
    if (field.number == schema.payload) return number + normaliser_.Payload(channel, field.bytes);
    if (field.number == schema.nuid) return number + normaliser_.Identifier(text);
    return number + Show(AsBytes(normaliser_.Text(std::string(text))));
  }

  std::string Text(const Record& record, const Schema& schema, const std::string& channel,
                   int64_t& previous_time) {
    std::string text = "type " + std::to_string(record.type) + ", " +
                       std::to_string(record.payload.size()) + " bytes, checksum " +
                       Checksum(record.sum_right);
    if (!record.sum_right) return text;
    const auto fields = ReadFields(record.payload);
    if (!fields) return text + ", " + Show(record.payload);
    for (const Field& field : *fields) text += ", " + Text(field, schema, channel, previous_time);
    return text;
  }

  void ReadRecords(const std::string& path, const std::string& channel, ByteView bytes, bool typed,
                   const Schema& schema) {
    int64_t previous_time = 0;
    size_t number = 0;
    for (const Record& record : Split(path, bytes, typed)) {
      Say("disk " + path + " record " + std::to_string(++number),
          Text(record, schema, channel, previous_time));
    }
  }

  // Of clients.dat or subs.dat, whose records begin with the client's or the subscription's id.
  void ReadJournal(const std::string& path, ByteView bytes, const Schema& schema) {
    std::vector<Record> records = Split(path, bytes, true);
    // Before identifiers are numbered: those of two clients may stand in either order.
    std::ranges::stable_sort(records, {}, OwnerOf);
    std::vector<JournalRecord> journal;
    int64_t no_time = 0;
    for (const Record& record : records) {
      JournalRecord entry{OwnerOf(record), JournalRecord::Kind::kState,
                          Text(record, schema, "", no_time)};
      if (&schema == &kPlain && record.type == 5) entry.kind = JournalRecord::Kind::kSent;
      if (&schema == &kPlain && record.type == 4) entry.kind = JournalRecord::Kind::kAcked;
      journal.push_back(std::move(entry));
    }
    size_t number = 0;
    for (const JournalRecord& entry : Ordered(std::move(journal)))
      Say("disk " + path + " record " + std::to_string(++number), entry.text);
  }

  static std::string OwnerOf(const Record& record) {
    const auto fields = ReadFields(record.payload);
    if (!fields || fields->empty() || fields->front().number != 1) return "";
    const Field& id = fields->front();
    return id.is_bytes ? std::string(AsText(id.bytes)) : std::to_string(id.value);
  }

  void ReadIndex(const std::string& path, ByteView bytes, ByteView data) {
    const std::string disk = "disk " + path;
    Say(disk + " version", Show(bytes.first(std::min(bytes.size(), kVersionSize))));
    size_t number = 0;
    size_t at = kVersionSize;
    for (; at + kIndexSize <= bytes.size(); at += kIndexSize) {
      const ByteView entry = bytes.subspan(at, kIndexSize);
      const bool right = SumIsRight(LoadLe32(&entry[kIndexCovered]), entry.first(kIndexCovered));
      const auto own_time = static_cast<int64_t>(LoadLe64(&entry[16]));
      const uint64_t offset = LoadLe64(&entry[8]);
      Say(disk + " record " + std::to_string(++number),
          "sequence " + std::to_string(LoadLe64(&entry[0])) + ", offset " + std::to_string(offset) +
              ", size " + std::to_string(LoadLe32(&entry[24])) + ", time " +
              (own_time == TimeAt(data, offset) ? "as in the record" : "of its own") +
              ", checksum " + Checksum(right));
    }
    if (at < bytes.size()) Say(disk + " rest", std::to_string(bytes.size() - at) + " bytes");
  }

  static int64_t TimeAt(ByteView data, uint64_t offset) {
    if (offset > data.size() || data.size() - offset < kHeaderSize) return 0;
    const size_t size = LoadLe32(&data[offset]);
    if (size > data.size() - offset - kHeaderSize) return 0;
    const auto fields = ReadFields(data.subspan(offset + kHeaderSize, size));
    for (const Field& field : fields.value_or(std::vector<Field>{})) {
      if (field.number == kMessage.time && !field.is_bytes)
        return static_cast<int64_t>(field.value);
    }
    return 0;
  }

  Normaliser& normaliser_;
  std::vector<Crc32> sums_;
  Facts facts_;
};

}  // namespace

Facts DiskFacts(const Tree& tree, const std::vector<uint32_t>& polynomials,
                Normaliser& normaliser) {
  return Reader(polynomials, normaliser).Read(tree);
}

}  // namespace atrest::compare
