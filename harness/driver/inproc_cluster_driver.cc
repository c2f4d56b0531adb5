#include "harness/driver/inproc_cluster_driver.h"

#include <algorithm>
#include <utility>

#include "harness/driver/inproc_settings.h"

namespace atrest::driver {
namespace {

constexpr char kName[] = "sim";
constexpr char kVersion[] = "0.1.0 (a model of 0.25.6)";
constexpr char kClusterId[] = "tc";
constexpr char kNoConnection[] = "stan: connect request timeout (possibly wrong cluster ID?)";
constexpr char kNoAck[] = "stan: publish ack timeout";
constexpr char kPanic[] = "panic: ";

constexpr int64_t kLookNs = 10 * sim::kNsPerMs;
// A follower that cannot restore gives up after ten tries of three seconds each.
constexpr int64_t kStartMaxNs = 60 * sim::kNsPerSecond;
constexpr int64_t kRestMaxNs = 10 * sim::kNsPerSecond;
constexpr int64_t kElectionMaxNs = 60 * sim::kNsPerSecond;
constexpr int64_t kAloneNs = 10 * sim::kNsPerSecond;  // where nothing is to be waited for
constexpr int64_t kAnswerMaxNs = 30 * sim::kNsPerSecond;
constexpr int64_t kQuietNs = 2 * sim::kNsPerSecond;  // then nothing more comes
constexpr int64_t kCloseNs = 500 * sim::kNsPerMs;
constexpr int64_t kSnapshotLookNs = sim::kNsPerSecond;
constexpr int kElectionsMax = 64;
constexpr int kMaxInFlight = 1024;
constexpr int kAckWaitS = 30;

// As the options come to: the key option alone switches encryption on, the variable alone does not.
Result<sim::NodeSettings> NodeSettingsOf(const scenario::Settings& settings,
                                         const std::map<std::string, std::string>& keys) {
  const auto key = [&](const std::optional<std::string>& name) {
    return name ? keys.at(*name) : std::string();
  };
  sim::NodeSettings node;
  node.encrypts = settings.encrypt.value_or(false) || !key(settings.key_option).empty();
  node.cipher = settings.cipher.value_or("");
  node.sync = settings.cluster_sync.value_or(false);
  node.names_peers = settings.cluster_peers.value_or(true);
  if (settings.encrypt == false && settings.key_option)
    return Status(Code::kUnsupported, "the order of the two options decides what they mean");
  if (node.encrypts) node.key = key(settings.key_variable);
  if (node.encrypts && node.key.empty()) node.key = key(settings.key_option);
  return node;
}

verdict::Started StartedOf(const sim::NodeHistory& node) {
  if (node.is_up) return {true, "", {}};
  std::string why = node.exit_text.value_or("");
  if (why.starts_with(kPanic)) why.erase(0, sizeof(kPanic) - 1);
  return {false, why, node.exit_code};
}

wire::StanStartPosition PositionOf(scenario::Read::From from) {
  switch (from) {
    case scenario::Read::From::kFirst:
      return wire::StanStartPosition::kFirst;
    case scenario::Read::From::kLast:
      return wire::StanStartPosition::kLastReceived;
    case scenario::Read::From::kSequence:
      return wire::StanStartPosition::kSequenceStart;
    case scenario::Read::From::kNew:
      return wire::StanStartPosition::kNewOnly;
  }
  return wire::StanStartPosition::kFirst;
}

std::string NameOf(size_t node) { return std::string(1, static_cast<char>('a' + node)); }

}  // namespace

InprocClusterDriver::InprocClusterDriver(uint64_t seed)
    : seed_(seed), network_(seed), nats_(queue_, network_), world_{queue_, network_, nats_,
                                                                   trace_, history_, {},
                                                                   {},     {},       {}} {
  history_.cluster_id = kClusterId;
  world_.post = [this](sim::Site from, const raft::Message& message) { Post(from, message); };
  world_.on_end = [this](size_t node) {
    const sim::NodeHistory& ended = history_.nodes[node];
    crashes_[node] = "node " + ended.id + ": exit " + std::to_string(ended.exit_code) + ", " +
                     ended.exit_text.value_or("");
  };
  world_.on_log = [this](size_t node, LogLevel level, const std::string& text) {
    const verdict::LogLine line{LevelTag(level), text};
    logs_[node].push_back(line);
    log_.push_back(line);
  };
}

InprocClusterDriver::~InprocClusterDriver() = default;

TargetInfo InprocClusterDriver::Info() const {
  return {kName,
          kVersion,
          {"nodes", "snapshots", "kill", "power", "client", "clock", "format:stan-file-1"},
          /*is_reference=*/true};
}

Status InprocClusterDriver::MakeNodes(const scenario::Cluster& cluster) {
  if (!nodes_.empty()) return Status(Code::kInvalid, "the nodes are made already");
  history_.nodes.resize(cluster.nodes);
  logs_.resize(cluster.nodes);
  sim::NodeOptions options;
  for (size_t i = 0; i < cluster.nodes; ++i) options.members.push_back(NameOf(i));
  if (cluster.snapshot_entries) {
    options.raft.snapshot_threshold = *cluster.snapshot_entries;
    options.raft.snapshot_interval_ns = kSnapshotLookNs;
  }
  if (cluster.trailing_entries) options.raft.trailing_logs = *cluster.trailing_entries;
  Random seeds(seed_);
  for (size_t i = 0; i < cluster.nodes; ++i) {
    options.number = i;
    options.id = NameOf(i);
    options.seed = seeds.Next();
    nodes_.push_back(std::make_unique<sim::SimNode>(world_, options));
    files_.Add(NameOf(i), *history_.nodes[i].files);
  }
  return Status();
}

void InprocClusterDriver::Post(sim::Site from, const raft::Message& message) {
  const auto to = std::ranges::find(history_.nodes, message.to, &sim::NodeHistory::id);
  if (to == history_.nodes.end()) return;
  const auto node = static_cast<size_t>(to - history_.nodes.begin());
  const auto arrivals = network_.SendDatagram(queue_.now_ns(), from, node);
  for (size_t i = 0; i < arrivals.count; ++i)
    queue_.At(arrivals.at_ns[i], [this, node, message] { nodes_[node]->Receive(message); });
}

// Time, and what the cluster comes to

template <typename Done>
bool InprocClusterDriver::RunUntil(int64_t bound_ns, Done done) {
  const int64_t end_ns = queue_.now_ns() + bound_ns;
  while (!done()) {
    if (queue_.now_ns() >= end_ns) return false;
    queue_.RunUntil(std::min(queue_.now_ns() + kLookNs, end_ns));
  }
  return true;
}

std::optional<size_t> InprocClusterDriver::Leader() const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->IsLeader()) return i;
  }
  return std::nullopt;
}

