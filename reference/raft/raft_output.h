// What a call of Raft wants done. The contract, which safety rests on:
//   1. WRITES are done first, in order, each as one transaction of the log's file. With
//      -cluster_sync each is durable before the next thing happens. A crash may leave any number of
//      them done; a write that fails ends the node (it may be started again from its files).
//   2. Then MESSAGES may be sent, in any order, and may get lost. Each of them may depend on every
//      write of its own output and of all earlier ones.
//   3. Then what is COMMITTED is applied, in order; or the state is restored from a snapshot.
// All of it happens before the next call. An owner may keep one Output and Clear() it, which keeps
// the memory.
// Ownership: entries, metas and snapshots are shared.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reference/base/status.h"
#include "reference/raft/log_entry.h"
#include "reference/raft/raft_message.h"

namespace atrest::raft {

// The values of the bucket `conf` (cluster.md 1.2). A vote is two of them, the term first.
struct SetCurrentTerm {
  uint64_t term = 0;
};
struct SetLastVoteTerm {
  uint64_t term = 0;
};
struct SetLastVoteCandidate {
  std::string address;
};

// At the end of the log. Leaves no hole, except behind a snapshot.
struct StoreEntries {
  EntryRun entries;
};

// FIRST to LAST, both included: an end of the log that another leader replaced, or what a snapshot
// has made unnecessary at its beginning.
struct DeleteEntries {
  uint64_t first = 0;
  uint64_t last = 0;
};

// A snapshot from the leader, as a new one beside those that are there.
struct StoreSnapshot {
  SnapshotMetaPtr meta;
  BytesPtr data;
};

using Write = std::variant<SetCurrentTerm, SetLastVoteTerm, SetLastVoteCandidate, StoreEntries,
                           DeleteEntries, StoreSnapshot>;

enum class Role {
  kFollower,
  kCandidate,
  kLeader,
  kShutdown,  // removed itself from the cluster, or failed; does nothing any more
};

// The outcome of Raft::ChangeMembership: committed at INDEX, or refused or lost.
struct ChangeResult {
  uint64_t ticket = 0;
  uint64_t index = 0;
  Status status;
};

struct Output {
  std::vector<Write> writes;
  std::vector<Message> messages;
  // Every entry once after a start, in order, noops and configurations too, from behind the
  // snapshot on. The state machine is for commands; a barrier says that all before is applied.
  std::vector<EntryPtr> committed;
  std::vector<Role> roles;  // that were entered, in order
  std::vector<ChangeResult> changes;
  // Restore the state machine from this snapshot, which a write of this output stores, and say
  // Raft::SnapshotRestored when that is done.
  SnapshotMetaPtr restore;
  // It is time for a snapshot: see Raft::SnapshotPoint.
  bool take_snapshot = false;
  // Not ok: the real server panics here, with this text (it begins with "panic: ") and exit code
  // 2. The role is kShutdown then.
  Status failure;

  void Clear() {
    writes.clear();
    messages.clear();
    committed.clear();
    roles.clear();
    changes.clear();
    restore = nullptr;
    take_snapshot = false;
    failure = Status();
  }
};

}  // namespace atrest::raft
