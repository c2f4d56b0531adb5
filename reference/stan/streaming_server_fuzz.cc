// Whatever clients send, in whatever order, and whatever time passes, the server goes on; what it
// keeps of them is what its store keeps: after a restart clients and subscriptions are those that
// were there.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/check.h"
#include "reference/base/random.h"
#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/stan/fake_bus.h"
#include "reference/stan/streaming_server.h"
#include "reference/store/file_store.h"
#include "reference/wire/stan_protocol.h"

namespace {

using atrest::Bytes;
using atrest::ByteView;
using atrest::stan::FakeBus;
using atrest::stan::StreamingServer;

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kStepsMax = 200;

// Bytes of the input, as long as there are some; zeros then.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool empty() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  ByteView Take(size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::string Name(const char* prefix) { return prefix + std::to_string(Byte() % 3); }

 private:
  ByteView rest_;
};

class World {
 public:
  World() { Open(); }

  void Open() {
    server_.reset();
    store_.reset();
    bus_ = FakeBus();
    bus_.alive = {"hb0", "hb1", "hb2"};
    atrest::store::StoreLimits limits;
    limits.max_channels = 3;
    limits.all.max_messages = 4;
    limits.all.max_inactivity_ns = 5 * kSecond;
    auto opened = atrest::store::FileStore::Open(env_, log_, "d", limits, {});
    ATREST_CHECK(opened.ok());
    store_ = std::move(opened).value();
    atrest::stan::StreamingOptions options;
    options.heartbeat_interval_ns = kSecond;
    options.heartbeat_timeout_ns = kSecond / 10;
    options.heartbeat_fail_count = 2;
    options.limits = limits;
    options.debug = options.trace = true;
    server_ = std::make_unique<StreamingServer>(
        options, *store_, bus_, log_, [this](std::span<uint8_t> into) { entropy_.Fill(into); });
    ATREST_CHECK(server_->Start(clock_.NowNs()).ok());
    Pass(kSecond / 4);
    ATREST_CHECK(server_->phase() == StreamingServer::Phase::kReady);
  }

  void Restart() {
    const auto clients = server_->ClientIds();
    const auto channels = server_->ChannelNames();
    const uint64_t subscriptions = server_->SubscriptionCount();
    ATREST_CHECK(server_->Stop(clock_.NowNs()).ok());
    Open();
    ATREST_CHECK(server_->ClientIds() == clients);
    ATREST_CHECK(server_->ChannelNames() == channels);
    ATREST_CHECK(server_->SubscriptionCount() == subscriptions);
  }

  void Drain() {
    for (int i = 0; i < 1000 && (!bus_.incoming.empty() || server_->HasQueued()); ++i) {
      while (!bus_.incoming.empty()) {
        const FakeBus::Queued in = bus_.incoming.front();
        bus_.incoming.pop_front();
        server_->OnMessage(clock_.NowNs(),
                           {in.handle, in.subject, in.reply, in.payload, in.no_responders});
      }
      server_->Flush(clock_.NowNs());
    }
    ATREST_CHECK(!server_->HasQueued());
    ATREST_CHECK(server_->phase() == StreamingServer::Phase::kReady ||
                 server_->phase() == StreamingServer::Phase::kStarting);
    bus_.sent.clear();
    log_.Take();
  }

  void Pass(int64_t ns) {
    const int64_t end = clock_.NowNs() + ns;
    for (auto next = server_->NextDeadlineNs(); next && *next <= end;
         next = server_->NextDeadlineNs()) {
      clock_.Set(std::max(*next, clock_.NowNs()));
      server_->Tick(clock_.NowNs());
      Drain();
    }
    clock_.Set(end);
  }

  template <typename M>
  void Send(const std::string& subject, const M& message) {
    Bytes encoded;
    atrest::wire::EncodeStan(message, encoded);
    bus_.Deliver(subject, "reply", encoded);
  }

  void Step(Input& input);
  FakeBus& bus() { return bus_; }

