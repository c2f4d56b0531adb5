// A leader's part: new entries, what each follower is sent, what is committed.
#include <algorithm>
#include <utility>

#include "reference/raft/raft.h"

namespace atrest::raft {

// The index of the first. All of it is one write.
Result<uint64_t> Raft::AppendNew(std::vector<LogEntry> entries) {
  const uint64_t first = last_index() + 1;
  if (entries.empty()) return first;
  std::vector<EntryPtr> shared;
  shared.reserve(entries.size());
  for (LogEntry& entry : entries) {
    entry.index = first + shared.size();
    entry.term = term_;
    entry.appended_at_ns = now_ns_;
    shared.push_back(std::make_shared<const LogEntry>(std::move(entry)));
  }
  const EntryRun run(std::move(shared));
  StoreInLog(run);
  if (run.size() <= options_.append_entries_max) batch_ = run;
  commitment_->Match(options_.id, last_log_index_);
  ReplicateAll();
  AdvanceCommit();
  return first;
}

void Raft::AdvanceCommit() {
  const uint64_t before = commit_index_;
  if (commitment_->commit_index() <= before) return;
  commit_index_ = commitment_->commit_index();
  bool removed = false;
  if (latest_index_ > before && latest_index_ <= commit_index_) {
    CommitConfiguration();
    removed = !HasVote(*committed_, options_.id);
    FinishChange(Status());
  }
  Apply();
  if (role_ != Role::kLeader) return;
  if (!removed) return StartNextChange();
  LeaveLeadership();
  SetRole(Role::kShutdown);
}

void Raft::ReplicateAll() {
  for (FollowerProgress& follower : followers_) Replicate(follower);
}

void Raft::Replicate(FollowerProgress& follower) {
  switch (follower.mode) {
    case FollowerProgress::Mode::kProbe:
      if (!follower.awaiting) SendAppend(follower, true);
      return;
    case FollowerProgress::Mode::kPipeline:
      while (follower.next_index <= last_index() &&
             follower.in_flight.size() < options_.appends_in_flight_max) {
        if (!SendAppend(follower, true)) return;
      }
      return;
    case FollowerProgress::Mode::kSnapshot:
      return;
  }
}

// Lets a follower know the commit index, and notices what got lost: an empty request behind all
// that was sent is refused by a follower that misses some of it.
void Raft::ReplicateUnasked(FollowerProgress& follower) {
  if (follower.mode == FollowerProgress::Mode::kSnapshot) return SendSnapshot(follower);
  const bool probing = follower.mode == FollowerProgress::Mode::kProbe;
  SendAppend(follower, probing && !follower.awaiting);
}

// False if it was not sent: a snapshot is instead, or there is an entry that cannot be read.
bool Raft::SendAppend(FollowerProgress& follower, bool with_entries) {
  follower.append_at_ns = now_ns_ + Jitter(options_.commit_timeout_ns);
  AppendRequest request;
  request.previous_index = follower.next_index - 1;
  request.commit_index = commit_index_;
  const Result<uint64_t> term = TermAt(request.previous_index);
  Status read = term.status();
  if (read.ok()) request.previous_term = term.value();
  if (read.ok() && with_entries && follower.next_index <= last_index()) {
    const Result<EntryRun> batch = Batch(follower.next_index);
    read = batch.status();
    if (read.ok()) request.entries = batch.value();
  }
  if (!read.ok()) {
    if (read.code() == Code::kNotFound) SendSnapshot(follower);
    return false;
  }
  if (follower.mode == FollowerProgress::Mode::kProbe) {
    follower.awaiting = true;
  } else if (!request.entries.empty()) {
    follower.next_index = request.entries.last_index() + 1;
    follower.in_flight.push_back(request.entries.last_index());
  }
  Send(follower.id, std::move(request));
  return true;
}

void Raft::SendSnapshot(FollowerProgress& follower) {
  if (!snapshot_) return;
  follower.mode = FollowerProgress::Mode::kSnapshot;
  follower.awaiting = false;
  follower.in_flight.clear();
  follower.append_at_ns = now_ns_ + options_.snapshot_retry_ns;
  Send(follower.id, SnapshotRequest{snapshot_, nullptr});
}

Result<EntryRun> Raft::Batch(uint64_t first) {
  const uint64_t last = std::min(first + options_.append_entries_max - 1, last_index());
  if (!batch_.empty() && batch_.first_index() == first && batch_.last_index() == last) {
    return batch_;
  }
  std::vector<EntryPtr> entries;
  entries.reserve(static_cast<size_t>(last - first + 1));
  for (uint64_t index = first; index <= last; ++index) {
    Result<EntryPtr> entry = EntryAt(index);
    if (!entry.ok()) return entry.status();
    entries.push_back(std::move(entry).value());
  }
  batch_ = EntryRun(std::move(entries));
  return batch_;
}

FollowerProgress* Raft::FindFollower(const ServerId& id) {
  for (FollowerProgress& follower : followers_) {
    if (follower.id == id) return &follower;
  }
  return nullptr;
}

void Raft::HandleAppendReply(const Message& message, const AppendReply& reply) {
  if (role_ != Role::kLeader) return;
  if (message.term > term_) return BecomeFollower();
  FollowerProgress* follower = FindFollower(message.from);
  if (follower == nullptr || message.term < term_) return;
  follower->last_contact_ns = now_ns_;
  if (reply.success) {
    Matched(*follower, std::min(reply.match_index, last_index()));
  } else {
    Refused(*follower, reply);
  }
}

void Raft::Matched(FollowerProgress& follower, uint64_t index) {
  switch (follower.mode) {
    case FollowerProgress::Mode::kProbe:
      if (index + 1 < follower.next_index) break;  // of a heartbeat, or of long ago
      follower.mode = FollowerProgress::Mode::kPipeline;
      follower.next_index = index + 1;
      follower.awaiting = false;
      break;
    case FollowerProgress::Mode::kPipeline:
      std::erase_if(follower.in_flight, [index](uint64_t last) { return last <= index; });
      follower.next_index = std::max(follower.next_index, index + 1);
      break;
    case FollowerProgress::Mode::kSnapshot:
      break;
  }
  follower.match_index = std::max(follower.match_index, index);
  commitment_->Match(follower.id, index);
  const ServerId id = follower.id;
  AdvanceCommit();  // may end the leadership, or change who the followers are
  if (FollowerProgress* still = FindFollower(id)) Replicate(*still);
}

void Raft::Refused(FollowerProgress& follower, const AppendReply& reply) {
  if (follower.mode == FollowerProgress::Mode::kSnapshot) return;
  // Of a probe only the answer to the last request counts.
  const bool probing = follower.mode == FollowerProgress::Mode::kProbe;
  if (probing && reply.previous_index + 1 != follower.next_index) return;
  // Late, unless the follower has lost what it had.
  const uint64_t matched = follower.match_index;
  if (!probing && reply.previous_index <= matched && reply.last_log >= matched) return;
  const uint64_t earlier = std::min(reply.previous_index, reply.last_log + 1);
  follower.mode = FollowerProgress::Mode::kProbe;
  follower.next_index = std::max<uint64_t>(earlier, 1);
  follower.awaiting = false;
  follower.in_flight.clear();
  if (reply.no_retry_backoff) Replicate(follower);
}

void Raft::HandleSnapshotReply(const Message& message, const SnapshotReply& reply) {
  if (role_ != Role::kLeader) return;
  if (message.term > term_) return BecomeFollower();
  FollowerProgress* follower = FindFollower(message.from);
  if (follower == nullptr || message.term < term_) return;
  follower->last_contact_ns = now_ns_;
  if (!reply.success || follower->mode != FollowerProgress::Mode::kSnapshot) return;
  follower->mode = FollowerProgress::Mode::kProbe;
  follower->next_index = std::min(reply.index, last_index()) + 1;
  Matched(*follower, follower->next_index - 1);
}

}  // namespace atrest::raft
