// Snapshots: when one is due, one that the leader sends, and what may be deleted behind one.
#include <algorithm>
#include <utility>

#include "reference/base/fault.h"
#include "reference/raft/raft.h"

namespace atrest::raft {

void Raft::SnapshotTimeout() {
  snapshot_at_ns_ = now_ns_ + Jitter(options_.snapshot_interval_ns);
  if (last_index() - snapshot_index() >= options_.snapshot_threshold) out_->take_snapshot = true;
}

Result<SnapshotMeta> Raft::SnapshotPoint() const {
  if (state_machine_index_ == 0) return Status(Code::kInvalid, "nothing new to snapshot");
  if (state_machine_index_ < committed_index_) {
    return Status(Code::kInvalid,
                  "cannot take snapshot now, wait until the configuration entry at " +
                      std::to_string(committed_index_) + " has been applied (have applied " +
                      std::to_string(state_machine_index_) + ")");
  }
  const bool is_later = state_machine_term_ != term_ && fault::On(Fault::kSnapshotTermOfNow);
  const uint64_t term = is_later ? term_ : state_machine_term_;
  return SnapshotMeta{state_machine_index_, term, committed_, committed_index_};
}

void Raft::SnapshotTaken(int64_t now_ns, SnapshotMetaPtr meta, Output& output) {
  Begin(now_ns, output);
  // One from the leader may have come in while this one was written.
  if (role_ == Role::kShutdown || meta->index < snapshot_index()) return;
  snapshot_ = std::move(meta);
  Compact(snapshot_->index);
}

// Deletes what is in a snapshot up to INDEX, but leaves so many of the last entries that followers
// which are not far behind need no snapshot.
void Raft::Compact(uint64_t index) {
  if (last_log_index_ <= options_.trailing_logs) return;
  const uint64_t first = log_.FirstIndex();
  const uint64_t last = std::min(index, last_log_index_ - options_.trailing_logs);
  if (first > last) return;
  Ask(DeleteEntries{first, last});
  // Nor are they sent any more: what is in the log decides who needs a snapshot.
  recent_.DropBelow(last + 1);
  batch_ = EntryRun();
}

void Raft::HandleSnapshot(const Message& message, const SnapshotRequest& request) {
  SnapshotReply reply{false, request.meta->index};
  if (message.term < term_) return Send(message.from, reply);
  if (message.term > term_ || role_ != Role::kFollower) {
    BecomeFollower();
    SetTerm(message.term);
  }
  leader_ = message.from;
  last_contact_ns_ = now_ns_;
  if (request.meta->index <= commit_index_) {
    // Doubled or late: all of it is here, and applied.
    reply.success = true;
    return Send(message.from, reply);
  }
  if (request.data == nullptr) return Send(message.from, reply);
  Ask(StoreSnapshot{request.meta, request.data});
  out_->restore = restoring_ = request.meta;
  restore_from_ = message.from;
}

void Raft::SnapshotRestored(int64_t now_ns, Output& output) {
  Begin(now_ns, output);
  if (!restoring_) return;
  const SnapshotMetaPtr meta = std::move(restoring_);
  restoring_ = nullptr;
  AdoptSnapshot(meta);
  last_contact_ns_ = now_ns_;
  election_at_ns_ = std::max(election_at_ns_, now_ns_);
  Send(restore_from_, SnapshotReply{true, meta->index});
}

// Whether the log goes on from a snapshot of META. An entry that is there and cannot be read does
// not contradict it.
bool Raft::GoesOnFrom(const SnapshotMeta& meta) const {
  if (last_log_index_ < meta.index) return false;
  const Result<uint64_t> term = TermAt(meta.index);
  return term.ok() ? term.value() == meta.term : term.status().code() != Code::kNotFound;
}

// Entries behind the snapshot stay if the log agrees with it. Otherwise none of them does; a log
// that ends before it goes, too, since nobody has compared it.
void Raft::AdoptSnapshot(const SnapshotMetaPtr& meta) {
  const bool agrees = GoesOnFrom(*meta);
  snapshot_ = meta;
  commit_index_ = last_applied_ = meta->index;
  state_machine_index_ = meta->index;
  state_machine_term_ = meta->term;
  committed_ = meta->configuration;
  committed_index_ = meta->configuration_index;
  if (agrees) {
    recent_.DropBelow(meta->index + 1);
    if (latest_index_ <= meta->index) RevertConfiguration();
    return Compact(meta->index);
  }
  if (last_log_index_ > 0) Ask(DeleteEntries{log_.FirstIndex(), last_log_index_});
  RevertConfiguration();
  recent_.Clear();
  last_log_index_ = last_log_term_ = 0;
}

}  // namespace atrest::raft