bool InprocClusterDriver::HasMajority() const {
  const auto up = std::ranges::count_if(nodes_, [](const auto& node) { return node->is_up(); });
  return 2 * static_cast<size_t>(up) > nodes_.size();
}

bool InprocClusterDriver::IsAtRest() const {
  const auto leader = Leader();
  if (!leader) return false;
  const uint64_t last = nodes_[*leader]->LastIndex();
  return std::ranges::all_of(
      nodes_, [&](const auto& node) { return !node->is_up() || node->AppliedIndex() == last; });
}

void InprocClusterDriver::AwaitRest(int64_t bound_ns) {
  (void)RunUntil(HasMajority() ? bound_ns : kAloneNs, [this] { return IsAtRest(); });
}

Result<std::vector<std::string>> InprocClusterDriver::NodesOf(const std::string& role) {
  const bool is_of_leader = role == "leader" || role == "follower" || role == "other";
  if (is_of_leader) (void)RunUntil(kElectionMaxNs, [this] { return Leader().has_value(); });
  std::vector<std::string> names;
  for (const auto& node : nodes_) {
    const bool follows = node->is_up() && !node->IsLeader();
    const bool has =
        role == "all" || role == node->options().id || (role == "leader" && node->IsLeader()) ||
        (role == "stopped" && !node->is_up()) || (role == "follower" && follows && names.empty()) ||
        (role == "other" && follows);
    if (has && role == "other") names.clear();
    if (has) names.push_back(node->options().id);
  }
  if (names.empty()) return Status(Code::kInvalid, "no node is " + role + " now");
  return names;
}

