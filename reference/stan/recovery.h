// What a store brings back: clients, channels, subscriptions and what they had pending.
// Specification: wire.md 2.7 and 2.9 on restarts, standalone.md 1.3.
// Ownership: borrows all it is made with.
// Errors: the text behind "Failed to start: ".
// Threads: one.
#pragma once

#include <string>
#include <utility>

#include "reference/base/status.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/subscribing.h"
#include "reference/stan/subscription.h"

namespace atrest::stan {

class Recovery {
 public:
  Recovery(Context& context, Channels& channels, Clients& clients, Subscribing& subscribing)
      : context_(context), channels_(channels), clients_(clients), subscribing_(subscribing) {}

  // Of a node of a cluster: what it is called, unless the store says otherwise.
  void set_node_id(std::string id) { node_id_ = std::move(id); }
  // Recovers the store, or initialises it, and sets Context::info.
  Status Run();
  // Whether the store had been used before.
  bool has_recovered() const { return has_recovered_; }
  // The subscription if it is to be active, else null.
  SubscriptionPtr RecoverSubscription(Channel& channel, const store::RecoveredSubscription& from);
  // The subscriptions that are active, in the order of channels and ids. Their ack inboxes are
  // open; they are not initialized.
  const SubscriptionList& subscriptions() const { return subscriptions_; }
  void Clear() { subscriptions_.clear(); }

 private:
  Status TakeOver(const store::RecoveredState& state);
  Status RecoverChannel(Channel& channel, const store::RecoveredChannel& recovered);

  Context& context_;
  Channels& channels_;
  Clients& clients_;
  Subscribing& subscribing_;
  SubscriptionList subscriptions_;
  std::string node_id_;
  bool has_recovered_ = false;
};

}  // namespace atrest::stan
