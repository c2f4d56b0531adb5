// What the parts of a streaming server need where it is a node of a cluster: whether it leads, and
// where operations go that every node is to apply. Without one, a server is on its own and does at
// once what is asked of it.
// Ownership: borrows the Replication and the log.
// Threads: one.
#pragma once

#include "reference/raftlog/raft_log.h"
#include "reference/stan/proposals.h"
#include "reference/stan/replication.h"
#include "reference/stan/sent_and_acked.h"

namespace atrest::stan {

struct ClusterRole {
  ClusterRole(Context& context, Replication& used_replication, raftlog::RaftLog& used_log)
      : replication(used_replication),
        log_of_ids(used_log),
        proposals(used_replication),
        sent_and_acked(context, proposals) {}

  bool is_leader = false;
  Replication& replication;
  raftlog::RaftLog& log_of_ids;  // for the ids of channels
  Proposals proposals;
  SentAndAcked sent_and_acked;
};

}  // namespace atrest::stan
