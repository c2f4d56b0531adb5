// All nodes of a run as their files are now (node_view.h): what the checkers share, so that each
// file is read once however many look at it.
// Ownership: kept for one run; observers are borrowed and outlive the last Update.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/simcheck/documented_outcomes.h"
#include "harness/simcheck/forgotten_book.h"
#include "harness/simcheck/node_view.h"

namespace atrest::simcheck {

class ClusterView {
 public:
  void Add(Observer* observer) { shared_.observers.push_back(observer); }

  // Takes in what happened and reads what has changed: of one node, or of all (kAll).
  static constexpr size_t kAll = SIZE_MAX;
  void Update(const sim::History& history, size_t node);
  // The same, where several ask one after the other for the same: it is done for the first. ROUND
  // is of the one who asks, and 0 at first.
  void UpdateOnce(const sim::History& history, size_t node, uint64_t& round);

  size_t size() const { return nodes_.size(); }
  const NodeView& node(size_t number) const { return nodes_[number].view(); }
  RunKeys& keys() { return shared_.keys; }
  SentPayloads& payloads() { return shared_.payloads; }
  // What is allowed on NODE now, for its own faults and those that spread.
  const Leeway& LeewayNow(size_t node);
  const ForgottenBook& forgotten() const { return forgotten_; }
  // When a node that had forgotten CHANNEL made it again, as far as files bear it out.
  std::optional<int64_t> MadeAgain(const std::string& channel) const;
  // Of the Update that goes on, or was last.
  const sim::History& history() const { return *history_; }

 private:
  // Of which faults a Leeway was made.
  struct Judged {
    size_t starts = SIZE_MAX;  // of all nodes, as damages are
    size_t damages = 0;
    size_t first_start = 0;  // of the node
    size_t first_damage = 0;
    bool operator==(const Judged&) const = default;
  };

  void Follow(const sim::History& history);

  const sim::History* history_ = nullptr;
  uint64_t round_ = 0;
  uint64_t round_event_ = 0;
  size_t round_node_ = 0;
  RunShared shared_;
  std::deque<NodeReader> nodes_;
  ForgottenBook forgotten_;
  std::vector<std::pair<Judged, Leeway>> leeways_;  // by node
};

// The settings of the starts in STARTS; none if the node was never started.
std::vector<const sim::NodeSettings*> SettingsOf(const sim::NodeHistory& node,
                                                 const StartSpan& starts);

// What a start puts on disk: the Raft log's Commands and the store's payloads are sealed.
bool SealsLog(const sim::NodeSettings& settings);
bool SealsStore(const sim::NodeSettings& settings);

}  // namespace atrest::simcheck
