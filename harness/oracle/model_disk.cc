#include <algorithm>

#include "harness/oracle/model.h"

namespace atrest::oracle {
namespace {

using verdict::Level;

constexpr size_t kCanarySizeMin = 8;

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

std::vector<std::string> Model::Canaries() const {
  std::vector<std::string> canaries;
  std::string in_clear;  // everything that may be on disk as it is
  for (const auto& [channel, messages] : history_) {
    for (const auto& [sequence, entry] : messages) {
      if (entry.storage != Entry::Storage::kSealed) in_clear += entry.payload + '\n';
    }
  }
  for (const auto& [channel, messages] : history_) {
    for (const auto& [sequence, entry] : messages) {
      const bool sealed =
          entry.storage == Entry::Storage::kSealed && entry.payload.size() >= kCanarySizeMin;
      if (sealed && in_clear.find(entry.payload) == std::string::npos)
        canaries.push_back(entry.payload);
    }
  }
  std::ranges::sort(canaries);
  canaries.erase(std::unique(canaries.begin(), canaries.end()), canaries.end());
  return canaries;
}

void Model::JudgeDisk(const scenario::Inspect& inspect, const verdict::Disk& disk,
                      std::vector<Finding>& findings) const {
  if (tampered_ || !durable_) return;
  std::map<std::pair<std::string, uint64_t>, const verdict::DiskMessage*> stored;
  for (const verdict::DiskMessage& message : disk.messages)
    stored[{message.channel, message.sequence}] = &message;
  for (const auto& [channel, messages] : history_) {
    for (const auto& [sequence, entry] : messages) {
      const std::string where = channel + ":" + std::to_string(sequence);
      const auto found = stored.find({channel, sequence});
      if (found != stored.end()) {
        JudgeStored(where, entry, inspect, *found->second, findings);
      } else if (entry.certain) {
        findings.push_back({"disk", "", Level::kMust, where + " was acked, but is not on disk"});
      }
    }
  }
  const auto canaries = Canaries();
  for (const verdict::ScanHit& hit : disk.hits) {
    if (hit.places.empty() || !std::ranges::binary_search(canaries, hit.text)) continue;
    findings.push_back({"disk", "D-01", Level::kMust,
                        "the payload " + Show(hit.text) +
                            " was published with encryption on, but stands in " +
                            Join(hit.places)});
  }
}

void Model::JudgeStored(const std::string& where, const Entry& entry,
                        const scenario::Inspect& inspect, const verdict::DiskMessage& stored,
                        std::vector<Finding>& findings) const {
  const auto fail = [&](const char* requirement, const std::string& message) {
    findings.push_back({"disk", requirement, Level::kMust, where + " " + message});
  };
  if (stored.subject != where.substr(0, where.rfind(':'))) {
    fail("D-09", "must be stored with its subject in clear, but has \"" + stored.subject + "\"");
  }
  if (entry.storage == Entry::Storage::kUnspecified || entry.payload.empty()) return;
  if (entry.storage == Entry::Storage::kPlain) {
    if (stored.data_size != entry.payload.size())
      fail("", "was published without encryption, but is not stored as it is");
    return;
  }
  if (stored.cipher.empty()) {
    fail("D-01", "was published with encryption on, but is not stored sealed");
    return;
  }
  if (!entry.cipher.empty() && stored.cipher != entry.cipher) {
    fail("D-08", "must be sealed with " + entry.cipher + ", but is with " + stored.cipher);
  }
  for (const std::string& name : inspect.keys) {
    const bool opens = std::ranges::find(stored.opened_by, name) != stored.opened_by.end();
    const bool is_the_key = keys_.at(name) == entry.key;
    if (is_the_key && !opens) fail("D-01", "must open under the key <" + name + ">, but does not");
    if (!is_the_key && opens)
      fail("D-14", "opens under the key <" + name + ">, which it was not sealed with");
    if (is_the_key && opens && stored.payload != entry.payload) {
      fail("D-01",
           "opens as " + Show(stored.payload.value_or("")) + " instead of " + Show(entry.payload));
    }
  }
  if (stored.data_size <= entry.payload.size())
    fail("D-16", "is not bigger on disk than its payload");
}

}  // namespace atrest::oracle
