// Configurations in the log, and the changes that a leader makes of them.
#include <algorithm>
#include <utility>

#include "reference/raft/membership_codec.h"
#include "reference/raft/raft.h"

namespace atrest::raft {

// A configuration counts from the moment it is in the log. The one before it must be committed,
// since a leader does not start a second change earlier.
Status Raft::NoteConfiguration(const LogEntry& entry) {
  if (entry.type != EntryType::kConfiguration) return Status();
  Result<Configuration> configuration = DecodeConfiguration(entry.data);
  if (!configuration.ok()) return configuration.status();
  CommitConfiguration();
  latest_ = std::make_shared<const Configuration>(std::move(configuration).value());
  latest_index_ = entry.index;
  return Status();
}

void Raft::CommitConfiguration() {
  committed_ = latest_;
  committed_index_ = latest_index_;
}

void Raft::RevertConfiguration() {
  latest_ = committed_;
  latest_index_ = committed_index_;
}

void Raft::ChangeMembership(int64_t now_ns, const MembershipChange& change, uint64_t ticket,
                            Output& output) {
  Begin(now_ns, output);
  waiting_changes_.push_back({change, ticket});
  if (role_ != Role::kLeader) return RefuseChanges();
  StartNextChange();
}

void Raft::StartNextChange() {
  while (!waiting_changes_.empty() && latest_index_ == committed_index_ &&
         commit_index_ >= commitment_->start_index()) {
    const WaitingChange next = std::move(waiting_changes_.front());
    waiting_changes_.pop_front();
    const Result<Configuration> configuration =
        NextConfiguration(*latest_, latest_index_, next.change);
    if (configuration.ok()) return AppendConfiguration(configuration.value(), next.ticket);
    out_->changes.push_back({next.ticket, 0, configuration.status()});
  }
}

void Raft::AppendConfiguration(const Configuration& configuration, uint64_t ticket) {
  auto entry = std::make_shared<LogEntry>();
  entry->index = last_index() + 1;
  entry->term = term_;
  entry->type = EntryType::kConfiguration;
  entry->appended_at_ns = now_ns_;
  entry->data = EncodeConfiguration(configuration);
  StoreInLog(EntryRun({entry}));
  // By the old configuration still, so that a cluster of one commits its first addition alone.
  commitment_->Match(options_.id, last_log_index_);
  running_change_ = RunningChange{ticket, entry->index};
  latest_ = std::make_shared<const Configuration>(configuration);
  latest_index_ = entry->index;
  commitment_->SetConfiguration(configuration);
  UpdateFollowers();
  ReplicateAll();
  AdvanceCommit();
}

void Raft::UpdateFollowers() {
  for (FollowerProgress& follower : followers_) {
    // The entry that removes it is the last thing that a node is sent.
    if (!Contains(*latest_, follower.id)) SendAppend(follower, true);
  }
  std::erase_if(followers_, [this](const FollowerProgress& follower) {
    return !Contains(*latest_, follower.id);
  });
  for (const Server& server : latest_->servers) {
    if (server.id == options_.id || FindFollower(server.id) != nullptr) continue;
    FollowerProgress& follower = followers_.emplace_back();
    follower.id = server.id;
    follower.next_index = last_index() + 1;
    follower.last_contact_ns = now_ns_;
    follower.heartbeat_at_ns = follower.append_at_ns = now_ns_;
  }
}

void Raft::FinishChange(const Status& status) {
  if (!running_change_) return;
  const uint64_t index = status.ok() ? running_change_->index : 0;
  out_->changes.push_back({running_change_->ticket, index, status});
  running_change_.reset();
}

void Raft::RefuseChanges() {
  for (const WaitingChange& waiting : waiting_changes_) {
    out_->changes.push_back({waiting.ticket, 0, Status(Code::kInvalid, "node is not the leader")});
  }
  waiting_changes_.clear();
}

}  // namespace atrest::raft
