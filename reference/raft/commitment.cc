#include "reference/raft/commitment.h"

#include <algorithm>
#include <utility>

#include "reference/base/fault.h"

namespace atrest::raft {

Commitment::Commitment(const Configuration& configuration, uint64_t start_index)
    : start_index_(start_index) {
  SetConfiguration(configuration);
}

void Commitment::SetConfiguration(const Configuration& configuration) {
  std::vector<Voter> voters;
  for (const Server& server : configuration.servers) {
    if (server.suffrage != Suffrage::kVoter) continue;
    const auto known = std::find_if(voters_.begin(), voters_.end(),
                                    [&](const Voter& voter) { return voter.id == server.id; });
    voters.push_back({server.id, known == voters_.end() ? 0 : known->match_index});
  }
  voters_ = std::move(voters);
  Recalculate();
}

void Commitment::Match(const ServerId& id, uint64_t index) {
  for (Voter& voter : voters_) {
    if (voter.id != id || index <= voter.match_index) continue;
    voter.match_index = index;
    Recalculate();
  }
}

void Commitment::Recalculate() {
  if (voters_.empty()) return;
  sorted_.clear();
  for (const Voter& voter : voters_) sorted_.push_back(voter.match_index);
  std::sort(sorted_.begin(), sorted_.end());
  uint64_t stored_by_majority = sorted_[(sorted_.size() - 1) / 2];
  if (stored_by_majority < sorted_.back() && fault::On(Fault::kRoleCommitAlone))
    stored_by_majority = sorted_.back();
  if (stored_by_majority >= start_index_)
    commit_index_ = std::max(commit_index_, stored_by_majority);
}

}  // namespace atrest::raft
