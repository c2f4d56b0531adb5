// All nodes of a run as their files are now (node_view.h): what the checkers share, so that each
// file is read once however many look at it.
// Ownership: kept for one run; observers are borrowed and outlive the last Update.
// Threads: none shared.
#pragma once

#include <deque>
#include <string>

#include "harness/simcheck/node_view.h"

namespace atrest::simcheck {

class ClusterView {
 public:
  void Add(Observer* observer) { shared_.observers.push_back(observer); }

  // Takes in what happened and reads what has changed: of one node, or of all.
  void Update(const sim::History& history, size_t node);
  void UpdateAll(const sim::History& history);

  size_t size() const { return nodes_.size(); }
  const NodeView& node(size_t number) const { return nodes_[number].view(); }
  RunKeys& keys() { return shared_.keys; }
  SentPayloads& payloads() { return shared_.payloads; }
  // Of the Update that goes on, or was last.
  const sim::History& history() const { return *history_; }

 private:
  void Follow(const sim::History& history);

  const sim::History* history_ = nullptr;
  RunShared shared_;
  std::deque<NodeReader> nodes_;
};

// The settings of the starts in STARTS; none if the node was never started.
std::vector<const sim::NodeSettings*> SettingsOf(const sim::NodeHistory& node,
                                                 const StartSpan& starts);

// What a start puts on disk: the Raft log's Commands and the store's payloads are sealed.
bool SealsLog(const sim::NodeSettings& settings);
bool SealsStore(const sim::NodeSettings& settings);

}  // namespace atrest::simcheck
