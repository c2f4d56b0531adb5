// Takes a subscription out of its channel: for good, or, where it is a durable and was only closed,
// until it is resumed. What members of a queue group leave behind goes to the others.
// Specification: wire.md 2.7 (durables, queue groups) and 2.10, with the order of the store's
// records.
// Ownership: borrows all it is made with.
// Threads: one.
#pragma once

#include <string>

#include "reference/base/status.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/delivery.h"
#include "reference/stan/subscription.h"

namespace atrest::stan {

enum class Leave { kClose, kUnsubscribe };

class Leaving {
 public:
  Leaving(Context& context, Channels& channels, Clients& clients, Delivery& delivery)
      : context_(context), channels_(channels), clients_(clients), delivery_(delivery) {}

  // The client CLIENT_ID closes or unsubscribes SUBSCRIPTION. kNotFound "stan: unknown clientID" if
  // it is not that client's, or the failure of the store to flush.
  Status Remove(const std::string& client_id, const SubscriptionPtr& subscription, Leave leave);
  // The same for one that no client has (any more), without flush.
  void Detach(const SubscriptionPtr& subscription, Leave leave);
  // All subscriptions of CLIENT, which has been unregistered.
  void RemoveAll(const Client& client);

 private:
  void LeaveGroup(const SubscriptionPtr& subscription, Leave leave);
  void LeaveLast(const SubscriptionPtr& subscription, Leave leave);
  bool HandOver(Subscription& from, const std::string& client_id);
  void DeleteRecord(const Subscription& subscription);
  void LogRemoval(const Subscription& subscription, Leave leave) const;

  Context& context_;
  Channels& channels_;
  Clients& clients_;
  Delivery& delivery_;
};

}  // namespace atrest::stan
