// The inside of the embedded NATS server (broker.h): its clients and what happens to them. Three
// files share it: broker.cc has events, timers and output, broker_commands.cc what clients ask for,
// broker_route.cc how messages get to subscribers. Not for anybody else.
// Ownership: clients are here until their output was taken or their socket closed; a subscription
// that ends while a message is on its way lives on in `retired_` until that is over.
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/random.h"
#include "reference/broker/broker.h"
#include "reference/broker/connect_options.h"
#include "reference/broker/local_queue.h"
#include "reference/broker/subject_index.h"
#include "reference/wire/nats_parser.h"

namespace atrest::broker {

struct Client {
  enum Timer : uint8_t { kPing, kAuth, kWrite };

  ConnectionId id = 0;
  uint64_t cid = 0;
  std::string ip;
  std::string label;  // what its log lines begin with
  wire::NatsParser parser;
  ConnectOptions options;
  bool headers = false;  // both sides want them
  bool closed = false;   // nothing is read any more
  std::map<std::string, std::unique_ptr<Subscription>, std::less<>> subscriptions;  // by sid

  Bytes output;          // not taken yet
  size_t unwritten = 0;  // taken, and not known to be written
  bool dirty = false;

  std::array<std::optional<int64_t>, 3> timers;  // by Timer
  int64_t last_progress_ns = 0;                  // of writing
  int64_t pings_out = 0;
  std::optional<int64_t> ping_sent_ns;
  bool has_rtt = false;
  std::optional<int64_t> last_input_ns;  // of messages, subscriptions and pings
  bool active = false;                   // such input in what is being read
};

class Broker::Impl : public Link {
 public:
  Impl(const BrokerOptions& options, Logger& logger, uint64_t seed);

  // What is not said here is said in broker.h.
  void Accepted(int64_t now, ConnectionId id, std::string ip, uint16_t port);
  void Received(int64_t now, ConnectionId id, ByteView bytes);
  void Written(int64_t now, ConnectionId id, size_t size);
  void Closed(int64_t now, ConnectionId id);
  void Tick(int64_t now);
  std::optional<int64_t> NextDeadlineNs() const;
  std::vector<ConnectionId> TakeDirty();
  Bytes TakeOutput(ConnectionId id);
  bool closing(ConnectionId id) const;
  bool DeliverLocal(LinkHandler& handler, size_t max_messages);
  void Shutdown(int64_t now);

  Status Publish(std::string_view subject, std::string_view reply, ByteView payload) override;
  bool IsCongested(std::string_view subject) override;
  Status Subscribe(uint64_t handle, const std::string& subject) override;
  void Unsubscribe(uint64_t handle) override;

  BrokerOptions options;
  std::string server_id;
  BrokerCounters counters;
  size_t connections = 0;
  size_t subscriptions() const { return index_.size(); }

 private:
  Client* Find(ConnectionId id);

  // broker.cc
  void SetTimer(Client& client, Client::Timer timer, std::optional<int64_t> at);
  void OnTimer(Client& client, Client::Timer timer);
  void OnPingTimer(Client& client);
  void OnWriteTimer(Client& client);
  void MarkDirty(Client& client);
  void Close(Client& client, std::string_view reason, bool flush = true);
  void SlowConsumer(Client& client, const std::string& text, std::string_view reason);
  void SendInfo(Client& client);
  void SendErr(Client& client, const std::string& text);
  void Log(LogLevel level, const Client& client, const std::string& text);
  void Debug(const Client& client, const std::string& text);
  void TraceIn(const Client& client, std::string_view verb, std::string_view arguments);
  void TraceOut(const Client& client, std::string_view operation);

  // broker_commands.cc
  void Handle(Client& client, const wire::NatsConnect& connect);
  void Handle(Client& client, const wire::NatsPublish& publish);
  void Handle(Client& client, const wire::NatsSubscribe& subscribe);
  void Handle(Client& client, const wire::NatsUnsubscribe& unsubscribe);
  void Handle(Client& client, const wire::NatsPing&);
  void Handle(Client& client, const wire::NatsPong&);
  bool IsAuthorized(const Client& client) const;
  void RefuseAuthorization(Client& client);
  void RefuseConnect(Client& client, const char* text, std::string_view reason);
  bool MayPublish(Client& client, const wire::NatsPublish& publish);
  bool MaySubscribe(Client& client, const wire::NatsSubscribe& subscribe);
  void OnParserError(Client& client, const wire::NatsError& error);
  void SendOk(Client& client);
  void TracePayload(const Client& client, ByteView payload);

  // broker_route.cc
  // True if somebody got it. FROM is nullptr for the local side.
  bool Route(Client* from, const wire::NatsMessageView& message);
  bool Deliver(const Client* from, Subscription& subscription,
               const wire::NatsMessageView& message);
  void DeliverToClient(const Subscription& subscription, const wire::NatsMessageView& message);
  bool DeliverToLocal(const Subscription& subscription, const wire::NatsMessageView& message);
  bool DeliverToGroup(const Client* from, size_t begin, size_t end,
                      const wire::NatsMessageView& message);
  void NoResponders(Client* to, std::string_view reply);
  void QueueLocal(const LinkMessage& message);
  void CheckPending(Client& client);
  bool IsFarBehind(const Client& client) const;
  void Remove(Subscription& subscription);

  Logger& logger_;
  Random random_;
  bool auth_required_ = false;
  bool shut_down_ = false;
  int64_t now_ = 0;
  uint64_t next_cid_ = 0;
  std::map<ConnectionId, std::unique_ptr<Client>> clients_;
  std::set<std::pair<int64_t, std::pair<ConnectionId, Client::Timer>>> timers_;
  std::vector<ConnectionId> dirty_;
  SubjectIndex index_;
  Matches matches_;  // of the message that is on its way
  std::vector<std::unique_ptr<Subscription>> retired_;
  std::map<uint64_t, std::unique_ptr<Subscription>> local_;  // by handle
  LocalQueue queue_;
  bool queue_is_full_ = false;
  std::set<ConnectionId> congested_;               // clients with half of max_pending_bytes waiting
  std::optional<int64_t> subscriptions_error_ns_;  // when it was logged
};

}  // namespace atrest::broker
