// One STAN client of many on an event loop: a connection of its own, its connect request,
// heartbeats answered, publishes without waiting, one subscription whose messages it acks. Not a
// client for applications: it never reconnects, and whatever it does not expect is reported.
// Specification: wire.md 2.1 to 2.8.
// Errors: OnTrouble, once; the client is closed then.
// Threads: those of its loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "harness/load/event_loop.h"
#include "reference/wire/msg_proto.h"
#include "reference/wire/nats_server_parser.h"

namespace atrest::load {

struct Target {
  std::string host = "127.0.0.1";
  uint16_t port = 4222;
  std::string cluster = "test-cluster";
};

class StanClient;

class StanClientHandler {
 public:
  virtual ~StanClientHandler() = default;
  virtual void OnReady(StanClient& client) = 0;       // the connect request was answered
  virtual void OnSubscribed(StanClient& client) = 0;  // so was the subscription request
  // ERROR is "" where the server took the message.
  virtual void OnAck(StanClient& client, std::string_view guid, std::string_view error) = 0;
  virtual void OnMessage(StanClient& client, const wire::Message& message) = 0;
  virtual void OnLeft(StanClient& client) = 0;  // the close request was answered
  virtual void OnTrouble(StanClient& client, const std::string& why) = 0;
};

class StanClient : private ConnectionHandler {
 public:
  // ID is the client's; INDEX is for the handler alone. Borrows LOOP and HANDLER.
  StanClient(EventLoop& loop, StanClientHandler& handler, Target target, std::string id,
             uint32_t index);

  uint32_t index() const { return index_; }
  // Asks for as much as STAN answering a connect request.
  Status Open();
  // The one subscription of this client, from the channel's first message.
  void Subscribe(const std::string& channel, int32_t max_in_flight);
  void Publish(const std::string& channel, std::string_view guid, ByteView payload);
  // Leaves as a client does; a Close() follows.
  void Leave();
  void Close() { connection_.Close(); }
  bool open() const { return connection_.open(); }

 private:
  void OnBytes(ByteView bytes) override;
  void OnClosed(const std::string& why) override { Trouble(why); }
  void OnNatsEvent(const wire::NatsServerEvent& event);
  void OnInfo();
  void OnDelivery(const wire::NatsDelivery& delivery);
  void OnResponse(std::string_view request, ByteView response);
  void OnConnected(ByteView response);
  void OnSubscriptionMade(ByteView response);
  void OnPubAck(ByteView encoded);
  void OnChannelMessage(ByteView encoded);
  void Trouble(const std::string& why);
  // The inbox of this client with NAME as its last token.
  std::string Inbox(std::string_view name) const;
  void NatsSubscribe(std::string_view name, std::string_view sid);
  void NatsPublish(std::string_view subject, std::string_view reply, ByteView payload);
  template <typename M>
  void Request(const std::string& subject, std::string_view name, const M& message);

  StanClientHandler& handler_;
  Target target_;
  std::string id_;
  uint32_t index_;
  Connection connection_;
  wire::NatsServerParser parser_;
  std::string publish_prefix_;  // these three: from the server's answer
  std::string subscribe_subject_;
  std::string close_subject_;
  std::string channel_;  // of the subscription
  std::string ack_inbox_;
  std::string acks_;  // Inbox("acks")
  Bytes encoded_;     // reused
};

}  // namespace atrest::load
