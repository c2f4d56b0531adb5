#include "reference/sim/node_process.h"

#include <algorithm>
#include <utility>

#include "reference/raft/raft_trace.h"
#include "reference/sim/forgotten_channels.h"
#include "reference/store/crypto_store.h"

namespace atrest::sim {
namespace {

constexpr char kPanic[] = "panic: ";
// In a line of a node that waits for the messages of its snapshot, and in the one of its end.
constexpr char kCannotRestore[] = "unable to restore messages";
// What one call may lead to within the process; more is an endless loop.
constexpr int kSettleStepsMax = 1'000'000;

uint64_t SeedOf(uint64_t seed, uint64_t purpose) { return Random(seed ^ purpose << 40).Next(); }

}  // namespace

SimNode::Process::Process(SimNode& node)
    : node_(node),
      seed_(SeedOf(node.options_.seed, node.history().starts.size())),
      number_(node.history().starts.size()),
      entropy_(SeedOf(seed_, 1)),
      env_{node.disk_, node.world_.queue, entropy_} {}

SimNode::Process::~Process() {
  node_.world_.nats.Close(connection_);
  server_.reset();
  raft_.reset();
}

void SimNode::Process::Log(LogLevel level, const std::string& text) {
  if (text.find(kCannotRestore) != std::string::npos) node_.history().cannot_restore_ns = now_ns();
  if (node_.world_.on_log) node_.world_.on_log(node_.options_.number, level, text);
  // The hash of the text is in the trace, so that runs which log different things differ.
  if (level == LogLevel::kDebug || level == LogLevel::kTrace) return;
  node_.Note("log", static_cast<uint64_t>(level), HashOf(AsBytes(text)) >> 32, 0, text);
}

void SimNode::Process::End(int code, const std::string& text) {
  if (ended_) return;
  ended_ = true;
  exit_code_ = code;
  exit_text_ = text;
}

// The text says whether the real server would exit or panic.
void SimNode::Process::Fail(const Status& why) {
  End(why.message().starts_with(kPanic) ? 2 : 1, why.message());
}

uint64_t SimNode::Process::applied_index() const {
  if (server_ == nullptr) return 0;
  const bool restoring = server_->phase() == stan::ClusteredServer::Phase::kRestoring;
  const uint64_t restored = restored_ != nullptr && !restoring ? restored_->index : 0;
  return std::max(restored, server_->applied_index());
}

// Replication

Result<uint64_t> SimNode::Process::Propose(std::vector<Bytes> operations) {
  raft::Output output;
  auto index = raft_->Propose(now_ns(), std::move(operations), output);
  Do(output);
  return index;
}

void SimNode::Process::ChangeMembership(const raft::MembershipChange& change, uint64_t ticket) {
  raft::Output output;
  raft_->ChangeMembership(now_ns(), change, ticket, output);
  Do(output);
}

// Bus. A process that was killed in the middle of a call says nothing any more.

Status SimNode::Process::Publish(std::string_view subject, std::string_view reply,
                                 ByteView payload) {
  if (ended_ || node_.disk_.stopped()) return Status(Code::kIo, "nats: connection closed");
  return node_.world_.nats.Publish(connection_, subject, reply, payload);
}

Status SimNode::Process::Subscribe(uint64_t handle, const std::string& subject) {
  if (ended_ || node_.disk_.stopped()) return Status(Code::kIo, "nats: connection closed");
  return node_.world_.nats.Subscribe(connection_, handle, subject);
}

void SimNode::Process::Unsubscribe(uint64_t handle) {
  node_.world_.nats.Unsubscribe(connection_, handle);
}

// What consensus wants done

void SimNode::Process::Do(raft::Output& output) {
  if (ended_) return;
  if (output.restore != nullptr) {
    node_.is_installing_ = true;
    NoteRestored(Restored::Step::kInstalling, *output.restore);
  }
  if (!DoWrites(output)) return;
  if (!output.failure.ok()) return Fail(output.failure);
  SendAll(output);
  to_apply_.insert(to_apply_.end(), output.committed.begin(), output.committed.end());
  roles_.insert(roles_.end(), output.roles.begin(), output.roles.end());
  if (output.restore != nullptr) restore_ = output.restore;
  if (output.take_snapshot) wants_snapshot_ = true;
  for (const raft::ChangeResult& change : output.changes) {
    server_->OnMembershipChanged(now_ns(), change.ticket, change.status);
  }
}

bool SimNode::Process::DoWrites(const raft::Output& output) {
  for (const raft::Write& write : output.writes) {
    const bool is_removing = std::holds_alternative<raft::DeleteEntries>(write) ||
                             std::holds_alternative<raft::StoreSnapshot>(write);
    if (is_removing) node_.Look();
    const Status done = view_->Do(write);
    if (node_.world_.trace.is_read())
      node_.Note("write", 0, 0, 0, raft::WriteText(write));
    else
      node_.Note("write");
    if (done.ok() && !node_.disk_.stopped()) continue;
    Fail(done.ok() ? Status(Code::kIo, "stopped") : done);
    return false;
  }
  return true;
}

void SimNode::Process::SendAll(raft::Output& output) {
  for (raft::Message& message : output.messages) {
    if (auto* snapshot = std::get_if<raft::SnapshotRequest>(&message.body)) {
      snapshot->data = view_->ReadSnapshot(*snapshot->meta);
    }
    node_.world_.post(node_.options_.number, message);
  }
}

// Everything that follows from what was just done, until nothing does.
void SimNode::Process::Settle() {
  if (settling_) return;
  settling_ = true;
  for (int step = 0; !ended_ && SettleOnce(); ++step) ATREST_CHECK(step < kSettleStepsMax);
  settling_ = false;
  if (!ended_ && node_.disk_.stopped()) End(0, "stopped");
  if (ended_) return;
  UpdateHistory();
  Schedule();
}

bool SimNode::Process::SettleOnce() {
  if (node_.disk_.stopped()) return false;
  if (server_->phase() == stan::ClusteredServer::Phase::kFailed) {
    Fail(server_->failure());
    return false;
  }
  if (raft_ == nullptr) return BeginConsensus();
  if (join_ != nullptr && join_->state() != NodeJoin::State::kAsking) return EndJoin();
  if (!roles_.empty()) {
    const raft::Role role = roles_.front();
    roles_.pop_front();
    EnterRole(role);
    return true;
  }
  if (!to_apply_.empty()) {
    ApplyNext();
    return true;
  }
  return ContinueRestore() || BeginServing() || TakeSnapshot();
}

bool SimNode::Process::EndJoin() {
  const auto join = std::exchange(join_, nullptr);
  if (join->state() == NodeJoin::State::kJoined) return true;
  Fail(Status(Code::kNotFound, join->failure()));
  return false;
}

void SimNode::Process::EnterRole(raft::Role role) {
  node_.Note("role", static_cast<uint64_t>(role), raft_->term(), 0, raft::RoleText(role));
  barrier_.reset();
  serving_ = false;
  server_->LoseLeadership(now_ns());  // without effect if it was not elected
  if (role != raft::Role::kLeader || raft_->role() != raft::Role::kLeader) return;
  ++node_.world_.marks.elections;
  ++node_.world_.history.epoch;
  node_.world_.history.led.push_back(
      {node_.options_.number, raft_->term(), node_.world_.trace.events()});
  server_->OnElected(now_ns());
  raft::Output output;
  const auto index = raft_->ProposeBarrier(now_ns(), output);
  if (index.ok()) barrier_ = index.value();
  Do(output);
}

void SimNode::Process::ApplyNext() {
  const raft::EntryPtr entry = std::move(to_apply_.front());
  to_apply_.pop_front();
  NoteApplied(*entry);
  server_->Apply(now_ns(), entry);
}

void SimNode::Process::NoteApplied(const raft::LogEntry& entry) {
  const uint64_t digest = HashOf(entry.data);
  node_.Note("apply", entry.index, entry.term, digest >> 32);
  node_.world_.history.applied.push_back({node_.options_.number, number_ - 1, entry.index,
                                          entry.term, static_cast<uint8_t>(entry.type), digest,
                                          entry.data.empty() ? uint8_t{0} : entry.data[0],
                                          node_.world_.trace.events()});
  NoteForgottenApplied(node_.world_.history, node_.options_.number, entry, now_ns());
}

void SimNode::Process::NoteRestored(Restored::Step step, const raft::SnapshotMeta& meta) {
  node_.world_.history.restored.push_back({step, node_.options_.number, number_ - 1, meta.index,
                                           meta.term, node_.world_.trace.events()});
}

// A snapshot from the leader: everything from before it has been applied.
bool SimNode::Process::ContinueRestore() {
  if (restore_ == nullptr) return false;
  if (!restore_begun_) {
    restore_begun_ = true;
    node_.Note("install", restore_->index, restore_->term);
    const raft::BytesPtr state = view_->ReadSnapshot(*restore_);
    if (state == nullptr) {
      Fail(Status(Code::kCorrupt, "failed to restore snapshot"));
      return false;
    }
    const Status restored = server_->Restore(now_ns(), *state);
    if (!restored.ok()) {
      Fail(restored);
      return false;
    }
    return true;
  }
  if (server_->phase() == stan::ClusteredServer::Phase::kRestoring) return false;
  ++node_.world_.marks.snapshot_installs;
  node_.Note("installed", restore_->index, restore_->term);
  NoteRestored(Restored::Step::kInstalled, *restore_);
  node_.is_installing_ = false;
  restored_ = std::exchange(restore_, nullptr);
  restore_begun_ = false;
  raft::Output output;
  raft_->SnapshotRestored(now_ns(), output);
  Do(output);
  return true;
}

bool SimNode::Process::BeginServing() {
  if (!barrier_ || server_->applied_index() < *barrier_) return false;
  barrier_.reset();
  if (raft_->role() != raft::Role::kLeader) return false;
  serving_ = true;
  node_.Note("leader", raft_->term());
  server_->BecomeLeader(now_ns());
  return true;
}

bool SimNode::Process::TakeSnapshot() {
  if (!wants_snapshot_ || restore_ != nullptr ||
      server_->phase() == stan::ClusteredServer::Phase::kRestoring) {
    return false;
  }
  wants_snapshot_ = false;
  const auto point = raft_->SnapshotPoint();
  if (!point.ok()) return false;
  const auto state = server_->TakeSnapshot(now_ns());
  if (!state.ok()) return false;
  const auto meta = std::make_shared<const raft::SnapshotMeta>(point.value());
  node_.Note("snapshot", meta->index, meta->term, state.value().size());
  node_.Look();
  const auto created = snapshots_->Create(ToStored(*meta), state.value());
  if (!created.ok()) return true;  // tried again when the next is due
  ++node_.world_.marks.snapshots_taken;
  raft::Output output;
  raft_->SnapshotTaken(now_ns(), meta, output);
  Do(output);
  return true;
}

void SimNode::Process::UpdateHistory() {
  NodeHistory& mine = node_.history();
  mine.is_leader = serving_;
  mine.applied_index = applied_index();
}

// Time and messages

void SimNode::Process::Schedule() {
  if (server_->HasQueued()) ScheduleFlush();
  int64_t due_ns = raft_ != nullptr ? raft_->deadline_ns() : INT64_MAX;
  if (const auto deadline = server_->NextDeadlineNs()) due_ns = std::min(due_ns, *deadline);
  if (join_ != nullptr) due_ns = std::min(due_ns, join_->deadline_ns());
  if (due_ns == INT64_MAX || (wake_ns_ && *wake_ns_ <= due_ns)) return;
  wake_ns_ = due_ns;
  node_.world_.queue.At(due_ns, [node = &node_, number = number_, due_ns] {
    if (!node->is_up() || node->process_->number_ != number) return;
    node->process_->Wake(due_ns);
    if (node->is_up() && node->process_->ended()) node->Ended();
  });
}

void SimNode::Process::ScheduleFlush() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  node_.world_.queue.After(node_.options_.flush_delay_ns, [node = &node_, number = number_] {
    if (!node->is_up() || node->process_->number_ != number) return;
    node->process_->Flush();
    if (node->is_up() && node->process_->ended()) node->Ended();
  });
}

