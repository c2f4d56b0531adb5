#include "reference/stan/subscribing.h"

#include <algorithm>
#include <utility>

#include "reference/base/go_quote.h"
#include "reference/stan/cluster_role.h"
#include "reference/stan/log_text.h"
#include "reference/stan/names.h"
#include "reference/stan/start_position.h"

namespace atrest::stan {
namespace {

// Subscriptions that get their first messages in one call, while others wait.
constexpr size_t kStartsMax = 32;

Status Invalid(const char* text) { return Status(Code::kInvalid, text); }

const char* ActionOf(Leave leave) { return leave == Leave::kClose ? "sub close" : "unsub"; }

}  // namespace

void Subscribing::Respond(std::string_view reply, const std::string& ack_inbox,
                          const std::string& error) {
  if (reply.empty()) return;
  context_.Send(reply, wire::StanSubscriptionResponse{.ack_inbox = ack_inbox, .error = error});
}

Status Subscribing::Check(const wire::StanSubscriptionRequest& request,
                          std::string_view nats_subject) const {
  const std::string from = " in subscription request from " + std::string(nats_subject);
  const std::string client = OfClient(request.client_id);
  if (request.client_id.empty()) {
    context_.Error("Missing ClientID" + from);
    return Invalid("stan: clientID missing");
  }
  if (request.ack_wait_s <= 0) {
    context_.Error(client + "Invalid AckWait (" + std::to_string(request.ack_wait_s) + ")" + from);
    return Invalid("stan: invalid ack wait time, should be >= 1s");
  }
  if (request.max_in_flight <= 0) {
    context_.Error(client + "Invalid MaxInflight (" + std::to_string(request.max_in_flight) + ")" +
                   from);
    return Invalid("stan: invalid MaxInflight, should be >= 1");
  }
  if (request.start_position < wire::StanStartPosition::kNewOnly ||
      request.start_position > wire::StanStartPosition::kFirst) {
    context_.Error(client + "Invalid StartPosition (" +
                   std::to_string(static_cast<int32_t>(request.start_position)) + ")" + from);
    return Invalid("stan: invalid start position");
  }
  if (!IsValidChannelName(request.subject)) {
    context_.Error(client + "Invalid channel " + GoQuote(request.subject) + from);
    return Invalid("stan: invalid subject");
  }
  if (parts_.clients.Find(request.client_id) == nullptr) return Invalid("stan: unknown clientID");
  return Status();
}

void Subscribing::OnSubscribe(const Incoming& incoming) {
  Result<wire::StanSubscriptionRequest> request =
      wire::DecodeStan<wire::StanSubscriptionRequest>(incoming.payload);
  if (!request.ok()) {
    context_.Error("Invalid Subscription request from " + std::string(incoming.subject) + ": " +
                   request.status().message());
    return Respond(incoming.reply, "", "stan: invalid subscription request");
  }
  const Status checked = Check(request.value(), incoming.subject);
  if (!checked.ok()) return Respond(incoming.reply, "", checked.message());
  if (context_.cluster != nullptr) {
    return SubscribeInCluster(request.value(), std::string(incoming.reply));
  }
  const std::string channel = request.value().subject;
  Finish(channel, incoming.reply, Subscribe(request.value()));
}

void Subscribing::Finish(const std::string& channel, std::string_view reply,
                         const Result<SubscriptionPtr>& subscribed) {
  if (!subscribed.ok()) {
    context_.Error("Unable to create subscription on " + GoQuote(channel) + ": " +
                   subscribed.status().message());
    parts_.channels.MaybeStartDeleteTimer(parts_.channels.Find(channel));
    return Respond(reply, "", subscribed.status().message());
  }
  Subscription& subscription = *subscribed.value();
  Respond(reply, subscription.state.ack_inbox, "");
  subscription.initialized = true;
  started_.push_back(subscribed.value());
}

Result<SubscriptionPtr> Subscribing::Subscribe(wire::StanSubscriptionRequest& request) {
  const std::string ack_inbox = context_.NewInbox();
  const Result<Channel*> found = parts_.channels.FindOrCreate(request.subject);
  if (!found.ok()) return found.status();
  Channel& channel = *found.value();
  if (channel.max_inactivity_ns > 0) parts_.channels.StopDeleteTimer(channel);
  ATREST_TRY(ReplaceDurable(channel, request));
  return Add(channel, request, ack_inbox, 0);
}

Result<SubscriptionPtr> Subscribing::Add(Channel& channel, wire::StanSubscriptionRequest& request,
                                         const std::string& ack_inbox, uint64_t id) {
  Plan plan;
  ATREST_TRY(MakePlan(channel, request, plan));
  const bool is_new = plan.remembered == nullptr;
  const SubscriptionPtr subscription = is_new ? std::make_shared<Subscription>() : plan.remembered;
  SetFromRequest(*subscription, request, ack_inbox);
  std::string start_text;
  Status done;
  if (is_new) {
    subscription->channel = &channel;
    subscription->state.durable_name = request.durable_name;
    subscription->state.queue_group = request.queue_group;
    subscription->state.is_durable = plan.is_durable;
    subscription->state.id = id;
    done = Create(subscription, request, plan, start_text);
  } else {
    done = Resume(subscription);
  }
  if (done.ok() && is_new && id >= channel.next_subscription_id) {
    channel.next_subscription_id = id + 1;
  }
  if (done.ok() && context_.IsServing()) done = OpenAckInbox(*subscription);
  if (!done.ok()) {
    (void)parts_.clients.RemoveSubscription(request.client_id, *subscription);
    parts_.leaving.Detach(subscription, is_new ? Leave::kUnsubscribe : Leave::kClose);
    context_.Error("Unable to add subscription for " + request.subject + ": " + done.message());
    return done;
  }
  LogStart(*subscription, is_new, start_text);
  return subscription;
}

// With the option for it, a durable that is active makes room for the one that is to be.
Status Subscribing::ReplaceDurable(Channel& channel, const wire::StanSubscriptionRequest& request) {
  const SubscriptionPtr old = FindActiveDurable(channel, request);
  if (old == nullptr) return Status();
  return parts_.leaving.Remove(request.client_id, old, Leave::kClose);
}

// The one that has to make room; null if there is none.
SubscriptionPtr Subscribing::FindActiveDurable(const Channel& channel,
                                               const wire::StanSubscriptionRequest& request) const {
  if (!context_.options.replace_durable || request.durable_name.empty() ||
      !request.queue_group.empty()) {
    return nullptr;
  }
  const auto found =
      channel.durables.find(DurableKey(request.client_id, request.subject, request.durable_name));
  if (found == channel.durables.end() || !found->second->IsActive()) return nullptr;
  return found->second;
}

Status Subscribing::MakePlan(Channel& channel, wire::StanSubscriptionRequest& request,
                             Plan& plan) const {
  plan.is_durable = !request.durable_name.empty();
  if (request.queue_group.empty()) {
    if (!plan.is_durable) return Status();
    const auto found =
        channel.durables.find(DurableKey(request.client_id, request.subject, request.durable_name));
    if (found == channel.durables.end()) return Status();
    if (found->second->IsActive()) {
      context_.Error(OfClient(request.client_id) + "Duplicate durable subscription registration");
      return Invalid("stan: duplicate durable registration");
    }
    plan.remembered = found->second;
    return Status();
  }
  if (plan.is_durable) {
    if (request.durable_name.find(':') != std::string::npos) {
      context_.Error(OfClient(request.client_id) + "Invalid DurableName (" +
                     GoQuote(request.durable_name) + ") for queue subscriber from " +
                     request.subject);
      return Invalid(
          "stan: durable name of a durable queue subscriber can't contain the character ':'");
    }
    request.queue_group = request.durable_name + ":" + request.queue_group;
    request.durable_name.clear();
  }
  const auto group = channel.groups.find(request.queue_group);
  if (group == channel.groups.end()) return Status();
  plan.takes_position = false;
  plan.remembered = std::exchange(group->second->shadow, nullptr);
  if (plan.remembered != nullptr) group->second->members.push_back(plan.remembered);
  return Status();
}

// What a request gives a subscription, be it new or remembered.
void Subscribing::SetFromRequest(Subscription& subscription,
                                 const wire::StanSubscriptionRequest& request,
                                 const std::string& ack_inbox) {
  subscription.state.client_id = request.client_id;
  subscription.state.inbox = request.inbox;
  subscription.state.ack_inbox = ack_inbox;
  subscription.state.max_in_flight = request.max_in_flight;
  subscription.state.ack_wait_s = request.ack_wait_s;
}

Status Subscribing::Create(const SubscriptionPtr& subscription,
                           const wire::StanSubscriptionRequest& request, const Plan& plan,
                           std::string& start_text) {
  Channel& channel = *subscription->channel;
  store::SubscriptionState& state = subscription->state;
  if (plan.takes_position) {
    Result<StartPoint> start = FindStart(request, *channel.store->messages, context_.now_ns);
    if (!start.ok()) return start.status();
    state.last_sent = start.value().last_sent;
    start_text = start.value().text;
  }
  if (!parts_.clients.AddSubscription(state.client_id, subscription)) {
    return Invalid("stan: unknown clientID");
  }
  Status stored = channel.store->subscriptions->Create(state);
  if (stored.ok()) stored = channel.store->subscriptions->Flush();
  if (!stored.ok()) {
    context_.Error("Unable to store subscription [" + state.client_id + ":" + state.inbox +
                   "] on [" + channel.name + "]: " + stored.message());
    return stored;
  }
  channel.Add(subscription, context_);
  return Status();
}

Status Subscribing::Resume(const SubscriptionPtr& subscription) {
  Channel& channel = *subscription->channel;
  store::SubscriptionState& state = subscription->state;
  state.is_durable = true;
  state.is_closed = false;
  subscription->stalled = false;
  subscription->has_failed_heartbeat = false;
  subscription->initialized = false;
  subscription->resumed_up_to = 0;
  if (!subscription->pending.empty()) {
    subscription->new_on_hold = true;
    if (context_.IsServing()) {
      parts_.delivery.SetAckTimer(*subscription, subscription->ack_wait_ns());
    }
  }
  SentAndAcked::Resume(*subscription);
  if (!parts_.clients.AddSubscription(state.client_id, subscription)) {
    return Invalid("stan: unknown clientID");
  }
  ATREST_TRY(channel.store->subscriptions->Update(state));
  if (subscription->IsDurable()) channel.plain.push_back(subscription);
  channel.by_ack_inbox[state.ack_inbox] = subscription;
  channel.by_inbox[state.inbox] = subscription;
  return Status();
}

Status Subscribing::OpenAckInbox(Subscription& subscription) {
  const uint64_t handle = context_.NewHandle();
  ATREST_TRY(context_.bus.Subscribe(handle, subscription.state.ack_inbox));
  subscription.ack_handle = handle;
  return Status();
}

// The ack names its channel; the inbox that it comes to is its subscription's there, or nobody's.
void Subscribing::OnAck(const Incoming& incoming) {
  const Result<wire::StanAck> ack = wire::DecodeStan<wire::StanAck>(incoming.payload);
  if (!ack.ok()) {
    if (wire::DecodeStan<wire::StanCtrlMsg>(incoming.payload).ok()) return;
    context_.Error("Unable to unmarshal Ack: " + ack.status().message());
    return;
  }
  const Channel* channel = parts_.channels.Find(ack.value().subject);
  if (channel == nullptr) {
    context_.Error("Unable to process ack seq=" + std::to_string(ack.value().sequence) +
                   ", channel " + ack.value().subject + " not found");
    return;
  }
  const auto found = channel->by_ack_inbox.find(std::string(incoming.subject));
  if (found == channel->by_ack_inbox.end()) return;
  const SubscriptionPtr subscription = found->second;
  parts_.delivery.Ack(*subscription, ack.value().sequence, Delivery::AckFrom::kClient);
}

void Subscribing::LogStart(const Subscription& subscription, bool is_new,
                           const std::string& start) const {
  if (!context_.options.debug) return;
  const char* action = "";
  if (!start.empty()) {
    action = "Started new";
  } else if (subscription.IsQueue() && is_new) {
    action = "Added member to";
  } else if (subscription.state.is_durable) {
    action = "Resumed";
  }
  context_.Debug(SubscriptionLine(subscription.state.client_id, action, subscription.channel->name,
                                  subscription.state) +
                 (start.empty() ? "" : ", sending " + start));
}

void Subscribing::SendStarted() {
  for (size_t count = std::min(started_.size(), kStartsMax); count > 0; --count) {
    const SubscriptionPtr subscription = std::move(started_.front());
    started_.pop_front();
    if (subscription->state.is_durable && !parts_.redelivery.OnResume(*subscription)) {
      started_.push_back(subscription);
      continue;
    }
    parts_.delivery.SendNewTo(*subscription);
  }
}

bool Subscribing::HasStarted() const {
  return std::ranges::any_of(started_, [this](const SubscriptionPtr& subscription) {
    return !parts_.delivery.MustWait(*subscription);
  });
}

void Subscribing::Forget(const Channel& channel) {
  std::erase_if(started_,
                [&](const SubscriptionPtr& started) { return started->channel == &channel; });
}

void Subscribing::OnUnsubscribe(const Incoming& incoming, Leave leave) {
  const Result<wire::StanUnsubscribeRequest> request =
      wire::DecodeStan<wire::StanUnsubscribeRequest>(incoming.payload);
  if (!request.ok()) {
    context_.Error(std::string("Invalid ") + ActionOf(leave) + " request from " +
                   std::string(incoming.subject));
    return Respond(incoming.reply, "", "stan: invalid unsubscribe request");
  }
  const Result<SubscriptionPtr> found = FindLeaving(request.value(), leave);
  if (!found.ok()) return Respond(incoming.reply, "", found.status().message());
  const std::string& channel = request.value().subject;
  if (context_.cluster == nullptr) {
    const std::string& client_id = request.value().client_id;
    return FinishLeave(channel, incoming.reply,
                       parts_.leaving.Remove(client_id, found.value(), leave));
  }
  ProposeLeave(request.value(), *found.value(), leave,
               [this, channel, reply = std::string(incoming.reply)](const Status& done) {
                 FinishLeave(channel, reply, done);
               });
}

void Subscribing::FinishLeave(const std::string& channel, std::string_view reply,
                              const Status& done) {
  if (done.ok()) parts_.channels.MaybeStartDeleteTimer(parts_.channels.Find(channel));
  Respond(reply, "", done.message());
}

Result<SubscriptionPtr> Subscribing::FindLeaving(const wire::StanUnsubscribeRequest& request,
                                                 Leave leave) const {
  const std::string what = OfClient(request.client_id) + ActionOf(leave) + " request for unknown ";
  const Channel* channel = parts_.channels.Find(request.subject);
  if (channel == nullptr) {
    context_.Error(what + "channel " + request.subject);
    return Invalid("stan: unknown channel");
  }
  SubscriptionPtr subscription = channel->FindByInboxes(request.inbox);
  if (subscription == nullptr) {
    context_.Error(what + "inbox " + request.inbox);
    return Invalid("stan: invalid subscription");
  }
  return subscription;
}

}  // namespace atrest::stan
