// Sends messages to subscribers: new ones as far as max_in_flight allows, and single ones again.
// Acks, which make room for more. Not for when something is sent again (redelivery.h).
// Specification: wire.md 2.8; standalone.md 3.0 for messages that cannot be read.
// Long stretches are sent in bursts, so that what is sent can leave in between: Continue sends the
// next one.
// Ownership: borrows its Context.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

#include "reference/stan/channels.h"
#include "reference/stan/context.h"
#include "reference/stan/subscription.h"
#include "reference/wire/msg_proto.h"

namespace atrest::stan {

class Delivery {
 public:
  explicit Delivery(Context& context) : context_(context) {}
  // What happens when the ack timer of a subscription fires. REQUIRES: set before anything is sent.
  void set_on_ack_timer(std::function<void(const SubscriptionPtr&)> action) {
    on_ack_timer_ = std::move(action);
  }

  // What is new, to all subscribers of CHANNEL.
  void SendNew(Channel& channel);
  // What is new to one subscriber, or to its group.
  void SendNewTo(Subscription& subscription);
  // Goes on with bursts that were cut short, but for subscribers that must wait.
  void Continue();
  bool HasMore() const;
  // Whether whoever gets what is sent to SUBSCRIPTION, or to a member of its group, is so far
  // behind that its connection would be closed before long.
  bool MustWait(const Subscription& subscription) const;

  // Sends MESSAGE again, whatever is in flight.
  void SendAgain(Subscription& subscription, const wire::Message& message);
  // The same to the member of GROUP that is fit for it, which is returned; null if nothing was
  // sent.
  SubscriptionPtr SendAgainToGroup(QueueGroup& group, const wire::Message& message);

  enum class AckFrom { kClient, kServer };
  // Takes SEQUENCE off what SUBSCRIPTION has pending, and sends more if there is room now.
  void Ack(Subscription& subscription, uint64_t sequence, AckFrom from);

  // The ack timer fires DELAY_NS from now.
  void SetAckTimer(Subscription& subscription, int64_t delay_ns);
  void ClearAckTimer(Subscription& subscription);

  // Forgets what was to be sent of CHANNEL, which is about to go.
  void Forget(const Channel& channel);
  // The same of all channels.
  void Clear();

 private:
  struct Outcome {
    bool sent = false;
    bool more = false;  // there is room for the next
  };
  enum class Limit { kMaxInFlight, kNone };
  // How much of a burst is left.
  struct Burst;

  void SendNewToPlain(Subscription& subscription);
  void SendNewToGroup(Channel& channel, QueueGroup& group);
  wire::MessagePtr NextMessage(Channel& channel, uint64_t& next, uint64_t& last_sent, Burst& burst);
  wire::MessagePtr OnUnreadable(Channel& channel, uint64_t sequence, const Status& why);
  void AfterFailure(Subscription& subscription);
  Outcome Send(Subscription& subscription, const wire::Message& message, Limit limit);
  Outcome AddPending(Subscription& subscription, uint64_t sequence, Limit limit);
  bool PersistAck(Subscription& subscription, uint64_t sequence);
  void AckAtOtherMember(const Subscription& subscription, uint64_t sequence);
  void Queue(Subscription& subscription);

  Context& context_;
  std::function<void(const SubscriptionPtr&)> on_ack_timer_;
  std::deque<SubscriptionPtr> more_;
  Bytes buffer_;
  bool has_failed_ = false;     // to read a message, since it was set to false
  wire::MessagePtr last_read_;  // whatever channel it was in
};

}  // namespace atrest::stan
