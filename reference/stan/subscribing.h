// Subscription requests: the checks, new subscriptions, durables that are resumed, members that
// join. Each is answered before it is sent anything: what it is to be sent follows in SendStarted.
// Unsubscribe and close requests too, whose effects are in leaving.h. Specification: wire.md 2.7
// and 2.10.
// Ownership: borrows all it is made with.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
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
  Status PerformLeave(const wire::StanUnsubscribeRequest& request, Leave leave);
  void Respond(std::string_view reply, const std::string& ack_inbox, const std::string& error);

  Context& context_;
  Parts parts_;
  std::deque<SubscriptionPtr> started_;
};

}  // namespace atrest::stan
