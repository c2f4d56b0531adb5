#include "harness/load/load_client.h"

#include <charconv>
#include <utility>
#include <variant>

#include "reference/wire/stan_protocol.h"

namespace atrest::load {
namespace {

constexpr int32_t kProtocol = 1;
constexpr int32_t kPingIntervalS = 5;
constexpr int32_t kPingMaxOut = 88;
constexpr int32_t kAckWaitS = 30;

// The NATS subscriptions of a client.
constexpr char kHeartbeats[] = "1";
constexpr char kAcks[] = "2";
constexpr char kResponses[] = "3";
constexpr char kDeliveries[] = "4";

void Append(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

void AppendNumber(Bytes& to, size_t number) {
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  Append(to, std::string_view(digits, static_cast<size_t>(end - digits)));
}

}  // namespace

StanClient::StanClient(EventLoop& loop, StanClientHandler& handler, Target target, std::string id,
                       uint32_t index)
    : handler_(handler),
      target_(std::move(target)),
      id_(std::move(id)),
      index_(index),
      connection_(loop, *this),
      acks_(Inbox("acks")) {}

Status StanClient::Open() { return connection_.Open(target_.host, target_.port); }

void StanClient::Subscribe(const std::string& channel, int32_t max_in_flight) {
  channel_ = channel;
  NatsSubscribe("messages", kDeliveries);
  wire::StanSubscriptionRequest request;
  request.client_id = id_;
  request.subject = channel;
  request.inbox = Inbox("messages");
  request.max_in_flight = max_in_flight;
  request.ack_wait_s = kAckWaitS;
  request.start_position = wire::StanStartPosition::kFirst;
  Request(subscribe_subject_, "subscribe", request);
}

void StanClient::Publish(const std::string& channel, std::string_view guid, ByteView payload) {
  wire::StanPubMsg message;
  message.client_id = id_;
  message.guid = guid;
  message.subject = channel;
  message.data.emplace(payload.begin(), payload.end());
  message.conn_id = ToBytes(id_);
  encoded_.clear();
  wire::EncodeStan(message, encoded_);
  NatsPublish(publish_prefix_ + "." + channel, acks_, encoded_);
}

void StanClient::Leave() {
  wire::StanCloseRequest request;
  request.client_id = id_;
  Request(close_subject_, "close", request);
}

void StanClient::OnBytes(ByteView bytes) {
  while (open()) {
    const auto event = parser_.Next(&bytes);
    if (!event) break;
    OnNatsEvent(*event);
  }
  if (open() && parser_.error()) Trouble(*parser_.error());
}

void StanClient::OnNatsEvent(const wire::NatsServerEvent& event) {
  if (const auto* delivery = std::get_if<wire::NatsDelivery>(&event)) {
    OnDelivery(*delivery);
  } else if (const auto* error = std::get_if<wire::NatsServerErr>(&event)) {
    Trouble("-ERR '" + error->text + "'");
  } else if (std::holds_alternative<wire::NatsServerInfo>(event)) {
    OnInfo();
  } else if (std::holds_alternative<wire::NatsPing>(event)) {
    Append(connection_.Output(), "PONG\r\n");
  }
}

void StanClient::OnInfo() {
  if (!publish_prefix_.empty()) return;  // news for a client that has long begun
  Append(connection_.Output(),
         "CONNECT {\"verbose\":false,\"pedantic\":false,\"protocol\":1,\"headers\":true,"
         "\"no_responders\":true,\"name\":\"" +
             id_ + "\",\"lang\":\"atrest\",\"version\":\"1\"}\r\n");
  NatsSubscribe("heartbeats", kHeartbeats);
  NatsSubscribe("acks", kAcks);
  NatsSubscribe("response.*", kResponses);
  wire::StanConnectRequest request;
  request.client_id = id_;
  request.heartbeat_inbox = Inbox("heartbeats");
  request.protocol = kProtocol;
  request.conn_id = ToBytes(id_);
  request.ping_interval = kPingIntervalS;
  request.ping_max_out = kPingMaxOut;
  Request("_STAN.discover." + target_.cluster, "connect", request);
}

void StanClient::OnDelivery(const wire::NatsDelivery& delivery) {
  if (delivery.sid == kDeliveries) return OnChannelMessage(delivery.payload());
  if (delivery.sid == kAcks) {
    if (delivery.no_responders()) return Trouble("nobody answers publishes");
    return OnPubAck(delivery.payload());
  }
  if (delivery.sid == kHeartbeats) return NatsPublish(delivery.reply, "", {});
  const std::string name = delivery.subject.substr(delivery.subject.rfind('.') + 1);
  if (delivery.no_responders()) return Trouble("nobody answers the request " + name);
  OnResponse(name, delivery.payload());
}

void StanClient::OnResponse(std::string_view request, ByteView response) {
  if (request == "connect") return OnConnected(response);
  if (request == "subscribe") return OnSubscriptionMade(response);
  const auto closed = wire::DecodeStan<wire::StanCloseResponse>(response);
  if (!closed.ok()) return Trouble(closed.status().message());
  if (!closed.value().error.empty()) return Trouble("close: " + closed.value().error);
  handler_.OnLeft(*this);
}

void StanClient::OnConnected(ByteView response) {
  const auto answer = wire::DecodeStan<wire::StanConnectResponse>(response);
  if (!answer.ok()) return Trouble(answer.status().message());
  if (!answer.value().error.empty()) return Trouble("connect: " + answer.value().error);
  publish_prefix_ = answer.value().pub_prefix;
  subscribe_subject_ = answer.value().sub_requests;
  close_subject_ = answer.value().close_requests;
  if (publish_prefix_.empty() || subscribe_subject_.empty() || close_subject_.empty()) {
    return Trouble("the answer to the connect request lacks subjects");
  }
  handler_.OnReady(*this);
}

void StanClient::OnSubscriptionMade(ByteView response) {
  const auto answer = wire::DecodeStan<wire::StanSubscriptionResponse>(response);
  if (!answer.ok()) return Trouble(answer.status().message());
  if (!answer.value().error.empty()) return Trouble("subscribe: " + answer.value().error);
  ack_inbox_ = answer.value().ack_inbox;
  handler_.OnSubscribed(*this);
}

void StanClient::OnPubAck(ByteView encoded) {
  const auto ack = wire::DecodeStan<wire::StanPubAck>(encoded);
  if (!ack.ok()) return Trouble(ack.status().message());
  handler_.OnAck(*this, ack.value().guid, ack.value().error);
}

void StanClient::OnChannelMessage(ByteView encoded) {
  const auto message = wire::DecodeMessage(encoded);
  if (!message.ok()) return Trouble(message.status().message());
  if (ack_inbox_.empty()) return Trouble("a message came before the answer to the subscription");
  wire::StanAck ack;
  ack.subject = channel_;
  ack.sequence = message.value().sequence;
  encoded_.clear();
  wire::EncodeStan(ack, encoded_);
  NatsPublish(ack_inbox_, "", encoded_);
  handler_.OnMessage(*this, message.value());
}

void StanClient::Trouble(const std::string& why) {
  Close();
  handler_.OnTrouble(*this, why);
}

std::string StanClient::Inbox(std::string_view name) const {
  return "_INBOX." + id_ + "." + std::string(name);
}

void StanClient::NatsSubscribe(std::string_view name, std::string_view sid) {
  Append(connection_.Output(), "SUB " + Inbox(name) + " " + std::string(sid) + "\r\n");
}

void StanClient::NatsPublish(std::string_view subject, std::string_view reply, ByteView payload) {
  Bytes& output = connection_.Output();
  Append(output, "PUB ");
  Append(output, subject);
  Append(output, " ");
  Append(output, reply);
  Append(output, reply.empty() ? "" : " ");
  AppendNumber(output, payload.size());
  Append(output, "\r\n");
  output.insert(output.end(), payload.begin(), payload.end());
  Append(output, "\r\n");
}

template <typename M>
void StanClient::Request(const std::string& subject, std::string_view name, const M& message) {
  Bytes encoded;
  wire::EncodeStan(message, encoded);
  NatsPublish(subject, Inbox("response." + std::string(name)), encoded);
}

}  // namespace atrest::load
