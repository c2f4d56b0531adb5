// What the leader of a cluster sent to subscriptions, and what they acknowledged, until the other
// nodes are told: a hundred sequences of a subscription at once, else once a second. A message that
// was acknowledged before they were told that it was sent is not mentioned, unless it is the last.
// Specification: cluster.md 1.5 (SendAndAck).
// Ownership: borrows all it is made with; keeps subscriptions while they have something to tell.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "reference/stan/context.h"
#include "reference/stan/proposals.h"
#include "reference/stan/subscription.h"

namespace atrest::stan {

class SentAndAcked {
 public:
  SentAndAcked(Context& context, Proposals& proposals) : context_(context), proposals_(proposals) {}

  void OnSent(Subscription& subscription, uint64_t sequence);
  void OnAcked(Subscription& subscription, uint64_t sequence);
  // Whether Flush has something to do.
  bool HasReady() const { return !ready_.empty(); }
  void Flush();

  enum class Ends { kClose, kUnsubscribe };
  // SUBSCRIPTION is about to end: what may be resumed is told before.
  void End(Subscription& subscription, Ends how);
  // Nothing is collected for it until Resume.
  void Stop(Subscription& subscription);
  static void Resume(Subscription& subscription);
  // Those of CHANNEL, which is about to go.
  void Forget(const Channel& channel);
  // This node no longer leads.
  void Clear();

 private:
  // Channel and id: the order in which they are told of.
  using Key = std::pair<std::string, uint64_t>;
  static Key KeyOf(const Subscription& subscription);
  static Replicating* Collecting(Subscription& subscription);
  void AfterEvent(Subscription& subscription, const Replicating& collected);
  void Propose(const Subscription& subscription, Replicating& collected);
  void OnTimer();

  Context& context_;
  Proposals& proposals_;
  std::map<Key, SubscriptionPtr> waiting_;
  std::map<Key, SubscriptionPtr> ready_;
  Timers::Id timer_ = 0;
};

}  // namespace atrest::stan
