// The state of one subscription and of one queue group, as the server holds it in memory. Values
// with rules of their own are here; what happens to them is in delivery.h, redelivery.h and
// leaving.h. Specification: wire.md 2.7 to 2.9.
// Ownership: shared: by channel, client and queue group while it is active, and by whoever is about
// to send to it. Group and members know each other until the member leaves or the channel ends.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference/stan/context.h"
#include "reference/store/journal.h"

namespace atrest::stan {

struct Channel;
struct QueueGroup;

// What a cluster's other nodes have not been told of a subscription yet: sent_and_acked.h.
struct Replicating {
  std::set<uint64_t> sent;
  std::set<uint64_t> acked;
  uint64_t high_sent = 0;
  uint64_t high_acked = 0;  // high_sent, if that was acknowledged already
  bool is_stopped = false;
};

struct Subscription : std::enable_shared_from_this<Subscription> {
  // What the store has of it. Without client_id it is offline, or removed.
  store::SubscriptionState state;
  Channel* channel = nullptr;
  std::shared_ptr<QueueGroup> group;  // null for a plain subscription
  // Sequences that were sent and not acked, and when they expire; 0 where that is not known, after
  // a restart.
  std::map<uint64_t, int64_t> pending;
  std::map<uint64_t, uint32_t> redelivery_counts;  // not of a group's members
  std::set<uint64_t> unreadable;                   // pending ones that could not be sent again
  bool has_ack_timer = false;                      // set, or about to be set again
  Timers::Id ack_timer = 0;
  uint64_t ack_handle = 0;      // of the subscription to the ack inbox; 0 is none
  std::string saved_client_id;  // of one that went offline
  bool initialized = false;     // the response has been sent
  bool stalled = false;
  bool new_on_hold = false;  // what is pending has to be redelivered first
  bool has_failed_heartbeat = false;
  bool is_queued = false;      // for the rest of what it can be sent
  uint64_t resumed_up_to = 0;  // sequence of the last pending one sent since it was resumed
  std::unique_ptr<Replicating> replicating;  // in a cluster, once there was something

  bool IsActive() const { return !state.client_id.empty(); }
  bool IsQueue() const { return !state.queue_group.empty(); }
  // A durable, but not of a queue.
  bool IsDurable() const { return !state.durable_name.empty(); }
  // What is left of a durable queue group without members.
  bool IsShadow() const { return state.is_durable && IsQueue() && !IsActive(); }
  int64_t ack_wait_ns() const { return int64_t{state.ack_wait_s} * kSecondNs; }
  bool IsFull() const {
    return pending.size() >=
           static_cast<uint64_t>(state.max_in_flight > 0 ? state.max_in_flight : 0);
  }

  struct Expiry {
    uint64_t sequence;
    int64_t at_ns;
  };
  // What is pending in the order of redelivery: by expiry, or by sequence if one is not known.
  std::vector<Expiry> PendingByExpiry() const;
};

using SubscriptionPtr = std::shared_ptr<Subscription>;
using SubscriptionList = std::vector<SubscriptionPtr>;

struct QueueGroup {
  SubscriptionList members;
  SubscriptionPtr shadow;
  uint64_t last_sent = 0;
  std::map<uint64_t, uint32_t> redelivery_counts;
  uint64_t stalled_members = 0;
  bool new_on_hold = false;
  bool is_queued = false;  // as in Subscription

  // The member with the fewest pending messages that is neither stalled nor silent, or the first
  // one; null without members. A first member that is picked goes to the end.
  SubscriptionPtr PickMember();
};

// Removes SUBSCRIPTION; the last one takes its place, as in the real server, whose order of
// delivery shows it. False if it is not in LIST.
bool RemoveFrom(SubscriptionList& list, const Subscription& subscription);

}  // namespace atrest::stan