InprocClusterDriver::Numbers InprocClusterDriver::NumbersOf(
    const std::vector<std::string>& nodes) const {
  Numbers numbers;
  for (const std::string& name : nodes) {
    const auto found = std::ranges::find(history_.nodes, name, &sim::NodeHistory::id);
    numbers.push_back(static_cast<size_t>(found - history_.nodes.begin()));
  }
  return numbers;
}

// Steps of nodes

Result<std::vector<verdict::Observation>> InprocClusterDriver::ActOn(
    const std::vector<std::string>& nodes, const scenario::Action& action,
    const std::map<std::string, std::string>& keys) {
  const Numbers numbers = NumbersOf(nodes);
  verdict::Outcome outcome = verdict::Done{};
  if (const auto* start = std::get_if<scenario::Start>(&action)) {
    const auto settings = NodeSettingsOf(start->settings, keys);
    if (!settings.ok()) return settings.status();
    return StartAll(numbers, settings.value());
  }
  if (std::holds_alternative<scenario::Elect>(action)) {
    if (numbers.size() != 1) return Status(Code::kInvalid, "only one node can lead");
    outcome = Elect(numbers.front());
  } else {
    ATREST_TRY(EndAll(numbers, action));
  }
  std::vector<verdict::Observation> seen;
  for (const size_t node : numbers) seen.push_back({outcome, std::exchange(logs_[node], {})});
  if (!crashes_.empty()) seen.front() = Seen(verdict::Done{});
  log_.clear();
  return seen;
}

Result<std::vector<verdict::Observation>> InprocClusterDriver::StartAll(
    const Numbers& nodes, const sim::NodeSettings& settings) {
  for (const size_t node : nodes) {
    if (nodes_[node]->is_up())
      return Status(Code::kInvalid, "node " + NameOf(node) + " runs already");
  }
  std::vector<verdict::Observation> seen;
  for (const size_t node : nodes) nodes_[node]->Start(settings);
  AwaitRest(kStartMaxNs);
  for (const size_t node : nodes) {
    const verdict::Started started = StartedOf(history_.nodes[node]);
    if (!started.ok) crashes_.erase(node);  // it refused, which is no crash
    seen.push_back({started, std::exchange(logs_[node], {})});
  }
  if (!crashes_.empty()) seen.front() = Seen(verdict::Done{});
  log_.clear();
  return seen;
}

Status InprocClusterDriver::EndAll(const Numbers& nodes, const scenario::Action& action) {
  for (const size_t node : nodes) {
    if (!nodes_[node]->is_up())
      return Status(Code::kInvalid, "node " + NameOf(node) + " does not run");
  }
  for (const size_t node : nodes) {
    const auto* kill = std::get_if<scenario::Kill>(&action);
    if (kill == nullptr) {
      nodes_[node]->Stop();
    } else if (kill->power) {
      nodes_[node]->LosePower();
    } else {
      nodes_[node]->Kill();
    }
  }
  return Status();
}

verdict::Outcome InprocClusterDriver::Elect(size_t node) {
  for (int i = 0; i < kElectionsMax && nodes_[node]->is_up(); ++i) {
    AwaitRest(kElectionMaxNs);
    const auto leader = Leader();
    if (!leader) break;
    if (leader == node) return verdict::Done{};
    StepDown(*leader);
  }
  return verdict::Undecided{"node " + NameOf(node) + " does not come to lead"};
}

