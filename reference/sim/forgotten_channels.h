// A known loss of the real server, noted where it happens so that checkers can tell it from others.
// A process that ends between the storing of a leader's snapshot and the making of the channels in
// it passes over those that its store does not have when it starts again from that snapshot
// (standing rule of a start: they may have been deleted since). It has forgotten them. If it is
// elected before an entry of such a channel reaches it, the next publish or subscription makes the
// channel again under a higher id, and then every node drops what it had under the lower one. Where
// a replicated ack had made it already, it has no id, and numbers its messages from 1 again: others
// take it for the channel that they have, and its messages for ones that they have.
// Threads: pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reference/base/bytes.h"
#include "reference/raft/log_entry.h"
#include "reference/raftlog/raft_log.h"
#include "reference/sim/run_history.h"
#include "reference/stan/clustered_server.h"

namespace atrest::sim {

// NODE, whose last process ended while it installed a snapshot, is about to start from the one that
// holds STATE; SERVER has recovered its store.
void NoteForgotten(History& history, size_t node, ByteView state,
                   const stan::ClusteredServer& server, raftlog::RaftLog& log);
// NODE applies ENTRY at NOW_NS: it may bring a forgotten channel back, or make it again.
void NoteForgottenApplied(History& history, size_t node, const raft::LogEntry& entry,
                          int64_t now_ns);

}  // namespace atrest::sim
