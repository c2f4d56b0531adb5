// What the nodes' files say of channels that the simulator calls forgotten (run_history.h,
// ForgottenChannel), which excuse losses: the claim comes out of the code under test, so that it
// counts only where the files bear it out.
// - The node's process before the claim's start ended inside the installing of a snapshot.
// - The newest snapshot that the start found has the channel, and the store did not, or had it
//   under another id.
// - That it was made again counts once a node's log has it under a higher id, or this node's
//   without one.
// Ownership: kept for one run; told of each look by the ClusterView.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "harness/simcheck/node_view.h"
#include "reference/sim/run_history.h"

namespace atrest::simcheck {

class ForgottenBook {
 public:
  // The files of node NUMBER were read and are VIEW.
  void Look(const sim::History& history, size_t number, const NodeView& view);

  // Why the claim does not hold; "" if it does.
  std::string WhyNot(const sim::History& history, const sim::ForgottenChannel& claim) const;
  // When CHANNEL was made again by a node that had forgotten it, for the last time. IDS: those that
  // nodes have it under now, by number.
  std::optional<int64_t> MadeAgain(const sim::History& history, const std::string& channel,
                                   const std::map<size_t, uint64_t>& ids) const;
  // Whether a node ever had CHANNEL without an id.
  bool IsWithoutId(const std::string& channel) const;

 private:
  using Start = std::pair<size_t, size_t>;               // a node, which start
  using Channel = std::pair<std::string, uint64_t>;      // with its id
  std::map<Start, std::set<Channel>> lacking_;           // of the snapshot, in the store
  std::map<std::string, uint64_t> max_ids_;              // that any node ever had
  std::set<std::pair<size_t, std::string>> without_id_;  // nodes and channels
};

}  // namespace atrest::simcheck
