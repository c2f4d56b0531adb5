// Consensus of one node, as a state machine: time, messages, proposals in; writes, messages,
// committed entries out (raft_output.h, with the contract between the three). It elects leaders,
// replicates the log, commits, compacts the log behind snapshots, and changes the membership, as
// hashicorp/raft 1.6.0 does, which the real server is built on. Specification: cluster.md 2, 3h, 3j
// and 5; README.md lists what differs and why.
// Not for: files, sockets, clocks (time comes in with each call), entropy (a seed comes in at the
// start), or what commands mean.
// Ownership: the LogView is borrowed and outlives the Raft. An Output belongs to the caller; calls
// add to it.
// Errors: requests that cannot be granted are a Status. Where the real server panics, Output::
// failure says so and the Raft does nothing any more.
// Time: nanoseconds since 1970 by a clock that does not go back; it is also what entries are marked
// with.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reference/base/random.h"
#include "reference/base/status.h"
#include "reference/raft/commitment.h"
#include "reference/raft/follower_progress.h"
#include "reference/raft/log_view.h"
#include "reference/raft/raft_message.h"
#include "reference/raft/raft_options.h"
#include "reference/raft/raft_output.h"
#include "reference/raft/recent_entries.h"

namespace atrest::raft {

// What a node finds on its disk, beside the log. The state machine has been restored from SNAPSHOT,
// the newest that can be read, if there is one.
struct DurableState {
  uint64_t current_term = 0;
  uint64_t last_vote_term = 0;
  std::optional<std::string> last_vote_candidate;
  SnapshotMetaPtr snapshot;
};

class Raft {
 public:
  // A follower that goes on from what is on disk. SEED decides all random timeouts. Errors: of the
  // options; "failed to get last log at index N: WHY" (the real server ends with 1) and texts that
  // begin with "panic: " (it ends with 2). OUTPUT gets writes only where a crash in the middle of
  // installing a snapshot left entries that are not the cluster's.
  static Result<std::unique_ptr<Raft>> Start(const Options& options, const DurableState& state,
                                             const LogView& log, uint64_t seed, int64_t now_ns,
                                             Output& output);

  // Whether the node has ever been part of a cluster. If not it has to be bootstrapped, or another
  // node has to add it.
  bool has_state() const { return term_ > 0 || last_index() > 0; }
  // Writes the first entry of the log. Each of the peers in a list does, for itself, or the seed
  // does with itself as the only one. Errors: this node has no vote in CONFIGURATION, there is
  // something wrong with it, or has_state().
  Status Bootstrap(int64_t now_ns, const Configuration& configuration, Output& output);

  // Does what is due. Before deadline_ns() a call does nothing.
  void Tick(int64_t now_ns, Output& output);
  int64_t deadline_ns() const;

  void Receive(int64_t now_ns, const Message& message, Output& output);

  // Appends commands, as one write. The index of the first; the entry that is committed there is
  // this command if its term is the one of now. Errors: kInvalid if this node is not the leader.
  Result<uint64_t> Propose(int64_t now_ns, std::vector<Bytes> commands, Output& output);
  // Appends a barrier. A new leader proposes one to learn when all from before is applied.
  Result<uint64_t> ProposeBarrier(int64_t now_ns, Output& output);

  // Asks for a change; the outcome comes in Output::changes with TICKET, in this call or a later
  // one. Changes happen one after the other, each once the one before is committed.
  void ChangeMembership(int64_t now_ns, const MembershipChange& change, uint64_t ticket,
                        Output& output);

  // What a snapshot taken now would be of: the entry that the state machine applied last. Errors:
  // kInvalid if nothing was applied since the start, or a configuration is newer.
  Result<SnapshotMeta> SnapshotPoint() const;
  // A snapshot of META is durable. The log is cut behind it.
  void SnapshotTaken(int64_t now_ns, SnapshotMetaPtr meta, Output& output);
  // The state machine is as in the snapshot that Output::restore named. Until then the node answers
  // heartbeats and nothing else.
  void SnapshotRestored(int64_t now_ns, Output& output);

  Role role() const { return role_; }
  // "" if none is known.
  const ServerId& leader() const { return leader_; }
  uint64_t term() const { return term_; }
  uint64_t commit_index() const { return commit_index_; }
  uint64_t last_applied() const { return last_applied_; }
  // Of the log or the snapshot, whichever reaches further.
  uint64_t last_index() const;
  SnapshotMetaPtr snapshot() const { return snapshot_; }
  // The latest in the log, committed or not.
  const Configuration& configuration() const { return *latest_; }

 private:
  struct WaitingChange {
    MembershipChange change;
    uint64_t ticket = 0;
  };
  struct RunningChange {
    uint64_t ticket = 0;
    uint64_t index = 0;
  };

  Raft(const Options& options, const DurableState& state, const LogView& log, uint64_t seed);

