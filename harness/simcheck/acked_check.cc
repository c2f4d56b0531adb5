#include "harness/simcheck/acked_check.h"

#include <algorithm>
#include <map>
#include <set>

namespace atrest::simcheck {

std::vector<uint64_t> AckedCheck::Missing() const {
  const SentPayloads& payloads = view_.payloads();
  std::vector<uint64_t> missing(payloads.size());
  for (PayloadId id = 0; id < missing.size(); ++id) missing[id] = payloads.Count(id).acked;
  std::map<PayloadId, std::set<uint64_t>> sequences;  // of those acknowledged more than once
  const auto hold = [&](const MessageNow& message) {
    if (!message.is_own) return;
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

namespace {

// As documented where a node forgets a channel: nothing from before is left of it.
bool IsForgotten(const sim::History& history, const sim::Published& published) {
  return published.acked_at_ns && published.acked_at_ns <= history.MadeAgain(published.channel);
}

}  // namespace

std::vector<uint64_t> AckedCheck::MissingBut(const sim::History& history) const {
  std::vector<uint64_t> missing = Missing();
  if (history.forgotten.empty()) return missing;
  const std::vector<PayloadId>& sent = view_.payloads().sent();
  for (size_t number = 0; number < sent.size(); ++number) {
    if (missing[sent[number]] > 0 && IsForgotten(history, history.published[number])) {
      --missing[sent[number]];
    }
  }
  return missing;
}

void AckedCheck::JudgeNode(const sim::History& history, size_t) {
  if (ClusterLeeway(history).acked_lost) return;
  const auto is_missing = [](uint64_t count) { return count > 0; };
  if (std::ranges::none_of(MissingBut(history), is_missing)) return;
  // Other nodes may have got it since they were last read.
  view_.Update(history, ClusterView::kAll);
  const std::vector<uint64_t> missing = MissingBut(history);
  if (std::ranges::none_of(missing, is_missing)) return;
  for (size_t number = 0; number < view_.payloads().sent().size(); ++number) {
    const PayloadId id = view_.payloads().sent()[number];
    const sim::Published& published = history.published[number];
    if (missing[id] == 0 || IsForgotten(history, published)) continue;
    Say(kCluster, "K-acked-stored",
        "guid " + published.guid + " of channel " + published.channel + ", " +
            std::to_string(published.payload.size()) +
            " bytes, was acknowledged, and no node holds it");
  }
}

}  // namespace atrest::simcheck
