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
  void JudgeNode(const sim::History& history, size_t node) override;

  // Payloads, by id, that were acknowledged oftener than they are held, and what is missing.
  std::vector<uint64_t> Missing() const;
  // Without those that a forgotten channel had.
  std::vector<uint64_t> MissingBut(const sim::History& history) const;
};

}  // namespace atrest::simcheck
