#include "harness/simcheck/cluster_view.h"

#include <algorithm>

namespace atrest::simcheck {

void ClusterView::Follow(const sim::History& history) {
  history_ = &history;
  shared_.payloads.Follow(history);
  for (size_t number = nodes_.size(); number < history.nodes.size(); ++number) {
    nodes_.emplace_back(number, shared_);
  }
  // Whatever opens with any key of the run is to be known for it.
  for (const sim::NodeHistory& node : history.nodes) {
    for (const sim::NodeStart& start : node.starts) {
      if (!start.settings.key.empty()) shared_.keys.Add(start.settings.key, node.id);
    }
  }
}

void ClusterView::Update(const sim::History& history, size_t node) {
  Follow(history);
  for (size_t at = 0; at < nodes_.size(); ++at) {
    if (node != kAll && node != at) continue;
    nodes_[at].Update(history.nodes[at]);
    forgotten_.Look(history, at, nodes_[at].view());
  }
}

void ClusterView::UpdateOnce(const sim::History& history, size_t node, uint64_t& round) {
  const bool is_same = round < round_ && round_event_ == history.event && round_node_ == node;
  if (!is_same) {
    Update(history, node);
    ++round_;
    round_event_ = history.event;
    round_node_ = node;
  }
  round = round_;
}

const Leeway& ClusterView::LeewayNow(size_t node) {
  leeways_.resize(nodes_.size());
  Judged now{0, 0, nodes_[node].view().first_start, nodes_[node].view().first_damage};
  for (const sim::NodeHistory& one : history_->nodes) {
    now.starts += one.starts.size();
    now.damages += one.damages.size();
  }
  auto& [judged, leeway] = leeways_[node];
  if (!(judged == now)) {
    leeway = LeewayOf(*history_, node, nodes_[node].view());
    judged = now;
  }
  return leeway;
}

std::optional<int64_t> ClusterView::MadeAgain(const std::string& channel) const {
  if (history_->forgotten.empty()) return std::nullopt;
  std::map<size_t, uint64_t> ids;
  for (size_t number = 0; number < nodes_.size(); ++number) {
    const auto& known = nodes_[number].view().channel_ids;
    const auto id = known.find(channel);
    if (id != known.end()) ids[number] = id->second;
  }
  return forgotten_.MadeAgain(*history_, channel, ids);
}

std::vector<const sim::NodeSettings*> SettingsOf(const sim::NodeHistory& node,
                                                 const StartSpan& starts) {
  std::vector<const sim::NodeSettings*> settings;
  for (size_t at = starts.first; at <= starts.last && at < node.starts.size(); ++at) {
    settings.push_back(&node.starts[at].settings);
  }
  return settings;
}

bool SealsLog(const sim::NodeSettings& settings) { return settings.encrypts; }
bool SealsStore(const sim::NodeSettings& settings) {
  return settings.encrypts || !settings.key.empty();
}

}  // namespace atrest::simcheck
