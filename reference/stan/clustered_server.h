// One node of a cluster of STAN servers as a state machine. The leader checks what clients ask for
// and proposes it as operations; every node applies what was committed, in the same order, to its
// own message store and to clients and subscriptions in memory; the leader answers and delivers.
// Clients, subscriptions and acks are in the Raft log and its snapshots alone (cluster.md 1).
// For the simulator and the server program. Not for consensus (reference/raft), the log's file
// (reference/raftlog), NATS itself (bus.h) nor encryption (reference/store).
// Specification: cluster.md 1.2, 1.5, 2 and 3; wire.md part 2 for what clients see. Where the real
// server follows the order of a map, this one takes ascending order.
// The owner calls, in this order: Start; RestoreAtStart if its snapshot store has a snapshot that
// loads (or the next older one); then, when phase() is not kRestoring any more, Raft runs, and each
// of its committed entries goes to Apply. A node that is elected before would be asked for the very
// messages that it lacks, and say that there are none.
// A new leader: OnElected; when the barrier that it proposed has been applied: BecomeLeader; when
// it stops to be one, after either: LoseLeadership. A snapshot that the leader sent: Restore.
// Ownership: borrows all it is made with, which must outlive it. Destroying it without Stop leaves
// the store as a killed process would.
// Errors: what clients did wrong goes to them, and to the Logger. What ends the node is in Start's
// Status or in failure(), with the text that follows "Failed to start: " or, once it runs, that of
// the fatal log line; "panic: " before it where the real server panics (exit code 2, else 1).
// Threads: one. All calls take the time, in nanoseconds since 1970, which may stand still but never
// goes back; the store's clock shows the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/raft/log_entry.h"
#include "reference/raftlog/raft_log.h"
#include "reference/stan/bus.h"
#include "reference/stan/replication.h"
#include "reference/stan/streaming_options.h"
#include "reference/stan/views.h"
#include "reference/store/store.h"

namespace atrest::stan {

struct ClusterOptions {
  std::string node_id;
  bool proceed_on_restore_failure = false;
  bool allow_add_remove_node = false;
};

class ClusteredServer {
 public:
  enum class Phase {
    kStarting,   // before Start
    kRestoring,  // messages of a snapshot are being fetched from the leader; Apply only queues
    kFollower,
    kLeader,  // clients are served
    kFailed,  // see failure(); nothing is done any more
    kStopped,
  };

  // LOG is the node's Raft log, of which only the ids of channels are used here. ENTROPY fills what
  // it is given with random bytes; it is called in the constructor alone.
  ClusteredServer(const StreamingOptions& options, const ClusterOptions& cluster,
                  store::Store& store, raftlog::RaftLog& log_of_ids, Replication& replication,
                  Bus& bus, Logger& log, const std::function<void(std::span<uint8_t>)>& entropy);
  ~ClusteredServer();
  ClusteredServer(const ClusteredServer&) = delete;
  ClusteredServer& operator=(const ClusteredServer&) = delete;

  // Recovers the store, or initialises it. Clients and subscriptions that a standalone server left
  // there are not taken over. REQUIRES: called once, first.
  Status Start(int64_t now_ns);
  // Whether Start found a store that was used before: with an empty Raft log the node must not
  // start (cluster.md 3g, 3j), which is the owner's to say.
  bool has_streaming_state() const;
  // Who the node is, as the store has it: not always the option's (cluster.md 1).
  const std::string& node_id() const;

  Phase phase() const;
  // Why it is kFailed.
  const Status& failure() const;

  // STATE is a snapshot's state.bin. At the start, channels that the store does not have are passed
  // over; from the leader, they are made. Messages that the store lacks are asked for over the Bus,
  // which may take many calls: kRestoring. kCorrupt where STATE cannot be read.
  Status RestoreAtStart(int64_t now_ns, ByteView state);
  Status Restore(int64_t now_ns, ByteView state);
  // A committed entry; every one, of all types, in order. Takes effect at once, or when what it
  // waits for is there (kRestoring).
  void Apply(int64_t now_ns, const raft::EntryPtr& entry);
  // The last entry that took effect; 0 if none did. A snapshot does not change it.
  uint64_t applied_index() const;
  // state.bin of what was applied. REQUIRES: not kRestoring.
  Result<Bytes> TakeSnapshot(int64_t now_ns);

  // Consensus made this node the leader, which has proposed its barrier: nodes that lack messages
  // are answered, this one among them. Without it, from BecomeLeader on.
  void OnElected(int64_t now_ns);
  // Starts to serve clients. REQUIRES: all entries from before are applied.
  void BecomeLeader(int64_t now_ns);
  // Proposals without an answer are lost or not, nobody knows: their clients hear nothing. Without
  // effect on a node that does not lead.
  void LoseLeadership(int64_t now_ns);
  void OnMembershipChanged(int64_t now_ns, uint64_t ticket, const Status& outcome);

  // Publishes are queued up to the next Flush. Everything else that has to be replicated is
  // proposed at once, and answered when it is applied.
  void OnMessage(int64_t now_ns, const Incoming& incoming);
  // Proposes the queued publishes, in batches of one channel each, and what was sent and acked.
  void Flush(int64_t now_ns);
  bool HasQueued() const;

  // Does everything that is due, in order of time.
  void Tick(int64_t now_ns);
  std::optional<int64_t> NextDeadlineNs() const;

  // Closes the store. Returns what Store::Close does.
  Status Stop(int64_t now_ns);

  // For checks and for the lines that a program logs.
  const store::ServerInfo& info() const;
  std::vector<std::string> ClientIds() const;
  std::vector<std::string> ChannelNames() const;
  std::optional<ClientView> FindClient(const std::string& id) const;
  std::optional<ChannelView> FindChannel(const std::string& name) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace atrest::stan
