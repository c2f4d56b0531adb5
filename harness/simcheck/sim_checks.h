// The checkers of encryption at rest in a cluster, all of them, for one simulated run:
//
//   simcheck::SimChecks checks;
//   sim::Simulation simulation(options, checks.all(), nullptr);
//   simulation.Run();
//   for (const simcheck::NamedFinding& finding : checks.findings()) ...
//
// forgotten   a channel is forgotten only by what files say       forgotten_check.h
// acked       no acknowledged message is lost                     acked_check.h
// stored      what is stored or delivered was sent                stored_check.h
// logs        the decrypted logs of all nodes agree               log_check.h
// leak        no payload byte in clear                            leak_check.h
// nonce-reuse no nonce twice under one key                        reuse_check.h
// own-key     every node's files are under its own key            own_key_check.h
// snapshots   snapshots are whole and fit their node              snapshot_check.h
// outcome     nodes end as documented, and for no other reason    outcome_check.h
//
// Where a node had a damaging fault, demands that its documented outcome breaks are not made
// (documented_outcomes.h). Files are read once for all, and only where they changed.
// Ownership: owns the checkers; one object for one run.
// Threads: none shared.
#pragma once

#include <memory>
#include <vector>

#include "harness/simcheck/named_finding.h"
#include "reference/sim/checker.h"

namespace atrest::simcheck {

class SimChecks {
 public:
  SimChecks();
  ~SimChecks();
  SimChecks(const SimChecks&) = delete;
  SimChecks& operator=(const SimChecks&) = delete;

  const std::vector<sim::Checker*>& all() const { return all_; }
  // In the order in which they were found.
  const std::vector<NamedFinding>& findings() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::vector<sim::Checker*> all_;
};

}  // namespace atrest::simcheck
