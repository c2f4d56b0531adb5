#include "reference/raft/raft.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "reference/raft/membership_codec.h"

namespace atrest::raft {
namespace {

// Applied entries that stay in memory for followers that are a few messages behind.
constexpr uint64_t kKeptEntries = 256;

Status NotLeader() { return Status(Code::kInvalid, "node is not the leader"); }

bool IsKnown(EntryType type) {
  switch (type) {
    case EntryType::kCommand:
    case EntryType::kNoop:
    case EntryType::kAddPeer:
    case EntryType::kRemovePeer:
    case EntryType::kBarrier:
    case EntryType::kConfiguration:
      return true;
  }
  return false;
}

// How the real server's message begins; it goes on with all of the entry.
std::string UnknownTypeText(const LogEntry& entry) {
  const Bytes type{static_cast<uint8_t>(entry.type)};
  return "unrecognized log type: &raft.Log{Index:" + std::to_string(entry.index) +
         ", Term:" + std::to_string(entry.term) + ", Type:0x" + ToHex(type) + "}";
}

}  // namespace

Raft::Raft(const Options& options, const DurableState& state, const LogView& log, uint64_t seed)
    : options_(options),
      log_(log),
      random_(seed),
      term_(state.current_term),
      last_vote_term_(state.last_vote_term),
      last_vote_candidate_(state.last_vote_candidate),
      snapshot_(state.snapshot) {}

Result<std::unique_ptr<Raft>> Raft::Start(const Options& options, const DurableState& state,
                                          const LogView& log, uint64_t seed, int64_t now_ns,
                                          Output& output) {
  ATREST_TRY(CheckOptions(options));
  std::unique_ptr<Raft> raft(new Raft(options, state, log, seed));
  raft->Begin(now_ns, output);
  ATREST_TRY(raft->Load());
  raft->last_contact_ns_ = now_ns - options.heartbeat_timeout_ns;
  raft->election_at_ns_ = now_ns + raft->Jitter(options.heartbeat_timeout_ns);
  raft->snapshot_at_ns_ = now_ns + raft->Jitter(options.snapshot_interval_ns);
  return raft;
}

Status Raft::Load() {
  last_log_index_ = log_.LastIndex();
  if (last_log_index_ > 0) {
    const Result<EntryPtr> last = log_.Get(last_log_index_);
    const std::string what = "failed to get last log at index " + std::to_string(last_log_index_);
    if (!last.ok()) return last.status().WithPrefix(what + ": ");
    last_log_term_ = last.value()->term;
  }
  if (snapshot_) {
    latest_ = committed_ = snapshot_->configuration;
    latest_index_ = committed_index_ = snapshot_->configuration_index;
    last_applied_ = commit_index_ = snapshot_->index;
    ATREST_TRY(DropForeignEntries());
  }
  ATREST_TRY(ScanForConfigurations());
  // A log whose `conf` bucket is empty or behind: no term that it knows may be used again.
  term_ = std::max({term_, last_log_term_, snapshot_ ? snapshot_->term : 0});
  return Status();
}

// A snapshot from the leader is stored before the entries that contradict it, or lie far before
// it, are deleted (AdoptSnapshot); a crash in between leaves both.
Status Raft::DropForeignEntries() {
  if (last_log_index_ == 0) return Status();
  const uint64_t first = log_.FirstIndex();
  uint64_t last = 0;  // of what is to be dropped
  if (last_log_index_ < snapshot_index()) {
    last = last_log_index_;
  } else if (first <= snapshot_index()) {
    const Result<EntryPtr> entry = log_.Get(snapshot_index());
    if (entry.ok() && entry.value()->term != snapshot_->term) last = last_log_index_;
    // A hole, as the real server leaves it behind an installed snapshot. An entry that is there and
    // cannot be read may be right; the real server does not look at it either.
    if (!entry.ok() && entry.status().code() == Code::kNotFound) last = snapshot_index() - 1;
  }
  if (last == 0) return Status();
  Ask(DeleteEntries{first, last});
  if (last == last_log_index_) last_log_index_ = last_log_term_ = 0;
  return Status();
}

Status Raft::ScanForConfigurations() {
  for (uint64_t index = snapshot_index() + 1; index <= last_log_index_; ++index) {
    const Result<EntryPtr> entry = log_.Get(index);
    if (!entry.ok()) return entry.status().WithPrefix("panic: ");
    const Status noted = NoteConfiguration(*entry.value());
    if (!noted.ok()) return noted.WithPrefix("panic: ");
  }
  return Status();
}

Status Raft::Bootstrap(int64_t now_ns, const Configuration& configuration, Output& output) {
  Begin(now_ns, output);
  if (!HasVote(configuration, options_.id)) return Status(Code::kInvalid, "node is not a voter");
  ATREST_TRY(CheckConfiguration(configuration));
  if (has_state() || role_ != Role::kFollower) {
    return Status(Code::kInvalid, "bootstrap only works on new clusters");
  }
  SetTerm(1);
  auto entry = std::make_shared<LogEntry>();
  entry->index = 1;
  entry->term = 1;
  entry->type = EntryType::kConfiguration;
  entry->data = EncodeConfiguration(configuration);
  StoreInLog(EntryRun({entry}));
  return NoteConfiguration(*entry);
}

void Raft::Begin(int64_t now_ns, Output& output) {
  now_ns_ = now_ns;
  out_ = &output;
}

int64_t Raft::Jitter(int64_t timeout_ns) {
  return timeout_ns + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(timeout_ns)));
}

