#include "reference/sim/simulation.h"

#include <algorithm>
#include <utility>

#include "reference/base/go_duration.h"
#include "reference/raft/raft_trace.h"

namespace atrest::sim {
namespace {

constexpr char kClusterId[] = "tc";
// The safety phase ends after this, or after so many times what its ops take, if that is longer.
constexpr int64_t kSafetyMaxNs = 600 * kNsPerSecond;
constexpr int64_t kSafetyTimes = 3;
constexpr int64_t kConvergeMaxNs = 60 * kNsPerSecond;
constexpr int64_t kQuietNs = 2 * kNsPerSecond;
constexpr int64_t kLookNs = 10 * kNsPerMs;
constexpr uint64_t kFileSizeMax = uint64_t{1} << 32;

// One for each purpose, so that a choice more in one leaves the others as they are.
enum class Purpose : uint64_t { kNetwork = 1, kFaults, kWorkload, kNodes, kDamage };

uint64_t SeedFor(uint64_t seed, Purpose purpose) {
  return Random(seed ^ static_cast<uint64_t>(purpose) << 56).Next();
}

raft::Options RaftOptions(const SimOptions& options) {
  raft::Options raft;
  raft.heartbeat_timeout_ns = options.raft_timeout_ns;
  raft.election_timeout_ns = options.raft_timeout_ns;
  raft.lease_timeout_ns = options.raft_timeout_ns / 2;
  raft.commit_timeout_ns = std::min(raft.commit_timeout_ns, options.raft_timeout_ns / 10);
  raft.snapshot_interval_ns = options.snapshot_interval_ns;
  raft.snapshot_threshold = options.snapshot_threshold;
  raft.trailing_logs = options.trailing_logs;
  return raft;
}

void MixDirectory(env::FileSystem& files, const std::string& directory, SimTrace& trace) {
  const auto entries = files.List(directory);
  if (!entries.ok()) return;
  for (const env::DirectoryEntry& entry : entries.value()) {
    const std::string path = directory + "/" + entry.name;
    trace.Mix(AsBytes(path));
    if (entry.is_directory) {
      MixDirectory(files, path, trace);
      continue;
    }
    const auto bytes = env::ReadWhole(files, path, kFileSizeMax);
    if (bytes.ok()) trace.Mix(bytes.value());
  }
}

}  // namespace

Simulation::Simulation(const SimOptions& options, std::vector<Checker*> checkers,
                       std::ostream* trace)
    : options_(options),
      checkers_(std::move(checkers)),
      trace_(trace),
      network_(SeedFor(options.seed, Purpose::kNetwork)),
      nats_(queue_, network_),
      world_{queue_, network_, nats_, trace_, history_, {}, {}, {}} {
  history_.cluster_id = kClusterId;
  history_.nodes.resize(options_.nodes);
  world_.post = [this](Site from, const raft::Message& message) { Post(from, message); };
  world_.on_end = [this](size_t node) { OnNodeEnd(node); };
  world_.on_look = [this](size_t node) { OnLook(node); };
  std::vector<std::string> ids;
  for (size_t i = 0; i < options_.nodes; ++i)
    ids.push_back(std::string(1, static_cast<char>('a' + i)));
  Random seeds(SeedFor(options_.seed, Purpose::kNodes));
  for (size_t i = 0; i < options_.nodes; ++i) {
    NodeOptions node;
    node.number = i;
    node.id = ids[i];
    node.members = ids;
    node.seed = seeds.Next();
    node.raft = RaftOptions(options_);
    nodes_.push_back(std::make_unique<SimNode>(world_, std::move(node)));
    numbers_[ids[i]] = i;
  }
  const FaultTargets targets{nodes_, options_.nodes + options_.clients,
                             [this](size_t node) { OnNodeDown(node); },
                             [this](bool paused) { workload_->Pause(paused); }};
  injector_ = std::make_unique<FaultInjector>(world_, options_, targets,
                                              SeedFor(options_.seed, Purpose::kFaults));
  damager_ = std::make_unique<NodeDamager>(world_, options_, targets, *injector_,
                                           SeedFor(options_.seed, Purpose::kDamage));
  WorkloadOptions workload;
  workload.seed = SeedFor(options_.seed, Purpose::kWorkload);
  workload.ops = options_.ops;
  workload.clients = options_.clients;
  workload.channels = options_.channels;
  workload.gap_ns = options_.op_gap_ns;
  workload.first_site = options_.nodes;
  workload_ = std::make_unique<Workload>(world_, workload);
}

Simulation::~Simulation() = default;

void Simulation::Post(Site from, const raft::Message& message) {
  const auto to = numbers_.find(message.to);
  if (to == numbers_.end()) return;
  const auto arrivals = network_.SendDatagram(queue_.now_ns(), from, to->second);
  for (size_t i = 0; i < arrivals.count; ++i) {
    queue_.At(arrivals.at_ns[i], [this, to = to->second, message] {
      trace_.Note(queue_.now_ns(),
                  {nodes_[to]->options().id, "raft", message.term, message.body.index(), 0,
                   trace_.is_read() ? raft::MessageText(message) : ""});
      nodes_[to]->Receive(message);
    });
  }
}

void Simulation::OnNodeDown(size_t node) {
  history_.now_ns = queue_.now_ns();
  history_.event = trace_.events();
  for (Checker* checker : checkers_) checker->OnNodeDown(history_, node, violations_);
}

void Simulation::OnLook(size_t node) {
  history_.now_ns = queue_.now_ns();
  history_.event = trace_.events();
  for (Checker* checker : checkers_) checker->OnLook(history_, node, violations_);
}

void Simulation::OnNodeEnd(size_t node) {
  OnNodeDown(node);
  if (!damager_->Owns(node)) injector_->OnEnd(node);
}

template <typename Done>
bool Simulation::RunUntil(int64_t bound_ns, Done done) {
  const int64_t end_ns = queue_.now_ns() + bound_ns;
  while (!done()) {
    if (queue_.now_ns() >= end_ns) return false;
    queue_.RunUntil(std::min(queue_.now_ns() + kLookNs, end_ns));
  }
  return true;
}

SimResult Simulation::Run() {
  SafetyPhase();
  LivenessPhase();
  Rest();
  SimResult result;
  result.hash = trace_.HashText();
  result.events = trace_.events();
  result.virtual_ns = queue_.now_ns() - kBeginNs;
  result.marks = world_.marks;
  result.published = history_.published.size();
  result.acknowledged = static_cast<size_t>(std::ranges::count_if(
      history_.published, [](const Published& sent) { return sent.acked_at_ns.has_value(); }));
  result.delivered = history_.delivered.size();
  result.is_whole = is_whole_;
  result.violations = violations_;
  return result;
}

void Simulation::SafetyPhase() {
  network_.SetFaults(options_.network);
  for (size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->Start(injector_->settings(i));
  queue_.RunUntil(queue_.now_ns() + options_.idle_ns);
  workload_->Start();
  injector_->Start();
  // About when two fifths of the ops are done.
  damager_->Start(static_cast<int64_t>(options_.ops) * options_.op_gap_ns * 2 / 5);
  const int64_t bound_ns = std::max(
      kSafetyMaxNs, kSafetyTimes * static_cast<int64_t>(options_.ops) * options_.op_gap_ns);
  is_whole_ = RunUntil(bound_ns, [this] { return workload_->is_done() && damager_->is_done(); });
}

bool Simulation::HasLeader() const {
  return std::ranges::any_of(nodes_, [](const auto& node) { return node->IsLeader(); });
}

// All are up, and have applied what one of them leads with; WITHOUT some.
bool Simulation::AllAgree(const std::set<size_t>& without) const {
  uint64_t index = 0;
  for (const auto& node : nodes_) {
    if (node->IsLeader()) index = std::max(index, node->LastIndex());
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (without.contains(i)) continue;
    if (!nodes_[i]->is_up() || nodes_[i]->AppliedIndex() != index) return false;
  }
  return index > 0;
}

// As documented (cluster.md 3b, 3j): where messages cannot be read, nodes that need them for their
// snapshot say so and end, and the others go on. Empty if nothing was ever damaged.
std::set<size_t> Simulation::Blocked() const {
  std::set<size_t> blocked;
  for (size_t i = 0; i < nodes_.size() && history_.IsDamaged(); ++i) {
    const bool is_blocked = history_.nodes[i].cannot_restore_ns >= heal_ns_;
    if (is_blocked && !nodes_[i]->IsVoter()) blocked.insert(i);
  }
  return blocked;
}

bool Simulation::AwaitAgreement() {
  if (RunUntil(kConvergeMaxNs, [this] { return AllAgree({}); })) return true;
  const std::set<size_t> blocked = Blocked();
  if (blocked.empty() || 2 * blocked.size() >= nodes_.size()) return false;
  history_.restore_blocked = blocked;
  return RunUntil(kConvergeMaxNs, [&] { return AllAgree(blocked); });
}

bool Simulation::AreRead(std::vector<size_t>& published) {
  for (; deliveries_seen_ < history_.delivered.size(); ++deliveries_seen_) {
    const Delivered& delivered = history_.delivered[deliveries_seen_];
    if (delivered.client_id != kReader) continue;
    std::erase_if(published, [&](size_t one) {
      const Published& sent = history_.published[one];
      return sent.channel == delivered.channel && sent.payload == delivered.payload;
    });
  }
  return published.empty();
}

bool Simulation::AreAcknowledged(const std::vector<size_t>& published) const {
  return std::ranges::all_of(
      published, [this](size_t one) { return history_.published[one].acked_at_ns.has_value(); });
}

std::string Simulation::TextOf(const std::vector<size_t>& published) const {
  std::string text;
  for (const size_t one : published) {
    text += (text.empty() ? "" : ", ") + history_.published[one].guid + " of channel " +
            history_.published[one].channel;
  }
  return text;
}

std::string Simulation::StateText() const {
  std::string text;
  for (const auto& node : nodes_) {
    text += " " + node->options().id + (node->is_up() ? "" : " down") +
            (node->IsLeader() ? " leads" : "") + " term " + std::to_string(node->Term()) +
            " last " + std::to_string(node->LastIndex()) + " applied " +
            std::to_string(node->AppliedIndex()) + ";";
  }
  return text;
}

void Simulation::Miss(Heals heals, const std::string& what) {
  trace_.Note(queue_.now_ns(), {"sim", "miss", 0, 0, 0, what});
  if (HealsAfter(options_.faults) < heals) return;
  history_.quorum_lost = WhyNoQuorum();
  if (!history_.quorum_lost.empty()) return;
  violations_.push_back({kLivenessChecker, "", "K-cluster-heals",
                         what + " within " + GoDurationText(kConvergeMaxNs) +
                             " after all faults have ended:" + StateText()});
}

// As documented (cluster.md 3d, 3j): a damaged node that ends at every start, and nodes that have
// said since the faults ended that nobody gives them what their snapshot stands for, are no
// majority's, nor are those whom no leader lets in. "" if it is not for this.
std::string Simulation::WhyNoQuorum() const {
  size_t voters = 0;
  std::string text;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const NodeHistory& node = history_.nodes[i];
    if (nodes_[i]->IsVoter()) {
      ++voters;
      continue;
    }
    const std::string exit = node.exit_text.value_or("");
    const bool cannot_restore = node.cannot_restore_ns >= heal_ns_;
    const bool is_outside =
        !nodes_[i]->settings().names_peers && exit.starts_with("failed to join Raft group ");
    if (!cannot_restore && !is_outside && (!node.is_damaged() || exit.empty())) return "";
    text += (text.empty() ? "node " : "; node ") + node.id + ": " +
            (exit.empty() ? "cannot be given its snapshot's messages" : exit);
  }
  return history_.IsDamaged() && 2 * voters <= nodes_.size() ? text : "";
}

void Simulation::LivenessPhase() {
  trace_.Note(queue_.now_ns(), {"sim", "heal"});
  heal_ns_ = queue_.now_ns();
  workload_->Calm();
  injector_->Heal();
  if (!RunUntil(kConvergeMaxNs, [this] { return HasLeader(); })) {
    return Miss(Heals::kAgreement, "no leader");
  }
  if (!RunUntil(kConvergeMaxNs, [this] { return workload_->unfinished() == 0; })) {
    return Miss(Heals::kAgreement, "publishes without an end");
  }
  std::vector<size_t> probes = workload_->Probe();
  if (!RunUntil(kConvergeMaxNs, [&] { return AreAcknowledged(probes); })) {
    return Miss(Heals::kAgreement, "a channel accepts nothing");
  }
  if (!AwaitAgreement()) Miss(Heals::kAgreement, "no agreement");
  workload_->ReadAll();
  if (HealsAfter(options_.faults) == Heals::kDelivery) history_.read_back = kReader;
  if (!RunUntil(kConvergeMaxNs, [&] { return AreRead(probes); })) {
    Miss(Heals::kDelivery, "what a new subscription does not get: " + TextOf(probes));
  }
  // What was delivered last is acknowledged, and that replicated.
  queue_.RunUntil(queue_.now_ns() + kQuietNs);
  if (!AwaitAgreement()) Miss(Heals::kAgreement, "no rest");
}

void Simulation::Rest() {
  trace_.Note(queue_.now_ns(), {"sim", "rest"});
  history_.now_ns = queue_.now_ns();
  history_.event = trace_.events();
  for (Checker* checker : checkers_) checker->AtRest(history_, violations_);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i]->is_up()) continue;
    nodes_[i]->Stop();
    OnNodeDown(i);
  }
  MixFiles();
}

void Simulation::MixFiles() {
  for (const NodeHistory& node : history_.nodes) {
    MixDirectory(*node.files, node.store_directory, trace_);
    MixDirectory(*node.files, node.raft_directory, trace_);
  }
}

}  // namespace atrest::sim
