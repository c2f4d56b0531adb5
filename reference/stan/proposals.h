// The operations that this node has proposed as leader and that were not applied yet, each with
// what is to happen then. Not for applying them (applier.h).
// Ownership: borrows the Replication; keeps a continuation until it was called or Clear.
// Errors: a proposal that consensus does not take is answered at once.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "reference/base/status.h"
#include "reference/raftlog/raft_operation.h"
#include "reference/stan/replication.h"
#include "reference/stan/subscription.h"

namespace atrest::stan {

// What became of an operation.
struct Outcome {
  Status status;
  SubscriptionPtr subscription;  // of a subscribe operation that succeeded
};

class Proposals {
 public:
  using Done = std::function<void(const Outcome&)>;
  struct Proposal {
    raftlog::RaftOperation operation;
    Done done;  // may be null
  };

  explicit Proposals(Replication& replication) : replication_(replication) {}

  void Propose(const raftlog::RaftOperation& operation, Done done);
  // Several, in one write. Where consensus takes none of them, all are told.
  void ProposeAll(std::vector<Proposal> proposals);
  // To be called with what is to happen for the entry that is being applied; null if it is not one
  // that this node proposed.
  Done Take(uint64_t index, uint64_t term);
  // Nobody is told any more.
  void Clear() { waiting_.clear(); }

 private:
  struct Waiting {
    uint64_t term = 0;
    Done done;
  };

  Replication& replication_;
  std::map<uint64_t, Waiting> waiting_;  // by index
};

}  // namespace atrest::stan
