#include "reference/sim/sim_options.h"

#include <algorithm>

#include "reference/base/go_duration.h"
#include "reference/base/random.h"

namespace atrest::sim {
namespace {

constexpr size_t kNodesMax = 9;
constexpr uint64_t kOpsMax = 10'000'000;

int64_t Between(Random& random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random.Below(static_cast<uint64_t>(high - low + 1)));
}

uint32_t Permille(Random& random, uint32_t max) {
  return static_cast<uint32_t>(random.Below(max) + 1);
}

// Faults that a large share of all runs has to see are drawn more often.
uint64_t ChanceOf(FaultKind kind) {
  switch (kind) {
    case FaultKind::kKill:
    case FaultKind::kKillInWrite:
    case FaultKind::kWipe:
    case FaultKind::kCipherSwitch:
      return 70;
    case FaultKind::kKillInSnapshot:
      return 25;
    default:
      return 40;
  }
}

void DrawNetwork(Random& random, SimOptions& options) {
  NetworkFaults& network = options.network;
  const auto has = [&](FaultKind kind) { return options.faults.contains(kind); };
  // Each is drawn, used or not, so that one fault more leaves the others as they are.
  const uint32_t loss = Permille(random, 100);
  const uint32_t duplicate = Permille(random, 100);
  const uint32_t reorder = Permille(random, 200);
  const int64_t late_ns = Between(random, 1, 500) * kNsPerMs;
  const int64_t delay_ns = Between(random, 2, 100) * kNsPerMs;
  if (has(FaultKind::kLoss)) network.loss_permille = loss;
  if (has(FaultKind::kDuplicate)) network.duplicate_permille = duplicate;
  if (has(FaultKind::kReorder)) {
    network.reorder_permille = reorder;
    network.reorder_ns = late_ns;
  }
  if (has(FaultKind::kDelay)) network.delay_max_ns = delay_ns;
}

void DrawSizes(Random& random, SimOptions& options) {
  constexpr int64_t kTimeoutsMs[] = {200, 500, 1000, 2000};
  options.raft_timeout_ns = kTimeoutsMs[random.Below(4)] * kNsPerMs;
  const int64_t gap_ns = Between(random, 20, 160) * kNsPerMs;
  if (options.op_gap_ns == SimOptions().op_gap_ns) options.op_gap_ns = gap_ns;
  options.fault_gap_ns = Between(random, 500, 4000) * kNsPerMs;
  options.down_max_ns = Between(random, 1, 8) * kNsPerSecond;
  options.clients = 2 + random.Below(5);
  options.channels = 1 + random.Below(4);
  options.sync = random.Below(3) == 0;
  options.cipher = random.Below(2) == 0 ? "AES" : "CHACHA";
  if (random.Below(100) < 85) {
    options.snapshot_threshold = 10 + random.Below(90);
    options.trailing_logs = random.Below(40);
    options.snapshot_interval_ns = Between(random, 500, 4000) * kNsPerMs;
  }
  // A node that has everything in a snapshot starts with any key (cluster.md 3d).
  if (options.faults.contains(FaultKind::kWrongKey) && random.Below(2) == 0) {
    options.snapshot_threshold = 1;
    options.trailing_logs = 0;
    options.snapshot_interval_ns = Between(random, 500, 2000) * kNsPerMs;
  }
}

}  // namespace

SimOptions DrawOptions(const SimOptions& given, bool swarm) {
  SimOptions drawn = given;
  Random random(given.seed ^ 0x5741524D);
  if (swarm) {
    for (const AtlasEntry& entry : FaultAtlas()) {
      const bool chosen = random.Below(100) < ChanceOf(entry.kind);
      if (entry.survivable && chosen) drawn.faults.insert(entry.kind);
    }
  }
  // Only what is synced survives it.
  if (drawn.faults.contains(FaultKind::kLostUnsynced)) drawn.faults.erase(FaultKind::kPowerLoss);
  if (swarm || !drawn.faults.empty()) DrawSizes(random, drawn);
  DrawNetwork(random, drawn);
  if (drawn.faults.contains(FaultKind::kPowerLoss)) drawn.sync = true;
  if (drawn.faults.contains(FaultKind::kLostUnsynced)) drawn.sync = false;
  return drawn;
}

std::vector<std::pair<std::string, std::string>> OptionsText(const SimOptions& options) {
  const auto number = [](uint64_t value) { return std::to_string(value); };
  return {
      {"seed", number(options.seed)},
      {"nodes", number(options.nodes)},
      {"ops", number(options.ops)},
      {"idle", GoDurationText(options.idle_ns)},
      {"faults", FaultsText(options.faults)},
      {"clients", number(options.clients)},
      {"channels", number(options.channels)},
      {"op gap", GoDurationText(options.op_gap_ns)},
      {"fault gap", GoDurationText(options.fault_gap_ns)},
      {"down max", GoDurationText(options.down_max_ns)},
      {"raft timeout", GoDurationText(options.raft_timeout_ns)},
      {"snapshot interval", GoDurationText(options.snapshot_interval_ns)},
      {"snapshot threshold", number(options.snapshot_threshold)},
      {"trailing logs", number(options.trailing_logs)},
      {"encrypt", options.encrypts ? "true" : "false"},
      {"cluster sync", options.sync ? "true" : "false"},
      {"cipher", options.cipher},
      {"loss permille", number(options.network.loss_permille)},
      {"duplicate permille", number(options.network.duplicate_permille)},
      {"reorder permille", number(options.network.reorder_permille)},
      {"reorder", GoDurationText(options.network.reorder_ns)},
      {"delay min", GoDurationText(options.network.delay_min_ns)},
      {"delay max", GoDurationText(options.network.delay_max_ns)},
  };
}

Status CheckOptions(const SimOptions& options) {
  if (options.nodes < 1 || options.nodes > kNodesMax) {
    return Status(Code::kInvalid, "a cluster has 1 to " + std::to_string(kNodesMax) + " nodes");
  }
  if (options.ops > kOpsMax) {
    return Status(Code::kInvalid, "at most " + std::to_string(kOpsMax) + " ops");
  }
  const bool needs_cure = std::ranges::any_of(options.faults, [](FaultKind kind) {
    return !EntryOf(kind).survivable && kind != FaultKind::kPlainBefore;
  });
  if (needs_cure && options.nodes < 3) {
    return Status(
        Code::kInvalid,
        "damaging faults but plain_before need 3 nodes: a damaged one is cured by a wipe");
  }
  return Status();
}

}  // namespace atrest::sim
