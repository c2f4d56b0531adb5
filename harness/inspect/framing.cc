#include "harness/inspect/framing.h"

#include <algorithm>

#include "reference/store/record_format.h"

namespace atrest::inspect {
namespace {

using store::kRecordHeaderSize;
static_assert(kRecordHeaderSize == 8);

// The offset from which on FILE is all zeros.
uint64_t ZeroTail(ByteView file) {
  uint64_t end = file.size();
  while (end > 0 && file[end - 1] == 0) --end;
  return end;
}

std::optional<DamagedBytes> VersionDamage(ByteView file) {
  const auto damage = [&](std::string why) {
    return DamagedBytes{0, file.size(), DamageKind::kVersion, std::move(why)};
  };
  if (file.size() < store::kFirstOffset) {
    return damage(std::to_string(file.size()) + " bytes are too few for a file version");
  }
  const uint32_t version = LoadLe32(file.data());
  if (version == store::kFileVersion) return std::nullopt;
  return damage("the file version is " + std::to_string(version) + ", not 1");
}

std::string WrongChecksum(uint32_t stored, uint32_t computed) {
  return "the checksum is " + Hex32(stored) + ", that of the payload " + Hex32(computed);
}

class RecordWalk {
 public:
  RecordWalk(ByteView file, store::Framing framing, const Crc32& crc,
             const std::vector<uint64_t>& resume_at)
      : file_(file), framing_(framing), crc_(crc), resume_at_(resume_at) {}

  RecordFile Walk() {
    if (auto damage = VersionDamage(file_)) {
      found_.damage.push_back(*std::move(damage));
      return std::move(found_);
    }
    const uint64_t zero_tail = ZeroTail(file_);
    at_ = store::kFirstOffset;
    while (at_ < file_.size()) {
      if (at_ >= zero_tail && Left() >= kRecordHeaderSize) {
        found_.padding = Left();
        break;
      }
      if (const std::string why = Read(); !why.empty()) SkipCut(why);
    }
    return std::move(found_);
  }

 private:
  uint64_t Left() const { return file_.size() - at_; }

  // Reads the record at at_ and moves behind it. Returns "", or why there is none.
  std::string Read() {
    if (Left() < kRecordHeaderSize) {
      return std::to_string(Left()) + " bytes are left for a record header";
    }
    const uint32_t word = LoadLe32(&file_[at_]);
    const uint32_t stored = LoadLe32(&file_[at_ + 4]);
    if (word == 0 && stored == 0) return "a record header of zeros is not followed by zeros alone";
    const bool typed = framing_ == store::Framing::kTyped;
    const uint64_t size = typed ? word & store::kMaxTypedSize : word;
    const uint64_t room = Left() - kRecordHeaderSize;
    if (size > room) {
      return "the payload has " + std::to_string(size) + " bytes, but only " +
             std::to_string(room) + " are left";
    }
    Record record;
    record.offset = at_;
    record.type = typed ? static_cast<uint8_t>(word >> 24) : 0;
    record.payload = file_.subspan(at_ + kRecordHeaderSize, size);
    const uint32_t computed = crc_.Of(record.payload);
    record.crc_ok = computed == stored;
    if (!record.crc_ok && RunsOver(record)) {
      return "its checksum is wrong, and by the index another record begins within it";
    }
    if (!record.crc_ok) {
      found_.damage.push_back(record.AsDamage(DamageKind::kCrc, WrongChecksum(stored, computed)));
    }
    at_ = record.end();
    found_.records.push_back(record);
    return "";
  }

  // What a killed process left of a record, which the index never came to know, with what was
  // appended behind it.
  bool RunsOver(const Record& record) const {
    const auto next = std::lower_bound(resume_at_.begin(), resume_at_.end(), record.offset);
    return next != resume_at_.end() && *next > record.offset && *next < record.end();
  }

  // Moves from a record that does not fit to where the next one is expected.
  void SkipCut(const std::string& why) {
    const auto next = std::upper_bound(resume_at_.begin(), resume_at_.end(), at_);
    const bool inside = next != resume_at_.end() && *next < file_.size();
    const uint64_t end = inside ? *next : file_.size();
    found_.damage.push_back({at_, end - at_, DamageKind::kTruncated, why});
    at_ = end;
  }

  const ByteView file_;
  const store::Framing framing_;
  const Crc32& crc_;
  const std::vector<uint64_t>& resume_at_;
  uint64_t at_ = 0;
  RecordFile found_;
};

store::IndexEntry ParseEntry(const uint8_t* from) {
  store::IndexEntry entry;
  entry.sequence = LoadLe64(from);
  entry.offset = LoadLe64(from + 8);
  entry.timestamp_ns = static_cast<int64_t>(LoadLe64(from + 16));
  entry.size = LoadLe32(from + 24);
  return entry;
}

}  // namespace

RecordFile ReadRecords(ByteView file, store::Framing framing, const Crc32& crc,
                       const std::vector<uint64_t>& resume_at) {
  return RecordWalk(file, framing, crc, resume_at).Walk();
}

IndexFile ReadIndex(ByteView file, const Crc32& crc) {
  IndexFile found;
  if (auto damage = VersionDamage(file)) {
    found.damage.push_back(*std::move(damage));
    return found;
  }
  const uint64_t zero_tail = ZeroTail(file);
  for (uint64_t at = store::kFirstOffset; at < file.size(); at += store::kIndexRecordSize) {
    const uint64_t left = file.size() - at;
    if (left < store::kIndexRecordSize) {
      found.damage.push_back({at, left, DamageKind::kIndex,
                              std::to_string(left) + " bytes are left for an index record"});
      break;
    }
    if (at >= zero_tail) {
      found.padding = left;
      break;
    }
    const ByteView record = file.subspan(at, store::kIndexRecordSize);
    const uint32_t stored = LoadLe32(&record[store::kIndexCrcAt]);
    const uint32_t computed = crc.Of(record.first(store::kIndexCrcAt));
    if (stored == computed) {
      found.records.push_back({at, ParseEntry(record.data())});
    } else {
      found.damage.push_back(
          {at, store::kIndexRecordSize, DamageKind::kIndex, WrongChecksum(stored, computed)});
    }
  }
  return found;
}

}  // namespace atrest::inspect
