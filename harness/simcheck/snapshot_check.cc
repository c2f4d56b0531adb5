#include "harness/simcheck/snapshot_check.h"

#include <algorithm>
#include <tuple>

namespace atrest::simcheck {
namespace {

constexpr char kRequirement[] = "K-raft-snapshot";

// What is wrong with the files by themselves; "" if nothing is.
std::string Wrong(const std::string& name, const SnapshotNow& snapshot) {
  if (!snapshot.has_meta) return "no meta.json";
  if (!snapshot.has_state) return "no state.bin";
  if (!snapshot.meta) return "meta.json has another form";
  const disktruth::SnapshotMetaLine& meta = *snapshot.meta;
  if (meta.size != snapshot.size) {
    return "state.bin has " + std::to_string(snapshot.size) + " bytes, and not " +
           std::to_string(meta.size);
  }
  if (meta.crc != snapshot.crc) return "state.bin has another checksum";
  if (!snapshot.state) return "state.bin cannot be read";
  const std::string begin = std::to_string(meta.term) + "-" + std::to_string(meta.index) + "-";
  if (meta.id != name || !name.starts_with(begin)) return "meta.json is of snapshot " + meta.id;
  if (!snapshot.state->oddities.empty()) return "state.bin has " + snapshot.state->oddities[0];
  return "";
}

}  // namespace

const SnapshotNow* NewestSnapshot(const NodeView& node) {
  const SnapshotNow* newest = nullptr;
  for (const auto& [name, snapshot] : node.snapshots) {
    if (!Wrong(name, snapshot).empty()) continue;
    const auto place = [](const SnapshotNow& one) {
      return std::tuple(one.meta->term, one.meta->index);
    };
    if (newest == nullptr || place(snapshot) >= place(*newest)) newest = &snapshot;
  }
  return newest;
}

void SnapshotCheck::JudgeNode(const sim::History&, size_t node) {
  const NodeView& view = view_.node(node);
  for (const auto& [name, snapshot] : view.snapshots) {
    const bool is_half = !snapshot.has_meta || !snapshot.has_state;
    if (is_half && NewestSnapshot(view) != nullptr) continue;
    const std::string wrong = Wrong(name, snapshot);
    if (wrong.empty() || LeewayNow(node).snapshots_odd) continue;
    Say(node, kRequirement, "snapshot " + name + ": " + wrong);
  }
}

void SnapshotCheck::JudgeRest(const sim::History& history) {
  for (size_t node = 0; node < view_.size(); ++node) {
    const Leeway leeway = LeewayNow(node);
    if (!history.nodes[node].is_up || leeway.snapshots_odd || leeway.gaps_stored) continue;
    const SnapshotNow* newest = NewestSnapshot(view_.node(node));
    if (newest != nullptr && !IsInstalling(node)) JudgeFit(node, newest->meta->id, *newest);
  }
}

void SnapshotCheck::JudgeFit(size_t node, const std::string& name, const SnapshotNow& snapshot) {
  const std::string where = "snapshot " + name;
  const auto& log = view_.node(node).log;
  const auto entry = log.find(snapshot.meta->index);
  if (entry != log.end() && entry->second.entry.term != snapshot.meta->term) {
    Say(node, kRequirement, where + ": the log's entry is of another term");
  }
  for (const auto& channel : snapshot.state->channels) JudgeChannel(node, where, channel);
}

void SnapshotCheck::JudgeChannel(size_t node, const std::string& where,
                                 const disktruth::SnapshotChannel& channel) {
  const NodeView& view = view_.node(node);
  const std::string what = where + ", channel " + channel.name;
  const auto id = view.channel_ids.find(channel.name);
  const bool may_be_again = view_.MadeAgain(channel.name) || LeewayNow(node).sequences_differ;
  const bool is_other =
      id != view.channel_ids.end() && (id->second == 0 || id->second > channel.id);
  if (is_other && may_be_again) return;
  // A replicated ack makes a channel that the node has forgotten, without an id.
  const bool is_back = id != view.channel_ids.end() && id->second == 0 &&
                       std::ranges::any_of(view_.history().forgotten, [&](const auto& forgotten) {
                         return forgotten.node == node && forgotten.channel == channel.name &&
                                view_.forgotten().WhyNot(view_.history(), forgotten).empty();
                       });
  if (id != view.channel_ids.end() && id->second != channel.id && !is_back) {
    Say(node, kRequirement, what + ": another id than in raft.log");
  }
  if (channel.last == 0) return;
  const auto found = view.channels.find(channel.name);
  if (found == view.channels.end() || found->second.empty()) {
    Say(node, kRequirement, what + ": the store has nothing of it");
    return;
  }
  const auto& messages = found->second;
  const uint64_t first = messages.begin()->first;
  if (first != channel.first || messages.rbegin()->first < channel.last) {
    Say(node, kRequirement,
        what + ": messages " + std::to_string(channel.first) + " to " +
            std::to_string(channel.last) + ", but the store has " + std::to_string(first) + " to " +
            std::to_string(messages.rbegin()->first));
    return;
  }
  const auto end = messages.upper_bound(channel.last);
  const auto stored = static_cast<uint64_t>(std::distance(messages.begin(), end));
  if (first <= channel.last && stored != channel.last - first + 1) {
    Say(node, kRequirement, what + ": some of its messages are not in the store");
  }
}

}  // namespace atrest::simcheck
