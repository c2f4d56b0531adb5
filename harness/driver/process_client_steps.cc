#include "harness/driver/process_driver.h"
#include "harness/driver/raw_nats.h"

namespace atrest::driver {
namespace {

using std::chrono::milliseconds;
using verdict::Answered;
using verdict::Outcome;

constexpr milliseconds kReplyMax(2'000);
constexpr milliseconds kRawMax(1'000);
constexpr char kPong[] = "PONG\r\n";

// Accepted, or refused with the server's text; anything else is not the target's word.
Result<Outcome> AnswerOf(const Status& status) {
  if (!status.ok() && status.code() != Code::kInvalid) return status;
  return Outcome(Answered{status.message()});
}

}  // namespace

Result<verdict::Observation> ProcessDriver::Act(const scenario::ClientStep& step) {
  if (!why_gone_.empty()) return Seen(OutcomeOfNobody(step));
  const Result<Outcome> outcome =
      std::visit([this](const auto& one) { return Perform(one); }, step);
  if (!outcome.ok()) return Seen(OutcomeOfNobody(step), outcome.status());
  return Seen(outcome.value());
}

Result<Outcome> ProcessDriver::Perform(const scenario::Connect& step) {
  auto connected =
      StanClient::Connect({server_->port(), cluster_id_, server_->host()}, step.client);
  if (connected.ok()) clients_[step.client] = std::move(connected).value();
  return AnswerOf(connected.status());
}

Result<Outcome> ProcessDriver::Perform(const scenario::Disconnect& step) {
  StanClient* const client = ClientNamed(step.client);
  if (client == nullptr) return Outcome(Answered{kNotThere});
  const Status closed = client->Disconnect();
  Drop(step.client);
  if (closed.ok()) ATREST_TRY(Settle());
  return AnswerOf(closed);
}

Result<Outcome> ProcessDriver::Perform(const scenario::Vanish& step) {
  StanClient* const client = ClientNamed(step.client);
  if (client == nullptr) return Outcome(Answered{kNotThere});
  client->Vanish();
  Drop(step.client);
  return Outcome(Answered{""});
}

Result<Outcome> ProcessDriver::Perform(const scenario::Subscribe& step) {
  StanClient* const client = ClientNamed(step.client);
  if (client == nullptr || subscriptions_.contains(step.name)) return Outcome(Answered{kNotThere});
  const Status subscribed = client->Subscribe(step);
  if (subscribed.ok()) {
    subscriptions_[step.name] = {client, step.max_in_flight, step.manual_acks};
    ATREST_TRY(Settle());
  }
  return AnswerOf(subscribed);
}

Result<Outcome> ProcessDriver::Perform(const scenario::Receive& step) {
  const auto open = subscriptions_.find(step.subscription);
  if (open == subscriptions_.end()) return Outcome(verdict::Read{{}, kNotThere});
  verdict::Read seen;
  const uint64_t stalls_at = open->second.manual_acks ? UINT64_MAX : open->second.max_in_flight;
  ATREST_TRY(Collect(*open->second.client, step.subscription, stalls_at, seen.deliveries));
  return Outcome(std::move(seen));
}

Result<Outcome> ProcessDriver::Perform(const scenario::Ack& step) {
  const auto open = subscriptions_.find(step.subscription);
  if (open == subscriptions_.end()) return Outcome(Answered{kNotThere});
  for (const uint64_t sequence : step.sequences) {
    const Status acked = open->second.client->Ack(step.subscription, sequence);
    if (acked.code() == Code::kNotFound) return Outcome(Answered{acked.message()});
    ATREST_TRY(acked);
  }
  ATREST_TRY(Settle());
  return Outcome(Answered{""});
}

Result<Outcome> ProcessDriver::Perform(const scenario::CloseSubscription& step) {
  return End(step.subscription, &StanClient::Close);
}
Result<Outcome> ProcessDriver::Perform(const scenario::Unsubscribe& step) {
  return End(step.subscription, &StanClient::Unsubscribe);
}

Result<Outcome> ProcessDriver::End(const std::string& subscription,
                                   Status (StanClient::*end)(const std::string&)) {
  const auto open = subscriptions_.find(subscription);
  if (open == subscriptions_.end()) return Outcome(Answered{kNotThere});
  const Status ended = (open->second.client->*end)(subscription);
  subscriptions_.erase(open);
  return AnswerOf(ended);
}

Result<Outcome> ProcessDriver::Perform(const scenario::Request& step) {
  auto nats = RawNats::Open(server_->port(), server_->host());
  if (!nats.ok()) return nats.status();
  const auto reply = nats.value()->Request(step.subject, step.payload, kReplyMax);
  if (!reply.ok()) return reply.status();
  return Outcome(verdict::Reply{reply.value().value_or(""), reply.value().has_value()});
}

// A PING behind the bytes is answered when they are processed, unless they end within a frame or
// made the server close the connection.
Result<Outcome> ProcessDriver::Perform(const scenario::Raw& step) {
  auto nats = RawNats::Open(server_->port(), server_->host());
  if (!nats.ok()) return nats.status();
  ATREST_TRY(nats.value()->Send(step.bytes + "PING\r\n"));
  auto received = nats.value()->ReadUntil(kPong, kRawMax);
  verdict::Reply reply{std::move(received.bytes), true, received.closed};
  if (reply.bytes.ends_with(kPong)) reply.bytes.resize(reply.bytes.size() - sizeof kPong + 1);
  return Outcome(std::move(reply));
}

void ProcessDriver::Drop(const std::string& client) {
  StanClient* const gone = ClientNamed(client);
  for (auto open = subscriptions_.begin(); open != subscriptions_.end();) {
    open = open->second.client == gone ? subscriptions_.erase(open) : std::next(open);
  }
  clients_.erase(client);
}

}  // namespace atrest::driver