void InprocClusterDriver::StepDown(size_t leader) {
  const sim::NodeSettings settings = nodes_[leader]->settings();
  nodes_[leader]->Stop();
  if (HasMajority()) (void)RunUntil(kElectionMaxNs, [this] { return Leader().has_value(); });
  nodes_[leader]->Start(settings);
}

// Steps of clients

sim::SimClient& InprocClusterDriver::NewClient(const std::string& id) {
  sim::ClientOptions options;
  options.id = id;
  options.site = nodes_.size() + clients_.size();
  options.seed = seed_ + clients_.size();
  options.ack_permille = 1000;
  clients_.push_back(std::make_unique<sim::SimClient>(world_, options));
  clients_.back()->Start();
  return *clients_.back();
}

bool InprocClusterDriver::Connects(const sim::SimClient& client) {
  return RunUntil(kAnswerMaxNs, [&] { return client.is_connected(); });
}

// The cluster takes note of it: that is an entry, too.
void InprocClusterDriver::Leave(sim::SimClient& client) {
  client.Finish();
  queue_.RunUntil(queue_.now_ns() + kCloseNs);
}

bool InprocClusterDriver::IsAcked(sim::SimClient& client, const std::string& channel,
                                  const std::string& payload) {
  const size_t number = history_.published.size();
  history_.published.push_back(
      {channel, "message-" + std::to_string(number), ToBytes(payload), 0, {}});
  client.Publish(number);
  return RunUntil(kAnswerMaxNs, [&] { return history_.published[number].acked_at_ns.has_value(); });
}

Result<verdict::Observation> InprocClusterDriver::Publish(const scenario::Publish& publish) {
  sim::SimClient* client = nullptr;
  if (publish.client.empty()) {
    client = &NewClient("publisher-" + std::to_string(clients_.size()));
  } else if (const auto found = named_.find(publish.client); found != named_.end()) {
    client = found->second;
  }
  if (client == nullptr) return Seen(verdict::Published{0, kNotThere});
  verdict::Published seen;
  if (!Connects(*client)) seen.error = kNoConnection;
  for (const std::string& payload : publish.payloads) {
    if (!seen.error.empty()) break;
    if (IsAcked(*client, publish.channel, payload)) {
      ++seen.acked;
    } else {
      seen.error = kNoAck;
    }
  }
  if (publish.client.empty()) Leave(*client);
  AwaitRest(kRestMaxNs);
  return Seen(seen);
}

std::vector<verdict::Delivery> InprocClusterDriver::Since(const Named& subscription,
                                                          uint64_t max) const {
  std::vector<verdict::Delivery> deliveries;
  for (size_t i = subscription.seen; i < history_.delivered.size(); ++i) {
    const sim::Delivered& each = history_.delivered[i];
    const bool is_its = each.client_id == subscription.client;
    if (!is_its || each.channel != subscription.channel || deliveries.size() >= max) continue;
    deliveries.push_back(
        {each.sequence, std::string(AsText(each.payload)), each.channel, each.redelivered});
  }
  return deliveries;
}

Result<verdict::Observation> InprocClusterDriver::Read(const scenario::Read& read) {
  const std::string id = "reader-" + std::to_string(clients_.size());
  const Named subscription{id, read.channel, history_.delivered.size()};
  sim::SimClient& client = NewClient(id);
  verdict::Read seen;
  if (Connects(client)) {
    sim::SubscriptionPlan plan;
    plan.channel = read.channel;
    plan.start = PositionOf(read.from);
    plan.start_sequence = read.sequence;
    plan.max_in_flight = kMaxInFlight;
    plan.ack_wait_s = kAckWaitS;
    client.Subscribe(plan);
    for (size_t before = SIZE_MAX; seen.deliveries.size() != before;) {
      before = seen.deliveries.size();
      queue_.RunUntil(queue_.now_ns() + kQuietNs);
      seen.deliveries = Since(subscription, read.max);
    }
  } else {
    seen.error = kNoConnection;
  }
  Leave(client);
  AwaitRest(kRestMaxNs);
  return Seen(seen);
}

