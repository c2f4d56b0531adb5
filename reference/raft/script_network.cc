#include "reference/raft/script_network.h"

#include <algorithm>

#include "reference/base/bytes.h"

namespace atrest::raft {
namespace {

constexpr size_t kDeliveriesMax = 100'000;  // in one DeliverAll; more is a storm
constexpr int kElectionTries = 8;

std::string AddressOf(const ServerId& id) { return "tc." + id + ".tc"; }

Bytes Join(const std::vector<std::string>& commands) {
  std::string text;
  for (const std::string& command : commands) text += command + "\n";
  return ToBytes(text);
}

std::vector<std::string> Split(const Bytes& bytes) {
  std::vector<std::string> commands;
  std::string text;
  for (const uint8_t byte : bytes) {
    if (byte != '\n') {
      text.push_back(static_cast<char>(byte));
      continue;
    }
    commands.push_back(text);
    text.clear();
  }
  return commands;
}

// Entry 1 names the node that wrote it first, so it is another one on each.
bool IsSame(const LogEntry& one, const LogEntry& other) {
  return one.term == other.term && one.type == other.type &&
         (one.data == other.data || one.index == 1);
}

}  // namespace

Result<EntryPtr> ScriptDisk::Get(uint64_t index) const {
  if (unreadable.count(index) > 0) {
    return Status(Code::kCorrupt, "cipher: message authentication failed");
  }
  const auto found = log.find(index);
  if (found == log.end()) return Status(Code::kNotFound, "log not found");
  return found->second;
}

void ScriptDisk::Do(const Write& write) {
  if (const auto* term = std::get_if<SetCurrentTerm>(&write)) current_term = term->term;
  if (const auto* vote = std::get_if<SetLastVoteTerm>(&write)) last_vote_term = vote->term;
  if (const auto* vote = std::get_if<SetLastVoteCandidate>(&write)) {
    last_vote_candidate = vote->address;
  }
  if (const auto* store = std::get_if<StoreEntries>(&write)) {
    for (const EntryPtr& entry : store->entries) log[entry->index] = entry;
  }
  if (const auto* remove = std::get_if<DeleteEntries>(&write)) {
    log.erase(log.lower_bound(remove->first), log.upper_bound(remove->last));
  }
  if (const auto* store = std::get_if<StoreSnapshot>(&write)) {
    snapshot = store->meta;
    snapshot_data = store->data;
  }
}

ScriptNetwork::ScriptNetwork(const Setup& setup)
    : seed_(setup.seed), random_(setup.seed), options_(setup.options) {
  std::vector<ServerId> all;
  all.reserve(static_cast<size_t>(setup.nodes));
  for (int i = 0; i < setup.nodes; ++i) all.push_back(ServerId(1, static_cast<char>('a' + i)));
  for (const ServerId& id : all) AddNode(id);
  for (const ServerId& id : all) {
    std::vector<ServerId> others = all;
    std::erase(others, id);
    if (setup.bootstrap && !Bootstrap(id, others).ok()) violations_.push_back("no bootstrap");
  }
}

std::vector<ServerId> ScriptNetwork::ids() const {
  std::vector<ServerId> ids;
  for (const auto& [id, node] : nodes_) ids.push_back(id);
  return ids;
}

ServerId ScriptNetwork::Leader() const {
  const Raft* best = nullptr;
  ServerId leader;
  for (const auto& [id, node] : nodes_) {
    if (node.raft == nullptr || node.raft->role() != Role::kLeader) continue;
    if (best != nullptr && best->term() > node.raft->term()) continue;
    best = node.raft.get();
    leader = id;
  }
  return leader;
}

void ScriptNetwork::Run(int64_t duration_ns) {
  const int64_t end = now_ns_ + duration_ns;
  while (true) {
    DeliverAll();
    ScriptNode* next = nullptr;
    for (auto& [id, node] : nodes_) {
      if (node.raft == nullptr) continue;
      if (next == nullptr || node.raft->deadline_ns() < next->raft->deadline_ns()) next = &node;
    }
    if (next == nullptr || next->raft->deadline_ns() > end) break;
    now_ns_ = std::max(now_ns_, next->raft->deadline_ns());
    Tick(next->id);
  }
  now_ns_ = end;
}

ServerId ScriptNetwork::RunUntilLeader(int64_t max_ns) {
  const int64_t end = now_ns_ + max_ns;
  while (now_ns_ < end && Leader().empty()) Run(10 * kMillisecondNs);
  return Leader();
}

void ScriptNetwork::Tick(const ServerId& id) {
  ScriptNode& node = nodes_.at(id);
  Output output;
  node.raft->Tick(now_ns_, output);
  Do(node, output);
}

void ScriptNetwork::TickAtDeadline(const ServerId& id) {
  now_ns_ = std::max(now_ns_, raft(id).deadline_ns());
  Tick(id);
}

bool ScriptNetwork::Elect(const ServerId& id) {
  DropAll();
  for (const ServerId& other : ids()) {
    if (other == id || !IsUp(other)) continue;
    Crash(other);
    Restart(other);
  }
  for (int i = 0; i < kElectionTries && raft(id).role() != Role::kLeader; ++i) {
    TickAtDeadline(id);
    DeliverAll();
  }
  return raft(id).role() == Role::kLeader;
}

bool ScriptNetwork::ElectBy(const ServerId& id, const std::vector<ServerId>& voters) {
  for (int i = 0; i < kElectionTries && raft(id).role() != Role::kLeader; ++i) {
    for (const ServerId& voter : voters) {
      Crash(voter);
      Restart(voter);
    }
    DropAll();
    TickAtDeadline(id);
    for (const ServerId& voter : voters) {
      if (raft(id).role() != Role::kCandidate) break;
      DeliverNext(id, voter);
      DeliverNext(voter, id);
    }
  }
  return raft(id).role() == Role::kLeader;
}

uint64_t ScriptNetwork::Propose(const ServerId& id, const std::string& command) {
  return ProposeMany(id, {command});
}

uint64_t ScriptNetwork::ProposeMany(const ServerId& id, const std::vector<std::string>& commands) {
  std::vector<Bytes> bytes;
  bytes.reserve(commands.size());
  for (const std::string& command : commands) bytes.push_back(ToBytes(command));
  Output output;
  const Result<uint64_t> index = raft(id).Propose(now_ns_, std::move(bytes), output);
  Do(node(id), output);
  return index.ok() ? index.value() : 0;
}

uint64_t ScriptNetwork::ProposeBarrier(const ServerId& id) {
  Output output;
  const Result<uint64_t> index = raft(id).ProposeBarrier(now_ns_, output);
  Do(node(id), output);
  return index.ok() ? index.value() : 0;
}

void ScriptNetwork::Change(const ServerId& id, const MembershipChange& change, uint64_t ticket) {
  MembershipChange full = change;
  full.address = AddressOf(change.id);
  Output output;
  raft(id).ChangeMembership(now_ns_, full, ticket, output);
  Do(node(id), output);
}

Status ScriptNetwork::Bootstrap(const ServerId& id, const std::vector<ServerId>& others) {
  Configuration configuration;
  configuration.servers.push_back({Suffrage::kVoter, id, AddressOf(id)});
  for (const ServerId& other : others) {
    configuration.servers.push_back({Suffrage::kVoter, other, AddressOf(other)});
  }
  Output output;
  const Status status = raft(id).Bootstrap(now_ns_, configuration, output);
  Do(node(id), output);
  return status;
}

bool ScriptNetwork::Snapshot(const ServerId& id) {
  ScriptNode& node = nodes_.at(id);
  const Result<SnapshotMeta> point = node.raft->SnapshotPoint();
  if (!point.ok()) return false;
  const auto meta = std::make_shared<const SnapshotMeta>(point.value());
  node.disk.snapshot = meta;
  node.disk.snapshot_data = std::make_shared<const Bytes>(Join(node.applied));
  Output output;
  node.raft->SnapshotTaken(now_ns_, meta, output);
  Do(node, output);
  return true;
}

size_t ScriptNetwork::Waiting(const ServerId& from, const ServerId& to) const {
  return static_cast<size_t>(std::count_if(wire_.begin(), wire_.end(), [&](const Message& message) {
    return message.from == from && message.to == to;
  }));
}

void ScriptNetwork::Deliver(size_t at) {
  const Message message = wire_[at];
  wire_.erase(wire_.begin() + static_cast<std::ptrdiff_t>(at));
  const auto to = nodes_.find(message.to);
  if (to == nodes_.end() || to->second.raft == nullptr) return;
  Output output;
  to->second.raft->Receive(now_ns_, message, output);
  Do(to->second, output);
}

std::vector<Message> ScriptNetwork::Hand(const Message& message) {
  const std::vector<Message> others = std::exchange(wire_, {message});
  Deliver(0);
  return std::exchange(wire_, others);
}

bool ScriptNetwork::DeliverNext(const ServerId& from, const ServerId& to) {
  for (size_t at = 0; at < wire_.size(); ++at) {
    if (wire_[at].from != from || wire_[at].to != to) continue;
    Deliver(at);
    return true;
  }
  return false;
}

void ScriptNetwork::DeliverAll() {
  size_t deliveries = 0;
  while (!wire_.empty() && ++deliveries < kDeliveriesMax) Deliver(0);
  if (!wire_.empty()) violations_.push_back("a storm of messages");
}

void ScriptNetwork::Drop(const ServerId& from, const ServerId& to) {
  std::erase_if(wire_,
                [&](const Message& message) { return message.from == from && message.to == to; });
}

void ScriptNetwork::Isolate(const ServerId& id) {
  for (const ServerId& other : ids()) {
    if (other == id) continue;
    Cut(id, other);
    Cut(other, id);
    Drop(id, other);
    Drop(other, id);
  }
}

void ScriptNetwork::Connect(const std::vector<ServerId>& together) {
  Heal();
  DropAll();
  for (const ServerId& id : ids()) {
    if (std::find(together.begin(), together.end(), id) == together.end()) Isolate(id);
  }
}

void ScriptNetwork::Crash(const ServerId& id) {
  ScriptNode& node = nodes_.at(id);
  node.raft.reset();
  node.writes_left.reset();
  std::erase_if(wire_, [&id](const Message& message) { return message.to == id; });
  if (!node.syncs) node.disk = node.synced;
}

void ScriptNetwork::Restart(const ServerId& id) {
  ScriptNode& node = nodes_.at(id);
  DurableState state;
  state.current_term = node.disk.current_term;
  state.last_vote_term = node.disk.last_vote_term;
  state.last_vote_candidate = node.disk.last_vote_candidate;
  state.snapshot = node.disk.snapshot;
  node.applied.clear();
  if (state.snapshot) node.applied = Split(*node.disk.snapshot_data);
  Output output;
  Result<std::unique_ptr<Raft>> raft =
      Raft::Start(node.options, state, node.disk, ++seed_, now_ns_, output);
  node.failure = raft.status();
  if (!raft.ok()) return;
  node.raft = std::move(raft).value();
  Do(node, output);
}

void ScriptNetwork::Wipe(const ServerId& id) { nodes_.at(id).disk = ScriptDisk(); }

ScriptNode& ScriptNetwork::AddNode(const ServerId& id) {
  ScriptNode& node = nodes_[id];
  node.id = id;
  node.options = options_;
  node.options.id = id;
  node.options.address = AddressOf(id);
  Restart(id);
  return node;
}

void ScriptNetwork::Do(ScriptNode& node, Output& output) {
  if (!DoWrites(node, output)) return Crash(node.id);
  SendAll(node, output);
  ApplyAll(node, output);
  node.changes.insert(node.changes.end(), output.changes.begin(), output.changes.end());
  for (const Role role : output.roles) {
    if (role == Role::kLeader) NoteLeader(node);
  }
  if (!output.failure.ok()) {
    node.failure = output.failure;
    return Crash(node.id);
  }
  if (output.take_snapshot) Snapshot(node.id);
  if (output.restore == nullptr) return;
  node.applied = Split(*node.disk.snapshot_data);
  ++node.restores;
  Output after;
  node.raft->SnapshotRestored(now_ns_, after);
  Do(node, after);
}

// False if the node crashed on the way.
bool ScriptNetwork::DoWrites(ScriptNode& node, const Output& output) {
  for (const Write& write : output.writes) {
    if (node.writes_left && (*node.writes_left)-- == 0) return false;
    node.disk.Do(write);
    ++node.writes;
  }
  return !node.writes_left || *node.writes_left > 0 || output.writes.empty();
}

void ScriptNetwork::SendAll(ScriptNode& node, Output& output) {
  for (Message& message : output.messages) {
    if (cut_.count({message.from, message.to}) > 0) continue;
    if (loss_percent_ > 0 && random_.Below(100) < static_cast<uint64_t>(loss_percent_)) continue;
    if (auto* snapshot = std::get_if<SnapshotRequest>(&message.body)) {
      snapshot->data = node.disk.snapshot_data;
    }
    wire_.push_back(std::move(message));
  }
}

void ScriptNetwork::ApplyAll(ScriptNode& node, const Output& output) {
  for (const EntryPtr& entry : output.committed) {
    NoteApplied(node, entry);
    if (entry->type == EntryType::kCommand) {
      node.applied.push_back(std::string(AsText(entry->data)));
    }
  }
}

void ScriptNetwork::NoteLeader(const ScriptNode& node) {
  // It may have lost the role in the same call, or the node was already in a later term.
  const uint64_t term = node.raft->term();
  const auto [known, added] = leaders_.insert({term, node.id});
  if (!added && known->second != node.id) {
    violations_.push_back("two leaders of term " + std::to_string(term));
  }
  for (const auto& [index, entry] : committed_) {
    if (node.disk.snapshot && index <= node.disk.snapshot->index) continue;
    const auto mine = node.disk.log.find(index);
    if (mine != node.disk.log.end() && IsSame(*mine->second, *entry)) continue;
    violations_.push_back("leader " + node.id + " of term " + std::to_string(term) +
                          " has not entry " + std::to_string(index));
  }
}

void ScriptNetwork::NoteApplied(const ScriptNode& node, const EntryPtr& entry) {
  const auto [known, added] = committed_.insert({entry->index, entry});
  if (added || IsSame(*known->second, *entry)) return;
  violations_.push_back(node.id + " applied another entry " + std::to_string(entry->index));
}

void ScriptNetwork::CheckLogs() {
  for (const auto& [id, one] : nodes_) {
    for (const auto& [other_id, other] : nodes_) {
      if (id < other_id) CheckPair(one, other);
    }
  }
}

void ScriptNetwork::CheckPair(const ScriptNode& one, const ScriptNode& other) {
  bool agreed = false;  // at a later index
  for (auto mine = one.disk.log.rbegin(); mine != one.disk.log.rend(); ++mine) {
    const auto theirs = other.disk.log.find(mine->first);
    if (theirs == other.disk.log.end()) continue;
    if (IsSame(*mine->second, *theirs->second)) {
      agreed = true;
    } else if (agreed || mine->second->term == theirs->second->term) {
      violations_.push_back("logs of " + one.id + " and " + other.id + " differ at " +
                            std::to_string(mine->first));
      return;
    }
  }
}

std::string ScriptNetwork::Terms(const ServerId& id) {
  std::string text;
  for (const auto& [index, entry] : node(id).disk.log) {
    if (!text.empty()) text += " ";
    text += std::to_string(entry->term);
  }
  return text;
}

}  // namespace atrest::raft
