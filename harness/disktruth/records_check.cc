#include <algorithm>

#include "harness/disktruth/record_checks.h"

namespace atrest::disktruth {
namespace {

// The keys, by name, that a record may be sealed under.
std::string ExpectedKeys(const SeenRecord& record, const KeyRing& keys) {
  std::string text;
  for (const Mode* mode : record.modes) {
    if (!mode->encrypt) continue;
    const std::string name = keys.Name(mode->key);
    if (text.find(name) == std::string::npos) text += (text.empty() ? "" : " or ") + name;
  }
  return "data sealed under " + text + " of channel " + record.channel;
}

bool IsOwnKey(const SeenRecord& record, const Opening& opening) {
  return opening.how == Derivation::kChannel && opening.channel == record.channel;
}

// A server that derives without the zero bytes keeps channels apart as well, but cannot read what
// the real one wrote.
bool IsUnprefixed(const SeenRecord& record, const Opening& opening) {
  return opening.how == Derivation::kUnprefixed && opening.channel == record.channel;
}

void CheckOpened(const SeenRecord& record, const KeyRing& keys, Findings& findings) {
  const Opening& opening = *record.opening;
  const bool own = IsOwnKey(record, opening);
  const bool in_force = std::ranges::any_of(
      record.modes, [&](const Mode* mode) { return mode->encrypt && mode->key == opening.key; });
  if (own && in_force) return;
  const bool off = std::ranges::none_of(record.modes, &Mode::encrypt);
  findings.push_back(
      At(record, Check::kRecords,
         off                                         ? "D-01"
         : own                                       ? "K-mixed-keys"
         : IsUnprefixed(record, opening) && in_force ? "K-derivation"
                                                     : "K-channel-key",
         off ? "data as it was published, as encryption is off" : ExpectedKeys(record, keys),
         "it opens under " + keys.Describe(opening)));
}

}  // namespace

Finding At(const SeenRecord& record, Check check, const std::string& requirement,
           std::string expected, std::string seen) {
  const uint64_t offset = record.data.empty() ? record.stored->offset : record.stored->data_offset;
  return {check,
          requirement,
          verdict::Level::kMust,
          record.file,
          offset,
          std::move(expected),
          "sequence " + std::to_string(record.stored->sequence) + ": " + std::move(seen),
          ""};
}

void CheckRecordKey(const SeenRecord& record, const KeyRing& keys, Findings& findings) {
  if (record.data.empty() || record.is_plain || record.modes.empty()) return;
  if (!std::ranges::all_of(record.modes, &Mode::is_judged)) return;
  for (const Opening& opening : record.more_openings) {
    if (record.opening && opening.derived == record.opening->derived) continue;
    findings.push_back(At(record, Check::kRecords, "K-channel-key",
                          "data that opens under one key only",
                          "it opens also under " + keys.Describe(opening)));
  }
  if (record.opening) return CheckOpened(record, keys, findings);
  // While encryption is off, what is no publication is for the history to say.
  if (!std::ranges::all_of(record.modes, &Mode::encrypt)) return;
  const bool looks_sealed = LooksSealed(record.data);
  findings.push_back(At(
      record, Check::kRecords, looks_sealed ? "K-channel-key" : "D-01", ExpectedKeys(record, keys),
      looks_sealed ? "it opens under no key of the run"
                   : std::to_string(record.data.size()) + " bytes that are not sealed"));
}

}  // namespace atrest::disktruth
