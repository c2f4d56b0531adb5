// What the monitoring endpoints show of clients, channels and subscriptions: copies, made when they
// are asked for. Not for the server's own use. Specification: options.md, section on monitoring.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace atrest::stan {

struct SubscriptionView {
  std::string channel;
  std::string client_id;  // of an offline durable: who had it last
  std::string inbox;
  std::string ack_inbox;
  std::string durable_name;
  std::string queue_group;  // "DURABLE:GROUP" for a durable queue group
  bool is_durable = false;
  bool is_offline = false;
  int32_t max_in_flight = 0;
  int32_t ack_wait_s = 0;
  uint64_t last_sent = 0;
  uint64_t pending_count = 0;
  bool is_stalled = false;
};

struct ClientView {
  std::string id;
  std::string heartbeat_inbox;
  std::vector<SubscriptionView> subscriptions;  // in the order in which they came
};

struct ChannelView {
  std::string name;
  uint64_t messages = 0;
  uint64_t bytes = 0;  // as limits count them
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  std::vector<SubscriptionView> subscriptions;  // active ones, then offline durables
};

// Since the start, as the real server counts: messages that publishers sent and that subscribers
// were sent (redeliveries too), and the bytes of their payloads.
struct Traffic {
  uint64_t in_messages = 0;
  uint64_t in_bytes = 0;
  uint64_t out_messages = 0;
  uint64_t out_bytes = 0;
};

}  // namespace atrest::stan