void SimNode::Process::Wake(int64_t at_ns) {
  if (ended_ || wake_ns_ != at_ns) return;  // or an earlier one was asked for meanwhile
  wake_ns_.reset();
  if (raft_ != nullptr && raft_->deadline_ns() <= now_ns()) {
    raft::Output output;
    raft_->Tick(now_ns(), output);
    Do(output);
    Settle();
  }
  if (ended_ || node_.disk_.stopped()) return Settle();
  const auto deadline = server_->NextDeadlineNs();
  if (deadline && *deadline <= now_ns()) server_->Tick(now_ns());
  if (join_ != nullptr) join_->Tick(now_ns());
  Settle();
}

void SimNode::Process::Flush() {
  flush_scheduled_ = false;
  if (ended_) return;
  server_->Flush(now_ns());
  Settle();
}

void SimNode::Process::OnNats(const stan::Incoming& incoming) {
  if (ended_) return;
  node_.Note("nats", incoming.handle, incoming.payload.size(), HashOf(incoming.payload) >> 32,
             incoming.subject);
  const bool is_of_join = join_ != nullptr && join_->OnMessage(now_ns(), incoming);
  if (!is_of_join) server_->OnMessage(now_ns(), incoming);
  Settle();
  if (!ended_) return;
  // The node is not asked from here: it ends by an event of its own.
  node_.world_.queue.After(0, [node = &node_, number = number_] {
    if (node->is_up() && node->process_->number_ == number) node->Ended();
  });
}

void SimNode::Process::Receive(const raft::Message& message) {
  if (ended_ || raft_ == nullptr) return;
  raft::Output output;
  raft_->Receive(now_ns(), message, output);
  Do(output);
  Settle();
}

void SimNode::Process::Stop() {
  if (server_ == nullptr) return;
  serving_ = false;
  server_->LoseLeadership(now_ns());
  (void)server_->Stop(now_ns());
}

}  // namespace atrest::sim
