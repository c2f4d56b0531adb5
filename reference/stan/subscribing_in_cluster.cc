// The part of Subscribing for the leader of a cluster, which proposes, and for all of its nodes,
// which apply.
#include <functional>
#include <string>
#include <utility>

#include "reference/stan/cluster_role.h"
#include "reference/stan/start_position.h"
#include "reference/stan/subscribing.h"

namespace atrest::stan {

void Subscribing::SubscribeInCluster(const wire::StanSubscriptionRequest& request,
                                     const std::string& reply) {
  const std::string ack_inbox = context_.NewInbox();
  const Result<Channel*> found = parts_.channels.FindOrCreate(request.subject);
  if (!found.ok()) return Finish(request.subject, reply, found.status());
  Channel& channel = *found.value();
  if (channel.max_inactivity_ns > 0) {
    channel.prevents_deletion = true;
    parts_.channels.StopDeleteTimer(channel);
  }
  is_subscribing_ = true;
  const SubscriptionPtr old = FindActiveDurable(channel, request);
  if (old == nullptr) return ProposeSubscribe(request, reply, ack_inbox);
  wire::StanUnsubscribeRequest close;
  close.client_id = request.client_id;
  close.subject = request.subject;
  close.inbox = old->state.ack_inbox;
  ProposeLeave(close, *old, Leave::kClose, [this, request, reply, ack_inbox](const Status& closed) {
    if (!closed.ok()) return FinishInCluster(request.subject, reply, closed);
    ProposeSubscribe(request, reply, ack_inbox);
  });
}

// Where it starts is agreed on as a sequence, whatever was asked: it is to be the same when the log
// is replayed.
void Subscribing::ProposeSubscribe(wire::StanSubscriptionRequest request, const std::string& reply,
                                   const std::string& ack_inbox) {
  const std::string name = request.subject;
  Channel* channel = parts_.channels.Find(name);
  if (channel == nullptr) {
    return FinishInCluster(name, reply, Status(Code::kNotFound, "stan: unknown channel"));
  }
  if (request.start_position != wire::StanStartPosition::kSequenceStart) {
    const Result<StartPoint> start = FindStart(request, *channel->store->messages, context_.now_ns);
    if (!start.ok()) return FinishInCluster(name, reply, start.status());
    request.start_position = wire::StanStartPosition::kSequenceStart;
    request.start_sequence = start.value().last_sent + 1;
  }
  raftlog::RaftOperation operation;
  operation.type = raftlog::RaftOperationType::kSubscribe;
  operation.channel_id = channel->id;
  operation.subscription = {
      .request = std::move(request), .ack_inbox = ack_inbox, .id = channel->next_subscription_id};
  context_.cluster->proposals.Propose(operation, [this, name, reply](const Outcome& outcome) {
    if (!outcome.status.ok()) return FinishInCluster(name, reply, outcome.status);
    FinishInCluster(name, reply, outcome.subscription);
  });
}

void Subscribing::FinishInCluster(const std::string& channel, const std::string& reply,
                                  const Result<SubscriptionPtr>& subscribed) {
  is_subscribing_ = false;
  if (Channel* made = parts_.channels.Find(channel)) made->prevents_deletion = false;
  Finish(channel, reply, subscribed);
}

Result<SubscriptionPtr> Subscribing::Apply(Channel& channel, wire::StanSubscriptionRequest request,
                                           const std::string& ack_inbox, uint64_t id) {
  return Add(channel, request, ack_inbox, id);
}

void Subscribing::ProposeLeave(const wire::StanUnsubscribeRequest& request,
                               Subscription& subscription, Leave leave,
                               std::function<void(const Status&)> done) {
  const bool is_close = leave == Leave::kClose;
  context_.cluster->sent_and_acked.End(
      subscription, is_close ? SentAndAcked::Ends::kClose : SentAndAcked::Ends::kUnsubscribe);
  raftlog::RaftOperation operation;
  operation.type = is_close ? raftlog::RaftOperationType::kCloseSubscription
                            : raftlog::RaftOperationType::kRemoveSubscription;
  operation.unsubscribe = request;
  context_.cluster->proposals.Propose(
      operation, [done = std::move(done)](const Outcome& outcome) { done(outcome.status); });
}

// What is gone by now is no failure.
Status Subscribing::ApplyLeave(const wire::StanUnsubscribeRequest& request, Leave leave) {
  const Channel* channel = parts_.channels.Find(request.subject);
  if (channel == nullptr) return Status();
  const SubscriptionPtr subscription = channel->FindByInboxes(request.inbox);
  if (subscription == nullptr) return Status();
  return parts_.leaving.Remove(request.client_id, subscription, leave);
}

Status Subscribing::StartLeading(Subscription& subscription) {
  SentAndAcked::Resume(subscription);
  if (subscription.ack_handle != 0) context_.bus.Unsubscribe(subscription.ack_handle);
  return OpenAckInbox(subscription);
}

void Subscribing::StopLeading() {
  is_subscribing_ = false;
  started_.clear();
  for (const auto& [id, client] : parts_.clients.all()) {
    for (const SubscriptionPtr& subscription : client->subscriptions) {
      subscription->redelivery_counts.clear();
      if (subscription->ack_handle != 0) {
        context_.bus.Unsubscribe(std::exchange(subscription->ack_handle, 0));
      }
      parts_.delivery.ClearAckTimer(*subscription);
      context_.cluster->sent_and_acked.Stop(*subscription);
    }
  }
}

}  // namespace atrest::stan
