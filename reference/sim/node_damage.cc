#include "reference/sim/node_damage.h"

#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/env/fixed_env.h"
#include "reference/raftlog/raft_log.h"
#include "reference/raftlog/raft_operation.h"
#include "reference/store/crypto_store.h"

namespace atrest::sim {
namespace {

constexpr int64_t kRunMinNs = 2 * kNsPerSecond;
constexpr int64_t kRunMaxNs = 8 * kNsPerSecond;
constexpr int64_t kLookNs = 200 * kNsPerMs;
// After so many looks a cluster that does not come to rest is left as it is.
constexpr uint64_t kTriesMax = 300;
constexpr uint64_t kTriesBusy = 30;
constexpr uint64_t kTornChangesMax = 12;
constexpr uint64_t kSnapshotTriesMax = 50;
constexpr char kForged[] = "FFFF forged without a key FFFF";

}  // namespace

NodeDamager::NodeDamager(World& world, const SimOptions& options, FaultTargets targets,
                         FaultInjector& injector, uint64_t seed)
    : world_(world),
      options_(options),
      targets_(std::move(targets)),
      injector_(injector),
      random_(seed) {
  for (const FaultKind kind : options_.faults) {
    if (!EntryOf(kind).survivable) waiting_.push_back(kind);
  }
  old_node_ = random_.Below(options_.nodes);
}

void NodeDamager::Later(int64_t delay_ns, void (NodeDamager::*step)()) {
  world_.queue.After(delay_ns, [this, step] { (this->*step)(); });
}

void NodeDamager::Start(int64_t after_ns) {
  if (waiting_.empty()) return;
  world_.queue.After(after_ns / 2, [this] {
    const NodeHistory& old = world_.history.nodes[old_node_];
    old_log_ = targets_.nodes[old_node_]->disk().Copy(old.raft_directory);
    old_wipes_ = old.wipes;
  });
  Later(after_ns, &NodeDamager::Next);
}

void NodeDamager::Next() {
  if (waiting_.empty()) return;
  kind_ = waiting_.front();
  tries_ = 0;
  Begin();
}

bool NodeDamager::MayBegin() const {
  return !injector_.is_recovering() &&
         std::ranges::all_of(targets_.nodes, [](const auto& node) { return node->is_up(); });
}

void NodeDamager::Begin() {
  if (!MayBegin() && ++tries_ < kTriesMax) return Later(kLookNs, &NodeDamager::Begin);
  waiting_.pop_front();
  running_ = true;
  is_cured_ = false;
  tries_ = 0;
  node_ = kind_ == FaultKind::kRolledBackLog ? old_node_ : random_.Below(targets_.nodes.size());
  injector_.Hold(node_);
  // With this threshold nodes get to a snapshot of all that they have, once it is quiet.
  if (kind_ == FaultKind::kWrongKey && options_.snapshot_threshold == 1) return AwaitSnapshot();
  Do();
}

bool NodeDamager::IsBehindSnapshot() {
  return node().is_up() && node().SnapshotIndex() > 0 &&
         node().SnapshotIndex() == node().LastIndex();
}

void NodeDamager::AwaitSnapshot() {
  targets_.pause(true);
  if (!IsBehindSnapshot() && ++tries_ < kSnapshotTriesMax) {
    return Later(kLookNs, &NodeDamager::AwaitSnapshot);
  }
  tries_ = 0;
  Do();
  targets_.pause(false);
}

void NodeDamager::Do() {
  Damage(kind_);
  Later(kRunMinNs + static_cast<int64_t>(random_.Below(kRunMaxNs - kRunMinNs)), &NodeDamager::Cure);
}

void NodeDamager::Down(size_t node) {
  if (targets_.on_down) targets_.on_down(node);
}

void NodeDamager::NoteDamage(size_t node, std::string_view name) {
  NodeHistory& damaged = world_.history.nodes[node];
  damaged.damages.push_back({world_.trace.events(), std::string(name), damaged.wipes});
}

size_t NodeDamager::AnyOther() {
  const size_t nodes = targets_.nodes.size();
  return nodes < 2 ? node_ : (node_ + 1 + random_.Below(nodes - 1)) % nodes;
}

// All nodes at once, from clear to sealed.
void NodeDamager::BeginEncryption() {
  const std::string name(EntryOf(FaultKind::kPlainBefore).name);
  for (size_t each = 0; each < targets_.nodes.size(); ++each) {
    if (targets_.nodes[each]->is_up()) {
      targets_.nodes[each]->Kill();
      Down(each);
    }
    NoteDamage(each, name);
  }
  injector_.BeginEncryption();
  for (size_t each = 0; each < targets_.nodes.size(); ++each) {
    targets_.nodes[each]->Start(injector_.settings(each));
  }
}

void NodeDamager::Damage(FaultKind kind) {
  if (kind == FaultKind::kPlainBefore) return BeginEncryption();
  if (kind == FaultKind::kTornStore) return TearStore();
  // A log from before a wipe would be another node's: then nothing is done, and nothing noted.
  if (kind == FaultKind::kRolledBackLog && history().wipes != old_wipes_) return;
  if (node().is_up()) {
    node().Kill();
    Down(node_);
  }
  const std::string name(EntryOf(kind).name);
  world_.trace.Note(world_.queue.now_ns(), {node().options().id, "damage", 0, 0, 0, name});
  NoteDamage(node_, name);
  NodeSettings settings = injector_.settings(node_);
  DamageSettings(kind, settings);
  SimDisk& disk = node().disk();
  if (kind == FaultKind::kBitFlip) FlipBit();
  if (kind == FaultKind::kMisdirectedRead) Misdirect();
  if (kind == FaultKind::kSwappedLog) SwapLogs();
  if (kind == FaultKind::kRolledBackLog) RollBack();
  if (kind == FaultKind::kForgedOperation) Forge();
  if (kind == FaultKind::kLogRemoved) (void)disk.RemoveAll(history().raft_directory);
  if (kind == FaultKind::kLostUnsynced) node().LosePower();
  if (!node().is_up()) node().Start(settings);
  if (kind == FaultKind::kEncryptionOff || kind == FaultKind::kWrongKey) MakeItLead(3);
}

// It runs on until it comes to that write. What it makes of its store at its next start is seen
// before it is cured.
void NodeDamager::TearStore() {
  const std::string name(EntryOf(FaultKind::kTornStore).name);
  world_.trace.Note(world_.queue.now_ns(), {node().options().id, "damage", 0, 0, 0, name});
  NoteDamage(node_, name);
  const uint64_t changes = random_.Below(kTornChangesMax);
  const auto part = static_cast<uint32_t>(1 + random_.Below(999));
  node().disk().CrashWithin(history().store_directory, changes, part);
  AwaitTorn();
}

void NodeDamager::AwaitTorn() {
  if (!running_ || kind_ != FaultKind::kTornStore || is_cured_) return;
  if (node().is_up()) return Later(kLookNs, &NodeDamager::AwaitTorn);
  node().Start(injector_.settings(node_));
}

void NodeDamager::DamageSettings(FaultKind kind, NodeSettings& settings) {
  if (kind == FaultKind::kWrongKey) settings.key = "the wrong key of " + node().options().id;
  if (kind == FaultKind::kEncryptionOff) settings.key = "";
  if (kind == FaultKind::kEncryptionOff || kind == FaultKind::kPlainLog) settings.encrypts = false;
}

// In the Raft log, or in messages.
void NodeDamager::FlipBit() {
  std::vector<std::string> paths = {node().log_path()};
  const std::string& store = history().store_directory;
  for (const auto& [name, bytes] : node().disk().Copy(store)) {
    if (name.ends_with(".dat") && name.find("/msgs.") != std::string::npos) {
      paths.push_back(store + "/" + name);
    }
  }
  const std::string& path = paths[random_.Below(2) == 0 ? 0 : random_.Below(paths.size())];
  const auto bytes = env::ReadWhole(node().disk(), path, uint64_t{1} << 30);
  if (!bytes.ok() || bytes.value().empty()) return;
  const uint64_t offset = random_.Below(bytes.value().size());
  (void)node().disk().FlipBit(path, offset, static_cast<int>(random_.Below(8)));
}

// Not of the metas: their numbers are what finds the others.
void NodeDamager::Misdirect() {
  const auto bytes = env::ReadWhole(node().disk(), node().log_path(), uint64_t{1} << 30);
  if (!bytes.ok() || bytes.value().size() < 4 * kBlockSize) return;
  const uint64_t blocks = bytes.value().size() / kBlockSize;
  const uint64_t to = random_.Below(blocks);
  const uint64_t from = 2 + random_.Below(blocks - 2);
  node().disk().Misdirect(node().log_path(), from, to);
}

void NodeDamager::SwapLogs() {
  const size_t other = AnyOther();
  if (injector_.settings(other).key != injector_.settings(node_).key) second_ = other;
  SimNode& second = *targets_.nodes[other];
  if (second.is_up()) {
    second.Kill();
    Down(other);
  }
  NoteDamage(other, EntryOf(kind_).name);
  SwapTrees(other);
  second.Start(injector_.settings(other));
}

void NodeDamager::RollBack() { (void)node().disk().Replace(history().raft_directory, old_log_); }

// Whoever may write the file needs no key: what is not sealed is read as it is.
void NodeDamager::Forge() {
  const NodeSettings& settings = injector_.settings(node_);
  LogBuffer log;
  env::SeededEntropy entropy(1);
  const env::Env env{node().disk(), world_.queue, entropy};
  auto sealed = raftlog::RaftLogOptions{};
  if (settings.encrypts) {
    const auto encryption = store::ResolveEncryption({true, settings.cipher, settings.key, ""});
    if (!encryption.ok() || !encryption.value()) return;
    sealed.encryption = {encryption.value()->cipher, encryption.value()->key};
  }
  std::optional<raftlog::LogEntry> chosen;
  raftlog::RaftOperation operation;
  {
    const auto opened = raftlog::RaftLog::Open(env, log, node().log_path(), sealed);
    if (!opened.ok()) return;
    const auto first = opened.value()->FirstIndex();
    const auto last = opened.value()->LastIndex();
    for (uint64_t index = first.ok() ? first.value() : 1; last.ok() && index < last.value();
         ++index) {
      const auto entry = opened.value()->GetLog(index);
      if (!entry.ok() || entry.value().type != raftlog::LogType::kCommand) continue;
      auto decoded = raftlog::DecodeOperation(entry.value().data);
      if (!decoded.ok() || decoded.value().messages.empty()) continue;
      chosen = entry.value();
      operation = std::move(decoded).value();
    }
  }
  if (!chosen) return;
  operation.messages.front().data = ToBytes(kForged);
  chosen->data = raftlog::EncodeOperation(operation);
  {
    const auto opened = raftlog::RaftLog::Open(env, log, node().log_path(), {});
    if (opened.ok()) (void)opened.value()->StoreLogs({&*chosen, 1});
  }
  // The store is built again from the log, if all of it is there.
  const auto snapshots = node().disk().List(history().raft_directory + "/snapshots");
  if (snapshots.ok() && snapshots.value().empty()) {
    (void)node().disk().RemoveAll(history().store_directory);
  }
}

// What is wrong with a node shows when it leads: whoever leads instead is started again, and when
// it does, a follower comes up from its data.
void NodeDamager::MakeItLead(int tries) {
  if (!running_ || !node().is_up() || tries == 0) return;
  if (node().IsLeader()) return;
  for (size_t other = 0; other < targets_.nodes.size(); ++other) {
    if (other == node_ || !targets_.nodes[other]->IsLeader()) continue;
    targets_.nodes[other]->Kill();
    Down(other);
    world_.queue.After(3 * options_.raft_timeout_ns, [this, other] {
      if (!targets_.nodes[other]->is_up()) {
        targets_.nodes[other]->Start(injector_.settings(other));
      }
    });
  }
  world_.queue.After(4 * options_.raft_timeout_ns, [this, tries] { MakeItLead(tries - 1); });
}

void NodeDamager::Cure() {
  if (kind_ == FaultKind::kPlainBefore) return AwaitCured();
  if (second_ && !node().is_up() && !targets_.nodes[*second_]->is_up() && !TookPart(node_) &&
      !TookPart(*second_)) {
    return SwapBack();
  }
  // One that does not come up is first: the other one is needed for its cure.
  if (second_ && !targets_.nodes[*second_]->is_up()) {
    std::swap(node_, *second_);
    injector_.Hold(node_);
  }
  const bool took_part = node().is_up() || TookPart(node_);
  if (node().is_up()) {
    node().Stop();
    Down(node_);
  }
  const FaultKind kind = kind_;
  const bool is_settings = kind == FaultKind::kWrongKey;
  if (!took_part && is_settings) {
    // Nothing was changed by the starts that failed.
    is_cured_ = true;
    node().Start(injector_.settings(node_));
    return AwaitCured();
  }
  Wipe();
}

// Nothing was changed by the starts that failed.
void NodeDamager::SwapBack() {
  const size_t other = *std::exchange(second_, std::nullopt);
  SwapTrees(other);
  is_cured_ = true;
  for (const size_t each : {node_, other}) targets_.nodes[each]->Start(injector_.settings(each));
  AwaitCured();
}

void NodeDamager::SwapTrees(size_t other) {
  const std::string& mine = history().raft_directory;
  const std::string& theirs = world_.history.nodes[other].raft_directory;
  SimDisk& disk = targets_.nodes[other]->disk();
  const SimDisk::Tree log = node().disk().Copy(mine);
  (void)node().disk().Replace(mine, disk.Copy(theirs));
  (void)disk.Replace(theirs, log);
}

// Whether it has applied entries since it was damaged.
bool NodeDamager::TookPart(size_t node) const {
  const NodeHistory& damaged = world_.history.nodes[node];
  const auto& applied = world_.history.applied;
  return !damaged.damages.empty() &&
         std::any_of(applied.rbegin(), applied.rend(), [&](const Applied& one) {
           return one.node == node && one.event > damaged.damages.back().event;
         });
}

// Where clients never rest, the others never have the same for long; and one that is to be killed
// in its next write may write no more.
void NodeDamager::Wipe() {
  const bool both_down = second_ && !targets_.nodes[*second_]->is_up();
  if (injector_.WipeDown(node_, both_down ? second_ : std::nullopt)) {
    is_cured_ = true;
    targets_.pause(false);
    injector_.Hold({});
    return AwaitCured();
  }
  if (++tries_ == kTriesBusy) {
    targets_.pause(true);
    injector_.DisarmAll();
  }
  if (tries_ < kTriesMax) return Later(kLookNs, &NodeDamager::Wipe);
  targets_.pause(false);
  Finish();
}

void NodeDamager::AwaitCured() {
  if (second_ && !injector_.is_recovering() && AreOthersUp(*second_)) {
    node_ = *std::exchange(second_, std::nullopt);
    is_cured_ = false;
    tries_ = 0;
    injector_.Hold(node_);
    return Cure();
  }
  if (MayBegin() || ++tries_ >= 2 * kTriesMax) return Finish();
  Later(kLookNs, &NodeDamager::AwaitCured);
}

bool NodeDamager::AreOthersUp(size_t node) const {
  for (size_t each = 0; each < targets_.nodes.size(); ++each) {
    if (each != node && !targets_.nodes[each]->is_up()) return false;
  }
  return true;
}

void NodeDamager::Finish() {
  running_ = false;
  second_.reset();
  injector_.Hold({});
  Next();
}

}  // namespace atrest::sim
