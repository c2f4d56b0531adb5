// What an interrupt leaves open: whether the message that was being published is there, and so
// which sequence each later one has.
#include <algorithm>

#include "harness/oracle/model.h"

namespace atrest::oracle {

using verdict::Level;

// The payloads of PUBLISH from number FIRST on: the first ACKED of them all were acked, and the
// next was on its way.
void Model::AddDoubtful(const scenario::Publish& publish, size_t first, size_t acked) {
  const Messages& known = (*history_)[publish.channel];
  const auto [doubt, is_new] = doubts_.try_emplace(publish.channel);
  if (is_new) doubt->second.from = known.empty() ? 1 : known.rbegin()->first + 1;
  for (size_t i = first; i < publish.payloads.size() && i <= acked; ++i) {
    Entry entry = EntryFor(publish.payloads[i]);
    entry.certain = i < acked;
    if (publish.explicit_empty && publish.payloads[i].empty())
      entry.storage = Entry::Storage::kUnspecified;
    doubt->second.sent.push_back(std::move(entry));
  }
}

bool Model::IsInDoubt(const std::string& channel, uint64_t sequence) const {
  const auto found = doubts_.find(channel);
  return found != doubts_.end() && history_ == &on_disk_ && sequence >= found->second.from;
}

// Whether PAYLOADS, which were delivered in this order, can be what is left of SENT: each is one of
// them, in the order in which they were sent, and all that are certain are there. IS_PREFIX: more
// may follow. WITH_FIRST: they begin with the first that is left.
bool Model::CanBeLeft(const std::vector<Entry>& sent, const std::vector<std::string>& payloads,
                      bool with_first, bool is_prefix) {
  // Into which positions of SENT those looked at so far can have led.
  std::vector<bool> reached(sent.size() + 1, !with_first);
  reached[0] = true;
  const auto skip = [&] {
    for (size_t i = 0; i < sent.size(); ++i) {
      if (reached[i] && !sent[i].certain) reached[i + 1] = true;
    }
  };
  for (const std::string& payload : payloads) {
    skip();
    for (size_t i = sent.size(); i > 0; --i)
      reached[i] = reached[i - 1] && sent[i - 1].payload == payload;
    reached[0] = false;
  }
  skip();
  return is_prefix ? std::ranges::find(reached, true) != reached.end() : reached.back();
}

void Model::JudgeDoubtful(const scenario::Read& read, const verdict::Read& seen,
                          Findings& findings) const {
  const auto found = doubts_.find(read.channel);
  if (found == doubts_.end() || history_ != &on_disk_) return;
  const Doubt& doubt = found->second;
  const auto must = [&](const Entry& entry) { return DutyFor(entry) == Duty::kMustDeliver; };
  if (!std::ranges::all_of(doubt.sent, must) || read.from == scenario::Read::From::kNew) return;
  std::vector<std::string> payloads;
  for (const verdict::Delivery& delivery : seen.deliveries) {
    if (delivery.sequence >= doubt.from && !delivery.redelivered)
      payloads.push_back(delivery.payload);
  }
  bool may_end_early = false;  // at what cannot be opened
  if (const auto known = history_->find(read.channel); known != history_->end()) {
    for (const auto& [sequence, entry] : known->second)
      may_end_early = may_end_early || !must(entry);
  }
  // A read that began behind the first in doubt shows the rest of them, and one that was cut or
  // refused their beginning.
  const bool with_first =
      read.from == scenario::Read::From::kFirst ||
      (read.from == scenario::Read::From::kSequence && read.sequence <= doubt.from);
  const bool is_prefix = seen.deliveries.size() >= read.max || !seen.error.empty() || may_end_early;
  if (CanBeLeft(doubt.sent, payloads, with_first, is_prefix)) return;
  // A message that was on its way and came back may have cost the one that got its sequence: no
  // document speaks of that. Where none came back, nothing explains what is missing; a part of
  // the channel does not show it.
  const bool came_back =
      read.from != scenario::Read::From::kFirst ||
      std::ranges::any_of(doubt.sent, [&](const Entry& entry) {
        return !entry.certain && std::ranges::find(payloads, entry.payload) != payloads.end();
      });
  findings.push_back(
      {"model", came_back ? "H-acked-kept" : "", came_back ? Level::kShould : Level::kMust,
       "behind the interrupt, from " + read.channel + ":" + std::to_string(doubt.from) +
           " on, those that were acked must be delivered in order, and nothing that "
           "was not sent: " +
           std::to_string(payloads.size()) + " came"});
}

}  // namespace atrest::oracle