Result<verdict::Observation> InprocClusterDriver::Wait(const scenario::Wait& wait) {
  queue_.RunUntil(queue_.now_ns() + wait.ms * sim::kNsPerMs);
  return Seen(verdict::Done{});
}

Result<verdict::Observation> InprocClusterDriver::Act(const scenario::ClientStep& step) {
  verdict::Outcome outcome = std::visit([this](const auto& each) { return ActAs(each); }, step);
  AwaitRest(kRestMaxNs);
  return Seen(std::move(outcome));
}

verdict::Outcome InprocClusterDriver::ActAs(const scenario::Connect& step) {
  sim::SimClient& client = NewClient(step.client);
  if (!Connects(client)) {
    client.Finish();
    return verdict::Answered{kNoConnection};
  }
  named_[step.client] = &client;
  return verdict::Answered{};
}

verdict::Outcome InprocClusterDriver::ActAs(const scenario::Disconnect& step) {
  const auto client = named_.find(step.client);
  if (client == named_.end()) return verdict::Answered{kNotThere};
  Leave(*client->second);
  named_.erase(client);
  return verdict::Answered{};
}

verdict::Outcome InprocClusterDriver::ActAs(const scenario::Subscribe& step) {
  const auto client = named_.find(step.client);
  if (client == named_.end()) return verdict::Answered{kNotThere};
  const bool is_plain = step.from == scenario::Subscribe::From::kFirst && !step.manual_acks;
  if (!is_plain) return verdict::Unimplemented{"subscriptions from the first message alone"};
  sim::SubscriptionPlan plan;
  plan.channel = step.channel;
  plan.durable = step.durable;
  plan.queue_group = step.queue;
  plan.max_in_flight = static_cast<int32_t>(step.max_in_flight);
  plan.ack_wait_s = static_cast<int32_t>(step.ack_wait_s);
  subscriptions_[step.name] = {step.client, step.channel, history_.delivered.size()};
  client->second->Subscribe(plan);
  queue_.RunUntil(queue_.now_ns() + kQuietNs);
  return verdict::Answered{};
}

verdict::Outcome InprocClusterDriver::ActAs(const scenario::Receive& step) {
  const auto found = subscriptions_.find(step.subscription);
  if (found == subscriptions_.end()) return verdict::Read{{}, kNotThere};
  queue_.RunUntil(queue_.now_ns() + kQuietNs);
  verdict::Read seen{Since(found->second, UINT64_MAX), ""};
  found->second.seen = history_.delivered.size();
  return seen;
}

template <typename Other>
verdict::Outcome InprocClusterDriver::ActAs(const Other&) {
  return verdict::Unimplemented{"clients of a simulated cluster only connect, subscribe, receive"};
}

verdict::Observation InprocClusterDriver::Seen(verdict::Outcome outcome) {
  for (auto& log : logs_) log.clear();
  if (const auto crashes = std::exchange(crashes_, {}); !crashes.empty())
    outcome = verdict::Crashed{crashes.begin()->second};
  return {std::move(outcome), std::exchange(log_, {})};
}

// What a cluster as a whole cannot do

Result<verdict::Observation> InprocClusterDriver::Start(const scenario::Settings&,
                                                        const std::map<std::string, std::string>&) {
  return Status(Code::kInvalid, "a node is started, not the cluster");
}
Result<verdict::Observation> InprocClusterDriver::Stop() {
  return Status(Code::kInvalid, "a node is stopped, not the cluster");
}
Result<verdict::Observation> InprocClusterDriver::Kill() {
  return Status(Code::kInvalid, "a node is killed, not the cluster");
}

}  // namespace atrest::driver
