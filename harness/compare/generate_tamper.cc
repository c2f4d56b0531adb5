#include "harness/compare/generate_tamper.h"

#include "harness/generate/nasty.h"

namespace atrest::compare {
namespace {

using generate::Chance;
using generate::Pick;
using scenario::TamperOperation;

constexpr size_t kSequenceOffset = 1;  // in a record's payload: behind the field's tag

std::string SliceFile(Random& random, const std::string& channel, const char* suffix) {
  const uint64_t slice = Chance(random, 75) ? 1 : 2 + random.Below(3);
  return channel + "/msgs." + std::to_string(slice) + suffix;
}

// A record as an attacker would change it, its checksum repaired.
TamperOperation Forged(Random& random, const std::string& channel) {
  scenario::ChangeRecord change;
  change.file = SliceFile(random, channel, ".dat");
  change.record = 1 + random.Below(4);
  change.repair_crc = Chance(random, 75);
  const uint64_t kind = random.Below(100);
  if (kind < 15) {
    change.offset = kSequenceOffset;
    change.set = static_cast<uint8_t>(1 + random.Below(9));
    return change;
  }
  change.from_data = true;
  if (kind < 55) {
    change.offset = 0;
    change.set = Pick<uint8_t>(random, {0x00, 0x01, 0x02, 0x03, 0x81});
    return change;
  }
  // In the nonce's counter, the ciphertext and the tag.
  change.offset = Pick<int64_t>(random, {5, 11, 12, 13, 14, -1, -16});
  change.flip = static_cast<uint8_t>(1u << random.Below(8));
  return change;
}

TamperOperation Moved(Random& random, const std::string& channel) {
  const std::string file = SliceFile(random, channel, ".dat");
  const uint64_t a = 1 + random.Below(4);
  const uint64_t b = 1 + random.Below(4);
  if (Chance(random, 50)) return scenario::SwapData{file, a, b};
  return scenario::CopyData{file, a, b};
}

// Some file of the store.
std::string AnyFile(Random& random, const std::string& channel) {
  const uint64_t kind = random.Below(100);
  if (kind < 35) return SliceFile(random, channel, ".dat");
  if (kind < 65) return SliceFile(random, channel, ".idx");
  if (kind < 80) return channel + "/subs.dat";
  return kind < 90 ? "clients.dat" : "server.dat";
}

TamperOperation Lost(Random& random, const std::string& channel) {
  if (Chance(random, 50)) {
    // A data file without its index only: new index records behind stale ones are found as long as
    // a cache of one second holds the message (standalone.md 1.8, "dat deleted, idx kept").
    const std::string file = AnyFile(random, channel);
    if (!file.ends_with(".dat") || !file.starts_with(channel)) return scenario::RemoveFile{file};
    if (file.ends_with("subs.dat")) return scenario::RemoveFile{file};
    return scenario::RemoveFile{file.substr(0, file.size() - 4) + ".idx"};
  }
  scenario::Truncate truncate{AnyFile(random, channel), {}, {}};
  if (Chance(random, 40)) {
    truncate.size = Pick<uint64_t>(random, {0, 2, 4, 8});
  } else {
    truncate.by = Pick<uint64_t>(random, {1, 5, 12, 32, 64});
  }
  return truncate;
}

TamperOperation Appended(Random& random, const std::string& channel) {
  static const std::vector<std::string> kTails = {
      std::string(7, '\0'), std::string(8, '\0'), std::string(100, '\0'), "\xFF",
      std::string(12, '\xFF'),
      // A whole record with a wrong checksum, and one of an unknown type.
      std::string("\x02\0\0\0\0\0\0\0\x08\x01", 10),
      std::string("\x02\0\0\x09\0\0\0\0\x08\x01", 10)};
  return scenario::AppendBytes{AnyFile(random, channel), Pick(random, kTails)};
}

TamperOperation Renamed(Random& random, const std::string& channel) {
  switch (random.Below(4)) {
    case 0:
      return scenario::RenameFile{channel, channel == "foo" ? "moved" : "foo.moved"};
    case 1:
      return scenario::RenameFile{channel + "/msgs.1.dat", channel + "/msgs.7.dat"};
    case 2:
      return scenario::RenameFile{channel + "/msgs.1.idx", channel + "/msgs.9.idx"};
    default:
      return scenario::RenameFile{channel + "/msgs.1.dat", channel + "/msgs.x.dat"};
  }
}

TamperOperation Added(Random& random) {
  static const std::vector<std::string> kDirectories = {"extra", "bad chan*", ".hidden", "foo..x"};
  return scenario::MakeDirectory{Pick(random, kDirectories)};
}

// The version word, the header of the first record, or anything in an index but times.
TamperOperation Flipped(Random& random, const std::string& channel) {
  const auto mask = static_cast<uint8_t>(1u << random.Below(8));
  if (Chance(random, 50)) {
    // Sequence, offset, size or checksum of the first index record.
    const int64_t at = Pick<int64_t>(random, {4, 12, 28, 32});
    return scenario::FlipByte{SliceFile(random, channel, ".idx"), at, mask};
  }
  // Of the version, or of the first record's checksum.
  const int64_t at = Pick<int64_t>(random, {0, 8, 11});
  return scenario::FlipByte{AnyFile(random, channel), at, mask};
}

}  // namespace

scenario::Tamper NastyTamper(Random& random, const std::vector<std::string>& channels) {
  scenario::Tamper tamper;
  const std::string& channel = Pick(random, channels);
  const uint64_t kind = random.Below(100);
  const auto operation = [&]() -> TamperOperation {
    if (kind < 35) return Forged(random, channel);
    if (kind < 50) return Moved(random, channel);
    if (kind < 70) return Lost(random, channel);
    if (kind < 80) return Appended(random, channel);
    if (kind < 87) return Renamed(random, channel);
    return kind < 92 ? Added(random) : Flipped(random, channel);
  };
  tamper.operations.push_back(operation());
  if (Chance(random, 15)) tamper.operations.push_back(operation());
  return tamper;
}

}  // namespace atrest::compare
