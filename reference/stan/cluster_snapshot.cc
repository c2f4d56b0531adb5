#include "reference/stan/cluster_snapshot.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"

namespace atrest::stan {
namespace {

constexpr int kAttempts = 10;
constexpr int64_t kPauseNs = kSecondNs;

raftlog::SubscriptionSnapshot SnapshotOf(const Subscription& subscription) {
  raftlog::SubscriptionSnapshot snapshot;
  snapshot.state = subscription.state;
  for (const auto& [sequence, at_ns] : subscription.pending) snapshot.pending.push_back(sequence);
  if (subscription.group != nullptr) {
    snapshot.state.last_sent = std::max(snapshot.state.last_sent, subscription.group->last_sent);
  }
  return snapshot;
}

raftlog::ChannelSnapshot SnapshotOf(const Channel& channel) {
  raftlog::ChannelSnapshot snapshot;
  snapshot.name = channel.name;
  snapshot.first = channel.store->messages->FirstSequence();
  snapshot.last = channel.store->messages->LastSequence();
  if (snapshot.first == 0 && snapshot.last == 0 && channel.first_sequence != 0) {
    snapshot.first = channel.first_sequence;
    snapshot.last = channel.first_sequence - 1;
  }
  snapshot.next_subscription_id = channel.next_subscription_id;
  snapshot.channel_id = channel.id;
  for (const SubscriptionPtr& plain : channel.plain) {
    snapshot.subscriptions.push_back(SnapshotOf(*plain));
  }
  for (const auto& [key, durable] : channel.durables) {
    if (!durable->state.is_closed) continue;
    snapshot.subscriptions.push_back(SnapshotOf(*durable));
    snapshot.subscriptions.back().state.client_id = durable->saved_client_id;
  }
  for (const auto& [name, group] : channel.groups) {
    for (const SubscriptionPtr& member : group->members) {
      snapshot.subscriptions.push_back(SnapshotOf(*member));
    }
    if (group->shadow != nullptr) snapshot.subscriptions.push_back(SnapshotOf(*group->shadow));
  }
  return snapshot;
}

}  // namespace

Result<Bytes> ClusterSnapshot::Take() {
  raftlog::RaftSnapshot snapshot;
  for (const auto& [id, client] : parts_.clients.all()) snapshot.clients.push_back(client->info);
  for (const auto& [name, channel] : parts_.channels.all()) {
    ATREST_TRY(channel->store->subscriptions->Flush());
    ATREST_TRY(channel->store->messages->Flush());
    snapshot.channels.push_back(SnapshotOf(*channel));
  }
  if (snapshot.channels.size() > 1 && fault::On(Fault::kSnapshotWithoutLast))
    snapshot.channels.pop_back();
  Bytes state = raftlog::EncodeSnapshot(snapshot);
  if (fault::Is(Fault::kSnapshotPadding)) SoilPadding(state);
  return state;
}

// Puts the last message that there is into the padding of STATE, by a fault.
void ClusterSnapshot::SoilPadding(Bytes& state) const {
  for (const auto& [name, channel] : parts_.channels.all()) {
    const Result<store::MessagePtr> last = channel->store->messages->LastMessage();
    if (!last.ok() || last.value() == nullptr) continue;
    const ByteView payload = last.value()->payload();
    const auto padding = std::find_if(state.rbegin(), state.rend(), [](uint8_t b) { return b; });
    const bool fits = payload.size() < static_cast<size_t>(padding - state.rbegin());
    if (payload.empty() || !fits || !fault::On(Fault::kSnapshotPadding)) continue;
    std::ranges::copy(payload, state.end() - static_cast<ptrdiff_t>(payload.size()));
    return;
  }
}

Status ClusterSnapshot::Restore(ByteView state, When when, bool proceed) {
  context_.timers.Stop(pause_);
  is_restoring_ = false;
  context_.Info("restoring from snapshot");
  Result<raftlog::RaftSnapshot> decoded = raftlog::RaftSnapshot();
  Status done = DropState();
  if (done.ok() && !state.empty()) {
    decoded = raftlog::DecodeSnapshot(state);
    done = decoded.status();
  }
  for (size_t i = 0; done.ok() && i < decoded.value().clients.size(); ++i) {
    done = parts_.clients.Register(decoded.value().clients[i]);
  }
  if (!done.ok()) {
    context_.Error("error restoring from snapshot: " + done.message());
    return done;
  }
  snapshot_ = std::move(decoded).value();
  when_ = when;
  proceed_ = proceed;
  at_ = 0;
  others_.clear();
  // An empty file says nothing of channels.
  if (when == When::kRunning && !state.empty()) {
    for (const auto& [name, channel] : parts_.channels.all()) others_.insert(name);
  }
  is_restoring_ = true;
  RestoreNext();
  return Status();
}

// Durables that are offline stay, as they do in the real server.
Status ClusterSnapshot::DropState() {
  for (const auto& [name, channel] : parts_.channels.all()) {
    SubscriptionList active = channel->plain;
    for (const auto& [group_name, group] : channel->groups) {
      active.insert(active.end(), group->members.begin(), group->members.end());
    }
    for (const SubscriptionPtr& subscription : active) {
      ATREST_TRY(
          parts_.leaving.Remove(subscription->state.client_id, subscription, Leave::kUnsubscribe));
    }
  }
  std::vector<std::string> ids;
  for (const auto& [id, client] : parts_.clients.all()) ids.push_back(id);
  for (const std::string& id : ids) {
    Status stored;
    (void)parts_.clients.Unregister(id, stored);
    ATREST_TRY(stored);
  }
  return Status();
}

// Channels whose messages are all there take no time.
void ClusterSnapshot::RestoreNext() {
  is_in_loop_ = true;
  RestoreAll();
  is_in_loop_ = false;
}

void ClusterSnapshot::RestoreAll() {
  while (is_restoring_ && context_.fatal.ok()) {
    if (at_ == snapshot_.channels.size()) return FinishRestore();
    const raftlog::ChannelSnapshot& from = snapshot_.channels[at_];
    Channel* channel = nullptr;
    if (when_ == When::kStart) {
      channel = parts_.channels.FindWithId(from.name, from.channel_id);
    } else {
      const Result<Channel*> made = parts_.channels.FindOrCreateWithId(from.name, from.channel_id);
      if (!made.ok()) return Fail(made.status());
      channel = made.value();
    }
    const size_t at = at_;
    if (channel == nullptr) {
      ++at_;
    } else {
      BeginChannel(*channel);
    }
    if (at_ == at) return;
  }
}

void ClusterSnapshot::BeginChannel(Channel& channel) {
  context_.Info("restoring channel " + GoQuote(channel.name) + " from snapshot");
  channel.first_sequence = snapshot_.channels[at_].first;
  attempts_ = 0;
  FetchMessages(channel);
}

void ClusterSnapshot::FetchMessages(Channel& channel) {
  const raftlog::ChannelSnapshot& from = snapshot_.channels[at_];
  parts_.fetch.Fetch(channel, from.first, from.last,
                     [this, &channel](const Status& fetched) { OnFetched(channel, fetched); });
}

void ClusterSnapshot::OnFetched(Channel& channel, const Status& fetched) {
  if (fetched.ok()) return FinishChannel(channel);
  const raftlog::ChannelSnapshot& from = snapshot_.channels[at_];
  const store::MessageStore& messages = *channel.store->messages;
  context_.Error("channel " + GoQuote(channel.name) + " - unable to restore messages (snapshot " +
                 std::to_string(from.first) + "/" + std::to_string(from.last) + ", store " +
                 std::to_string(messages.FirstSequence()) + "/" +
                 std::to_string(messages.LastSequence()) + ", cfs " +
                 std::to_string(channel.first_sequence) + "): " + fetched.message());
  pause_ = context_.After(kPauseNs, [this, &channel] {
    pause_ = 0;
    if (++attempts_ == kAttempts) return GiveUp(channel);
    FetchMessages(channel);
  });
}

// The first of the two lines lacks its channel in the real server, too.
void ClusterSnapshot::GiveUp(Channel& channel) {
  if (proceed_) {
    context_.Error(
        "channel %!q(MISSING) - was not able to restore from the leader, proceeding anyway");
    return FinishChannel(channel);
  }
  const Status why(Code::kIo,
                   "channel " + GoQuote(channel.name) + " - unable to restore messages, aborting");
  context_.log.Log(LogLevel::kFatal, why.message());
  context_.fatal = why;
  is_restoring_ = false;
}

void ClusterSnapshot::FinishChannel(Channel& channel) {
  const raftlog::ChannelSnapshot& from = snapshot_.channels[at_++];
  others_.erase(channel.name);
  channel.is_gapless = false;
  for (const raftlog::SubscriptionSnapshot& subscription : from.subscriptions) {
    store::RecoveredSubscription recovered;
    recovered.state = subscription.state;
    recovered.pending.insert(subscription.pending.begin(), subscription.pending.end());
    (void)parts_.recovery.RecoverSubscription(channel, recovered);
    channel.next_subscription_id =
        std::max(channel.next_subscription_id, subscription.state.id + 1);
  }
  channel.next_subscription_id = std::max(channel.next_subscription_id, from.next_subscription_id);
  if (!is_in_loop_) RestoreNext();
}

void ClusterSnapshot::FinishRestore() {
  for (const std::string& name : std::exchange(others_, {})) parts_.channels.DeleteAgreed(name);
  is_restoring_ = false;
  snapshot_ = raftlog::RaftSnapshot();
  context_.Info("done restoring from snapshot");
}

void ClusterSnapshot::Fail(const Status& why) {
  context_.Error("error restoring from snapshot: " + why.message());
  context_.fatal = why;
  is_restoring_ = false;
}

}  // namespace atrest::stan