 private:
  void Subscribe(Input& input);
  void Acknowledge(Input& input);

  atrest::env::MemFileSystem files_;
  atrest::env::FixedClock clock_{1'700'000'000 * kSecond};
  atrest::env::SeededEntropy entropy_{1};
  atrest::env::Env env_{files_, clock_, entropy_};
  atrest::LogBuffer log_;
  FakeBus bus_;
  std::unique_ptr<atrest::store::Store> store_;
  std::unique_ptr<StreamingServer> server_;
};

void World::Subscribe(Input& input) {
  atrest::wire::StanSubscriptionRequest request;
  request.client_id = input.Name("c");
  request.subject = input.Name("foo");
  request.inbox = input.Name("i");
  request.max_in_flight = input.Byte() % 16;
  request.ack_wait_s = input.Byte() % 16;
  if (input.Byte() % 2 == 0) request.queue_group = input.Name("g");
  if (input.Byte() % 2 == 0) request.durable_name = input.Name("d");
  request.start_position = static_cast<atrest::wire::StanStartPosition>(input.Byte() % 6);
  request.start_sequence = input.Byte();
  Send("_STAN.sub.test-cluster", request);
}

void World::Acknowledge(Input& input) {
  std::vector<std::string> inboxes;
  for (const auto& [handle, pattern] : bus_.patterns) {
    if (pattern.starts_with("_INBOX.") && !pattern.ends_with("*")) inboxes.push_back(pattern);
  }
  if (inboxes.empty()) return;
  Send(
      inboxes[input.Byte() % inboxes.size()],
      atrest::wire::StanAck{.subject = input.Name("foo"), .sequence = uint64_t{input.Byte()} % 16});
}

void World::Step(Input& input) {
  switch (input.Byte() % 10) {
    case 0: {
      const std::string id = input.Name("c");
      atrest::wire::StanConnectRequest request;
      request.client_id = id;
      request.heartbeat_inbox = input.Name("hb");
      request.conn_id = atrest::ToBytes(id);
      return Send("_STAN.discover.test-cluster", request);
    }
    case 1: {
      atrest::wire::StanPubMsg message;
      message.client_id = input.Name("c");
      message.guid = "g";
      message.subject = input.Name("foo");
      message.data = Bytes(input.Byte(), 'x');
      return Send("_STAN.pub.test-cluster.x", message);
    }
    case 2:
      return Subscribe(input);
    case 3:
      return Acknowledge(input);
    case 4:
    case 5: {
      atrest::wire::StanUnsubscribeRequest request;
      request.client_id = input.Name("c");
      request.subject = input.Name("foo");
      request.inbox = input.Name("i");
      return Send(
          input.Byte() % 2 == 0 ? "_STAN.unsub.test-cluster" : "_STAN.subclose.test-cluster",
          request);
    }
    case 6:
      return Send("_STAN.close.test-cluster",
                  atrest::wire::StanCloseRequest{.client_id = input.Name("c")});
    case 7:
      bus_.alive = {"hb0", "hb1", "hb2"};
      if (input.Byte() % 4 == 0) bus_.alive.erase(input.Name("hb"));
      return Pass(input.Byte() * (kSecond / 50));
    case 8:
      return input.Byte() % 8 == 0 ? Restart() : Drain();
    default: {
      // Any bytes to any of the subjects.
      const size_t which = input.Byte() % bus_.patterns.size();
      auto pattern = bus_.patterns.begin();
      std::advance(pattern, which);
      std::string subject = pattern->second;
      if (subject.ends_with("*") || subject.ends_with(">")) subject.back() = '1';
      const size_t size = input.Byte();
      return bus_.Deliver(subject, input.Byte() % 2 == 0 ? "" : "reply", input.Take(size));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  World world;
  for (size_t step = 0; step < kStepsMax && !input.empty(); ++step) {
    world.Step(input);
    if (step % 4 == 3) world.Drain();
  }
  world.Drain();
  world.Restart();
  return 0;
}
