// Everything that a simulation is a function of. A default is no fault, and the real server's
// timing; what DrawOptions adds for a swarm is a function of the seed.
// Errors: CheckOptions says kInvalid.
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/status.h"
#include "reference/sim/event_queue.h"
#include "reference/sim/fault_atlas.h"
#include "reference/sim/sim_network.h"

namespace atrest::sim {

struct SimOptions {
  uint64_t seed = 1;
  size_t nodes = 3;
  uint64_t ops = 500;   // of clients: mostly publishes
  int64_t idle_ns = 0;  // that passes before clients come
  FaultSet faults;
  size_t clients = 4;
  size_t channels = 3;
  int64_t op_gap_ns = 50 * kNsPerMs;           // between two ops, on average
  int64_t fault_gap_ns = 4 * kNsPerSecond;     // between two faults of nodes or ways, on average
  int64_t down_max_ns = 6 * kNsPerSecond;      // how long a node is down
  int64_t raft_timeout_ns = 2 * kNsPerSecond;  // heartbeat and election; the lease is half of it
  int64_t snapshot_interval_ns = 120 * kNsPerSecond;
  uint64_t snapshot_threshold = 8192;  // entries
  uint64_t trailing_logs = 10240;      // -cluster_trailing_logs
  bool encrypts = true;
  bool sync = false;           // -cluster_sync
  std::string cipher = "AES";  // of all nodes at first
  NetworkFaults network;       // in force while faults are on
};

// What is given, and what the seed makes of it where there are faults: their rates, timing and
// sizes, and with SWARM a share of the survivable faults.
SimOptions DrawOptions(const SimOptions& given, bool swarm);

// A name and a value for each, in order: what a run prints first.
std::vector<std::pair<std::string, std::string>> OptionsText(const SimOptions& options);

Status CheckOptions(const SimOptions& options);

}  // namespace atrest::sim