  // raft.cc
  Status Load();
  Status DropForeignEntries();
  Status ScanForConfigurations();
  void Begin(int64_t now_ns, Output& output);
  int64_t Jitter(int64_t timeout_ns);
  void SetRole(Role role);
  void SetTerm(uint64_t term);
  void Fail(const std::string& why);
  void BecomeFollower();
  template <typename W>
  void Ask(W write) {
    out_->writes.emplace_back(std::in_place_type<W>, std::move(write));
  }
  void Send(const ServerId& to, decltype(Message::body) body);
  Result<EntryPtr> EntryAt(uint64_t index) const;
  Result<uint64_t> TermAt(uint64_t index) const;
  uint64_t snapshot_index() const { return snapshot_ ? snapshot_->index : 0; }
  uint64_t last_term() const;
  void StoreInLog(const EntryRun& run);
  void Apply();

  // raft_election.cc
  void FollowerTimeout();
  void StartElection();
  void CountVote(const ServerId& voter);
  void BecomeLeader();
  void LeaveLeadership();
  void CheckLease();
  void HandleVoteRequest(const Message& message, const VoteRequest& request);
  bool GrantVote(const Message& message, const VoteRequest& request);
  bool HasOlderLog(const VoteRequest& request) const;
  void HandleVoteReply(const Message& message, const VoteReply& reply);

  // raft_follower.cc
  void HandleAppend(const Message& message, const AppendRequest& request);
  uint64_t CommittedBy(const AppendRequest& request, uint64_t end) const;
  bool AgreesBefore(const AppendRequest& request, AppendReply& reply) const;
  bool StoreNew(const AppendRequest& request);
  void TruncateFrom(uint64_t index);
  void FollowCommit(uint64_t index);

  // raft_leader.cc
  void LeaderTick();
  Result<uint64_t> AppendNew(std::vector<LogEntry> entries);
  void AdvanceCommit();
  void ReplicateAll();
  void Replicate(FollowerProgress& follower);
  void ReplicateUnasked(FollowerProgress& follower);
  bool SendAppend(FollowerProgress& follower, bool with_entries);
  void SendSnapshot(FollowerProgress& follower);
  Result<EntryRun> Batch(uint64_t first);
  FollowerProgress* FindFollower(const ServerId& id);
  void HandleAppendReply(const Message& message, const AppendReply& reply);
  void Matched(FollowerProgress& follower, uint64_t index);
  void Refused(FollowerProgress& follower, const AppendReply& reply);
  void HandleSnapshotReply(const Message& message, const SnapshotReply& reply);

  // raft_compaction.cc
  void SnapshotTimeout();
  void HandleSnapshot(const Message& message, const SnapshotRequest& request);
  bool GoesOnFrom(const SnapshotMeta& meta) const;
  void AdoptSnapshot(const SnapshotMetaPtr& meta);
  void Compact(uint64_t index);

  // raft_membership.cc
  Status NoteConfiguration(const LogEntry& entry);
  void CommitConfiguration();
  void RevertConfiguration();
  void StartNextChange();
  void AppendConfiguration(const Configuration& configuration, uint64_t ticket);
  void UpdateFollowers();
  void FinishChange(const Status& status);
  void RefuseChanges();

  const Options options_;
  const LogView& log_;
  Random random_;

  // The call that is being made.
  int64_t now_ns_ = 0;
  Output* out_ = nullptr;

  // What is on disk, once the writes that were asked for are done.
  uint64_t term_;
  uint64_t last_vote_term_;
  std::optional<std::string> last_vote_candidate_;
  SnapshotMetaPtr snapshot_;
  uint64_t last_log_index_ = 0;  // of the log alone
  uint64_t last_log_term_ = 0;

  Role role_ = Role::kFollower;
  ServerId leader_;
  uint64_t commit_index_ = 0;
  uint64_t last_applied_ = 0;
  // The last command or barrier that was given out.
  uint64_t state_machine_index_ = 0;
  uint64_t state_machine_term_ = 0;
  RecentEntries recent_;

  // There is at most one configuration in the log that is not committed.
  ConfigurationPtr latest_ = std::make_shared<const Configuration>();
  uint64_t latest_index_ = 0;
  ConfigurationPtr committed_ = latest_;
  uint64_t committed_index_ = 0;

  int64_t last_contact_ns_ = 0;  // of a follower with its leader
  int64_t election_at_ns_ = 0;   // of a follower: the next look at last_contact_ns_
  int64_t snapshot_at_ns_ = 0;

  std::vector<ServerId> votes_;  // of a candidate

  std::optional<Commitment> commitment_;  // a leader has one
  std::vector<FollowerProgress> followers_;
  int64_t lease_at_ns_ = 0;
  EntryRun batch_;  // what was sent last: the next follower mostly needs the same
  std::deque<WaitingChange> waiting_changes_;
  std::optional<RunningChange> running_change_;

  // A snapshot that the state machine is being restored from, and who sent it.
  SnapshotMetaPtr restoring_;
  ServerId restore_from_;
};

}  // namespace atrest::raft
