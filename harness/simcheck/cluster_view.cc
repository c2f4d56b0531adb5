#include "harness/simcheck/cluster_view.h"

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
      if (!start.settings.key.empty()) shared_.keys.Add(start.settings.key);
    }
  }
}

void ClusterView::Update(const sim::History& history, size_t node) {
  Follow(history);
  for (size_t at = 0; at < nodes_.size(); ++at) {
    if (node == kAll || node == at) nodes_[at].Update(history.nodes[at]);
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
