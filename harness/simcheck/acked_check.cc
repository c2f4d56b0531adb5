#include "harness/simcheck/acked_check.h"

#include <algorithm>
#include <map>
#include <set>

namespace atrest::simcheck {

std::vector<uint64_t> AckedCheck::Missing() {
  const SentPayloads& payloads = view_.payloads();
  std::vector<uint64_t> missing(payloads.size());
  for (PayloadId id = 0; id < missing.size(); ++id) missing[id] = payloads.Count(id).acked;
  std::map<PayloadId, std::set<uint64_t>> sequences;  // of those acknowledged more than once
  is_held_.assign(payloads.size(), false);
  const auto hold = [&](const MessageNow& message) {
    if (!message.is_own) return;
    is_held_[message.payload] = true;
    if (payloads.Count(message.payload).acked <= 1) {
      missing[message.payload] = 0;
    } else if (sequences[message.payload].insert(message.sequence).second) {
      if (missing[message.payload] > 0) --missing[message.payload];
    }
  };
  for (size_t node = 0; node < view_.size(); ++node) {
    for (const auto& [channel, messages] : view_.node(node).channels) {
      for (const auto& [sequence, message] : messages) hold(message);
    }
    for (const auto& [index, record] : view_.node(node).log) {
      for (const auto& [channel, message] : record.messages) hold(message);
    }
  }
  return missing;
}

// As documented where a node forgets a channel: nothing from before is left of it.
bool AckedCheck::IsForgotten(const sim::Published& published) const {
  return published.acked_at_ns && published.acked_at_ns <= view_.MadeAgain(published.channel);
}

void AckedCheck::OnEntry(size_t, const LogRecord& record) {
  is_held_.resize(view_.payloads().size());
  for (const auto& [channel, message] : record.messages) {
    if (message.is_own) is_held_[message.payload] = true;
  }
}

void AckedCheck::OnStored(size_t, const std::string&, const MessageNow& message) {
  is_held_.resize(view_.payloads().size());
  if (message.is_own) is_held_[message.payload] = true;
}

bool AckedCheck::MayMiss() {
  const SentPayloads& payloads = view_.payloads();
  is_held_.resize(payloads.size());
  uint64_t removals = 0;
  for (size_t node = 0; node < view_.size(); ++node) removals += view_.node(node).removals;
  bool may_miss = removals != removals_seen_;
  removals_seen_ = removals;
  for (; acked_seen_ < payloads.acked().size(); ++acked_seen_) {
    const PayloadId id = payloads.acked()[acked_seen_];
    // Of those that are acknowledged twice, copies are counted.
    if (!is_held_[id] || payloads.Count(id).acked > 1) may_miss = true;
  }
  return may_miss;
}

std::vector<uint64_t> AckedCheck::MissingBut(const sim::History& history) {
  std::vector<uint64_t> missing = Missing();
  if (history.forgotten.empty()) return missing;
  const std::vector<PayloadId>& sent = view_.payloads().sent();
  for (size_t number = 0; number < sent.size(); ++number) {
    if (missing[sent[number]] > 0 && IsForgotten(history.published[number])) {
      --missing[sent[number]];
    }
  }
  return missing;
}

void AckedCheck::JudgeNode(const sim::History& history, size_t) {
  if (ClusterLeeway(history).acked_lost || !MayMiss()) return;
  const auto is_missing = [](uint64_t count) { return count > 0; };
  if (std::ranges::none_of(MissingBut(history), is_missing)) return;
  // Other nodes may have got it since they were last read.
  view_.Update(history, ClusterView::kAll);
  const std::vector<uint64_t> missing = MissingBut(history);
  if (std::ranges::none_of(missing, is_missing)) return;
  for (size_t number = 0; number < view_.payloads().sent().size(); ++number) {
    const PayloadId id = view_.payloads().sent()[number];
    const sim::Published& published = history.published[number];
    if (missing[id] == 0 || IsForgotten(published)) continue;
    Say(kCluster, "K-acked-stored",
        "guid " + published.guid + " of channel " + published.channel + ", " +
            std::to_string(published.payload.size()) +
            " bytes, was acknowledged, and no node holds it");
  }
}

}  // namespace atrest::simcheck
