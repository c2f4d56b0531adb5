#include "reference/stan/channels.h"

#include <utility>

#include "reference/base/go_duration.h"
#include "reference/base/go_quote.h"
#include "reference/stan/log_text.h"
#include "reference/stan/names.h"

namespace atrest::stan {

// Members and their group hold each other.
Channel::~Channel() {
  for (auto& [name, group] : groups) {
    group->members.clear();
    group->shadow.reset();
  }
}

bool Channel::HasActiveSubscriptions() const {
  if (!plain.empty()) return true;
  for (const auto& [name, group] : groups) {
    if (!group->members.empty()) return true;
  }
  return false;
}

SubscriptionPtr Channel::FindByInboxes(const std::string& inbox) const {
  for (const auto* lookup : {&by_ack_inbox, &by_inbox}) {
    const auto found = lookup->find(inbox);
    if (found != lookup->end()) return found->second;
  }
  return nullptr;
}

void Channel::Add(const SubscriptionPtr& subscription, Context& context) {
  const store::SubscriptionState& state = subscription->state;
  if (!subscription->IsQueue()) {
    by_ack_inbox[state.ack_inbox] = subscription;
    by_inbox[state.inbox] = subscription;
    plain.push_back(subscription);
    if (subscription->IsDurable()) {
      durables[DurableKey(state.client_id, name, state.durable_name)] = subscription;
    }
    return;
  }
  std::shared_ptr<QueueGroup>& group = groups[state.queue_group];
  if (group == nullptr) group = std::make_shared<QueueGroup>();
  if (!subscription->IsActive()) {
    if (group->shadow != nullptr) {
      context.Warn("Duplicate shadow durable queue consumer (subid=" + std::to_string(state.id) +
                   ") for group " + GoQuote(state.queue_group));
    }
    if (group->shadow == nullptr || state.last_sent > group->last_sent) {
      group->shadow = subscription;
    }
  } else {
    by_ack_inbox[state.ack_inbox] = subscription;
    by_inbox[state.inbox] = subscription;
    group->members.push_back(subscription);
    if (subscription->new_on_hold) group->new_on_hold = true;
    if (subscription->stalled) ++group->stalled_members;
  }
  group->last_sent = std::max(group->last_sent, state.last_sent);
  subscription->group = group;
}

Channels::Channels(Context& context, std::function<void()> before_deletion,
                   std::function<void(const Channel&)> deleted)
    : context_(context),
      before_deletion_(std::move(before_deletion)),
      deleted_(std::move(deleted)) {}

Channel* Channels::Find(const std::string& name) {
  const auto found = channels_.find(name);
  return found == channels_.end() ? nullptr : found->second.get();
}

const Channel* Channels::Find(const std::string& name) const {
  const auto found = channels_.find(name);
  return found == channels_.end() ? nullptr : found->second.get();
}

Result<Channel*> Channels::FindOrCreate(const std::string& name) {
  if (Channel* found = Find(name)) return found;
  const auto other = by_lower_case_.find(LowerCase(name));
  if (other != by_lower_case_.end()) {
    return Status(Code::kInvalid, "rejecting channel " + GoQuote(name) + " because channel " +
                                      GoQuote(other->second) +
                                      " alreay exists (different cases not allowed)");
  }
  const Result<store::Channel*> created = context_.store.CreateChannel(name);
  if (!created.ok()) {
    context_.Error("Creating channel " + GoQuote(name) + " failed: " + created.status().message());
    return created.status();
  }
  Channel& channel = Adopt(name, *created.value());
  if (channel.max_inactivity_ns > 0) StartDeleteTimer(channel);
  context_.Info("Channel " + GoQuote(name) + " has been created");
  return &channel;
}

Channel& Channels::Adopt(const std::string& name, store::Channel& recovered) {
  auto channel = std::make_unique<Channel>();
  channel->name = name;
  channel->store = &recovered;
  channel->next_sequence = recovered.messages->LastSequence() + 1;
  channel->max_inactivity_ns = context_.options.limits.For(name).max_inactivity_ns;
  by_lower_case_[LowerCase(name)] = name;
  std::unique_ptr<Channel>& entry = channels_[name];
  entry = std::move(channel);
  return *entry;
}

void Channels::MaybeStartDeleteTimer(Channel* channel) {
  if (channel == nullptr || channel->max_inactivity_ns <= 0) return;
  if (!channel->HasActiveSubscriptions()) StartDeleteTimer(*channel);
}

void Channels::StartDeleteTimer(Channel& channel) {
  channel.last_activity_ns = context_.now_ns;
  SetDeleteTimer(channel, channel.max_inactivity_ns);
}

void Channels::StopDeleteTimer(Channel& channel) {
  if (!channel.had_delete_timer) return;
  context_.timers.Stop(channel.delete_timer);
  context_.Debug("Channel " + GoQuote(channel.name) + " delete timer stopped");
}

void Channels::SetDeleteTimer(Channel& channel, int64_t delay_ns) {
  context_.timers.Stop(channel.delete_timer);
  channel.delete_timer =
      context_.After(delay_ns, [this, name = channel.name] { OnDeleteTimer(name); });
  channel.had_delete_timer = true;
  context_.Debug("Channel " + GoQuote(channel.name) + " delete timer set to fire in " +
                 GoDurationText(delay_ns));
}

void Channels::OnDeleteTimer(const std::string& name) {
  before_deletion_();
  Channel* channel = Find(name);
  if (channel == nullptr) return;
  if (channel->HasActiveSubscriptions()) {
    context_.Debug("Channel " + GoQuote(name) +
                   " cannot be deleted: preventDelete=false inProgress=false hasActiveSubs=true");
    StopDeleteTimer(*channel);
    return;
  }
  const int64_t elapsed = context_.now_ns - channel->last_activity_ns;
  if (elapsed >= channel->max_inactivity_ns) {
    context_.Debug("Channel " + GoQuote(name) + " is being deleted");
    StopDeleteTimer(*channel);
    Delete(*channel);
    return;
  }
  const int64_t rest = channel->max_inactivity_ns - (elapsed < 0 ? 0 : elapsed);
  context_.Debug("Channel " + GoQuote(name) + " cannot be deleted now, reset timer to fire in " +
                 GoDurationText(rest));
  SetDeleteTimer(*channel, rest);
}

void Channels::Delete(Channel& channel) {
  const std::string name = channel.name;
  const Status deleted = context_.store.DeleteChannel(name);
  if (!deleted.ok()) {
    context_.Error("Error deleting channel " + GoQuote(name) + ": " + deleted.message());
    if (context_.store.FindChannel(name) != nullptr) {
      StartDeleteTimer(channel);
      return;
    }
  }
  deleted_(channel);
  by_lower_case_.erase(LowerCase(name));
  channels_.erase(name);
  if (deleted.ok()) context_.Info("Channel " + GoQuote(name) + " has been deleted");
}

}  // namespace atrest::stan
