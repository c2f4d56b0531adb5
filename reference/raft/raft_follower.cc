// Entries from a leader: where they fit, what they replace, how far they are committed.
#include <algorithm>

#include "reference/base/fault.h"
#include "reference/raft/raft.h"

namespace atrest::raft {
namespace {

// Whether the entries of REQUEST follow each other and what it says comes before them.
bool IsConsecutive(const AppendRequest& request) {
  uint64_t next = request.previous_index + 1;
  for (const EntryPtr& entry : request.entries) {
    if (entry->index != next++) return false;
  }
  return true;
}

}  // namespace

void Raft::HandleAppend(const Message& message, const AppendRequest& request) {
  AppendReply reply;
  reply.last_log = last_index();
  reply.previous_index = request.previous_index;
  if (message.term < term_) return Send(message.from, reply);
  if (message.term > term_ || role_ != Role::kFollower) {
    BecomeFollower();
    SetTerm(message.term);
  }
  if (leader_ != message.from) leader_ = message.from;
  const uint64_t end = request.previous_index + request.entries.size();
  if (request.previous_index < snapshot_index() && !request.IsHeartbeat()) {
    // Late, or from a leader that does not know of our snapshot. All up to there is committed, so
    // it is the leader's, too; what goes beyond it is sent again.
    reply.match_index = std::min(end, snapshot_index());
  } else {
    if (!IsConsecutive(request) || !AgreesBefore(request, reply) || !StoreNew(request)) {
      // A node that failed is a panicked process: it does not answer.
      if (role_ != Role::kShutdown) Send(message.from, reply);
      return;
    }
    FollowCommit(CommittedBy(request, end));
    if (role_ == Role::kShutdown) return;
    reply.match_index = end;
  }
  reply.success = true;
  last_contact_ns_ = now_ns_;
  Send(message.from, reply);
}

// What REQUEST says is committed of the entries up to END, where the log agrees with the leader's.
uint64_t Raft::CommittedBy(const AppendRequest& request, uint64_t end) const {
  const bool has_more = request.commit_index > end && last_index() > end;
  if (has_more && fault::On(Fault::kRoleCommitBeyond))
    return std::min(request.commit_index, last_index());
  return std::min(request.commit_index, end);
}

bool Raft::AgreesBefore(const AppendRequest& request, AppendReply& reply) const {
  if (request.previous_index == 0) return true;
  if (request.previous_index <= last_index()) {
    const Result<uint64_t> term = TermAt(request.previous_index);
    if (term.ok() && term.value() == request.previous_term) return true;
    if (term.ok() && fault::On(Fault::kRolePreviousUnchecked)) return true;
  }
  // Before a snapshot there is nothing to go back to: whoever contradicts one need not hurry.
  reply.no_retry_backoff = request.previous_index != snapshot_index();
  return false;
}

// False if an entry that is to be compared cannot be read.
bool Raft::StoreNew(const AppendRequest& request) {
  size_t known = 0;
  for (; known < request.entries.size(); ++known) {
    const LogEntry& entry = *request.entries[known];
    if (entry.index > last_log_index_) break;
    const Result<uint64_t> term = TermAt(entry.index);
    if (!term.ok()) return false;
    if (term.value() == entry.term || fault::On(Fault::kRoleConflictKept)) continue;
    TruncateFrom(entry.index);
    break;
  }
  const EntryRun fresh = request.entries.Without(known);
  if (fresh.empty()) return true;
  StoreInLog(fresh);
  for (const EntryPtr& entry : fresh) {
    const Status noted = NoteConfiguration(*entry);
    if (noted.ok()) continue;
    Fail(noted.message());
    return false;
  }
  return true;
}

void Raft::TruncateFrom(uint64_t index) {
  Ask(DeleteEntries{index, last_log_index_});
  recent_.TruncateFrom(index);
  if (index <= latest_index_) RevertConfiguration();
}

void Raft::FollowCommit(uint64_t index) {
  if (index <= commit_index_) return;
  commit_index_ = index;
  if (latest_index_ <= index) CommitConfiguration();
  Apply();
}

}  // namespace atrest::raft
