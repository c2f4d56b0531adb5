// The checker "snapshots": a Raft snapshot's two files are whole and belong together: the checksum
// and size are right, the line says what the directory's name says, nothing is in the state but
// what snapshots have (cluster.md 2). The newest has to be; older ones may be half removed. At rest
// it fits the node: the log's entry at its index is of its term, and the store holds its channels'
// messages.
// Threads: none shared.
#pragma once

#include <string>

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class SnapshotCheck : public SharedCheck {
 public:
  explicit SnapshotCheck(ClusterView& view) : SharedCheck("snapshots", view) {}

 private:
  void JudgeNode(const sim::History& history, size_t node) override;
  void JudgeRest(const sim::History& history) override;
  void JudgeFit(size_t node, const std::string& name, const SnapshotNow& snapshot);
  void JudgeChannel(size_t node, const std::string& where,
                    const disktruth::SnapshotChannel& channel);
};

// The newest of a node that is whole; nullptr if there is none.
const SnapshotNow* NewestSnapshot(const NodeView& node);

}  // namespace atrest::simcheck
