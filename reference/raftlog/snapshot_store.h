// The snapshots of one cluster node, DIR/CLUSTER/snapshots/TERM-INDEX-MILLISECONDS: made, listed,
// read and removed. A snapshot is written to a directory of another name (".tmp") and renamed, so
// that a process that is killed leaves a whole one or none. Specification: cluster.md 2.
// Not for what a snapshot says: raft_snapshot.h.
// Ownership: what the Env refers to and the logger are borrowed. The log gets what the real
// server's Raft library says, which is shown with -cluster_raft_logging alone.
// Errors: kIo of the file system, with the real server's "snapshot path not accessible: " and
// "permissions test failed: " before it when opening; kCorrupt "CRC mismatch".
// Threads: one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/base/logger.h"
#include "reference/env/env.h"
#include "reference/raftlog/snapshot_meta.h"

namespace atrest::raftlog {

class SnapshotStore {
 public:
  // DIRECTORY is DIR/CLUSTER. RETAIN: how many snapshots are kept, -cluster_log_snapshots; fewer
  // than 1 is kInvalid "must retain at least one snapshot". A store that is only read makes no
  // directory and must not be given Create.
  static Result<std::unique_ptr<SnapshotStore>> Open(env::Env env, Logger& log,
                                                     const std::string& directory, int retain);
  SnapshotStore(env::Env env, Logger& log, const std::string& directory, int retain)
      : env_(env), log_(log), path_(directory + "/snapshots"), retain_(retain) {}

  // The newest first, at most as many as are kept. What cannot be read is passed over.
  Result<std::vector<SnapshotMeta>> List();
  // All of state.bin, which has the checksum that its meta says.
  Result<Bytes> Read(const std::string& id);
  // Makes a snapshot of STATE durable and removes those that are too many. Of META the index, term,
  // servers and configuration index count; what was written is returned.
  Result<SnapshotMeta> Create(const SnapshotMeta& meta, ByteView state);

 private:
  Status TestPermissions();
  Result<std::vector<SnapshotMeta>> All();
  Result<SnapshotMeta> ReadMeta(const std::string& name);
  Status WriteDurably(const std::string& path, ByteView bytes);
  Status Write(const std::string& directory, SnapshotMeta& meta, ByteView state);
  Status Reap();

  env::Env env_;
  Logger& log_;
  const std::string path_;
  const int retain_;
};

}  // namespace atrest::raftlog
