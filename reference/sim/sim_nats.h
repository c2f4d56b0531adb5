// NATS, as far as STAN servers and clients need it: connections that subscribe to subjects, with
// wildcards, and publish to them. A message reaches the subscriptions that there are when it is
// sent; on the way it takes the time that the network says, in order for each pair of sites. What
// is sent with a reply subject where nobody listens is answered with the status 503.
// Not for accounts, queue groups, limits or the protocol's bytes: reference/broker.
// Ownership: the queue, the network and the receivers are borrowed; a receiver must live until its
// connection is closed.
// Errors: as stan::Bus.
// Threads: one. A message is delivered by an event of its own, never from within a call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/sim/event_queue.h"
#include "reference/sim/sim_network.h"
#include "reference/stan/bus.h"

namespace atrest::sim {

class NatsReceiver {
 public:
  virtual ~NatsReceiver() = default;
  virtual void OnNats(const stan::Incoming& incoming) = 0;
};

using NatsConnection = uint64_t;

class SimNats {
 public:
  SimNats(EventQueue& queue, SimNetwork& network) : queue_(queue), network_(network) {}

  NatsConnection Connect(Site site, NatsReceiver& receiver);
  // What is on its way to the connection is lost, and its subscriptions end.
  void Close(NatsConnection connection);

  Status Publish(NatsConnection from, std::string_view subject, std::string_view reply,
                 ByteView payload);
  Status Subscribe(NatsConnection connection, uint64_t handle, const std::string& subject);
  void Unsubscribe(NatsConnection connection, uint64_t handle);

  // Bytes of payload that may be in one message.
  static constexpr size_t kPayloadMax = 1 << 20;

  uint64_t delivered() const { return delivered_; }

 private:
  struct Open {
    Site site = 0;
    NatsReceiver* receiver = nullptr;
    std::map<uint64_t, std::string> subjects;  // by handle
  };
  struct Target {
    NatsConnection connection = 0;
    uint64_t handle = 0;
    friend auto operator<=>(const Target&, const Target&) = default;
  };
  struct Carried {
    std::string subject;
    std::string reply;
    Bytes payload;
    bool no_responders = false;
  };

  std::vector<Target> TargetsOf(std::string_view subject) const;
  void Send(Site from, const Target& target, const std::shared_ptr<const Carried>& carried);
  void Deliver(const Target& target, const Carried& carried);
  void Answer503(Site from, std::string_view reply);
  void Forget(const std::string& subject, const Target& target);

  EventQueue& queue_;
  SimNetwork& network_;
  NatsConnection last_connection_ = 0;
  uint64_t delivered_ = 0;
  std::map<NatsConnection, Open> open_;
  std::map<std::string, std::vector<Target>, std::less<>> literal_;
  std::map<std::string, std::vector<Target>, std::less<>> patterns_;  // with wildcards
};

}  // namespace atrest::sim
