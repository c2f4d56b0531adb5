// Does the survivable faults of the atlas to a running cluster, at times and places that the seed
// says, within what a cluster survives:
// - Never more than a minority of the nodes is down, or behind after a wipe, except where all are
//   killed at once and started again soon.
// - A node is wiped when all nodes are up and hold the same log, nobody else was just elected, and
//   no message that it sent before can still matter; it starts again when another one leads, and
//   the next is wiped when it has caught up.
// - Power is lost only where all is synced.
// - Cuts end, and so does everything when Heal is called.
// Ownership: borrows the nodes and the world.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "reference/base/random.h"
#include "reference/sim/sim_node.h"
#include "reference/sim/sim_options.h"

namespace atrest::sim {

// What the injector needs of the simulation.
struct FaultTargets {
  std::vector<std::unique_ptr<SimNode>>& nodes;
  size_t sites = 0;  // nodes and clients
  // Called when a node has gone down by the injector's doing, before anything else happens to it.
  std::function<void(size_t node)> on_down;
  // Makes the clients pause, or go on.
  std::function<void(bool paused)> pause;
};

class FaultInjector {
 public:
  FaultInjector(World& world, const SimOptions& options, FaultTargets targets, uint64_t seed);

  // Faults from now on.
  void Start();
  // A node has ended without the injector's doing, or inside a write that it chose: it is started
  // again after a while.
  void OnEnd(size_t node);
  // Nodes that were not to encrypt at first do from their next start on.
  void BeginEncryption();
  // Ends all faults: the network is whole, and every node that is down comes up soon.
  void Heal();
  // Whether a wiped node has not caught up yet.
  bool is_recovering() const { return wiped_.has_value(); }
  // Nothing happens to nodes, and NODE is not started, while somebody else works on it.
  void Hold(std::optional<size_t> node);
  // No node is killed in a write that was chosen before.
  void DisarmAll();
  // Removes the directories of NODE, which is down, and starts it again, if the others are such
  // that nobody misses it. ALSO: one that is down, too.
  bool WipeDown(size_t node, std::optional<size_t> also);
  // What NODE is started with the next time.
  NodeSettings& settings(size_t node) { return settings_[node]; }

 private:
  using Act = bool (FaultInjector::*)();

  void Next();
  void DoOne();
  std::vector<Act> Acts();
  bool Kill();
  bool KillInWrite();
  bool KillInSnapshot();
  // NODE will be killed in a write; WAITS_LONG: that may take a while.
  void Arm(size_t node, bool waits_long);
  // It is not any more.
  void Disarm(size_t node);
  bool IsArmed(size_t node) const;
  bool Stop();
  bool AllDown();
  bool PowerLoss();
  bool Wipe();
  bool Partition();
  bool OneWayCut();
  void EndCuts();

  bool Has(FaultKind kind) const { return options_.faults.contains(kind); }
  // A node that may go down now.
  std::optional<size_t> Victim();
  std::optional<size_t> WriteVictim();
  // All nodes but WITHOUT.
  bool IsQuiet(const std::set<size_t>& without) const;
  void WipeAndStart(size_t node);
  bool IsTermOver() const;
  void StartWiped(size_t node);
  bool HasCaughtUp(size_t node) const;
  void WatchWiped();
  // It is started again after MAX_NS at most, and a little.
  void Down(size_t node, int64_t max_ns);
  void StartLater(size_t node, int64_t max_ns);
  void StartNow(size_t node);
  void StartDown();
  std::string NewKey(size_t node);

  World& world_;
  const SimOptions& options_;
  FaultTargets targets_;
  Random random_;
  std::vector<NodeSettings> settings_;  // of each node's next start
  uint64_t keys_ = 0;
  std::optional<size_t> wiped_;  // and not caught up
  bool wiped_waits_ = false;     // and not started yet
  uint64_t wipe_term_ = 0;       // of the others, when it was
  uint32_t wiped_kills_ = 0;     // in writes, since
  std::vector<bool> armed_;      // to be killed in a write, by node
  std::vector<bool> waits_long_;
  std::vector<uint64_t> armings_;  // how often that was so
  std::vector<uint32_t> exits_;    // by itself, by node
  bool healed_ = false;
  std::optional<size_t> held_;
};

}  // namespace atrest::sim
