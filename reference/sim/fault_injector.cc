#include "reference/sim/fault_injector.h"

#include <algorithm>
#include <utility>

#include "reference/base/check.h"

namespace atrest::sim {
namespace {

constexpr int64_t kDownMinNs = 100 * kNsPerMs;
constexpr int64_t kAllDownMaxNs = 2 * kNsPerSecond;
constexpr int64_t kCutMaxNs = 8 * kNsPerSecond;
// A message of a wiped node's former self is under way no longer than this.
constexpr int64_t kMessageLifeNs = 2 * kNsPerSecond;
constexpr int64_t kLookNs = 100 * kNsPerMs;
constexpr uint64_t kChangesBeforeCrashMax = 60;
// About as many as one snapshot takes, with the removal of an older one.
constexpr uint64_t kSnapshotChangesMax = 16;
// A snapshot may be long in coming, and until then the node counts as one that is down.
constexpr int64_t kArmedMaxNs = 15 * kNsPerSecond;
// A node that ends by itself so often is not started again.
constexpr uint32_t kExitsMax = 5;
// So often one that catches up is killed, that it gets there at last.
constexpr uint32_t kWipedKillsMax = 2;
constexpr char kCommonKey[] = "the key of all nodes";

}  // namespace

FaultInjector::FaultInjector(World& world, const SimOptions& options, FaultTargets targets,
                             uint64_t seed)
    : world_(world), options_(options), targets_(std::move(targets)), random_(seed) {
  armed_.resize(options.nodes);
  waits_long_.resize(options.nodes);
  armings_.resize(options.nodes);
  exits_.resize(options.nodes);
  for (size_t node = 0; node < options.nodes; ++node) {
    NodeSettings settings;
    settings.encrypts = options.encrypts && !Has(FaultKind::kPlainBefore);
    settings.cipher = options.cipher;
    settings.sync = options.sync;
    if (settings.encrypts) settings.key = NewKey(node);
    settings_.push_back(settings);
  }
}

std::string FaultInjector::NewKey(size_t node) {
  if (!Has(FaultKind::kOwnKeys)) return kCommonKey;
  return "key " + std::to_string(++keys_) + " of node " + std::to_string(node);
}

void FaultInjector::BeginEncryption() {
  for (size_t node = 0; node < settings_.size(); ++node) {
    settings_[node].encrypts = options_.encrypts;
    if (settings_[node].encrypts) settings_[node].key = NewKey(node);
  }
}

void FaultInjector::Start() { Next(); }

void FaultInjector::Next() {
  if (healed_) return;
  const auto gap = random_.Below(2 * static_cast<uint64_t>(options_.fault_gap_ns) + 1);
  world_.queue.After(static_cast<int64_t>(gap), [this] {
    if (healed_) return;
    if (!held_) DoOne();
    Next();
  });
}

std::vector<FaultInjector::Act> FaultInjector::Acts() {
  std::vector<Act> acts;
  const auto add = [&](FaultKind kind, Act act) {
    if (Has(kind)) acts.push_back(act);
  };
  add(FaultKind::kKill, &FaultInjector::Kill);
  add(FaultKind::kKillInWrite, &FaultInjector::KillInWrite);
  add(FaultKind::kKillInSnapshot, &FaultInjector::KillInSnapshot);
  add(FaultKind::kStop, &FaultInjector::Stop);
  add(FaultKind::kAllDown, &FaultInjector::AllDown);
  add(FaultKind::kPowerLoss, &FaultInjector::PowerLoss);
  add(Has(FaultKind::kJoin) ? FaultKind::kJoin : FaultKind::kWipe, &FaultInjector::Wipe);
  add(FaultKind::kPartition, &FaultInjector::Partition);
  add(FaultKind::kOneWayCut, &FaultInjector::OneWayCut);
  // A node only has another cipher after a start.
  if (acts.empty() && Has(FaultKind::kCipherSwitch)) acts.push_back(&FaultInjector::Stop);
  return acts;
}

// One that is possible now, in an order that is drawn.
void FaultInjector::DoOne() {
  std::vector<Act> acts = Acts();
  while (!acts.empty()) {
    const auto at = static_cast<std::ptrdiff_t>(random_.Below(acts.size()));
    if ((this->*acts[static_cast<size_t>(at)])()) return;
    acts.erase(acts.begin() + at);
  }
}

std::optional<size_t> FaultInjector::Victim() {
  const auto& nodes = targets_.nodes;
  size_t missing = wiped_ ? 1 : 0;
  std::vector<size_t> up;
  for (size_t node = 0; node < nodes.size(); ++node) {
    const bool is_missing = !nodes[node]->is_up() || IsArmed(node);
    if (is_missing) {
      missing += wiped_ == node ? 0 : 1;
    } else if (wiped_ != node) {
      up.push_back(node);
    }
  }
  if (2 * (missing + 1) >= nodes.size() && nodes.size() > 1) return std::nullopt;
  if (up.empty()) return std::nullopt;
  // The leader more often than its share.
  for (const size_t node : up) {
    if (nodes[node]->IsLeader() && random_.Below(3) == 0) return node;
  }
  return up[random_.Below(up.size())];
}

bool FaultInjector::Kill() {
  const auto node = Victim();
  if (!node) return false;
  targets_.nodes[*node]->Kill();
  Down(*node, options_.down_max_ns);
  return true;
}

// Also one that catches up after a wipe: it is missing anyway, and writes more than others.
std::optional<size_t> FaultInjector::WriteVictim() {
  const bool may_be_wiped = wiped_ && wiped_kills_ < kWipedKillsMax &&
                            targets_.nodes[*wiped_]->is_up() && !IsArmed(*wiped_);
  if (!may_be_wiped || random_.Below(2) == 0) return Victim();
  ++wiped_kills_;
  return wiped_;
}

bool FaultInjector::KillInWrite() {
  const auto node = WriteVictim();
  if (!node) return false;
  Arm(*node, /*waits_long=*/false);
  const uint64_t changes = random_.Below(kChangesBeforeCrashMax);
  const auto part = static_cast<uint32_t>(random_.Below(1001));
  targets_.nodes[*node]->disk().CrashAfter(changes, part);
  return true;
}

bool FaultInjector::KillInSnapshot() {
  const auto node = WriteVictim();
  if (!node) return false;
  Arm(*node, /*waits_long=*/true);
  const uint64_t changes = random_.Below(kSnapshotChangesMax);
  const auto part = static_cast<uint32_t>(random_.Below(1001));
  const std::string snapshots = world_.history.nodes[*node].raft_directory + "/snapshots";
  targets_.nodes[*node]->disk().CrashWithin(snapshots, changes, part);
  const uint64_t arming = armings_[*node];
  world_.queue.After(kArmedMaxNs, [this, node = *node, arming] {
    if (armings_[node] == arming) Disarm(node);
  });
  return true;
}

void FaultInjector::Arm(size_t node, bool waits_long) {
  armed_[node] = true;
  waits_long_[node] = waits_long;
  ++armings_[node];
}

// Whoever else takes the node down cancels the order.
bool FaultInjector::IsArmed(size_t node) const {
  return armed_[node] && targets_.nodes[node]->disk().has_crash_ordered();
}

void FaultInjector::Disarm(size_t node) {
  if (!armed_[node]) return;
  targets_.nodes[node]->disk().CancelCrash();
  armed_[node] = false;
}

bool FaultInjector::Stop() {
  const auto node = Victim();
  if (!node) return false;
  targets_.nodes[*node]->Stop();
  Down(*node, options_.down_max_ns);
  return true;
}

bool FaultInjector::AllDown() {
  if (wiped_) return false;
  for (size_t node = 0; node < targets_.nodes.size(); ++node) {
    if (!targets_.nodes[node]->is_up()) continue;
    targets_.nodes[node]->Kill();
    Down(node, kAllDownMaxNs);
  }
  return true;
}

bool FaultInjector::PowerLoss() {
  const auto node = Victim();
  if (!node) return false;
  targets_.nodes[*node]->Kill();
  Down(*node, options_.down_max_ns);
  targets_.nodes[*node]->LosePower();
  return true;
}

// A node that forgets how it voted and what it has acknowledged must not be missed by anybody.
bool FaultInjector::IsQuiet(const std::set<size_t>& without) const {
  if (world_.network.has_cuts()) return false;
  uint64_t term = 0;
  uint64_t last = 0;
  bool has_leader = false;
  for (size_t node = 0; node < targets_.nodes.size(); ++node) {
    if (without.contains(node)) continue;
    const SimNode& other = *targets_.nodes[node];
    if (!other.is_up() || IsArmed(node)) return false;
    if (term == 0) {
      term = other.Term();
      last = other.LastIndex();
    }
    if (other.Term() != term || other.LastIndex() != last || other.AppliedIndex() != last) {
      return false;
    }
    has_leader |= other.IsLeader();
  }
  return has_leader;
}

bool FaultInjector::Wipe() {
  if (wiped_ || targets_.nodes.size() < 3 || !IsQuiet({})) return false;
  const size_t node = random_.Below(targets_.nodes.size());
  targets_.nodes[node]->Kill();
  if (targets_.on_down) targets_.on_down(node);
  WipeAndStart(node);
  return true;
}

bool FaultInjector::WipeDown(size_t node, std::optional<size_t> also) {
  if (wiped_.value_or(node) != node || targets_.nodes[node]->is_up()) return false;
  if (!IsQuiet({node, also.value_or(node)})) return false;
  WipeAndStart(node);
  return true;
}

void FaultInjector::WipeAndStart(size_t node) {
  targets_.nodes[node]->Wipe();
  wiped_ = node;
  wiped_kills_ = 0;
  wipe_term_ = 0;
  for (const auto& other : targets_.nodes) wipe_term_ = std::max(wipe_term_, other->Term());
  exits_[node] = 0;
  if (settings_[node].encrypts) settings_[node].key = NewKey(node);
  if (Has(FaultKind::kJoin)) {
    settings_[node].names_peers = Has(FaultKind::kWipe) && random_.Below(2) == 0;
  }
  wiped_waits_ = true;
  world_.queue.After(kMessageLifeNs, [this, node] { StartWiped(node); });
  WatchWiped();
}

// Whether a node that led when it was wiped cannot be voted for in the same term again: another one
// leads, or all that are up and can vote are in a later term.
bool FaultInjector::IsTermOver() const {
  uint64_t first = UINT64_MAX;
  for (const auto& other : targets_.nodes) {
    if (other->IsLeader()) return true;
    if (other->Term() != 0) first = std::min(first, other->Term());
  }
  return first != UINT64_MAX && first > wipe_term_;
}

// Not before another term: those who voted for a leader would vote for it again in the same one,
// with its log gone, as in the real server.
void FaultInjector::StartWiped(size_t node) {
  if (!IsTermOver()) {
    world_.queue.After(kLookNs, [this, node] { StartWiped(node); });
    return;
  }
  wiped_waits_ = false;
  StartNow(node);
}

bool FaultInjector::HasCaughtUp(size_t node) const {
  for (const auto& other : targets_.nodes) {
    if (other->IsLeader() && targets_.nodes[node]->is_up() &&
        targets_.nodes[node]->AppliedIndex() >= other->CommitIndex()) {
      return true;
    }
  }
  return false;
}

void FaultInjector::WatchWiped() {
  if (!wiped_) return;
  if (HasCaughtUp(*wiped_)) return wiped_.reset();
  world_.queue.After(kLookNs, [this] { WatchWiped(); });
}

bool FaultInjector::Partition() {
  if (world_.network.has_cuts() || wiped_) return false;
  std::vector<bool> here(targets_.sites);
  for (size_t site = 0; site < targets_.sites; ++site) here[site] = random_.Below(2) == 0;
  for (Site from = 0; from < targets_.sites; ++from) {
    for (Site to = 0; to < targets_.sites; ++to) {
      if (here[from] != here[to]) world_.network.Cut(from, to);
    }
  }
  ++world_.history.epoch;
  world_.trace.Note(world_.queue.now_ns(), {"net", "partition"});
  EndCuts();
  return true;
}

bool FaultInjector::OneWayCut() {
  const size_t nodes = targets_.nodes.size();
  if (world_.network.has_cuts() || wiped_ || nodes < 2) return false;
  const Site from = random_.Below(nodes);
  const Site to = (from + 1 + random_.Below(nodes - 1)) % nodes;
  world_.network.Cut(from, to);
  ++world_.history.epoch;
  world_.trace.Note(world_.queue.now_ns(), {"net", "cut", from, to});
  EndCuts();
  return true;
}

void FaultInjector::EndCuts() {
  const auto after = random_.Below(static_cast<uint64_t>(kCutMaxNs)) + 1;
  world_.queue.After(static_cast<int64_t>(after), [this] {
    if (!world_.network.has_cuts()) return;
    world_.network.HealCuts();
    ++world_.history.epoch;
    world_.trace.Note(world_.queue.now_ns(), {"net", "whole"});
  });
}

void FaultInjector::Down(size_t node, int64_t max_ns) {
  armed_[node] = false;
  if (targets_.on_down) targets_.on_down(node);
  StartLater(node, max_ns);
}

void FaultInjector::OnEnd(size_t node) {
  armed_[node] = false;
  const bool by_itself = world_.history.nodes[node].exit_text.has_value();
  if (by_itself && ++exits_[node] > kExitsMax) return;
  StartLater(node, options_.down_max_ns);
}

void FaultInjector::StartLater(size_t node, int64_t max_ns) {
  if (healed_) max_ns = kDownMinNs;
  const auto more = random_.Below(static_cast<uint64_t>(max_ns) + 1);
  world_.queue.After(kDownMinNs + static_cast<int64_t>(more), [this, node] { StartNow(node); });
}

void FaultInjector::StartNow(size_t node) {
  if (targets_.nodes[node]->is_up() || held_ == node) return;
  if (wiped_waits_ && wiped_ == node) return;
  if (Has(FaultKind::kCipherSwitch) && settings_[node].encrypts && random_.Below(2) == 0) {
    settings_[node].cipher = settings_[node].cipher == "AES" ? "CHACHA" : "AES";
  }
  targets_.nodes[node]->Start(settings_[node]);
}

// Some may have an event for it, which then finds them up.
void FaultInjector::StartDown() {
  for (size_t node = 0; node < targets_.nodes.size(); ++node) {
    if (targets_.nodes[node]->is_up() || (wiped_waits_ && wiped_ == node)) continue;
    StartLater(node, options_.down_max_ns);
  }
}

void FaultInjector::Hold(std::optional<size_t> node) {
  held_ = node;
  if (!held_) return StartDown();
  for (size_t each = 0; each < armed_.size(); ++each) {
    if (waits_long_[each]) Disarm(each);
  }
}

void FaultInjector::DisarmAll() {
  for (size_t each = 0; each < armed_.size(); ++each) Disarm(each);
}

void FaultInjector::Heal() {
  healed_ = true;
  world_.network.HealCuts();
  world_.network.SetFaults({});
  ++world_.history.epoch;
  DisarmAll();
  StartDown();
}

}  // namespace atrest::sim
