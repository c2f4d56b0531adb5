// Does the damaging faults of the atlas, one after the other, each to one node, but for swapped_log
// (two) and plain_before (all): the node stops, its files or settings become others, it runs like
// that for a while if it starts at all, and is cured as cluster.md 3d says: with the right settings
// or log if it never took part, else by removing both its directories. What was done is noted as a
// NodeDamage, before it is done.
// Not for what becomes of it: harness/simcheck knows what is documented.
// Ownership: borrows the nodes, the world and the injector, which does nothing meanwhile.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/random.h"
#include "reference/sim/fault_injector.h"
#include "reference/sim/sim_node.h"

namespace atrest::sim {

class NodeDamager {
 public:
  NodeDamager(World& world, const SimOptions& options, FaultTargets targets,
              FaultInjector& injector, uint64_t seed);

  // The first begins AFTER_NS from now.
  void Start(int64_t after_ns);
  // All that were asked for are done and cured.
  bool is_done() const { return waiting_.empty() && !running_; }
  // Whether a node that has ended by itself is this one's to deal with.
  bool Owns(size_t node) const { return running_ && !is_cured_ && node_ == node; }

 private:
  void Next();
  void Begin();
  bool MayBegin() const;
  bool IsBehindSnapshot();
  void AwaitSnapshot();
  void Do();
  void Damage(FaultKind kind);
  void BeginEncryption();
  void DamageSettings(FaultKind kind, NodeSettings& settings);
  void FlipBit();
  void TearStore();
  void AwaitTorn();
  void SwapBack();
  void SwapTrees(size_t other);
  bool TookPart(size_t node) const;
  void Misdirect();
  void SwapLogs();
  void RollBack();
  void Forge();
  void MakeItLead(int tries);
  void Cure();
  void Wipe();
  void AwaitCured();
  bool AreOthersUp(size_t node) const;
  void Finish();
  void Down(size_t node);
  void NoteDamage(size_t node, std::string_view name);
  size_t AnyOther();
  SimNode& node() { return *targets_.nodes[node_]; }
  NodeHistory& history() { return world_.history.nodes[node_]; }
  void Later(int64_t delay_ns, void (NodeDamager::*step)());

  World& world_;
  const SimOptions& options_;
  FaultTargets targets_;
  FaultInjector& injector_;
  Random random_;
  std::deque<FaultKind> waiting_;
  bool running_ = false;
  bool is_cured_ = false;  // the node was started again as it should be, and catches up
  FaultKind kind_{};
  size_t node_ = 0;
  std::optional<size_t> second_;  // that is to be cured as well
  uint64_t tries_ = 0;
  SimDisk::Tree old_log_;  // of each run's first look, to roll back to
  size_t old_node_ = 0;
  uint64_t old_wipes_ = 0;  // of that node then: a log from before a wipe is another node's
};

}  // namespace atrest::sim
