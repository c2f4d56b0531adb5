// What consensus is to a clustered STAN server: where operations go that every node is to apply,
// and what the server has to know of the log. Implemented by whoever owns both (the simulator, the
// server program) over reference/raft.
// Ownership: borrowed.
// Errors: Status.
// Threads: one. Nothing calls back from within a call: what was committed comes to
// ClusteredServer::Apply later, in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/raft/membership.h"

namespace atrest::stan {

class Replication {
 public:
  virtual ~Replication() = default;
  // Appends encoded operations (raftlog/raft_operation.h) to the log, in one write; the index of
  // the first. An entry that is applied at such an index is that operation if its term is the one
  // of now. kInvalid if this node is not the leader.
  virtual Result<uint64_t> Propose(std::vector<Bytes> operations) = 0;
  virtual uint64_t term() const = 0;
  // Of the log: a new channel's id is this number at the leader (cluster.md 1.2).
  virtual uint64_t last_index() const = 0;
  // The outcome comes to ClusteredServer::OnMembershipChanged with TICKET.
  virtual void ChangeMembership(const raft::MembershipChange& change, uint64_t ticket) = 0;
};

}  // namespace atrest::stan