void Raft::Tick(int64_t now_ns, Output& output) {
  Begin(now_ns, output);
  if (restoring_) return;
  switch (role_) {
    case Role::kFollower:
      if (now_ns >= election_at_ns_) FollowerTimeout();
      break;
    case Role::kCandidate:
      if (now_ns >= election_at_ns_) StartElection();
      break;
    case Role::kLeader:
      LeaderTick();
      break;
    case Role::kShutdown:
      return;
  }
  if (now_ns >= snapshot_at_ns_) SnapshotTimeout();
}

int64_t Raft::deadline_ns() const {
  if (restoring_ || role_ == Role::kShutdown) return std::numeric_limits<int64_t>::max();
  if (role_ != Role::kLeader) return std::min(election_at_ns_, snapshot_at_ns_);
  int64_t deadline = std::min(lease_at_ns_, snapshot_at_ns_);
  for (const FollowerProgress& follower : followers_) {
    deadline = std::min({deadline, follower.heartbeat_at_ns, follower.append_at_ns});
  }
  return deadline;
}

void Raft::Receive(int64_t now_ns, const Message& message, Output& output) {
  Begin(now_ns, output);
  if (role_ == Role::kShutdown) return;
  if (restoring_) {
    const auto* append = std::get_if<AppendRequest>(&message.body);
    if (append == nullptr || !append->IsHeartbeat()) return;
  }
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, VoteRequest>) HandleVoteRequest(message, body);
        if constexpr (std::is_same_v<Body, VoteReply>) HandleVoteReply(message, body);
        if constexpr (std::is_same_v<Body, AppendRequest>) HandleAppend(message, body);
        if constexpr (std::is_same_v<Body, AppendReply>) HandleAppendReply(message, body);
        if constexpr (std::is_same_v<Body, SnapshotRequest>) HandleSnapshot(message, body);
        if constexpr (std::is_same_v<Body, SnapshotReply>) HandleSnapshotReply(message, body);
      },
      message.body);
}

Result<uint64_t> Raft::Propose(int64_t now_ns, std::vector<Bytes> commands, Output& output) {
  Begin(now_ns, output);
  if (role_ != Role::kLeader) return NotLeader();
  std::vector<LogEntry> entries(commands.size());
  for (size_t i = 0; i < commands.size(); ++i) entries[i].data = std::move(commands[i]);
  return AppendNew(std::move(entries));
}

Result<uint64_t> Raft::ProposeBarrier(int64_t now_ns, Output& output) {
  Begin(now_ns, output);
  if (role_ != Role::kLeader) return NotLeader();
  std::vector<LogEntry> entries(1);
  entries[0].type = EntryType::kBarrier;
  return AppendNew(std::move(entries));
}

// Whoever changes state names the leader afterwards, if there is one.
void Raft::SetRole(Role role) {
  leader_.clear();
  if (role_ == role) return;
  role_ = role;
  out_->roles.push_back(role);
}

void Raft::SetTerm(uint64_t term) {
  if (term_ == term) return;
  term_ = term;
  Ask(SetCurrentTerm{term});
}

void Raft::Fail(const std::string& why) {
  if (role_ == Role::kLeader) LeaveLeadership();
  SetRole(Role::kShutdown);
  out_->failure = Status(Code::kCorrupt, "panic: " + why);
}

void Raft::BecomeFollower() {
  if (role_ == Role::kLeader) LeaveLeadership();
  const bool changed = role_ != Role::kFollower;
  SetRole(Role::kFollower);
  if (changed) election_at_ns_ = now_ns_ + Jitter(options_.heartbeat_timeout_ns);
}

void Raft::Send(const ServerId& to, decltype(Message::body) body) {
  out_->messages.push_back({options_.id, to, term_, std::move(body)});
}

Result<EntryPtr> Raft::EntryAt(uint64_t index) const {
  if (EntryPtr recent = recent_.Find(index)) return recent;
  return log_.Get(index);
}

Result<uint64_t> Raft::TermAt(uint64_t index) const {
  if (index == 0) return uint64_t{0};
  if (index == snapshot_index()) return snapshot_->term;
  if (index == last_log_index_) return last_log_term_;
  const Result<EntryPtr> entry = EntryAt(index);
  if (!entry.ok()) return entry.status();
  return entry.value()->term;
}

uint64_t Raft::last_index() const { return std::max(last_log_index_, snapshot_index()); }

uint64_t Raft::last_term() const {
  return last_log_index_ >= snapshot_index() ? last_log_term_ : snapshot_->term;
}

void Raft::StoreInLog(const EntryRun& run) {
  Ask(StoreEntries{run});
  recent_.Append(run);
  last_log_index_ = run.last_index();
  last_log_term_ = run[run.size() - 1]->term;
}

void Raft::Apply() {
  while (last_applied_ < commit_index_) {
    const Result<EntryPtr> entry = EntryAt(last_applied_ + 1);
    if (!entry.ok()) return Fail(entry.status().message());
    const EntryType type = entry.value()->type;
    if (!IsKnown(type)) return Fail(UnknownTypeText(*entry.value()));
    out_->committed.push_back(entry.value());
    ++last_applied_;
    if (type != EntryType::kCommand && type != EntryType::kBarrier) continue;
    state_machine_index_ = last_applied_;
    state_machine_term_ = entry.value()->term;
  }
  if (last_applied_ > kKeptEntries) recent_.DropBelow(last_applied_ - kKeptEntries);
}

}  // namespace atrest::raft
