#include "reference/stan/channels.h"

#include <utility>

#include "reference/base/go_duration.h"
#include "reference/base/go_quote.h"
#include "reference/stan/cluster_role.h"
#include "reference/stan/log_text.h"
#include "reference/stan/names.h"

namespace atrest::stan {

namespace {

const char* TrueOrFalse(bool value) { return value ? "true" : "false"; }

}  // namespace

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
  Channel* found = Find(name);
  if (found == nullptr) return Create(name, 0);
  if (found->is_being_deleted) return Status(Code::kInvalid, "stan: channel is being deleted");
  return found;
}

Channel* Channels::FindWithId(const std::string& name, uint64_t id) {
  Channel* found = Find(name);
  if (found == nullptr || id == 0 || found->id == 0 || found->id == id) return found;
  return nullptr;
}

Result<Channel*> Channels::FindOrCreateWithId(const std::string& name, uint64_t id) {
  if (Channel* found = FindWithId(name, id)) return found;
  Channel* other = Find(name);
  if (other == nullptr) return Create(name, id);
  if (other->id > id) return nullptr;
  const Status deleted = DeleteStored(name);
  if (!deleted.ok()) return deleted;
  Remove(*other);
  return Create(name, id);
}

Status Channels::LogFailure(const std::string& name, const Status& why) const {
  context_.Error("Creating channel " + GoQuote(name) + " failed: " + why.message());
  return why;
}

// The id is recorded before the channel is made.
Result<Channel*> Channels::Create(const std::string& name, uint64_t id) {
  const auto other = by_lower_case_.find(LowerCase(name));
  if (other != by_lower_case_.end()) {
    return Status(Code::kInvalid, "rejecting channel " + GoQuote(name) + " because channel " +
                                      GoQuote(other->second) +
                                      " alreay exists (different cases not allowed)");
  }
  if (context_.cluster != nullptr) {
    if (context_.IsServing() && id == 0) id = context_.cluster->replication.last_index();
    const Status recorded = context_.cluster->log_of_ids.SetChannelId(name, id);
    if (!recorded.ok()) return LogFailure(name, recorded);
  }
  const Result<store::Channel*> created = context_.store.CreateChannel(name);
  if (!created.ok()) return LogFailure(name, created.status());
  Channel& channel = Adopt(name, *created.value());
  channel.id = id;
  if (context_.IsServing() && channel.max_inactivity_ns > 0) StartDeleteTimer(channel);
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
  if (channel == nullptr || channel->max_inactivity_ns <= 0 || !context_.IsServing()) return;
  if (!channel->is_being_deleted && !channel->HasActiveSubscriptions()) StartDeleteTimer(*channel);
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
  if (is_busy_) {
    postponed_.insert(name);
    return;
  }
  Channel* channel = Find(name);
  if (channel == nullptr) return;
  const bool is_active = channel->HasActiveSubscriptions();
  if (is_active || channel->prevents_deletion || channel->is_being_deleted) {
    context_.Debug("Channel " + GoQuote(name) +
                   " cannot be deleted: preventDelete=" + TrueOrFalse(channel->prevents_deletion) +
                   " inProgress=" + TrueOrFalse(channel->is_being_deleted) +
                   " hasActiveSubs=" + TrueOrFalse(is_active));
    StopDeleteTimer(*channel);
    return;
  }
  const int64_t elapsed = context_.now_ns - channel->last_activity_ns;
  if (elapsed >= channel->max_inactivity_ns) {
    context_.Debug("Channel " + GoQuote(name) + " is being deleted");
    StopDeleteTimer(*channel);
    if (context_.cluster != nullptr) return ProposeDeletion(*channel);
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
  const Status deleted = DeleteStored(name);
  if (!deleted.ok() && context_.store.FindChannel(name) != nullptr) return;
  Remove(channel);
  if (deleted.ok()) context_.Info("Channel " + GoQuote(name) + " has been deleted");
}

// A channel that the store could not delete is tried again.
Status Channels::DeleteStored(const std::string& name) {
  Status deleted = context_.store.DeleteChannel(name);
  if (deleted.ok() && context_.cluster != nullptr) {
    deleted = context_.cluster->log_of_ids.DeleteChannelId(name);
  }
  if (deleted.ok()) return deleted;
  context_.Error("Error deleting channel " + GoQuote(name) + ": " + deleted.message());
  Channel* channel = Find(name);
  if (channel == nullptr || context_.store.FindChannel(name) == nullptr) return deleted;
  channel->is_being_deleted = false;
  if (context_.IsServing() && channel->max_inactivity_ns > 0) StartDeleteTimer(*channel);
  return deleted;
}

void Channels::Remove(Channel& channel) {
  const std::string name = channel.name;
  context_.timers.Stop(channel.delete_timer);
  deleted_(channel);
  by_lower_case_.erase(LowerCase(name));
  channels_.erase(name);
}

void Channels::ProposeDeletion(Channel& channel) {
  channel.is_being_deleted = true;
  ++deletions_;
  raftlog::RaftOperation operation;
  operation.type = raftlog::RaftOperationType::kDeleteChannel;
  operation.channel = channel.name;
  operation.channel_id = channel.id;
  context_.cluster->proposals.Propose(operation, [this, name = channel.name](const Outcome& done) {
    --deletions_;
    Channel* proposed = Find(name);
    if (proposed != nullptr && !done.status.ok()) proposed->is_being_deleted = false;
  });
}

void Channels::DeleteAgreed(const std::string& name) {
  Channel* channel = Find(name);
  if (channel == nullptr)
    return context_.Error("Error deleting channel " + GoQuote(name) + ": not found");
  if (channel->prevents_deletion) {
    context_.Error("The channel " + GoQuote(name) +
                   " cannot be deleted at this time since a subscription has been created");
    return;
  }
  Delete(*channel);
}

void Channels::SetBusy(bool is_busy) {
  is_busy_ = is_busy;
  if (is_busy) return;
  for (const std::string& name : std::exchange(postponed_, {})) OnDeleteTimer(name);
}

void Channels::StopLeading() {
  deletions_ = 0;
  is_busy_ = false;
  postponed_.clear();
  for (const auto& [name, channel] : channels_) {
    if (channel->max_inactivity_ns > 0) StopDeleteTimer(*channel);
    channel->is_being_deleted = false;
    channel->prevents_deletion = false;
  }
}

}  // namespace atrest::stan
