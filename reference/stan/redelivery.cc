#include "reference/stan/redelivery.h"

#include <algorithm>
#include <string>
#include <utility>

#include "reference/base/fault.h"
#include "reference/base/utf8.h"
#include "reference/stan/log_text.h"

namespace atrest::stan {
namespace {

// What expires so soon is sent at once, rather than by a timer of its own.
constexpr int64_t kWindowNs = 15 * kMillisecondNs;
// When a subscriber that was too far behind to be sent anything is looked at again.
constexpr int64_t kWaitNs = 100 * kMillisecondNs;

std::string SubId(const Subscription& subscription) {
  return "subid=" + std::to_string(subscription.state.id);
}

}  // namespace

Redelivery::Redelivery(Context& context, Clients& clients, Delivery& delivery)
    : context_(context), clients_(clients), delivery_(delivery) {
  delivery_.set_on_ack_timer(
      [this](const SubscriptionPtr& subscription) { OnTimer(*subscription, When::kExpiry); });
}

// Null where there is none to send: what is no longer in the channel is acked, so that it does not
// come back at the next start; what cannot be read stays pending.
std::optional<wire::Message> Redelivery::Find(Subscription& subscription, uint64_t sequence) {
  if (subscription.unreadable.contains(sequence) && fault::On(Fault::kRedeliveryGivesUp))
    return std::nullopt;
  const Result<wire::MessagePtr> found = subscription.channel->store->messages->Lookup(sequence);
  if (!found.ok()) {
    OnUnreadable(subscription, sequence, found.status());
    return std::nullopt;
  }
  if (found.value() == nullptr) {
    delivery_.Ack(subscription, sequence, Delivery::AckFrom::kServer);
    return std::nullopt;
  }
  wire::Message message = *found.value();
  const std::string text = ReplaceBadUtf8(AsText(message.payload()));
  if (text != AsText(message.payload()) && fault::On(Fault::kRedeliveredAsText))
    message.data = Bytes(AsBytes(text).begin(), AsBytes(text).end());
  return message;
}

// It stays pending, but for faults.
void Redelivery::OnUnreadable(Subscription& subscription, uint64_t sequence, const Status& why) {
  if (fault::On(Fault::kRedeliveryGivesUp)) subscription.unreadable.insert(sequence);
  const std::string which = SubId(subscription) + ", seq=" + std::to_string(sequence);
  if (fault::On(Fault::kOtherWording)) {
    context_.Error("Message for redelivery cannot be opened: " + which + ": " + why.message());
  } else if (!fault::On(Fault::kRedeliverySaysNothing)) {
    context_.Error("Error getting message for redelivery " + which + ", err=" + why.message());
  }
  if (fault::On(Fault::kUnreadableLeavesWindow)) subscription.pending.erase(sequence);
  if (fault::On(Fault::kUnreadableAcked))
    delivery_.Ack(subscription, sequence, Delivery::AckFrom::kServer);
}

bool Redelivery::OnResume(Subscription& subscription) {
  const std::string client_id = subscription.state.client_id;
  const bool is_first_call = subscription.resumed_up_to == 0;
  if (context_.options.debug && is_first_call && !subscription.pending.empty()) {
    const std::string& durable = subscription.state.durable_name;
    context_.Debug(OfClient(client_id) + "Redelivering to " + SubId(subscription) +
                   ", durable=" + (durable.empty() ? subscription.state.queue_group : durable));
  }
  if (clients_.Find(client_id) != nullptr) {
    std::vector<uint64_t> sequences;
    for (const auto& [sequence, at_ns] : subscription.pending) {
      if (sequence > subscription.resumed_up_to) sequences.push_back(sequence);
    }
    for (const uint64_t sequence : sequences) {
      if (delivery_.MustWait(subscription)) return false;
      subscription.resumed_up_to = sequence;
      std::optional<wire::Message> message = Find(subscription, sequence);
      if (!message) continue;
      if (context_.options.trace) {
        context_.Trace(OfClient(client_id) + "Redelivering to " + SubId(subscription) +
                       ", seq=" + std::to_string(sequence));
      }
      message->redelivered = true;
      if (subscription.pending.contains(sequence)) delivery_.SendAgain(subscription, *message);
    }
  }
  subscription.resumed_up_to = 0;
  subscription.new_on_hold = false;
  return true;
}

void Redelivery::OnTimer(Subscription& subscription, When when) {
  // The first pass after a restart learns when messages expire, the second sends them.
  constexpr int kPasses = 2;
  int64_t next_expiry_ns = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    if (!subscription.has_ack_timer) return;
    if (subscription.pending.empty()) return delivery_.ClearAckTimer(subscription);
    if (subscription.group == nullptr && subscription.has_failed_heartbeat) {
      delivery_.SetAckTimer(subscription, subscription.ack_wait_ns());
      context_.Debug(OfClient(subscription.state.client_id) + "Skipping redelivery to " +
                     SubId(subscription) + " due to missed client heartbeat");
      return;
    }
    // Asked before all that is pending is gone through, which would cost others dear.
    if (delivery_.MustWait(subscription)) return delivery_.SetAckTimer(subscription, kWaitNs);
    const Pass done = RunPass(subscription, when);
    next_expiry_ns = done.next_expiry_ns;
    if (!done.found_unknown) break;
  }
  RearmTimer(subscription, next_expiry_ns);
}

