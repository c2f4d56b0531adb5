// Subscription requests: the checks, new subscriptions, durables that are resumed, members that
// join. Each is answered before it is sent anything: what it is to be sent follows in SendStarted.
// Unsubscribe and close requests too, whose effects are in leaving.h. Specification: wire.md 2.7
// and 2.10.
// Ownership: borrows all it is made with.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/stan/bus.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/delivery.h"
#include "reference/stan/leaving.h"
#include "reference/stan/redelivery.h"
#include "reference/stan/subscription.h"

namespace atrest::stan {

class Subscribing {
 public:
  // Parts that a subscription passes through.
  struct Parts {
    Channels& channels;
    Clients& clients;
    Delivery& delivery;
    Redelivery& redelivery;
    Leaving& leaving;
  };

  Subscribing(Context& context, const Parts& parts) : context_(context), parts_(parts) {}

  void OnSubscribe(const Incoming& incoming);
  void OnUnsubscribe(const Incoming& incoming, Leave leave);
  // An ack, to the inbox that its subscription was given.
  void OnAck(const Incoming& incoming);
  // What was agreed on in a cluster: REQUEST as the leader has it, with the ack inbox and the id
  // that it chose.
  Result<SubscriptionPtr> Apply(Channel& channel, wire::StanSubscriptionRequest request,
                                const std::string& ack_inbox, uint64_t id);
  Status ApplyLeave(const wire::StanUnsubscribeRequest& request, Leave leave);
  // In a cluster, while a subscription is being agreed on: no other is to begin.
  bool IsSubscribing() const { return is_subscribing_; }
  // This node leads its cluster: acks are heard.
  Status StartLeading(Subscription& subscription);
  // This node no longer leads: no acks are heard, and nobody is answered.
  void StopLeading();

  // Subscribes the ack inbox of one that was recovered.
  Status OpenAckInbox(Subscription& subscription);

  // Sends the subscriptions that were answered what they are to have.
  void SendStarted();
  bool HasStarted() const;
  // Forgets those of CHANNEL, which is about to go.
  void Forget(const Channel& channel);

 private:
  // What a request comes to.
  struct Plan {
    SubscriptionPtr remembered;  // the durable, or what is left of a group, that it takes over
    bool takes_position = true;  // false where a group has one
    bool is_durable = false;
  };

  Status Check(const wire::StanSubscriptionRequest& request, std::string_view nats_subject) const;
  Result<SubscriptionPtr> Subscribe(wire::StanSubscriptionRequest& request);
  Result<SubscriptionPtr> Add(Channel& channel, wire::StanSubscriptionRequest& request,
                              const std::string& ack_inbox, uint64_t id);
  void Finish(const std::string& channel, std::string_view reply,
              const Result<SubscriptionPtr>& subscribed);
  void SubscribeInCluster(const wire::StanSubscriptionRequest& request, const std::string& reply);
  void ProposeSubscribe(wire::StanSubscriptionRequest request, const std::string& reply,
                        const std::string& ack_inbox);
  void FinishInCluster(const std::string& channel, const std::string& reply,
                       const Result<SubscriptionPtr>& subscribed);
  void ProposeLeave(const wire::StanUnsubscribeRequest& request, Subscription& subscription,
                    Leave leave, std::function<void(const Status&)> done);
  SubscriptionPtr FindActiveDurable(const Channel& channel,
                                    const wire::StanSubscriptionRequest& request) const;
  Status ReplaceDurable(Channel& channel, const wire::StanSubscriptionRequest& request);
  // REQUEST's durable name goes into its queue group, where it has both.
  Status MakePlan(Channel& channel, wire::StanSubscriptionRequest& request, Plan& plan) const;
  static void SetFromRequest(Subscription& subscription,
                             const wire::StanSubscriptionRequest& request,
                             const std::string& ack_inbox);
  Status Create(const SubscriptionPtr& subscription, const wire::StanSubscriptionRequest& request,
                const Plan& plan, std::string& start_text);
  Status Resume(const SubscriptionPtr& subscription);
  void LogStart(const Subscription& subscription, bool is_new, const std::string& start) const;
  Result<SubscriptionPtr> FindLeaving(const wire::StanUnsubscribeRequest& request,
                                      Leave leave) const;
  void FinishLeave(const std::string& channel, std::string_view reply, const Status& done);
  void Respond(std::string_view reply, const std::string& ack_inbox, const std::string& error);

  Context& context_;
  Parts parts_;
  std::deque<SubscriptionPtr> started_;
  bool is_subscribing_ = false;
};

}  // namespace atrest::stan
