// The checker "acked": no acknowledged message is lost. Lost means that no node holds its bytes, in
// its store or in its Raft log, in clear or under keys that the node was ever given
// (cluster.md 3h). Payloads that were acknowledged several times have to be there as often.
// Threads: none shared.
#pragma once

#include <vector>

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class AckedCheck : public SharedCheck {
 public:
  explicit AckedCheck(ClusterView& view) : SharedCheck("acked", view) {}

 private:
  void OnEntry(size_t node, const LogRecord& record) override;
  void OnStored(size_t node, const std::string& channel, const MessageNow& message) override;
  void JudgeNode(const sim::History& history, size_t node) override;
  // Whether something can be missing that was not, or was not acknowledged, when this was asked
  // last: an answer without looking at everything again.
  bool MayMiss();
  bool IsForgotten(const sim::Published& published) const;

  // Payloads, by id, that were acknowledged oftener than they are held, and what is missing.
  std::vector<uint64_t> Missing();
  // Without those that a forgotten channel had.
  std::vector<uint64_t> MissingBut(const sim::History& history);

  std::vector<bool> is_held_;  // by payload: by a node, if nothing was removed since
  size_t acked_seen_ = 0;
  uint64_t removals_seen_ = 0;
};

}  // namespace atrest::simcheck
