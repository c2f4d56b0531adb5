#include "reference/stan/view_of.h"

namespace atrest::stan {
namespace {

// Active ones, offline durables, and what is left of groups.
SubscriptionList SubscriptionsOf(const Channel& channel) {
  SubscriptionList all = channel.plain;
  for (const auto& [key, durable] : channel.durables) {
    if (!durable->IsActive()) all.push_back(durable);
  }
  for (const auto& [name, group] : channel.groups) {
    all.insert(all.end(), group->members.begin(), group->members.end());
    if (group->shadow != nullptr) all.push_back(group->shadow);
  }
  return all;
}

SubscriptionView ViewOf(const Subscription& subscription) {
  const store::SubscriptionState& state = subscription.state;
  SubscriptionView view;
  view.channel = subscription.channel->name;
  view.client_id = subscription.IsActive() ? state.client_id : subscription.saved_client_id;
  view.inbox = state.inbox;
  view.ack_inbox = state.ack_inbox;
  view.durable_name = state.durable_name;
  view.queue_group = state.queue_group;
  view.is_durable = state.is_durable;
  view.is_offline = !subscription.IsActive();
  view.max_in_flight = state.max_in_flight;
  view.ack_wait_s = state.ack_wait_s;
  view.last_sent = state.last_sent;
  view.pending_count = subscription.pending.size();
  view.is_stalled = subscription.stalled;
  return view;
}

}  // namespace

ClientView ViewOf(const Client& client) {
  ClientView view;
  view.id = client.info.id;
  view.heartbeat_inbox = client.info.heartbeat_inbox;
  for (const SubscriptionPtr& subscription : client.subscriptions) {
    view.subscriptions.push_back(ViewOf(*subscription));
  }
  return view;
}

ChannelView ViewOf(const Channel& channel) {
  const store::MessageStore& messages = *channel.store->messages;
  const store::MessageCounts counts = messages.Counts();
  ChannelView view;
  view.name = channel.name;
  view.messages = counts.count;
  view.bytes = counts.bytes;
  view.first_sequence = messages.FirstSequence();
  view.last_sequence = messages.LastSequence();
  for (const SubscriptionPtr& subscription : SubscriptionsOf(channel)) {
    view.subscriptions.push_back(ViewOf(*subscription));
  }
  return view;
}

uint64_t CountSubscriptions(const Channel& channel) { return SubscriptionsOf(channel).size(); }

}  // namespace atrest::stan
