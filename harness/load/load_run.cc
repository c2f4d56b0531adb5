#include "harness/load/load_run.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace atrest::load {
namespace {

constexpr size_t kConnectingMax = 64;
constexpr int kRoundMs = 1;
// Between two rounds, so that reading keeps up with writing.
constexpr uint64_t kPublishesARound = 2000;
constexpr int32_t kMaxInFlight = 1024;
constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

LoadRun::LoadRun(const LoadOptions& options, std::function<void(const std::string&)> say,
                 std::function<bool()> stop)
    : options_(options),
      say_(std::move(say)),
      stop_(std::move(stop)),
      ledger_(options.connections, options.channels, options.subscribers),
      maker_(options.size) {
  for (uint32_t i = 0; i < options_.channels; ++i) {
    channel_names_.push_back(options_.run + "." + std::to_string(i));
  }
}

bool LoadRun::Run() {
  const bool done = Connect() && Subscribe() && Load() && Leave();
  for (const auto& client : clients_) client->Close();
  return done && ledger_.balanced();
}

void LoadRun::OnReady(StanClient&) { ++news_, ++ready_; }

void LoadRun::OnSubscribed(StanClient&) { ++news_, ++subscribed_; }

void LoadRun::OnAck(StanClient& client, std::string_view guid, std::string_view error) {
  ++news_;
  uint64_t number = 0;
  std::from_chars(guid.data(), guid.data() + guid.size(), number);
  ledger_.Ack(client.index(), number, !error.empty(), MonotonicNs());
}

void LoadRun::OnMessage(StanClient& client, const wire::Message& message) {
  ++news_;
  ledger_.Deliver(client.index(), message.sequence, message.redelivered,
                  maker_.Read(message.payload()), MonotonicNs());
}

void LoadRun::OnLeft(StanClient&) { ++news_, ++left_; }

void LoadRun::OnTrouble(StanClient& client, const std::string& why) {
  if (trouble_.empty()) trouble_ = "client " + std::to_string(client.index()) + ": " + why;
}

bool LoadRun::Connect() {
  say_("connecting");
  return Until("to connect", [this] {
    OpenSome();
    return ready_ == options_.connections;
  });
}

void LoadRun::OpenSome() {
  while (clients_.size() < options_.connections && clients_.size() - ready_ < kConnectingMax) {
    const auto index = static_cast<uint32_t>(clients_.size());
    StanClientHandler& handler = *this;
    clients_.push_back(std::make_unique<StanClient>(
        loop_, handler, options_.target, options_.run + "-" + std::to_string(index), index));
    const Status opened = clients_.back()->Open();
    if (!opened.ok()) OnTrouble(*clients_.back(), opened.message());
    if (!trouble_.empty()) return;
  }
}

bool LoadRun::Subscribe() {
  say_("subscribing");
  for (uint32_t i = 0; i < options_.subscribers; ++i) {
    clients_[i]->Subscribe(channel_names_[i % options_.channels], kMaxInFlight);
  }
  return Until("to subscribe", [this] { return subscribed_ == options_.subscribers; });
}

bool LoadRun::Load() {
  say_("loading");
  const int64_t begin = MonotonicNs();
  const int64_t duration = options_.seconds * kSecondNs;
  const uint64_t total = options_.rate == 0 ? UINT64_MAX : options_.rate * options_.seconds;
  const bool loaded = Until("to publish", [&] {
    const int64_t elapsed = std::min(MonotonicNs() - begin, duration);
    const auto share = static_cast<double>(elapsed) / static_cast<double>(duration);
    const auto due =
        options_.rate == 0 ? total : static_cast<uint64_t>(static_cast<double>(total) * share);
    if (elapsed < duration) PublishDue(due);
    return elapsed >= duration || stop_();
  });
  if (!loaded) return false;
  load_ns_ = MonotonicNs() - begin;
  say_("draining");
  return Until("to get what was published",
               [this] { return ledger_.unacked() == 0 && ledger_.undelivered() == 0; });
}

bool LoadRun::Leave() {
  say_("leaving");
  for (const auto& client : clients_) client->Leave();
  return Until("to leave", [this] { return left_ == options_.connections; });
}

bool LoadRun::Until(const std::string& stage, const std::function<bool()>& done) {
  uint64_t news = news_;
  int64_t since = MonotonicNs();
  while (trouble_.empty() && !done()) {
    const Status round = loop_.Round(kRoundMs);
    if (!round.ok()) trouble_ = round.message();
    if (std::exchange(news, news_) != news_) since = MonotonicNs();
    if (MonotonicNs() - since > options_.patience_s * kSecondNs) {
      trouble_ = "waited in vain " + stage;
    }
  }
  return trouble_.empty();
}

void LoadRun::PublishDue(uint64_t due) {
  const uint64_t published = ledger_.counts().published;
  if (due <= published) return;
  uint64_t left = std::min(due - published, kPublishesARound);
  for (uint32_t tried = 0; tried < options_.connections && left > 0; ++tried) {
    const uint64_t before = ledger_.counts().published;
    PublishBurst(next_publisher_, left);
    left -= ledger_.counts().published - before;
    next_publisher_ = (next_publisher_ + 1) % options_.connections;
  }
}

void LoadRun::PublishBurst(uint32_t publisher, uint64_t due) {
  const int64_t now = MonotonicNs();
  for (uint64_t i = 0; i < std::min<uint64_t>(options_.burst, due); ++i) {
    if (ledger_.in_flight(publisher) >= options_.window) return;
    const uint64_t number = ledger_.Publish(publisher, now);
    const std::string& channel = channel_names_[publisher % options_.channels];
    clients_[publisher]->Publish(channel, std::to_string(number),
                                 maker_.Make({publisher, number, now}));
  }
}

}  // namespace atrest::load
