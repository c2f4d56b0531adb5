#include "reference/stan/proposals.h"

#include <utility>

#include "reference/base/fault.h"

namespace atrest::stan {

void Proposals::Propose(const raftlog::RaftOperation& operation, Done done) {
  std::vector<Proposal> one(1);
  one.front().operation = operation;
  one.front().done = std::move(done);
  ProposeAll(std::move(one));
}

void Proposals::ProposeAll(std::vector<Proposal> proposals) {
  if (proposals.empty()) return;
  std::vector<Bytes> encoded;
  encoded.reserve(proposals.size());
  for (const Proposal& proposal : proposals) {
    encoded.push_back(raftlog::EncodeOperation(proposal.operation));
  }
  const Result<uint64_t> first = replication_.Propose(std::move(encoded));
  const uint64_t term = replication_.term();
  for (size_t i = 0; i < proposals.size(); ++i) {
    Done& done = proposals[i].done;
    if (done == nullptr) continue;
    const bool is_publish = proposals[i].operation.type == raftlog::RaftOperationType::kPublish;
    if (first.ok() && is_publish && fault::On(Fault::kRoleAcksEarly)) {
      std::exchange(done, nullptr)({});
    } else if (first.ok()) {
      waiting_[first.value() + i] = {term, std::move(done)};
    } else {
      done({.status = first.status(), .subscription = nullptr});
    }
  }
}

// Entries that were lost to another leader's leave their places to others.
Proposals::Done Proposals::Take(uint64_t index, uint64_t term) {
  const auto found = waiting_.find(index);
  if (found == waiting_.end()) return nullptr;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  return waiting.term == term ? std::move(waiting.done) : nullptr;
}

}  // namespace atrest::stan