Redelivery::Pass Redelivery::RunPass(Subscription& subscription, When when) {
  Pass pass;
  for (const Subscription::Expiry& entry : subscription.PendingByExpiry()) {
    std::optional<wire::Message> message = Find(subscription, entry.sequence);
    if (!message) continue;
    if (pass.found_unknown || entry.at_ns == 0) {
      pass.found_unknown = true;
      const auto pending = subscription.pending.find(entry.sequence);
      if (entry.at_ns == 0 && pending != subscription.pending.end()) {
        pending->second = AddNs(message->timestamp_ns, subscription.ack_wait_ns());
      }
      continue;
    }
    if (entry.at_ns > AddNs(context_.now_ns, kWindowNs)) {
      pass.next_expiry_ns = entry.at_ns;
      if (context_.options.trace) {
        context_.Trace(OfClient(subscription.state.client_id) + "Redelivery for " +
                       SubId(subscription) + ", skipping seq=" + std::to_string(entry.sequence));
      }
      break;
    }
    if (delivery_.MustWait(subscription)) {
      pass.next_expiry_ns = AddNs(context_.now_ns, kWaitNs);
      break;
    }
    message->redelivered = true;
    if (subscription.pending.contains(entry.sequence)) SendOne(subscription, *message, when);
  }
  return pass;
}

// At the start each member gets what it had; later, whoever is fit for it, and the one that had it
// is relieved of it.
void Redelivery::SendOne(Subscription& subscription, const wire::Message& message, When when) {
  if (subscription.group == nullptr || when == When::kStart) {
    return delivery_.SendAgain(subscription, message);
  }
  const SubscriptionPtr member = delivery_.SendAgainToGroup(*subscription.group, message);
  if (member != nullptr && member.get() != &subscription) {
    delivery_.Ack(subscription, message.sequence, Delivery::AckFrom::kServer);
  }
}

void Redelivery::RearmTimer(Subscription& subscription, int64_t next_expiry_ns) {
  if (!subscription.has_ack_timer) return;
  if (subscription.pending.empty()) return delivery_.ClearAckTimer(subscription);
  const bool is_ahead = next_expiry_ns > context_.now_ns;
  delivery_.SetAckTimer(subscription,
                        is_ahead ? next_expiry_ns - context_.now_ns : subscription.ack_wait_ns());
}

void Redelivery::OnStart(const SubscriptionList& recovered) {
  std::vector<SubscriptionPtr> first_of_groups;
  for (const SubscriptionPtr& subscription : recovered) {
    subscription->initialized = true;
    if (!subscription->IsActive()) {
      subscription->new_on_hold = false;
      continue;
    }
    if (!subscription->has_ack_timer) {
      delivery_.SetAckTimer(*subscription, subscription->ack_wait_ns());
    }
    OnTimer(*subscription, When::kStart);
    subscription->new_on_hold = false;
    if (subscription->group == nullptr) {
      delivery_.SendNewTo(*subscription);
      continue;
    }
    const bool is_known = std::ranges::any_of(first_of_groups, [&](const SubscriptionPtr& first) {
      return first->group == subscription->group;
    });
    if (!is_known) first_of_groups.push_back(subscription);
  }
  for (const SubscriptionPtr& first : first_of_groups) ReleaseGroup(*first);
}

void Redelivery::ReleaseGroup(Subscription& of) {
  QueueGroup& group = *of.group;
  group.new_on_hold = false;
  group.redelivery_counts.clear();
  group.stalled_members = 0;
  for (const SubscriptionPtr& member : group.members) {
    if (member->stalled) ++group.stalled_members;
  }
  delivery_.SendNewTo(of);
}

}  // namespace atrest::stan
