#include "reference/sim/sim_client.h"

#include <utility>

#include "reference/wire/msg_proto.h"

namespace atrest::sim {
namespace {

constexpr uint64_t kHeartbeatHandle = 1;
constexpr uint64_t kPublishAckHandle = 2;
constexpr uint64_t kPingsUnansweredMax = 6;
constexpr int64_t kRetryNs = 300 * kNsPerMs;

template <typename M>
Bytes Encoded(const M& message) {
  Bytes bytes;
  wire::EncodeStan(message, bytes);
  return bytes;
}

}  // namespace

SimClient::SimClient(World& world, ClientOptions options)
    : world_(world), options_(std::move(options)), random_(options_.seed) {}

SimClient::~SimClient() { world_.nats.Close(connection_); }

void SimClient::Note(std::string_view what, uint64_t a, uint64_t b, uint64_t c,
                     std::string_view text) {
  world_.trace.Note(world_.queue.now_ns(), {options_.id, what, a, b, c, text});
}

void SimClient::Later(int64_t delay_ns, std::function<void()> action) {
  world_.queue.After(delay_ns, [this, incarnation = incarnation_, action = std::move(action)] {
    if (incarnation == incarnation_) action();
  });
}

std::string SimClient::Inbox(const std::string& purpose) const {
  return "_INBOX." + options_.id + "." + std::to_string(incarnation_) + "." + purpose;
}

void SimClient::Send(const std::string& subject, const std::string& reply, ByteView payload) {
  (void)world_.nats.Publish(connection_, subject, reply, payload);
}

// Connections

void SimClient::Start() {
  Open();
  Connect();
}

void SimClient::Open() {
  ++incarnation_;
  connection_ = world_.nats.Connect(options_.site, *this);
  last_handle_ = kPublishAckHandle;
  (void)world_.nats.Subscribe(connection_, kHeartbeatHandle, Inbox("hb"));
  (void)world_.nats.Subscribe(connection_, kPublishAckHandle, Inbox("acks"));
}

// Everything that belongs to the connection goes; publishes that are under way are sent again.
void SimClient::Close() {
  world_.nats.Close(connection_);
  connection_ = 0;
  ++incarnation_;
  connected_ = false;
  pings_unanswered_ = 0;
  requests_.clear();
  delivery_handles_.clear();
  for (const auto& [number, subscription] : subscriptions_) {
    const SubscriptionPlan& plan = subscription.plan;
    if (!plan.durable.empty() || !plan.queue_group.empty()) plans_.push_back(plan);
  }
  subscriptions_.clear();
  for (const auto& [published, attempt] : in_flight_) {
    if (attempt < options_.publish_attempts_max) waiting_.push_back(published);
  }
  in_flight_.clear();
  guids_.clear();
}

void SimClient::Connect() {
  wire::StanConnectRequest request;
  request.client_id = options_.id;
  request.heartbeat_inbox = Inbox("hb");
  request.protocol = 1;
  request.conn_id = ToBytes(options_.id + "-" + std::to_string(incarnation_));
  request.ping_interval = static_cast<int32_t>(options_.ping_interval_ns / kNsPerSecond);
  request.ping_max_out = static_cast<int32_t>(kPingsUnansweredMax);
  SendRequest(Ask::kConnect, "_STAN.discover." + world_.history.cluster_id, Encoded(request), 0);
}

void SimClient::Reconnect(bool properly, int64_t after_ns) {
  if (reconnecting_) return;
  reconnecting_ = true;
  Note("reconnect", properly ? 1 : 0);
  if (properly && connected_) {
    Send(subjects_.close_requests, "", Encoded(wire::StanCloseRequest{options_.id}));
  }
  Close();
  world_.queue.After(after_ns, [this] {
    if (finished_) return;
    reconnecting_ = false;
    Open();
    Connect();
  });
}

void SimClient::Finish() {
  finished_ = true;
  if (connected_) Send(subjects_.close_requests, "", Encoded(wire::StanCloseRequest{options_.id}));
  Close();
}

void SimClient::Lost() { Reconnect(/*properly=*/false, kRetryNs); }

// Requests

void SimClient::SendRequest(Ask ask, const std::string& subject, ByteView payload,
                            uint64_t subscription) {
  const uint64_t handle = ++last_handle_;
  const std::string inbox = Inbox("r" + std::to_string(handle));
  (void)world_.nats.Subscribe(connection_, handle, inbox);
  requests_[handle] = {ask, subscription, handle};
  Send(subject, inbox, payload);
  Later(options_.answer_timeout_ns, [this, handle] {
    const auto found = requests_.find(handle);
    if (found == requests_.end()) return;
    const Request request = found->second;
    requests_.erase(found);
    world_.nats.Unsubscribe(connection_, handle);
    OnNoAnswer(request);
  });
}

void SimClient::OnNats(const stan::Incoming& incoming) {
  if (incoming.handle == kHeartbeatHandle) {
    return Send(std::string(incoming.reply), "", {});
  }
  if (incoming.handle == kPublishAckHandle) {
    if (!incoming.no_responders) OnPublishAck(incoming.payload);
    return;
  }
  if (const auto found = delivery_handles_.find(incoming.handle);
      found != delivery_handles_.end()) {
    return OnDelivery(found->second, incoming.payload);
  }
  const auto found = requests_.find(incoming.handle);
  if (found == requests_.end()) return;
  const Request request = found->second;
  requests_.erase(found);
  world_.nats.Unsubscribe(connection_, request.inbox_handle);
  // Nobody listens: as if nobody had answered, only sooner.
  if (incoming.no_responders) return Later(kRetryNs, [this, request] { OnNoAnswer(request); });
  OnAnswer(request, incoming);
}

void SimClient::OnAnswer(const Request& request, const stan::Incoming& incoming) {
  switch (request.ask) {
    case Ask::kConnect:
      return OnConnected(incoming.payload);
    case Ask::kSubscribe:
      return OnSubscribed(request.subscription, incoming.payload);
    case Ask::kUnsubscribe:
    case Ask::kCloseSubscription:
      return Remove(request.subscription);
    case Ask::kClose:
      return;
    case Ask::kPing:
      const auto response = wire::DecodeStan<wire::StanPingResponse>(incoming.payload);
      pings_unanswered_ = 0;
      if (!response.ok() || !response.value().error.empty()) Lost();
      return;
  }
}

void SimClient::OnNoAnswer(const Request& request) {
  Note("no-answer", static_cast<uint64_t>(request.ask));
  switch (request.ask) {
    case Ask::kConnect:
    case Ask::kSubscribe:
    case Ask::kUnsubscribe:
    case Ask::kCloseSubscription:
      // Whether it took effect is not known: begin anew, with other inboxes.
      return Lost();
    case Ask::kClose:
      return;
    case Ask::kPing:
      if (++pings_unanswered_ > kPingsUnansweredMax) Lost();
      return;
  }
}

void SimClient::OnConnected(ByteView payload) {
  auto response = wire::DecodeStan<wire::StanConnectResponse>(payload);
  if (!response.ok() || !response.value().error.empty()) {
    Note("refused", 0, 0, 0, response.ok() ? response.value().error : "undecodable");
    return Lost();
  }
  subjects_ = std::move(response).value();
  connected_ = true;
  Note("connected", incarnation_);
  for (const SubscriptionPlan& plan : std::exchange(plans_, {})) SendSubscribe(plan);
  SendPublishes();
  SchedulePing();
}

void SimClient::SchedulePing() {
  Later(options_.ping_interval_ns, [this] {
    wire::StanPing ping;
    ping.conn_id = ToBytes(options_.id + "-" + std::to_string(incarnation_));
    SendRequest(Ask::kPing, subjects_.ping_requests, Encoded(ping), 0);
    SchedulePing();
  });
}

// Subscriptions

void SimClient::Subscribe(const SubscriptionPlan& plan) {
  if (connected_) return SendSubscribe(plan);
  plans_.push_back(plan);
}

void SimClient::SendSubscribe(const SubscriptionPlan& plan) {
  const uint64_t number = ++world_.history.subscriptions;
  Subscription& subscription = subscriptions_[number];
  subscription.number = number;
  subscription.plan = plan;
  subscription.handle = ++last_handle_;
  subscription.inbox = Inbox("s" + std::to_string(subscription.handle));
  delivery_handles_[subscription.handle] = subscription.number;
  (void)world_.nats.Subscribe(connection_, subscription.handle, subscription.inbox);
  wire::StanSubscriptionRequest request;
  request.client_id = options_.id;
  request.subject = plan.channel;
  request.queue_group = plan.queue_group;
  request.inbox = subscription.inbox;
  request.max_in_flight = plan.max_in_flight;
  request.ack_wait_s = plan.ack_wait_s;
  request.durable_name = plan.durable;
  request.start_position = plan.start;
  request.start_sequence = plan.start_sequence;
  SendRequest(Ask::kSubscribe, subjects_.sub_requests, Encoded(request), subscription.number);
}

void SimClient::OnSubscribed(uint64_t number, ByteView payload) {
  const auto found = subscriptions_.find(number);
  if (found == subscriptions_.end()) return;
  auto response = wire::DecodeStan<wire::StanSubscriptionResponse>(payload);
  if (!response.ok() || !response.value().error.empty()) {
    Note("not-subscr", number, 0, 0, response.ok() ? response.value().error : "undecodable");
    // A durable that is active twice stays with whoever had it.
    Remove(number);
    if (response.ok() && response.value().error == "stan: unknown clientID") Lost();
    return;
  }
  found->second.ack_inbox = std::move(response.value().ack_inbox);
  found->second.active = true;
  Note("subscribed", number);
}

void SimClient::Remove(uint64_t number) {
  const auto found = subscriptions_.find(number);
  if (found == subscriptions_.end()) return;
  world_.nats.Unsubscribe(connection_, found->second.handle);
  delivery_handles_.erase(found->second.handle);
  subscriptions_.erase(found);
}

bool SimClient::Leave(uint64_t which, bool keep) {
  std::vector<const Subscription*> active;
  for (const auto& [number, subscription] : subscriptions_) {
    if (subscription.active) active.push_back(&subscription);
  }
  if (active.empty() || !connected_) return false;
  const Subscription& chosen = *active[which % active.size()];
  wire::StanUnsubscribeRequest request;
  request.client_id = options_.id;
  request.subject = chosen.plan.channel;
  request.inbox = chosen.ack_inbox;
  request.durable_name = chosen.plan.durable;
  SendRequest(keep ? Ask::kCloseSubscription : Ask::kUnsubscribe,
              keep ? subjects_.sub_close_requests : subjects_.unsub_requests, Encoded(request),
              chosen.number);
  return true;
}

void SimClient::OnDelivery(uint64_t number, ByteView payload) {
  const auto found = subscriptions_.find(number);
  auto message = wire::DecodeMessage(payload);
  if (found == subscriptions_.end() || !message.ok()) return;
  wire::Message& arrived = message.value();
  Note("delivery", number, arrived.sequence, arrived.redelivered ? 1 : 0);
  world_.history.delivered.push_back(
      {options_.id, number, arrived.subject, arrived.sequence, arrived.redelivered,
       world_.history.epoch, std::move(arrived.data).value_or(Bytes()), world_.queue.now_ns()});
  if (random_.Below(1000) >= options_.ack_permille) return;
  const auto delay =
      static_cast<int64_t>(random_.Below(static_cast<uint64_t>(options_.ack_delay_max_ns) + 1));
  Later(delay, [this, number, sequence = arrived.sequence] {
    const auto subscription = subscriptions_.find(number);
    // The response may still be under way: the message comes again.
    if (subscription == subscriptions_.end() || !subscription->second.active) return;
    Send(subscription->second.ack_inbox, "",
         Encoded(wire::StanAck{subscription->second.plan.channel, sequence}));
  });
}

// Publishes

void SimClient::Publish(size_t published) {
  waiting_.push_back(published);
  SendPublishes();
}

void SimClient::SendPublishes() {
  while (connected_ && !waiting_.empty() && in_flight_.size() < options_.in_flight_max) {
    const size_t published = waiting_.front();
    waiting_.pop_front();
    SendOne(published);
  }
}

void SimClient::SendOne(size_t published) {
  Published& sent = world_.history.published[published];
  const uint32_t attempt = ++sent.attempts;
  Note("publish", published, attempt, sent.payload.size(), sent.channel);
  in_flight_[published] = attempt;
  guids_[sent.guid] = published;
  wire::StanPubMsg message;
  message.client_id = options_.id;
  message.guid = sent.guid;
  message.subject = sent.channel;
  if (!sent.payload.empty()) message.data = sent.payload;
  message.conn_id = ToBytes(options_.id + "-" + std::to_string(incarnation_));
  Send(subjects_.pub_prefix + "." + sent.channel, Inbox("acks"), Encoded(message));
  Later(options_.answer_timeout_ns,
        [this, published, attempt] { OnPublishTimeout(published, attempt); });
}

void SimClient::OnPublishTimeout(size_t published, uint32_t attempt) {
  const auto found = in_flight_.find(published);
  if (found == in_flight_.end() || found->second != attempt) return;
  if (attempt < options_.publish_attempts_max) return SendOne(published);
  Note("given-up", published, attempt);
  guids_.erase(world_.history.published[published].guid);
  in_flight_.erase(found);
  SendPublishes();
}

void SimClient::OnPublishAck(ByteView payload) {
  const auto ack = wire::DecodeStan<wire::StanPubAck>(payload);
  if (!ack.ok()) return;
  const auto found = guids_.find(ack.value().guid);
  if (found == guids_.end()) return;
  if (!ack.value().error.empty()) {
    Note("pub-error", found->second, 0, 0, ack.value().error);
    // The cluster does not know this client (any more).
    if (ack.value().error == "stan: invalid publish request") Lost();
    return;
  }
  const size_t published = found->second;
  Note("acked", published);
  world_.history.published[published].acked_at_ns = world_.queue.now_ns();
  ++acknowledged_;
  in_flight_.erase(published);
  guids_.erase(found);
  SendPublishes();
}

}  // namespace atrest::sim
