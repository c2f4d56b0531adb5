#include "harness/disktruth/store_files.h"

#include <algorithm>
#include <optional>

#include "harness/disktruth/field_walk.h"

namespace atrest::disktruth {
namespace {

constexpr size_t kVersionBytes = 4;
constexpr size_t kHeaderBytes = 8;
constexpr size_t kIndexBytes = 32;
constexpr uint32_t kSizeMask = 0xFFFFFF;

// The fields of each kind of record, in order of number: v for a varint, b for bytes.
constexpr std::string_view kMessageFields = "vbbbv";
constexpr std::string_view kServerFields = "bbbbbbbbb";
constexpr std::string_view kClientFields = "bbbvvv";
constexpr std::string_view kClientDeleteFields = "b";
constexpr std::string_view kSubscriptionFields = "vbbbbvvbvvv";
constexpr std::string_view kIdFields = "v";
constexpr std::string_view kIdAndSequenceFields = "vv";

std::string Count(uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

// The version word, once; whether reading may go on at END.
bool PassVersion(ByteView file, uint64_t& end, Strays& strays) {
  if (end > 0) return true;
  if (file.size() >= kVersionBytes && LoadLe32(file.data()) == 1) {
    end = kVersionBytes;
    return true;
  }
  strays.push_back({0, file.size(), Stray::Kind::kVersion, Count(file.size()) + " without it"});
  end = file.size();
  return false;
}

// The offset from which on all is zero.
size_t ZerosFrom(ByteView file) {
  size_t at = file.size();
  while (at > 0 && file[at - 1] == 0) --at;
  return at;
}

struct Frame {
  uint64_t offset = 0;
  uint32_t type = 0;
  ByteView payload;
  bool checksum_is_right = false;
};

// The frame at OFFSET; nullopt if none fits in the file.
std::optional<Frame> FrameAt(ByteView file, uint64_t offset, bool typed, const Checksum& checksum) {
  const uint64_t left = file.size() - offset;
  if (left < kHeaderBytes) return std::nullopt;
  const uint8_t* header = file.data() + offset;
  const uint32_t word = LoadLe32(header);
  const uint32_t stored = LoadLe32(header + 4);
  if (word == 0 && stored == 0) return std::nullopt;
  const uint32_t size = typed ? word & kSizeMask : word;
  if (size > left - kHeaderBytes) return std::nullopt;
  const ByteView payload = file.subspan(offset + kHeaderBytes, size);
  return Frame{offset, typed ? word >> 24 : 0, payload, checksum(payload) == stored};
}

// Accounts for the fields of a record. Calls SEE with each that FIELDS names; false if the payload
// is not protobuf.
template <typename See>
bool Account(const Frame& frame, std::string_view fields, Strays& strays, See see) {
  FieldWalk walk(frame.payload);
  const uint64_t base = frame.offset + kHeaderBytes;
  while (const auto field = walk.Next()) {
    const bool known =
        field->number <= fields.size() && (fields[field->number - 1] == 'v') == field->is_varint;
    const std::string name = "field " + std::to_string(field->number);
    if (!known || !field->odd.empty()) {
      strays.push_back({base + field->begin, field->end - field->begin,
                        known ? Stray::Kind::kForm : Stray::Kind::kField,
                        known ? name + ", " + field->odd : name});
    }
    if (known) see(*field, base);
  }
  return !walk.failed();
}

void IgnoreField(const Field&, uint64_t) {}

Stray Whole(const Frame& frame, Stray::Kind kind, std::string what) {
  return {frame.offset, kHeaderBytes + frame.payload.size(), kind, std::move(what)};
}

StoredRecord Decode(const Frame& frame, Strays& strays) {
  StoredRecord record;
  record.offset = frame.offset;
  record.size = static_cast<uint32_t>(frame.payload.size());
  if (!frame.checksum_is_right) {
    strays.push_back(Whole(frame, Stray::Kind::kChecksum, "another checksum is stored"));
    return record;
  }
  record.whole = Account(frame, kMessageFields, strays, [&](const Field& field, uint64_t base) {
    if (field.number == 1) record.sequence = field.value;
    if (field.number == 5) record.timestamp = static_cast<int64_t>(field.value);
    if (field.number == 2) {
      record.subject =
          AsText(frame.payload.subspan(field.bytes_begin, field.end - field.bytes_begin));
    }
    if (field.number == 4) {
      record.has_data = true;
      record.data_offset = base + field.bytes_begin;
      record.data_size = field.end - field.bytes_begin;
    }
  });
  if (!record.whole) strays.push_back(Whole(frame, Stray::Kind::kUndecoded, "no message"));
  return record;
}

// Whether FRAME is what a killed process left of a record, with what was appended behind it: of a
// record that the index has never named the checksum is wrong.
bool IsTorn(const Frame& frame, const std::vector<uint64_t>& indexed) {
  return !frame.checksum_is_right && !indexed.empty() &&
         !std::ranges::binary_search(indexed, frame.offset);
}

// The fields of a journal's records of one type; "" for an unknown type.
std::string_view FieldsOf(Journal which, uint32_t type) {
  if (which == Journal::kServer) return kServerFields;
  if (which == Journal::kClients) {
    return type == 1 ? kClientFields : type == 2 ? kClientDeleteFields : "";
  }
  if (type == 1 || type == 2) return kSubscriptionFields;
  if (type == 3) return kIdFields;
  return type == 4 || type == 5 ? kIdAndSequenceFields : "";
}

}  // namespace

void ReadRecords(ByteView file, const Checksum& checksum, const std::vector<uint64_t>& resume,
                 DataFile& data) {
  if (!PassVersion(file, data.end, data.strays)) return;
  const size_t zeros = ZerosFrom(file);
  uint64_t at = data.end;
  while (at < file.size()) {
    const auto frame = FrameAt(file, at, false, checksum);
    if (frame && !IsTorn(*frame, resume)) {
      data.records.push_back(Decode(*frame, data.strays));
      at += kHeaderBytes + frame->payload.size();
      data.end = at;
      continue;
    }
    const auto next = std::upper_bound(resume.begin(), resume.end(), at);
    const bool goes_on = next != resume.end() && *next < file.size();
    const uint64_t to = goes_on ? *next : file.size();
    const auto kind = at >= zeros ? Stray::Kind::kPadding
                      : goes_on   ? Stray::Kind::kGarbage
                                  : Stray::Kind::kTorn;
    data.strays.push_back({at, to - at, kind, Count(to - at)});
    at = to;
  }
}

void ReadIndex(ByteView file, const Checksum& checksum, IndexFile& index) {
  if (!PassVersion(file, index.end, index.strays)) return;
  const size_t zeros = ZerosFrom(file);
  for (uint64_t at = index.end; at < file.size(); at += kIndexBytes) {
    const uint64_t left = file.size() - at;
    if (at >= zeros || left < kIndexBytes) {
      index.strays.push_back(
          {at, left, at >= zeros ? Stray::Kind::kPadding : Stray::Kind::kTorn, Count(left)});
      return;
    }
    const uint8_t* from = file.data() + at;
    if (checksum(file.subspan(at, kIndexBytes - 4)) == LoadLe32(from + kIndexBytes - 4)) {
      index.entries.push_back({at, LoadLe64(from), LoadLe64(from + 8),
                               static_cast<int64_t>(LoadLe64(from + 16)), LoadLe32(from + 24)});
    } else {
      index.strays.push_back({at, kIndexBytes, Stray::Kind::kChecksum, "another checksum"});
    }
    index.end = at + kIndexBytes;
  }
}

void ReadJournal(Journal which, ByteView file, const Checksum& checksum, JournalFile& journal) {
  Strays& strays = journal.strays;
  uint64_t& at = journal.end;
  // What could not be read may be whole by now.
  std::erase_if(strays, [&](const Stray& stray) { return stray.offset >= at; });
  if (!PassVersion(file, at, strays)) return;
  const size_t zeros = ZerosFrom(file);
  while (at < file.size()) {
    const auto frame = FrameAt(file, at, which != Journal::kServer, checksum);
    const uint64_t left = file.size() - at;
    if (!frame || (which == Journal::kServer && journal.records == 1)) {
      const auto kind = at >= zeros ? Stray::Kind::kPadding : Stray::Kind::kTorn;
      strays.push_back({at, left, kind, Count(left)});
      return;
    }
    ++journal.records;
    at += kHeaderBytes + frame->payload.size();
    const std::string_view fields = FieldsOf(which, frame->type);
    if (!frame->checksum_is_right) {
      strays.push_back(Whole(*frame, Stray::Kind::kChecksum, "another checksum is stored"));
    } else if (fields.empty()) {
      strays.push_back(Whole(*frame, Stray::Kind::kType, "type " + std::to_string(frame->type)));
    } else if (!Account(*frame, fields, strays, IgnoreField)) {
      strays.push_back(Whole(*frame, Stray::Kind::kUndecoded, "no record of this type"));
    }
  }
  if (which == Journal::kServer && journal.records == 0) {
    strays.push_back({at, 0, Stray::Kind::kTorn, "0 bytes, without the server's record"});
  }
}

}  // namespace atrest::disktruth
