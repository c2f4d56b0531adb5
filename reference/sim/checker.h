// One family of invariants over a simulated run (run_history.h). The simulator calls checkers; it
// does not know what they check. Implementations read the nodes' files with code of their own
// (harness/simcheck), so that what judges does not share what it judges.
// Ownership: whoever makes checkers keeps them alive longer than the simulation.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/sim/run_history.h"

namespace atrest::sim {

struct Violation {
  std::string checker;
  std::string node;         // "" if it is of the cluster
  std::string requirement;  // an id of scenarios/requirements.json
  std::string text;         // one line: what was expected and what is there
};

class Checker {
 public:
  virtual ~Checker() = default;
  virtual const char* name() const = 0;
  // Called before a node, up or not, does away with what nobody could see later: before it removes
  // entries of its Raft log or stores a snapshot, for which an older one goes, and before it
  // starts, with whatever was done to its files while it was down. Nothing is at rest.
  virtual void OnLook(const History& /*history*/, size_t /*node*/,
                      std::vector<Violation>& /*found*/) {}
  // Called after a node stopped, was killed or lost power, before its files are changed by anybody.
  virtual void OnNodeDown(const History& history, size_t node, std::vector<Violation>& found) = 0;
  // Called when the cluster has healed and is quiet.
  virtual void AtRest(const History& history, std::vector<Violation>& found) = 0;
};

}  // namespace atrest::sim
