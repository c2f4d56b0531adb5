#include "harness/simcheck/forgotten_book.h"

#include <algorithm>

#include "harness/simcheck/snapshot_check.h"

namespace atrest::simcheck {
namespace {

using Step = sim::Restored::Step;

// Whether the last process of NODE before START that came so far as to take part ended inside the
// installing of a snapshot.
bool EndedInstalling(const sim::History& history, size_t node, size_t start) {
  size_t last_install = 0;  // counted from 1
  bool is_unfinished = false;
  for (const sim::Restored& restored : history.restored) {
    if (restored.node != node || restored.start >= start || restored.step == Step::kAtStart) {
      continue;
    }
    last_install = restored.start + 1;
    is_unfinished = restored.step == Step::kInstalling;
  }
  return is_unfinished && std::ranges::none_of(history.applied, [&](const sim::Applied& applied) {
           return applied.node == node && applied.start >= last_install && applied.start < start;
         });
}

// No id, on either side, is the right one.
bool HasChannel(const NodeView& view, const disktruth::SnapshotChannel& channel) {
  if (!view.channels.contains(channel.name)) return false;
  const auto id = view.channel_ids.find(channel.name);
  return id == view.channel_ids.end() || id->second == 0 || channel.id == 0 ||
         id->second == channel.id;
}

}  // namespace

void ForgottenBook::Look(const sim::History& history, size_t number, const NodeView& view) {
  for (const auto& [channel, id] : view.channel_ids) {
    if (id == 0) without_id_.insert({number, channel});
    uint64_t& highest = max_ids_[channel];
    highest = std::max(highest, id);
  }
  const sim::NodeHistory& node = history.nodes[number];
  // The last look before a start counts.
  if (node.is_up) return;
  const Start next = {number, node.starts.size()};
  lacking_.erase(next);
  const SnapshotNow* newest = NewestSnapshot(view);
  if (newest == nullptr || !EndedInstalling(history, number, next.second)) return;
  for (const disktruth::SnapshotChannel& channel : newest->state->channels) {
    if (!HasChannel(view, channel)) lacking_[next].insert({channel.name, channel.id});
  }
}

std::string ForgottenBook::WhyNot(const sim::History& history,
                                  const sim::ForgottenChannel& claim) const {
  if (!EndedInstalling(history, claim.node, claim.start)) {
    return "the process before did not end inside the installing of a snapshot";
  }
  const auto found = lacking_.find({claim.node, claim.start});
  if (found == lacking_.end() || !found->second.contains({claim.channel, claim.id})) {
    return "the newest snapshot did not have it, or the store had it too";
  }
  return "";
}

bool ForgottenBook::IsWithoutId(const std::string& channel) const {
  return std::ranges::any_of(without_id_, [&](const auto& one) { return one.second == channel; });
}

std::optional<int64_t> ForgottenBook::MadeAgain(const sim::History& history,
                                                const std::string& channel,
                                                const std::map<size_t, uint64_t>& ids) const {
  const auto seen = max_ids_.find(channel);
  uint64_t highest = seen != max_ids_.end() ? seen->second : 0;
  for (const auto& [node, id] : ids) highest = std::max(highest, id);
  const auto is_without_id = [&](size_t node) {
    const auto now = ids.find(node);
    return without_id_.contains({node, channel}) || (now != ids.end() && now->second == 0);
  };
  std::optional<int64_t> latest;
  for (const sim::ForgottenChannel& claim : history.forgotten) {
    if (claim.channel != channel || claim.made_again_ns <= latest) continue;
    const bool is_made = highest > claim.id || is_without_id(claim.node);
    if (is_made && WhyNot(history, claim).empty()) latest = claim.made_again_ns;
  }
  return latest;
}

}  // namespace atrest::simcheck
