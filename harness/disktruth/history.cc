#include "harness/disktruth/history.h"

#include <algorithm>

#include "harness/disktruth/sealing.h"

namespace atrest::disktruth {
namespace {

constexpr size_t kWholeMax = 32;

std::string Size(const Publication& publication) {
  return "a payload of " + std::to_string(publication.size) + " bytes";
}

}  // namespace

std::string Identified(ByteView payload) {
  if (payload.size() <= kWholeMax) return "=" + std::string(AsText(payload));
  const Digest32 digest = Sha256({payload});
  return "#" + std::string(AsText(digest));
}

void History::Publish(const std::string& name, ByteView payload, bool acked, const Mode& mode) {
  Channel& channel = channels_[name];
  channel.is_changed = true;
  if (!acked) ++channel.unacked;
  const size_t number = channel.publications.size();
  channel.publications.push_back({Identified(payload), payload.size(), acked,
                                  acked ? ++channel.last_sequence : 0, &mode, nullptr, false});
  if (mode.in_memory) return;
  channel.open[channel.publications.back().payload].insert(number);
  channel.all_open.insert(number);
}

void History::Deliver(const std::string& name, uint64_t sequence, ByteView payload,
                      const Mode& mode) {
  Channel& channel = channels_[name];
  channel.is_changed = true;
  channel.delivered.push_back({sequence, Identified(payload), &mode});
}

KnownRecord* History::Find(const std::string& name, uint64_t sequence, int64_t timestamp,
                           const std::string& data) {
  Channel& channel = channels_[name];
  const auto found = channel.records.find({sequence, timestamp, data});
  return found != channel.records.end() ? &found->second : nullptr;
}

KnownRecord& History::Add(const std::string& name, uint64_t sequence, int64_t timestamp,
                          KnownRecord record) {
  Channel& channel = channels_[name];
  channel.last_sequence = std::max(channel.last_sequence, sequence);
  Identity identity{sequence, timestamp, record.data};
  KnownRecord& added =
      channel.records.insert_or_assign(std::move(identity), std::move(record)).first->second;
  channel.by_sequence[sequence].push_back(&added);
  return added;
}

std::vector<Publication*> History::Open(const std::string& name, const std::string& payload) {
  Channel& channel = channels_[name];
  std::vector<Publication*> open;
  const auto found = channel.open.find(payload);
  if (found == channel.open.end()) return open;
  for (const size_t number : found->second) open.push_back(&channel.publications[number]);
  return open;
}

Publication* History::OldestSealed(const std::string& name) {
  Channel& channel = channels_[name];
  for (const size_t number : channel.all_open) {
    Publication& publication = channel.publications[number];
    if (publication.mode->encrypt && publication.size > 0) return &publication;
  }
  return nullptr;
}

void History::Join(const std::string& name, Publication& publication, KnownRecord& record) {
  Channel& channel = channels_[name];
  publication.stored = &record;
  record.publication = &publication;
  auto& open = channel.open[publication.payload];
  const auto number = std::ranges::find_if(
      open, [&](size_t candidate) { return &channel.publications[candidate] == &publication; });
  if (number == open.end()) return;
  channel.all_open.erase(*number);
  open.erase(number);
}

std::string History::SequenceTwice(const std::string& name, uint64_t sequence,
                                   const KnownRecord& record) const {
  const auto found = channels_.find(name);
  if (found == channels_.end() || found->second.disturbed) return "";
  const auto others = found->second.by_sequence.find(sequence);
  if (others == found->second.by_sequence.end()) return "";
  for (const KnownRecord* other : others->second) {
    if (other == &record || other->payload == record.payload) continue;
    const bool acked = other->publication != nullptr && other->publication->acked;
    if (!acked && !other->delivered) continue;
    return "sequence " + std::to_string(sequence) + ", which was " +
           (acked ? "acked" : "delivered") + " with another payload";
  }
  return "";
}

uint64_t History::Unacked(const std::string& name) const {
  const auto found = channels_.find(name);
  return found != channels_.end() ? found->second.unacked : 0;
}

void History::Judge(const std::string& name, Findings& findings) {
  const auto found = channels_.find(name);
  if (found == channels_.end() || !found->second.is_changed) return;
  found->second.is_changed = false;
  JudgeMissing(name, found->second, findings);
  JudgeDelivered(name, found->second, findings);
}

// Limits remove the oldest first: what is missing behind a message that is there, they do not
// explain.
void History::JudgeMissing(const std::string& name, Channel& channel, Findings& findings) const {
  bool some_present = false;
  size_t number = 0;
  for (Publication& publication : channel.publications) {
    ++number;
    const bool present = publication.stored != nullptr && publication.stored->copies > 0;
    some_present = some_present || present;
    const Mode& mode = *publication.mode;
    const bool asked_for = publication.acked && mode.is_judged && !mode.in_memory;
    if (present || publication.excused || !asked_for) continue;
    publication.excused = true;  // said once
    if (limits_ && !some_present) continue;
    // What somebody else did to the files may have cost later messages too.
    const auto level = channel.disturbed ? verdict::Level::kInfo : verdict::Level::kMust;
    findings.push_back({Check::kHistory, "K-acked-stored", level, name, 0,
                        Size(publication) + ", acked as number " + std::to_string(number) +
                            " of its channel, in the store",
                        "no record of it", ""});
  }
}

void History::JudgeDelivered(const std::string& name, Channel& channel, Findings& findings) {
  for (const Delivered& delivery : channel.delivered) {
    bool stored = false;
    for (KnownRecord* record : channel.by_sequence[delivery.sequence]) {
      if (record->payload != delivery.payload && record->data != delivery.payload) continue;
      stored = true;
      record->delivered = true;
    }
    // A record that came and went between two looks was never seen.
    const bool unseen =
        delivery.mode->in_memory || delivery.mode->limits || !delivery.mode->is_judged;
    if (stored || (unseen && std::ranges::any_of(channel.publications, [&](const auto& sent) {
                     return sent.payload == delivery.payload;
                   }))) {
      continue;
    }
    findings.push_back({Check::kHistory, "K-delivered-stored", verdict::Level::kMust, name, 0,
                        "what is delivered as sequence " + std::to_string(delivery.sequence) +
                            " to be stored under it",
                        "no such record with this payload", ""});
  }
  channel.delivered.clear();
}

void History::Excuse(const std::string& name) {
  Channel& channel = channels_[name];
  channel.disturbed = true;
  for (Publication& publication : channel.publications) {
    if (publication.stored == nullptr || publication.stored->copies == 0) {
      publication.excused = true;
    }
  }
}

void History::Restart(const std::string& name) {
  Channel& channel = channels_[name];
  channel.by_sequence.clear();
  channel.last_sequence = 0;
}

std::vector<std::string> History::Channels() const {
  std::vector<std::string> names;
  for (const auto& [name, channel] : channels_) names.push_back(name);
  return names;
}

}  // namespace atrest::disktruth
