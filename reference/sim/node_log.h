// The Raft log's file as consensus sees it: a view to read, and what consensus wants written done
// to the log and to the snapshots. Between raft/ and raftlog/, which do not know each other.
// Ownership: log and snapshots are borrowed.
// Errors: those of the log; a Status of a write ends the node (raft/README.md).
// Threads: one.
#pragma once

#include <string>

#include "reference/raft/log_view.h"
#include "reference/raft/raft_output.h"
#include "reference/raftlog/raft_log.h"
#include "reference/raftlog/snapshot_store.h"

namespace atrest::sim {

class NodeLog : public raft::LogView {
 public:
  NodeLog(raftlog::RaftLog& log, raftlog::SnapshotStore& snapshots)
      : log_(log), snapshots_(snapshots) {}

  uint64_t FirstIndex() const override;
  uint64_t LastIndex() const override;
  Result<raft::EntryPtr> Get(uint64_t index) const override;

  Status Do(const raft::Write& write);
  // state.bin of the snapshot META; null where there is none that can be read.
  raft::BytesPtr ReadSnapshot(const raft::SnapshotMeta& meta);

 private:
  struct Doer;

  raftlog::RaftLog& log_;
  raftlog::SnapshotStore& snapshots_;
};

raftlog::SnapshotMeta ToStored(const raft::SnapshotMeta& meta);
raft::SnapshotMetaPtr FromStored(const raftlog::SnapshotMeta& meta);

}  // namespace atrest::sim
