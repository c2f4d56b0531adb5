#include "reference/stan/leaving.h"

#include <map>
#include <set>
#include <utility>

#include "reference/base/fault.h"
#include "reference/stan/cluster_role.h"
#include "reference/stan/log_text.h"
#include "reference/stan/names.h"

namespace atrest::stan {
namespace {

// How long after a member left the others get what it had pending.
constexpr int64_t kHandOverDelayNs = 100 * kMillisecondNs;

}  // namespace

Status Leaving::Remove(const std::string& client_id, const SubscriptionPtr& subscription,
                       Leave leave) {
  if (!clients_.RemoveSubscription(client_id, *subscription)) {
    context_.Error(OfClient(client_id) + (leave == Leave::kClose ? "sub close" : "unsub") +
                   " request for unknown client");
    return Status(Code::kNotFound, "stan: unknown clientID");
  }
  Detach(subscription, leave);
  return subscription->channel->store->subscriptions->Flush();
}

void Leaving::RemoveAll(const Client& client) {
  std::map<std::string, Channel*> touched;
  std::map<std::string, Channel*> to_flush;
  for (const SubscriptionPtr& subscription : client.subscriptions) {
    Channel* channel = subscription->channel;
    const bool is_durable = subscription->state.is_durable;
    Detach(subscription, Leave::kClose);
    touched[channel->name] = channel;
    if (is_durable) to_flush[channel->name] = channel;
  }
  for (const auto& [name, channel] : to_flush) {
    const Status flushed = channel->store->subscriptions->Flush();
    if (flushed.ok()) continue;
    context_.Error(OfClient(client.info.id) +
                   "Error flushing store while removing subscriptions: subject=" + name +
                   ", err=" + flushed.message());
  }
  for (const auto& [name, channel] : touched) channels_.MaybeStartDeleteTimer(channel);
}

void Leaving::Detach(const SubscriptionPtr& subscription, Leave leave) {
  Channel& channel = *subscription->channel;
  store::SubscriptionState& state = subscription->state;
  const bool ends = leave == Leave::kUnsubscribe;
  const std::string durable_key =
      subscription->IsDurable() ? DurableKey(state.client_id, channel.name, state.durable_name)
                                : "";
  subscription->saved_client_id = std::exchange(state.client_id, "");
  if (subscription->ack_handle != 0) {
    context_.bus.Unsubscribe(std::exchange(subscription->ack_handle, 0));
  }
  if (!state.is_durable || (ends && !durable_key.empty())) DeleteRecord(*subscription);
  channel.by_ack_inbox.erase(state.ack_inbox);
  channel.by_inbox.erase(state.inbox);
  if (ends && !durable_key.empty()) channel.durables.erase(durable_key);
  delivery_.ClearAckTimer(*subscription);
  if (subscription->group != nullptr) {
    LeaveGroup(subscription, leave);
  } else {
    (void)RemoveFrom(channel.plain, *subscription);
    if (state.is_durable && !ends) {
      if (!subscription->pending.empty() && fault::On(Fault::kCloseAcksPending)) {
        for (const auto& [sequence, at_ns] : std::exchange(subscription->pending, {}))
          (void)channel.store->subscriptions->AckPending(state.id, sequence);
      }
      // The record keeps the client's id, which is part of the durable's key.
      state.client_id = subscription->saved_client_id;
      state.is_closed = true;
      (void)channel.store->subscriptions->Update(state);
      state.client_id.clear();
    }
  }
  LogRemoval(*subscription, leave);
}

void Leaving::LeaveGroup(const SubscriptionPtr& subscription, Leave leave) {
  QueueGroup& group = *subscription->group;
  (void)RemoveFrom(group.members, *subscription);
  if (group.members.empty()) return LeaveLast(subscription, leave);
  if (subscription->stalled && group.stalled_members > 0) --group.stalled_members;
  // The group's position has to be recorded elsewhere if this member's record was the one to tell.
  const bool had_last = subscription->state.last_sent == group.last_sent;
  // Other nodes of a cluster hear from the leader who got what.
  const bool handed_over =
      context_.IsServing() && HandOver(*subscription, subscription->saved_client_id);
  if (subscription->state.is_durable) DeleteRecord(*subscription);
  if (!had_last || handed_over) return;
  Subscription& heir = group.shadow != nullptr ? *group.shadow : *group.members.front();
  heir.state.last_sent = group.last_sent;
  (void)heir.channel->store->subscriptions->Update(heir.state);
}

void Leaving::LeaveLast(const SubscriptionPtr& subscription, Leave leave) {
  // The map may hold the last reference to the group.
  const std::shared_ptr<QueueGroup> group = subscription->group;
  if (!subscription->state.is_durable || leave == Leave::kUnsubscribe) {
    subscription->channel->groups.erase(subscription->state.queue_group);
    // A second time, where it is not a durable: so does the real server.
    DeleteRecord(*subscription);
    return;
  }
  group->shadow = subscription;
  group->stalled_members = 0;
  subscription->state.last_sent = group->last_sent;
  (void)subscription->channel->store->subscriptions->Update(subscription->state);
}

// Deals what FROM has pending out to the members that remain, in turn. True if the group's last
// message is among it.
bool Leaving::HandOver(Subscription& from, const std::string& client_id) {
  QueueGroup& group = *from.group;
  const int64_t expired_ns = context_.now_ns - kSecondNs;
  bool had_last = false;
  size_t turn = 0;
  std::map<uint64_t, SubscriptionPtr> receivers;
  for (const Subscription::Expiry& entry : from.PendingByExpiry()) {
    const SubscriptionPtr& member = group.members[turn];
    const Status stored =
        member->channel->store->subscriptions->AddPending(member->state.id, entry.sequence);
    if (!stored.ok()) {
      context_.Error(OfClient(client_id) + "Unable to transfer message to subid=" +
                     std::to_string(from.state.id) + ", subject=" + from.channel->name +
                     ", seq=" + std::to_string(entry.sequence) + ", err=" + stored.message());
      continue;
    }
    had_last = had_last || entry.sequence == group.last_sent;
    member->state.last_sent = std::max(member->state.last_sent, entry.sequence);
    member->pending[entry.sequence] = expired_ns;
    if (context_.cluster != nullptr) {
      context_.cluster->sent_and_acked.OnSent(*member, entry.sequence);
    }
    receivers[member->state.id] = member;
    turn = (turn + 1) % group.members.size();
  }
  for (const auto& [id, member] : receivers) delivery_.SetAckTimer(*member, kHandOverDelayNs);
  return had_last;
}

void Leaving::DeleteRecord(const Subscription& subscription) {
  const Status deleted = subscription.channel->store->subscriptions->Delete(subscription.state.id);
  if (deleted.ok()) return;
  context_.Error("Error deleting subscription subid=" + std::to_string(subscription.state.id) +
                 ", subject=" + subscription.channel->name + ", err=" + deleted.message());
}

void Leaving::LogRemoval(const Subscription& subscription, Leave leave) const {
  if (!context_.options.debug) return;
  const store::SubscriptionState& state = subscription.state;
  const bool is_queue = subscription.IsQueue();
  const bool is_group_empty = subscription.group != nullptr && subscription.group->members.empty();
  const char* action = "Suspended";
  if ((leave == Leave::kUnsubscribe || !state.is_durable) && (!is_queue || is_group_empty)) {
    action = "Removed";
  } else if (is_queue && !is_group_empty) {
    action = "Removed member from";
  }
  context_.Debug(
      SubscriptionLine(subscription.saved_client_id, action, subscription.channel->name, state));
}

}  // namespace atrest::stan
