// How far the log is stored by a majority: the index up to which a leader may commit. Only an entry
// of the leader's own term makes progress (section 5.4.2 of the Raft paper); what is before it is
// committed with it.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "reference/raft/membership.h"

namespace atrest::raft {

class Commitment {
 public:
  // START_INDEX: the first entry of the leader's term.
  Commitment(const Configuration& configuration, uint64_t start_index);

  // The voters are those of CONFIGURATION from now on; what is known of a voter stays.
  void SetConfiguration(const Configuration& configuration);
  // ID's log is the leader's up to INDEX. Without effect if it has no vote or INDEX is no progress.
  void Match(const ServerId& id, uint64_t index);

  uint64_t commit_index() const { return commit_index_; }
  uint64_t start_index() const { return start_index_; }

 private:
  struct Voter {
    ServerId id;
    uint64_t match_index = 0;
  };

  void Recalculate();

  std::vector<Voter> voters_;
  std::vector<uint64_t> sorted_;  // memory of Recalculate
  uint64_t start_index_;
  uint64_t commit_index_ = 0;
};

}  // namespace atrest::raft
