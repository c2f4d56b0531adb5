// The checker "logs": the decrypted Raft logs of all nodes agree. Entries of one index and term are
// equal, on every node and for the whole run: type, time, and data once opened with the node's
// keys; entries that a node has applied are of the same term on all; at rest all logs agree where
// they overlap. Lists of the same servers in another order are equal in entry 1, which each node
// writes for itself (cluster.md 1.4). The file is whole but for a meta that a kill left unfinished.
// Threads: none shared.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/simcheck/shared_check.h"

namespace atrest::simcheck {

class LogCheck : public SharedCheck {
 public:
  explicit LogCheck(ClusterView& view) : SharedCheck("logs", view) {}

 private:
  struct Said {
    size_t node = 0;
    disktruth::EntryType type = disktruth::EntryType::kCommand;
    std::optional<disktruth::EntryTime> at;
    Bytes data;
  };
  struct Committed {
    size_t node = 0;
    uint64_t term = 0;
  };

  void OnEntry(size_t node, const LogRecord& record) override;
  void JudgeNode(const sim::History& history, size_t node) override;
  void JudgeRest(const sim::History& history) override;
  void JudgeForm(size_t node, const LogRecord& record);
  void JudgeFile(size_t node);
  // No entry is missing but what a snapshot stands for.
  void JudgeGaps(size_t node);
  bool MayDiffer(size_t a, size_t b) const {
    return LeewayNow(a).logs_differ || LeewayNow(b).logs_differ;
  }

  std::map<std::pair<uint64_t, uint64_t>, Said> said_by_place_;  // by index and term
  std::map<uint64_t, Committed> committed_;                      // by index
  std::map<size_t, uint64_t> judged_;                            // by node: up to which index
};

}  // namespace atrest::simcheck
