#include "reference/stan/delivery.h"

#include <algorithm>
#include <string>
#include <utility>

#include "reference/base/fault.h"
#include "reference/stan/cluster_role.h"
#include "reference/stan/log_text.h"

namespace atrest::stan {
namespace {

constexpr uint64_t kBurstMessages = 4096;
constexpr uint64_t kBurstBytes = 1 << 20;
// In one Continue, so that a thousand subscribers do not keep everybody else waiting.
constexpr size_t kBurstsMax = 32;

uint32_t NextCount(std::map<uint64_t, uint32_t>& counts, uint64_t sequence) {
  uint32_t& count = counts[sequence];
  // 0 would mean that it is not redelivered.
  if (++count == 0) ++count;
  return count;
}

}  // namespace

struct Delivery::Burst {
  uint64_t messages = fault::On(Fault::kBurstsOfOne) ? 1 : kBurstMessages;
  uint64_t bytes = kBurstBytes;

  bool IsOver() const { return messages == 0 || bytes == 0; }
  void Count(uint64_t size) {
    if (messages > 0) --messages;
    bytes -= std::min(bytes, size);
  }
};

void Delivery::SendNew(Channel& channel) {
  // By index: what is sent changes no list, but a member's place in its group.
  for (size_t i = 0; i < channel.plain.size(); ++i) {
    SendNewToPlain(*channel.plain[i]);
    if (has_failed_ && i + 1 < channel.plain.size() && fault::On(Fault::kFailureStopsOthers)) break;
  }
  for (const auto& [name, group] : channel.groups) SendNewToGroup(channel, *group);
}

void Delivery::SendNewTo(Subscription& subscription) {
  if (subscription.group != nullptr) {
    SendNewToGroup(*subscription.channel, *subscription.group);
  } else {
    SendNewToPlain(subscription);
  }
}

bool Delivery::MustWait(const Subscription& subscription) const {
  const auto is_congested = [this](const Subscription& one) {
    return one.IsActive() && context_.bus.IsCongested(one.state.inbox);
  };
  if (subscription.group == nullptr) return is_congested(subscription);
  return std::ranges::any_of(subscription.group->members,
                             [&](const SubscriptionPtr& member) { return is_congested(*member); });
}

void Delivery::SendNewToPlain(Subscription& subscription) {
  has_failed_ = false;
  if (subscription.is_queued) return;
  Burst burst;
  uint64_t& last_sent = subscription.state.last_sent;
  for (uint64_t next = last_sent + 1; !subscription.stalled; ++next) {
    if (burst.IsOver() || MustWait(subscription)) return Queue(subscription);
    const wire::MessagePtr message = NextMessage(*subscription.channel, next, last_sent, burst);
    if (message == nullptr) {
      AfterFailure(subscription);
      if (burst.IsOver()) Queue(subscription);
      return;
    }
    const Outcome outcome = Send(subscription, *message, Limit::kMaxInFlight);
    if (!outcome.sent || !outcome.more) return;
    burst.Count(buffer_.size());
  }
}

void Delivery::SendNewToGroup(Channel& channel, QueueGroup& group) {
  if (group.members.empty() || group.new_on_hold || group.is_queued) return;
  has_failed_ = false;
  Burst burst;
  for (uint64_t next = group.last_sent + 1; group.stalled_members < group.members.size(); ++next) {
    if (burst.IsOver() || MustWait(*group.members.front())) return Queue(*group.members.front());
    const wire::MessagePtr message = NextMessage(channel, next, group.last_sent, burst);
    if (message == nullptr && std::exchange(has_failed_, false) &&
        fault::On(Fault::kQueueMovesOn)) {
      group.last_sent = next;
      continue;
    }
    if (message == nullptr) {
      if (burst.IsOver()) Queue(*group.members.front());
      return;
    }
    const SubscriptionPtr member = group.PickMember();
    const bool was_stalled = member->stalled;
    const Outcome outcome = Send(*member, *message, Limit::kMaxInFlight);
    if (!was_stalled && member->stalled) ++group.stalled_members;
    if (!outcome.sent) return;
    group.last_sent = std::max(group.last_sent, member->state.last_sent);
    burst.Count(buffer_.size());
  }
}

// The message of sequence NEXT, or of the first one behind it that there is; NEXT and LAST_SENT
// move with it. Null at the end of the channel, where a message cannot be read (it is not passed
// over), and in a gap that is longer than a burst.
wire::MessagePtr Delivery::NextMessage(Channel& channel, uint64_t& next, uint64_t& last_sent,
                                       Burst& burst) {
  store::MessageStore& messages = *channel.store->messages;
  for (bool is_first_look = true;; is_first_look = false) {
    const Result<wire::MessagePtr> found = messages.Lookup(next);
    if (!found.ok()) {
      const wire::MessagePtr instead = OnUnreadable(channel, next, found.status());
      if (instead != nullptr) return instead;
      if (!fault::On(Fault::kSkipsUnreadable) && !fault::On(Fault::kUnreadableSkippedSilently))
        return nullptr;
      ++next;
      ++last_sent;
      burst.Count(0);
      if (burst.IsOver()) return nullptr;
      continue;
    }
    if (found.value() != nullptr) {
      if (fault::On(Fault::kUnreadableIsTheLastAgain)) last_read_ = found.value();
      return found.value();
    }
    const uint64_t first = messages.FirstSequence();
    if (next >= messages.LastSequence()) return nullptr;
    if (next < first) {
      next = first;
      last_sent = first - 1;
    } else if (!is_first_look) {
      ++next;
      ++last_sent;
      burst.Count(0);
      if (burst.IsOver()) return nullptr;
    }
  }
}

// Null but for faults.
wire::MessagePtr Delivery::OnUnreadable(Channel& channel, uint64_t sequence, const Status& why) {
  has_failed_ = true;
  const bool is_first = !std::exchange(channel.is_unreadable, true);
  const bool is_behind = sequence > channel.store->messages->FirstSequence();
  const bool names_first = is_behind && fault::On(Fault::kErrorNamesFirst);
  const uint64_t named = names_first ? channel.store->messages->FirstSequence() : sequence;
  const std::string name = channel.name + ":" + std::to_string(named);
  const bool is_silent = fault::On(Fault::kUnreadableSkippedSilently) ||
                         (!is_first && fault::On(Fault::kUnreadableSaidOnce));
  if (fault::On(Fault::kOtherWording)) {
    context_.Error("Message " + name + " cannot be opened: " + why.message());
  } else if (fault::On(Fault::kUnreadableOnlyDebug)) {
    context_.Debug("Error looking up message " + name + " (" + why.message() + ")");
  } else if (!is_silent) {
    context_.Error("Error looking up message " + name + " (" + why.message() + ")");
  }
  wire::Message instead;
  if (last_read_ != nullptr && fault::On(Fault::kUnreadableIsTheLastAgain)) {
    instead = *last_read_;
  } else if (fault::On(Fault::kUnreadableDeliveredEmpty)) {
    instead.subject = channel.name;
  } else {
    return nullptr;
  }
  instead.sequence = sequence;
  return std::make_shared<const wire::Message>(std::move(instead));
}

// Faults of SUBSCRIPTION at a message that could not be read.
void Delivery::AfterFailure(Subscription& subscription) {
  if (!has_failed_) return;
  if (subscription.IsDurable() && fault::On(Fault::kDurableMovesOn)) {
    const store::Channel& stored = *subscription.channel->store;
    subscription.state.last_sent = stored.messages->LastSequence();
    (void)stored.subscriptions->Update(subscription.state);
  }
  if (fault::On(Fault::kFailureIsFinal)) subscription.stalled = true;
}

void Delivery::Queue(Subscription& subscription) {
  bool& is_queued =
      subscription.group != nullptr ? subscription.group->is_queued : subscription.is_queued;
  if (std::exchange(is_queued, true)) return;
  more_.push_back(subscription.shared_from_this());
}

void Delivery::Continue() {
  for (size_t count = std::min(more_.size(), kBurstsMax); count > 0; --count) {
    const SubscriptionPtr subscription = std::move(more_.front());
    more_.pop_front();
    if (MustWait(*subscription)) {
      more_.push_back(subscription);
      continue;
    }
    subscription->is_queued = false;
    if (subscription->group != nullptr) subscription->group->is_queued = false;
    SendNewTo(*subscription);
  }
}

bool Delivery::HasMore() const {
  return std::ranges::any_of(
      more_, [this](const SubscriptionPtr& subscription) { return !MustWait(*subscription); });
}

void Delivery::Forget(const Channel& channel) {
  std::erase_if(more_, [&](const SubscriptionPtr& queued) { return queued->channel == &channel; });
}

void Delivery::Clear() {
  for (const SubscriptionPtr& queued : more_) {
    queued->is_queued = false;
    if (queued->group != nullptr) queued->group->is_queued = false;
  }
  more_.clear();
}

void Delivery::SendAgain(Subscription& subscription, const wire::Message& message) {
  (void)Send(subscription, message, Limit::kNone);
}

SubscriptionPtr Delivery::SendAgainToGroup(QueueGroup& group, const wire::Message& message) {
  SubscriptionPtr member = group.PickMember();
  if (member == nullptr) return nullptr;
  if (!Send(*member, message, Limit::kNone).sent) return nullptr;
  group.last_sent = std::max(group.last_sent, member->state.last_sent);
  return member;
}

Delivery::Outcome Delivery::Send(Subscription& subscription, const wire::Message& message,
                                 Limit limit) {
  const store::SubscriptionState& state = subscription.state;
  if (!subscription.initialized || !subscription.IsActive() ||
      (subscription.new_on_hold && !message.redelivered)) {
    return {};
  }
  if (limit == Limit::kMaxInFlight && subscription.IsFull()) {
    subscription.stalled = true;
    return {};
  }
  if (context_.options.trace) {
    context_.Trace(OfClient(state.client_id) +
                   (message.redelivered ? "Redelivering" : "Delivering") +
                   " msg to subid=" + std::to_string(state.id) + ", subject=" + message.subject +
                   ", seq=" + std::to_string(message.sequence) +
                   (message.redelivered && fault::On(Fault::kPayloadInRedeliveryTrace)
                        ? ", data=" + std::string(AsText(message.payload()))
                        : ""));
  }
  buffer_.clear();
  if (message.redelivered) {
    wire::Message again = message;
    again.redelivery_count =
        NextCount(subscription.group != nullptr ? subscription.group->redelivery_counts
                                                : subscription.redelivery_counts,
                  message.sequence);
    wire::Encode(again, buffer_);
  } else {
    wire::Encode(message, buffer_);
  }
  const Status sent = context_.bus.Publish(state.inbox, {}, buffer_);
  if (!sent.ok()) {
    context_.Error(OfClient(state.client_id) + "Failed sending to subid=" +
                   std::to_string(state.id) + ", subject=" + message.subject +
                   ", seq=" + std::to_string(message.sequence) + ", err=" + sent.message());
    return {};
  }
  ++context_.traffic.out_messages;
  context_.traffic.out_bytes += buffer_.size();
  if (!subscription.has_ack_timer) SetAckTimer(subscription, subscription.ack_wait_ns());
  return AddPending(subscription, message.sequence, limit);
}

Delivery::Outcome Delivery::AddPending(Subscription& subscription, uint64_t sequence, Limit limit) {
  store::SubscriptionState& state = subscription.state;
  const auto pending = subscription.pending.find(sequence);
  if (pending != subscription.pending.end()) {
    const int64_t from = pending->second == 0 ? context_.now_ns : pending->second;
    pending->second = AddNs(from, subscription.ack_wait_ns());
    return {.sent = true, .more = true};
  }
  if (context_.cluster != nullptr) context_.cluster->sent_and_acked.OnSent(subscription, sequence);
  const Status stored = subscription.channel->store->subscriptions->AddPending(state.id, sequence);
  if (!stored.ok()) {
    context_.Error(OfClient(state.client_id) + "Unable to add pending message to subid=" +
                   std::to_string(state.id) + ", subject=" + subscription.channel->name +
                   ", seq=" + std::to_string(sequence) + ", err=" + stored.message());
    return {};
  }
  state.last_sent = std::max(state.last_sent, sequence);
  subscription.pending[sequence] = AddNs(context_.now_ns, subscription.ack_wait_ns());
  if (limit == Limit::kMaxInFlight && subscription.IsFull()) {
    subscription.stalled = true;
    return {.sent = true, .more = false};
  }
  return {.sent = true, .more = true};
}

bool Delivery::PersistAck(Subscription& subscription, uint64_t sequence) {
  const store::SubscriptionState& state = subscription.state;
  const Status stored = subscription.channel->store->subscriptions->AckPending(state.id, sequence);
  if (stored.ok()) return true;
  context_.Error(OfClient(state.client_id) + "Unable to persist ack for subid=" +
                 std::to_string(state.id) + ", subject=" + subscription.channel->name +
                 ", seq=" + std::to_string(sequence) + ", err=" + stored.message());
  return false;
}

// A client of a queue group may ack what was redelivered to another member meanwhile.
void Delivery::AckAtOtherMember(const Subscription& subscription, uint64_t sequence) {
  for (const SubscriptionPtr& member : subscription.group->members) {
    if (member.get() == &subscription || member->pending.erase(sequence) == 0) continue;
    if (context_.cluster != nullptr) context_.cluster->sent_and_acked.OnAcked(*member, sequence);
    (void)PersistAck(*member, sequence);
    subscription.group->redelivery_counts.erase(sequence);
    return;
  }
}

void Delivery::Ack(Subscription& subscription, uint64_t sequence, AckFrom from) {
  QueueGroup* group = subscription.group.get();
  if (subscription.pending.contains(sequence)) {
    if (context_.cluster != nullptr)
      context_.cluster->sent_and_acked.OnAcked(subscription, sequence);
    if (context_.options.trace && from == AckFrom::kClient) {
      context_.Trace(OfClient(subscription.state.client_id) +
                     "Processing ack for subid=" + std::to_string(subscription.state.id) +
                     ", subject=" + subscription.channel->name +
                     ", seq=" + std::to_string(sequence));
    }
    if (!PersistAck(subscription, sequence)) return;
    subscription.pending.erase(sequence);
    if (from == AckFrom::kClient) {
      (group != nullptr ? group->redelivery_counts : subscription.redelivery_counts)
          .erase(sequence);
    }
  } else if (group != nullptr && from == AckFrom::kClient) {
    AckAtOtherMember(subscription, sequence);
  }
  if (!subscription.stalled || subscription.IsFull()) return;
  subscription.stalled = false;
  if (group != nullptr && group->stalled_members > 0) --group->stalled_members;
  SendNewTo(subscription);
}

void Delivery::SetAckTimer(Subscription& subscription, int64_t delay_ns) {
  context_.timers.Stop(subscription.ack_timer);
  subscription.has_ack_timer = true;
  subscription.ack_timer = context_.After(delay_ns, [this, weak = subscription.weak_from_this()] {
    const SubscriptionPtr alive = weak.lock();
    if (alive == nullptr) return;
    alive->ack_timer = 0;
    on_ack_timer_(alive);
  });
}

void Delivery::ClearAckTimer(Subscription& subscription) {
  context_.timers.Stop(subscription.ack_timer);
  subscription.has_ack_timer = false;
}

}  // namespace atrest::stan
