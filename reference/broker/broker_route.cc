#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/broker/broker_impl.h"
#include "reference/wire/nats_subject.h"
#include "reference/wire/nats_writer.h"

namespace atrest::broker {
namespace {

constexpr char kInvalidSubject[] = "nats: invalid subject";
constexpr char kMaximumPayload[] = "nats: maximum payload exceeded";

}  // namespace

Status Broker::Impl::Publish(std::string_view subject, std::string_view reply, ByteView payload) {
  if (subject.empty() || !FitsInALine(subject) || !FitsInALine(reply)) {
    return Status(Code::kInvalid, kInvalidSubject);
  }
  if (payload.size() > options.max_payload_bytes) return Status(Code::kInvalid, kMaximumPayload);
  ++counters.in_messages;
  counters.in_bytes += payload.size();
  wire::NatsMessageView message;
  message.subject = subject;
  message.reply = reply;
  message.body = payload;
  if (!Route(nullptr, message) && !reply.empty()) NoResponders(nullptr, reply);
  retired_.clear();
  return Status();
}

bool Broker::Impl::IsCongested(std::string_view subject) {
  if (congested_.empty()) return false;
  index_.Match(subject, matches_);
  const auto is_behind = [this](const Subscription* subscription) {
    return subscription->client != nullptr && congested_.contains(subscription->client->id);
  };
  return std::ranges::any_of(matches_.plain, is_behind) ||
         std::ranges::any_of(matches_.members, is_behind);
}

Status Broker::Impl::Subscribe(uint64_t handle, const std::string& subject) {
  if (!FitsInALine(subject) || !wire::IsValidSubscription(subject)) {
    return Status(Code::kInvalid, kInvalidSubject);
  }
  auto subscription = std::make_unique<Subscription>();
  subscription->subject = subject;
  subscription->handle = handle;
  std::unique_ptr<Subscription>& slot = local_[handle];
  ATREST_CHECK(slot == nullptr);
  index_.Insert(subscription.get());
  slot = std::move(subscription);
  return Status();
}

void Broker::Impl::Unsubscribe(uint64_t handle) {
  const auto found = local_.find(handle);
  if (found == local_.end()) return;
  index_.Remove(found->second.get());
  local_.erase(found);
}

bool Broker::Impl::DeliverLocal(LinkHandler& handler, size_t max_messages) {
  queue_is_full_ = false;
  return queue_.Deliver(handler, max_messages,
                        [this](uint64_t handle) { return local_.contains(handle); });
}

void Broker::Impl::Remove(Subscription& subscription) {
  Client& client = *subscription.client;
  if (options.trace) {
    Log(LogLevel::kTrace, client, "<-> [DELSUB " + subscription.sid + "]");
  }
  index_.Remove(&subscription);
  subscription.closed = true;
  const auto found = client.subscriptions.find(subscription.sid);
  retired_.push_back(std::move(found->second));
  client.subscriptions.erase(found);
}

bool Broker::Impl::Route(Client* from, const wire::NatsMessageView& message) {
  index_.Match(message.subject, matches_);
  if (matches_.empty()) return false;
  bool delivered = false;
  for (Subscription* const subscription : matches_.plain) {
    delivered |= Deliver(from, *subscription, message);
  }
  size_t begin = 0;
  for (const size_t end : matches_.group_ends) {
    delivered |= DeliverToGroup(from, begin, end, message);
    begin = end;
  }
  return delivered;
}

bool Broker::Impl::DeliverToGroup(const Client* from, size_t begin, size_t end,
                                  const wire::NatsMessageView& message) {
  const size_t count = end - begin;
  const size_t first = count > 1 ? random_.Below(count) : 0;
  for (size_t i = 0; i < count; ++i) {
    if (Deliver(from, *matches_.members[begin + (first + i) % count], message)) return true;
  }
  return false;
}

bool Broker::Impl::Deliver(const Client* from, Subscription& subscription,
                           const wire::NatsMessageView& message) {
  if (subscription.closed) return false;
  Client* const client = subscription.client;
  if (client == nullptr) return DeliverToLocal(subscription, message);
  if (client == from && !from->options.echo) return false;
  ++subscription.delivered;
  DeliverToClient(subscription, message);
  if (subscription.delivered == subscription.max && !subscription.closed) {
    if (options.debug) {
      Debug(*client, "Auto-unsubscribe limit of " + std::to_string(subscription.max) +
                         " reached for sid '" + subscription.sid + "'");
    }
    Remove(subscription);
  }
  return true;
}

void Broker::Impl::DeliverToClient(const Subscription& subscription,
                                   const wire::NatsMessageView& message) {
  Client& client = *subscription.client;
  const size_t begin = client.output.size();
  wire::WriteMessage(message, subscription.sid, client.headers, client.output);
  ++counters.out_messages;
  counters.out_bytes +=
      message.body.size() - (message.has_header && !client.headers ? message.header_size : 0);
  MarkDirty(client);
  if (options.trace) {
    const std::string_view text = AsText(client.output).substr(begin);
    TraceOut(client, text.substr(0, text.find("\r\n")));
  }
  if (IsFarBehind(client)) congested_.insert(client.id);
  CheckPending(client);
}

bool Broker::Impl::DeliverToLocal(const Subscription& subscription,
                                  const wire::NatsMessageView& message) {
  const ByteView payload = message.body.subspan(message.header_size);
  ++counters.out_messages;
  counters.out_bytes += payload.size();
  QueueLocal({subscription.handle, message.subject, message.reply, payload, false});
  return true;
}

void Broker::Impl::QueueLocal(const LinkMessage& message) {
  if (queue_.Push(message) || queue_is_full_) return;
  queue_is_full_ = true;
  logger_.Log(LogLevel::kError, "Messages for the streaming server are dropped: too many wait");
}

// The answer to a request that nobody got goes to a subscription of the requester alone.
void Broker::Impl::NoResponders(Client* to, std::string_view reply) {
  index_.Match(reply, matches_);
  for (const Subscription* const subscription : matches_.plain) {
    if (subscription->client != to) continue;
    if (to == nullptr) return QueueLocal({subscription->handle, reply, "", {}, true});
    wire::WriteNoResponders(reply, subscription->sid, to->output);
    MarkDirty(*to);
    return CheckPending(*to);
  }
}

bool Broker::Impl::IsFarBehind(const Client& client) const {
  return client.output.size() + client.unwritten > options.max_pending_bytes / 2;
}

void Broker::Impl::CheckPending(Client& client) {
  if (client.output.size() + client.unwritten <= options.max_pending_bytes || client.closed) return;
  SlowConsumer(client, "MaxPending of " + std::to_string(options.max_pending_bytes) + " Exceeded",
               "Slow Consumer (Pending Bytes)");
}

}  // namespace atrest::broker
