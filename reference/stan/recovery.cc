#include "reference/stan/recovery.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/stan/names.h"

namespace atrest::stan {
namespace {

SubscriptionPtr MakeSubscription(Channel& channel, const store::RecoveredSubscription& from) {
  auto subscription = std::make_shared<Subscription>();
  subscription->channel = &channel;
  subscription->state = from.state;
  for (const uint64_t sequence : from.pending) subscription->pending[sequence] = 0;
  if (!subscription->pending.empty()) {
    subscription->new_on_hold = true;
    subscription->stalled = subscription->IsFull();
  }
  if (subscription->IsDurable()) subscription->state.is_durable = true;
  return subscription;
}

void KeepOffline(Channel& channel, const SubscriptionPtr& subscription) {
  store::SubscriptionState& state = subscription->state;
  channel.durables[DurableKey(state.client_id, channel.name, state.durable_name)] = subscription;
  subscription->saved_client_id = std::exchange(state.client_id, "");
}

}  // namespace

Status Recovery::Run() {
  // A store without server information is initialised, and recovered once more if it has channels.
  constexpr int kAttempts = 2;
  for (int attempt = 1;; ++attempt) {
    context_.Info("Recovering the state...");
    Result<std::optional<store::RecoveredState>> recovered = context_.store.Recover();
    const bool has_channels_only = !recovered.ok() && attempt < kAttempts &&
                                   recovered.status().message() == store::kNoServerButChannels;
    if (has_channels_only) {
      context_.Warn(
          "Server information was not recovered, however channels are present. Will initialize "
          "server and restart recovery!");
    } else if (!recovered.ok()) {
      return recovered.status();
    } else if (recovered.value()) {
      context_.Info("Recovered " + std::to_string(recovered.value()->channels.size()) +
                    " channel(s)");
      return TakeOver(*recovered.value());
    } else {
      context_.Info("No recovered state");
    }
    context_.info = store::MakeServerInfo(context_.options.cluster_id);
    context_.info.node_id = node_id_;
    context_.info.discovery = context_.options.discover_prefix + "." + context_.options.cluster_id;
    ATREST_TRY(context_.store.Init(context_.info).WithPrefix("unable to initialize the store: "));
    if (!has_channels_only) return Status();
  }
}

Status Recovery::TakeOver(const store::RecoveredState& state) {
  const std::string& cluster_id = context_.options.cluster_id;
  context_.info = state.server;
  has_recovered_ = true;
  if (cluster_id != state.server.cluster_id) {
    return Status(Code::kInvalid, "cluster ID " + GoQuote(cluster_id) +
                                      " does not match recovered value of " +
                                      GoQuote(state.server.cluster_id));
  }
  if (context_.cluster != nullptr && context_.info.node_id.empty()) {
    return Status(
        Code::kInvalid,
        "stan: cannot restart server in clustered mode if it was not previously clustered");
  }
  for (const store::ClientInfo& client : state.clients) clients_.Recover(client);
  for (const auto& [name, recovered] : state.channels) {
    ATREST_TRY(RecoverChannel(channels_.Adopt(name, *recovered.channel), recovered));
  }
  // Stores of old servers do not have this subject.
  if (!context_.info.sub_close.empty()) return Status();
  context_.info.sub_close = store::MakeServerInfo(cluster_id).sub_close;
  return context_.store.Init(context_.info).WithPrefix("unable to initialize the store: ");
}

Status Recovery::RecoverChannel(Channel& channel, const store::RecoveredChannel& recovered) {
  // Asked first: reading is what they add.
  const bool refuses = fault::On(Fault::kRefusesOtherKey);
  if (refuses || fault::On(Fault::kWarnsOfOtherKey)) {
    const Status last = channel.store->messages->LastMessage().status();
    const std::string text = "channel " + GoQuote(channel.name) + ": " + last.message();
    if (!last.ok() && refuses) return Status(Code::kInvalid, text);
    if (!last.ok()) context_.Warn(text);
  }
  for (const store::RecoveredSubscription& from : recovered.subscriptions) {
    const SubscriptionPtr subscription = RecoverSubscription(channel, from);
    if (subscription == nullptr) continue;
    ATREST_TRY(subscribing_.OpenAckInbox(*subscription));
    subscriptions_.push_back(subscription);
  }
  channels_.MaybeStartDeleteTimer(&channel);
  return Status();
}

SubscriptionPtr Recovery::RecoverSubscription(Channel& channel,
                                              const store::RecoveredSubscription& from) {
  const SubscriptionPtr subscription = MakeSubscription(channel, from);
  const store::SubscriptionState& state = subscription->state;
  if (subscription->IsDurable() && state.is_closed) {
    KeepOffline(channel, subscription);
    return nullptr;
  }
  const bool has_client = clients_.AddSubscription(state.client_id, subscription);
  if (!has_client && !state.is_durable) return nullptr;
  if (!has_client && subscription->IsQueue() && !subscription->IsShadow()) {
    context_.Warn("Not recovering ghost durable queue subscriber: [" + state.client_id + "]:[" +
                  state.queue_group + "] subject=" + channel.name + " inbox=" + state.inbox);
    (void)channel.store->subscriptions->Delete(state.id);
    return nullptr;
  }
  if (!has_client && subscription->IsDurable()) {
    KeepOffline(channel, subscription);
    return nullptr;
  }
  channel.Add(subscription, context_);
  return subscription->IsShadow() ? nullptr : subscription;
}

}  // namespace atrest::stan
