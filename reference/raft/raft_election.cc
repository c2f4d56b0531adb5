// Elections, votes, and the lease that a leader must keep.
#include <algorithm>

#include "reference/base/fault.h"
#include "reference/raft/raft.h"

namespace atrest::raft {
namespace {

constexpr int64_t kLeaseCheckMinNs = 10 * kMillisecondNs;
// Of the heartbeat timeout: how often a leader sends one.
constexpr int64_t kHeartbeatsPerTimeout = 10;

}  // namespace

void Raft::FollowerTimeout() {
  election_at_ns_ = now_ns_ + Jitter(options_.heartbeat_timeout_ns);
  if (now_ns_ - last_contact_ns_ < options_.heartbeat_timeout_ns) return;
  leader_.clear();
  // Without a vote, or without knowing anybody: wait to be told.
  if (HasVote(*latest_, options_.id)) StartElection();
}

void Raft::StartElection() {
  SetRole(Role::kCandidate);
  SetTerm(term_ + 1);
  election_at_ns_ = now_ns_ + Jitter(options_.election_timeout_ns);
  last_vote_term_ = term_;
  last_vote_candidate_ = options_.address;
  Ask(SetLastVoteTerm{term_});
  Ask(SetLastVoteCandidate{options_.address});
  for (const Server& server : latest_->servers) {
    if (server.suffrage != Suffrage::kVoter || server.id == options_.id) continue;
    Send(server.id, VoteRequest{last_index(), last_term(), false, options_.address});
  }
  votes_.clear();
  CountVote(options_.id);
}

void Raft::CountVote(const ServerId& voter) {
  if (std::find(votes_.begin(), votes_.end(), voter) != votes_.end()) return;
  votes_.push_back(voter);
  if (votes_.size() >= QuorumSize(*latest_)) BecomeLeader();
}

// The noop commits what earlier leaders left: only an entry of the own term counts (commitment.h).
void Raft::BecomeLeader() {
  SetRole(Role::kLeader);
  leader_ = options_.id;
  commitment_.emplace(*latest_, last_index() + 1);
  lease_at_ns_ = now_ns_ + options_.lease_timeout_ns;
  UpdateFollowers();
  std::vector<LogEntry> noop(1);
  noop[0].type = EntryType::kNoop;
  ATREST_CHECK(AppendNew(std::move(noop)).ok());
}

void Raft::LeaveLeadership() {
  FinishChange(Status(Code::kInvalid, "leadership lost while committing log"));
  RefuseChanges();
  commitment_.reset();
  followers_.clear();
  batch_ = EntryRun();
}

void Raft::LeaderTick() {
  for (FollowerProgress& follower : followers_) {
    if (now_ns_ >= follower.heartbeat_at_ns) {
      Send(follower.id, AppendRequest());
      follower.heartbeat_at_ns =
          now_ns_ + Jitter(options_.heartbeat_timeout_ns / kHeartbeatsPerTimeout);
    }
    if (now_ns_ >= follower.append_at_ns) ReplicateUnasked(follower);
  }
  if (now_ns_ >= lease_at_ns_) CheckLease();
}

void Raft::CheckLease() {
  size_t contacted = 0;
  int64_t longest_ns = 0;
  for (const Server& server : latest_->servers) {
    if (server.suffrage != Suffrage::kVoter) continue;
    if (server.id == options_.id) {
      ++contacted;
      continue;
    }
    const int64_t since_ns = now_ns_ - FindFollower(server.id)->last_contact_ns;
    if (since_ns > options_.lease_timeout_ns) continue;
    ++contacted;
    longest_ns = std::max(longest_ns, since_ns);
  }
  if (contacted < QuorumSize(*latest_)) return BecomeFollower();
  lease_at_ns_ = now_ns_ + std::max(options_.lease_timeout_ns - longest_ns, kLeaseCheckMinNs);
}

void Raft::HandleVoteRequest(const Message& message, const VoteRequest& request) {
  const bool granted = GrantVote(message, request);
  Send(message.from, VoteReply{granted});
}

bool Raft::GrantVote(const Message& message, const VoteRequest& request) {
  // A node that is in no cluster yet votes for whoever asks.
  const bool bootstrapped = !latest_->servers.empty();
  if (bootstrapped && !Contains(*latest_, message.from)) return false;
  // A node that comes back must not unseat a leader that the others are content with.
  if (!leader_.empty() && leader_ != message.from && !request.leadership_transfer) return false;
  if (message.term < term_) return false;
  if (message.term > term_) {
    BecomeFollower();
    SetTerm(message.term);
  }
  // One that lost its vote and does not know so far: it cannot win, but its term must not keep the
  // others from electing somebody.
  if (bootstrapped && !HasVote(*latest_, message.from)) return false;
  if (last_vote_term_ == message.term && last_vote_candidate_) {
    if (*last_vote_candidate_ == request.address) return true;
    if (!fault::On(Fault::kRoleSecondVote)) return false;
  }
  if (HasOlderLog(request)) return false;
  last_vote_term_ = message.term;
  last_vote_candidate_ = request.address;
  Ask(SetLastVoteTerm{message.term});
  Ask(SetLastVoteCandidate{request.address});
  last_contact_ns_ = now_ns_;
  return true;
}

bool Raft::HasOlderLog(const VoteRequest& request) const {
  const bool is_older = request.last_log_term != last_term()
                            ? request.last_log_term < last_term()
                            : request.last_log_index < last_index();
  return is_older && !fault::On(Fault::kRoleOlderLog);
}

void Raft::HandleVoteReply(const Message& message, const VoteReply& reply) {
  if (role_ != Role::kCandidate) return;
  if (message.term > term_) {
    BecomeFollower();
    SetTerm(message.term);
    return;
  }
  if (!reply.granted || message.term < term_ || !HasVote(*latest_, message.from)) return;
  CountVote(message.from);
}

}  // namespace atrest::raft
