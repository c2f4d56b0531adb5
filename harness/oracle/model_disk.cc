#include <algorithm>
#include <utility>

#include "harness/oracle/model.h"

namespace atrest::oracle {
namespace {

using verdict::Level;

constexpr size_t kCanarySizeMin = 8;

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::vector<std::string> Model::Canaries() const {
  std::string in_clear;  // everything of the scenario's that may stand in files as it is
  std::vector<std::string> sealed;
  const auto add = [&](const Entry& entry) {
    if (entry.storage != Entry::Storage::kSealed) in_clear += entry.payload + '\n';
    const bool is_canary =
        entry.storage == Entry::Storage::kSealed && entry.payload.size() >= kCanarySizeMin;
    if (is_canary) sealed.push_back(entry.payload);
  };
  for (const auto& [channel, messages] : on_disk_) {
    in_clear += channel + '\n';
    for (const auto& [sequence, entry] : messages) add(entry);
  }
  for (const auto& [channel, doubt] : doubts_) {
    in_clear += channel + '\n';
    for (const Entry& entry : doubt.sent) add(entry);
  }
  std::ranges::sort(sealed);
  sealed.erase(std::unique(sealed.begin(), sealed.end()), sealed.end());
  std::erase_if(sealed, [&](const std::string& payload) {
    return in_clear.find(payload) != std::string::npos;
  });
  return sealed;
}

void Model::JudgeDisk(const scenario::Inspect& inspect, const verdict::Disk& disk,
                      Findings& findings) const {
  if (tampered_) return;
  std::map<std::pair<std::string, uint64_t>, std::vector<const verdict::DiskMessage*>> stored;
  for (const verdict::DiskMessage& message : disk.messages) {
    stored[{message.channel, message.sequence}].push_back(&message);
  }
  for (const auto& [channel, messages] : on_disk_) {
    if (!IsJudged(channel)) continue;
    for (const auto& [sequence, entry] : messages) {
      const auto found = stored.find({channel, sequence});
      if (found != stored.end()) {
        JudgeCopies(channel, sequence, entry, inspect, found->second, findings);
      } else if (entry.certain) {
        findings.push_back(
            {"disk", "", Level::kMust,
             channel + ":" + std::to_string(sequence) + " was acked, but is not on disk"});
      }
    }
  }
  const auto canaries = Canaries();
  for (const verdict::ScanHit& hit : disk.hits) {
    if (hit.contents.empty() || !std::ranges::binary_search(canaries, hit.text)) continue;
    findings.push_back({"disk", "D-01", Level::kMust,
                        "the payload " + Show(hit.text) +
                            " was published with encryption on, but stands in " +
                            Join(hit.contents)});
  }
}

// A sequence may stand on disk more than once, where a crash lost its index record: only the last
// one counts as the message, but none of what was to be sealed may be in clear.
void Model::JudgeCopies(const std::string& channel, uint64_t sequence, const Entry& entry,
                        const scenario::Inspect& inspect,
                        const std::vector<const verdict::DiskMessage*>& copies,
                        Findings& findings) const {
  const std::string where = channel + ":" + std::to_string(sequence);
  const auto fail = [&](const char* requirement, const std::string& message) {
    findings.push_back({"disk", requirement, Level::kMust, where + " " + message});
  };
  const verdict::DiskMessage& stored = *copies.back();
  if (stored.subject != channel) {
    fail("D-09", "must be stored with its subject in clear, but has \"" + stored.subject + "\"");
  }
  if (entry.storage == Entry::Storage::kUnspecified || entry.payload.empty()) return;
  if (entry.storage == Entry::Storage::kPlain) {
    const bool same_size = stored.data_size == entry.payload.size();
    if (!same_size || (stored.cipher.empty() && stored.payload != entry.payload)) {
      fail("", "was published without encryption, but is not stored as it is");
    }
    return;
  }
  for (const verdict::DiskMessage* copy : copies) {
    if (copy->cipher.empty()) {
      fail("D-01", "was published with encryption on, but is not stored sealed");
      return;
    }
  }
  JudgeSealed(where, entry, inspect, stored, findings);
}

void Model::JudgeSealed(const std::string& where, const Entry& entry,
                        const scenario::Inspect& inspect, const verdict::DiskMessage& stored,
                        Findings& findings) const {
  const auto fail = [&](const char* requirement, const std::string& message) {
    findings.push_back({"disk", requirement, Level::kMust, where + " " + message});
  };
  if (!entry.cipher.empty() && stored.cipher != entry.cipher) {
    fail(entry.cipher_chosen ? "D-08" : "D-07",
         "must be sealed with " + entry.cipher + ", but is with " + stored.cipher);
  }
  for (const std::string& name : inspect.keys) {
    const bool opens = Contains(stored.opened_by, name);
    const bool is_the_key = keys_.at(name) == entry.key;
    if (is_the_key && !opens) fail("D-01", "must open under the key <" + name + ">, but does not");
    if (!is_the_key && opens) {
      fail("D-14", "opens under the key <" + name + ">, which it was not sealed with");
    }
    if (is_the_key && opens && stored.payload != entry.payload) {
      fail("D-01",
           "opens as " + Show(stored.payload.value_or("")) + " instead of " + Show(entry.payload));
    }
  }
  if (stored.data_size <= entry.payload.size()) {
    fail("D-16", "is not bigger on disk than its payload");
  }
}

}  // namespace atrest::oracle
