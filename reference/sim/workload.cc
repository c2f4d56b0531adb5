#include "reference/sim/workload.h"

#include <algorithm>
#include <utility>

namespace atrest::sim {
namespace {

constexpr size_t kSubscriptionsMax = 6;  // of a client
constexpr uint64_t kBurstMax = 20;
constexpr size_t kCanaryBytes = 24;
constexpr size_t kProbeBytes = 64;
constexpr int32_t kReaderInFlightMax = 256;
constexpr int32_t kReaderAckWaitS = 30;
constexpr size_t kLongBytes = 64 * 1024;

}  // namespace

Workload::Workload(World& world, const WorkloadOptions& options)
    : world_(world), options_(options), random_(options.seed) {
  constexpr const char* kNames[] = {"foo", "orders.eu", "a", "Long.channel-name.with_many.tokens"};
  for (size_t i = 0; i < options.channels; ++i) {
    const std::string name = kNames[i % std::size(kNames)];
    channels_.push_back(i < std::size(kNames) ? name : name + std::to_string(i));
  }
  for (size_t i = 0; i < options.clients; ++i) {
    ClientOptions client;
    client.id = "c" + std::to_string(i);
    client.site = options.first_site + i;
    client.seed = random_.Next();
    clients_.push_back(std::make_unique<SimClient>(world, client));
  }
}

void Workload::Start() {
  for (const auto& client : clients_) client->Start();
  Next();
}

void Workload::Next() {
  if (is_done()) return;
  const auto gap = random_.Below(2 * static_cast<uint64_t>(options_.gap_ns) + 1);
  world_.queue.After(static_cast<int64_t>(gap), [this] {
    if (is_done()) return;
    if (!paused_) DoOne();
    Next();
  });
}

void Workload::DoOne() {
  const uint64_t kind = random_.Below(1000);
  ++done_;
  if (kind < 40) return PublishBurst();
  if (kind < 860) return PublishSomewhere(AnyClient());
  if (kind < 930) return SubscribeSomebody();
  SimClient& client = AnyClient();
  const uint64_t which = random_.Next();
  const auto after_ns = static_cast<int64_t>(random_.Below(2 * kNsPerSecond));
  if (kind < 960) return (void)client.Leave(which, /*keep=*/kind < 950);
  if (kind < 980) return client.Reconnect(/*properly=*/kind < 970, after_ns);
  PublishSomewhere(client);
}

// Two draws are no two arguments: compilers differ in which comes first.
void Workload::PublishSomewhere(SimClient& client) {
  const std::string& channel = AnyChannel();
  (void)PublishFrom(client, channel, Payload());
}

void Workload::PublishBurst() {
  SimClient& client = AnyClient();
  const std::string& channel = AnyChannel();
  const uint64_t count = std::min(1 + random_.Below(kBurstMax), options_.ops - done_ + 1);
  for (uint64_t i = 0; i < count; ++i) PublishFrom(client, channel, Payload());
  done_ += count - 1;
}

size_t Workload::PublishFrom(SimClient& client, const std::string& channel, Bytes payload) {
  std::vector<Published>& all = world_.history.published;
  std::string guid = client.id() + "-" + std::to_string(all.size());
  all.push_back({channel, std::move(guid), std::move(payload), 0, {}});
  client.Publish(all.size() - 1);
  return all.size() - 1;
}

size_t Workload::PayloadSize() {
  const uint64_t kind = random_.Below(1000);
  if (kind < 30) return 0;
  if (kind < 100) return 1 + random_.Below(15);
  if (kind < 760) return kCanaryBytes + random_.Below(200);
  if (kind < 970) return 200 + random_.Below(1800);
  if (kind < 999) return 2000 + random_.Below(kind < 990 ? 8'000 : 30'000);
  return kLongBytes + random_.Below(kLongBytes);
}

// Bytes of any value, or letters; sometimes one byte alone, or what was sent before.
Bytes Workload::Payload() {
  const std::vector<Published>& all = world_.history.published;
  const uint64_t kind = random_.Below(40);
  if (kind == 0 && !all.empty()) return all[random_.Below(all.size())].payload;
  Bytes payload(PayloadSize());
  random_.Fill(payload);
  if (kind == 1) std::ranges::fill(payload, payload.empty() ? 0 : payload[0]);
  if (kind % 2 == 0) {
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>('a' + byte % 26);
  }
  // As the code byte of a sealed payload, or as that of an operation in the log.
  constexpr uint8_t kFirst[] = {0x01, 0x02, 0x08, 0x12, 0x00};
  const uint64_t first = random_.Below(20);
  if (!payload.empty() && first < std::size(kFirst)) payload[0] = kFirst[first];
  return payload;
}

void Workload::SubscribeSomebody() {
  SimClient& client = AnyClient();
  if (client.subscriptions() >= kSubscriptionsMax) return PublishSomewhere(client);
  SubscriptionPlan plan;
  plan.channel = AnyChannel();
  plan.max_in_flight = static_cast<int32_t>(1 + random_.Below(40));
  plan.ack_wait_s = static_cast<int32_t>(1 + random_.Below(3));
  plan.start = static_cast<wire::StanStartPosition>(random_.Below(2) == 0 ? 4 : random_.Below(2));
  const uint64_t kind = random_.Below(4);
  if (kind == 1 || kind == 3) plan.durable = "dur" + std::to_string(random_.Below(2));
  if (kind >= 2) plan.queue_group = "group" + std::to_string(random_.Below(2));
  client.Subscribe(plan);
}

size_t Workload::unfinished() const {
  size_t count = 0;
  for (const auto& client : clients_) count += client->unfinished();
  return count;
}

void Workload::Calm() {
  done_ = options_.ops;
  for (const auto& client : clients_) client->Calm();
}

std::vector<size_t> Workload::Probe() {
  std::vector<size_t> probes;
  for (const std::string& channel : channels_) {
    Bytes payload(kProbeBytes);
    random_.Fill(payload);
    probes.push_back(PublishFrom(*clients_.front(), channel, std::move(payload)));
  }
  return probes;
}

void Workload::ReadAll() {
  ClientOptions client;
  client.id = kReader;
  client.site = options_.first_site + options_.clients;
  client.seed = random_.Next();
  client.ack_permille = 1000;
  reader_ = std::make_unique<SimClient>(world_, client);
  for (const std::string& channel : channels_) {
    SubscriptionPlan plan;
    plan.channel = channel;
    plan.durable = kReader;  // it goes on if it has to connect again
    plan.max_in_flight = kReaderInFlightMax;
    plan.ack_wait_s = kReaderAckWaitS;
    reader_->Subscribe(plan);
  }
  reader_->Start();
}

}  // namespace atrest::sim
