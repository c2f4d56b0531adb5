// A client of the simulated cluster: connects with a STAN connection request, publishes,
// subscribes, acknowledges, answers heartbeats, pings, and connects again when the cluster has
// forgotten it or when it is told to. It knows the cluster by the messages of
// wire/stan_protocol.h alone.
// What is bounded: the attempts of a publish and its wait for each, publishes in flight, and the
// wait for every answer. A client that gives a publish up says so nowhere: it is one that was sent
// and not acknowledged (run_history.h).
// Ownership: borrows the world; is a receiver of its NATS connection until Close or its end.
// Errors: none; what the cluster refuses is tried again or left.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/sim/sim_node.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::sim {

struct SubscriptionPlan {
  std::string channel;
  std::string queue_group;
  std::string durable;
  wire::StanStartPosition start = wire::StanStartPosition::kFirst;
  uint64_t start_sequence = 0;  // for kSequenceStart
  int32_t max_in_flight = 16;
  int32_t ack_wait_s = 2;
};

struct ClientOptions {
  std::string id;
  Site site = 0;
  uint64_t seed = 0;
  int64_t answer_timeout_ns = 3 * kNsPerSecond;
  uint32_t publish_attempts_max = 5;
  size_t in_flight_max = 64;
  uint32_t ack_permille = 970;  // of deliveries; the others come again
  int64_t ack_delay_max_ns = 20 * kNsPerMs;
  int64_t ping_interval_ns = 5 * kNsPerSecond;
};

class SimClient : private NatsReceiver {
 public:
  SimClient(World& world, ClientOptions options);
  SimClient(const SimClient&) = delete;
  SimClient& operator=(const SimClient&) = delete;
  ~SimClient() override;

  const std::string& id() const { return options_.id; }
  // Connects, and goes on trying.
  void Start();
  // PUBLISHED of the history is sent as soon as possible.
  void Publish(size_t published);
  void Subscribe(const SubscriptionPlan& plan);
  // Of an active subscription, which one is counted modulo their number. With KEEP it is closed,
  // else unsubscribed, which makes a difference for durables. False if there is none.
  bool Leave(uint64_t which, bool keep);
  // Closes the connection, properly or by vanishing, and connects again after a while. Plain
  // subscriptions are gone; durable ones and queue members are made again.
  void Reconnect(bool properly, int64_t after_ns);
  // Closes the connection properly, for good.
  void Finish();
  // Acknowledges all that comes from now on.
  void Calm() { options_.ack_permille = 1000; }

  bool is_connected() const { return connected_; }
  // Publishes that are neither acknowledged nor given up.
  size_t unfinished() const { return waiting_.size() + in_flight_.size(); }
  size_t subscriptions() const { return subscriptions_.size() + plans_.size(); }
  uint64_t acknowledged() const { return acknowledged_; }

 private:
  enum class Ask { kConnect, kSubscribe, kUnsubscribe, kCloseSubscription, kClose, kPing };
  struct Subscription {
    uint64_t number = 0;  // Delivered::subscription
    SubscriptionPlan plan;
    std::string inbox;
    std::string ack_inbox;
    uint64_t handle = 0;
    bool active = false;
  };
  struct Request {
    Ask ask{};
    uint64_t subscription = 0;  // its number
    uint64_t inbox_handle = 0;
  };

  void OnNats(const stan::Incoming& incoming) override;
  void Open();
  void Close();
  void Lost();
  void Connect();
  void SendRequest(Ask ask, const std::string& subject, ByteView payload, uint64_t subscription);
  void OnAnswer(const Request& request, const stan::Incoming& incoming);
  void OnNoAnswer(const Request& request);
  void OnConnected(ByteView payload);
  void OnSubscribed(uint64_t number, ByteView payload);
  void SendSubscribe(const SubscriptionPlan& plan);
  void Remove(uint64_t number);
  void SendPublishes();
  void SendOne(size_t published);
  void OnPublishTimeout(size_t published, uint32_t attempt);
  void OnPublishAck(ByteView payload);
  void OnDelivery(uint64_t number, ByteView payload);
  void SchedulePing();
  void Send(const std::string& subject, const std::string& reply, ByteView payload);
  void Note(std::string_view what, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0,
            std::string_view text = {});
  // ACTION after a while, unless the connection is another one by then.
  void Later(int64_t delay_ns, std::function<void()> action);
  std::string Inbox(const std::string& purpose) const;

  World& world_;
  ClientOptions options_;
  Random random_;
  NatsConnection connection_ = 0;  // 0: none
  uint64_t incarnation_ = 0;       // of connections
  bool connected_ = false;
  bool reconnecting_ = false;
  bool finished_ = false;
  wire::StanConnectResponse subjects_;
  uint64_t last_handle_ = 0;
  uint64_t pings_unanswered_ = 0;
  std::map<uint64_t, Request> requests_;            // by handle
  std::map<uint64_t, uint64_t> delivery_handles_;   // to the number of the subscription
  std::map<uint64_t, Subscription> subscriptions_;  // by number
  std::vector<SubscriptionPlan> plans_;             // to subscribe to, once connected
  std::deque<size_t> waiting_;                      // publishes to send
  std::map<size_t, uint32_t> in_flight_;            // publishes, and which attempt
  std::map<std::string, size_t> guids_;             // of what is in flight
  uint64_t acknowledged_ = 0;
};

}  // namespace atrest::sim
