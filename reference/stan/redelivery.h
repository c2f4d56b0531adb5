// Sends again what was not acked in time, when a durable comes back, and when the server starts.
// Specification: wire.md 2.9; standalone.md 3.12 for messages that cannot be read.
// Ownership: borrows all it is made with.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/delivery.h"
#include "reference/stan/subscription.h"

namespace atrest::stan {

class Redelivery {
 public:
  Redelivery(Context& context, Clients& clients, Delivery& delivery);

  // What SUBSCRIPTION, a durable that was resumed, has pending: all of it, by sequence. False if it
  // has to wait (Delivery::MustWait) and is to be called again for the rest.
  bool OnResume(Subscription& subscription);
  // What RECOVERED have pending, and then what is new to them.
  void OnStart(const SubscriptionList& recovered);

 private:
  enum class When { kExpiry, kStart };
  struct Pass {
    bool found_unknown = false;  // an expiry had to be learnt: nothing more was sent
    int64_t next_expiry_ns = 0;  // 0 if all has expired
  };

  void OnTimer(Subscription& subscription, When when);
  Pass RunPass(Subscription& subscription, When when);
  void SendOne(Subscription& subscription, const wire::Message& message, When when);
  // A copy of the stored message, to be sent.
  std::optional<wire::Message> Find(Subscription& subscription, uint64_t sequence);
  void OnUnreadable(Subscription& subscription, uint64_t sequence, const Status& why);
  void RearmTimer(Subscription& subscription, int64_t next_expiry_ns);
  void ReleaseGroup(Subscription& of);

  Context& context_;
  Clients& clients_;
  Delivery& delivery_;
};

}  // namespace atrest::stan
