// One node of a simulated cluster: the production parts of a clustered server (message store with
// its encryption, Raft log and snapshots, consensus, STAN server) put together as the server
// program does, over a disk, a network, NATS and a clock that the simulation owns. Start-up follows
// cluster.md 3: what is opened and checked in which order, and the text and exit code of a node
// that does not come up.
// It keeps raft/README.md's contract: writes, then messages, then what is committed is applied.
// Ownership: owns its disk, which outlives the processes that run on it; borrows the world.
// Errors: a node that ends by itself says so in its NodeHistory and to World::on_end.
// Threads: one. Nothing is called back from within Start, Kill or Stop but World::on_end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/logger.h"
#include "reference/raft/raft_message.h"
#include "reference/raft/raft_options.h"
#include "reference/sim/event_queue.h"
#include "reference/sim/run_history.h"
#include "reference/sim/sim_disk.h"
#include "reference/sim/sim_nats.h"
#include "reference/sim/sim_network.h"
#include "reference/sim/sim_trace.h"

namespace atrest::sim {

// What a run counts, for the report of what was reached.
struct Marks {
  uint64_t elections = 0;          // a node began to lead
  uint64_t crashes_in_write = 0;   // the process ended inside a change of the disk
  uint64_t snapshots_taken = 0;    // by a node of its own state
  uint64_t snapshot_installs = 0;  // from a leader
  uint64_t cipher_switches = 0;    // a node was started with another cipher than before
  uint64_t wipes = 0;
};

// What nodes have in common.
struct World {
  EventQueue& queue;
  SimNetwork& network;
  SimNats& nats;
  SimTrace& trace;
  History& history;
  Marks marks;
  // Takes a message of consensus to the node that it is for.
  std::function<void(Site from, const raft::Message& message)> post;
  // NODE has ended by itself, or inside a write. Its process is gone.
  std::function<void(size_t node)> on_end;
  // NODE is about to remove or write over something on its disk, or to start; may be empty.
  std::function<void(size_t node)> on_look = {};
  // NODE logs a line; may be empty.
  std::function<void(size_t node, LogLevel level, const std::string& text)> on_log = {};
};

struct NodeOptions {
  size_t number = 0;  // in History::nodes; also its site in the network
  std::string id;
  std::vector<std::string> members;  // ids of all
  uint64_t seed = 0;
  raft::Options raft;                        // timing; id and address are filled in
  int retained_snapshots = 2;                // -cluster_log_snapshots
  int64_t flush_delay_ns = 0;                // how long publishes are gathered
  size_t io_batch = 1024;                    // of them, in one operation
  int64_t heartbeat_ns = 30 * kNsPerSecond;  // to clients
};

class SimNode {
 public:
  SimNode(World& world, NodeOptions options);
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;
  ~SimNode();

  // A new process. It may end at once: see the history. REQUIRES: !is_up().
  void Start(const NodeSettings& settings);
  // The process is killed. Without effect if it is not up.
  void Kill();
  // As SIGTERM does: the store is closed first.
  void Stop();
  // The machine loses power: as Kill, and what was not synced is gone.
  void LosePower();
  // Removes both directories. REQUIRES: !is_up().
  void Wipe();

  bool is_up() const { return process_ != nullptr; }
  const NodeSettings& settings() const { return settings_; }
  SimDisk& disk() { return disk_; }
  const NodeOptions& options() const { return options_; }
  std::string log_path() const;

  // As of now; zeros and false where it is down.
  bool IsLeader() const;  // and serves clients
  bool IsVoter() const;   // it is up, and has what its snapshot stands for
  uint64_t Term() const;
  uint64_t LastIndex() const;
  uint64_t CommitIndex() const;
  uint64_t AppliedIndex() const;
  uint64_t SnapshotIndex() const;  // of the newest snapshot

  // A message of consensus arrives.
  void Receive(const raft::Message& message);

 private:
  struct Process;
  friend struct Process;

  void Begin();
  void Ended();
  void Look();
  NodeHistory& history() { return world_.history.nodes[options_.number]; }
  void Note(std::string_view what, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0,
            std::string_view text = {});

  World& world_;
  const NodeOptions options_;
  SimDisk disk_;
  NodeSettings settings_;
  std::unique_ptr<Process> process_;
  // It has a leader's snapshot, and perhaps not all that it stands for; also when it is down.
  bool is_installing_ = false;
};

}  // namespace atrest::sim
