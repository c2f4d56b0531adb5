// One run: a cluster of nodes and its clients, from a seed. Safety phase: clients work and faults
// happen. Liveness phase: the faults end, and within bounds of virtual time a leader serves, every
// channel accepts a message, all nodes have applied the same, and a client that was never there
// (kReader) gets it all from the first message to the last. Then rest: checkers look at everything,
// the nodes stop, and what is on their disks goes into the hash.
// Not for what is checked: checker.h, and the checkers of this folder and of harness/simcheck.
// Ownership: borrows the checkers and OUT.
// Errors: what was found is in the result; nothing else can fail.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "reference/sim/checker.h"
#include "reference/sim/fault_injector.h"
#include "reference/sim/node_damage.h"
#include "reference/sim/sim_node.h"
#include "reference/sim/sim_options.h"
#include "reference/sim/workload.h"

namespace atrest::sim {

// The name under which violations of the liveness phase are reported.
inline constexpr char kLivenessChecker[] = "liveness";

struct SimResult {
  std::string hash;
  uint64_t events = 0;
  int64_t virtual_ns = 0;
  Marks marks;
  size_t published = 0;
  size_t acknowledged = 0;
  size_t delivered = 0;
  bool is_whole = true;  // false: the safety phase ended before all ops and damages were done
  std::vector<Violation> violations;
};

class Simulation {
 public:
  // TRACE: where a line for each event goes; null for none.
  Simulation(const SimOptions& options, std::vector<Checker*> checkers, std::ostream* trace);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation();

  // REQUIRES: called once.
  SimResult Run();

  const History& history() const { return history_; }
  // After the run: for whoever keeps the files.
  SimNode& node(size_t number) { return *nodes_[number]; }
  size_t nodes() const { return nodes_.size(); }

 private:
  void Post(Site from, const raft::Message& message);
  void OnLook(size_t node);
  void OnNodeDown(size_t node);
  void OnNodeEnd(size_t node);
  void SafetyPhase();
  void LivenessPhase();
  bool AllAgree(const std::set<size_t>& without) const;
  // Of all nodes but those that documentedly cannot.
  bool AwaitAgreement();
  std::set<size_t> Blocked() const;
  bool HasLeader() const;
  bool AreAcknowledged(const std::vector<size_t>& published) const;
  // Takes what the reader was delivered out of PUBLISHED; whether that was the last.
  bool AreRead(std::vector<size_t>& published);
  // Until DONE, at most BOUND_NS; whether it came to that.
  template <typename Done>
  bool RunUntil(int64_t bound_ns, Done done);
  // WHAT did not come about, which a cluster does that heals so far.
  void Miss(Heals heals, const std::string& what);
  std::string WhyNoQuorum() const;
  std::string StateText() const;
  std::string TextOf(const std::vector<size_t>& published) const;
  void Rest();
  void MixFiles();

  const SimOptions options_;
  std::vector<Checker*> checkers_;
  EventQueue queue_;
  SimTrace trace_;
  SimNetwork network_;
  SimNats nats_;
  History history_;
  World world_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::map<std::string, size_t> numbers_;  // of nodes by id
  std::unique_ptr<FaultInjector> injector_;
  std::unique_ptr<NodeDamager> damager_;
  std::unique_ptr<Workload> workload_;
  bool is_whole_ = true;
  int64_t heal_ns_ = 0;
  size_t deliveries_seen_ = 0;
  std::vector<Violation> violations_;
};

}  // namespace atrest::sim
