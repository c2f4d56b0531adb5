#include "reference/stan/applying.h"

#include <algorithm>
#include <string>
#include <utility>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/stan/cluster_role.h"
#include "reference/store/crypto_store_faults.h"

namespace atrest::stan {

using raftlog::RaftOperationType;

namespace {

// A leader gives away a batch of sequences in vain now and then. A gap of more is damage, which
// the real server fills with empty messages for as long as it takes.
constexpr uint64_t kGapMax = 1 << 20;

Status StoreWithGap(store::MessageStore& messages, wire::Message message) {
  const uint64_t last = messages.LastSequence();
  if (last != 0 && message.sequence > last && message.sequence - last - 1 > kGapMax) {
    return Status(Code::kCorrupt, "the last one is " + std::to_string(last));
  }
  return messages.Store(std::move(message));
}

}  // namespace

void Applying::Run() {
  while (!is_waiting_ && !parts_.fetch.IsRunning() && !entries_.empty() && context_.fatal.ok()) {
    if (!Apply()) return;
  }
}

void Applying::Clear() {
  entries_.clear();
  is_waiting_ = false;
}

bool Applying::Apply() {
  const raft::LogEntry& entry = *entries_.front();
  if (entry.type != raft::EntryType::kCommand) {
    Finish({});
    return true;
  }
  Result<raftlog::RaftOperation> decoded = raftlog::DecodeOperation(entry.data);
  if (!decoded.ok()) {
    Finish({decoded.status().WithPrefix("unable to unmarshal RaftOperation: "), nullptr});
    return true;
  }
  operation_ = std::move(decoded).value();
  if (operation_.type == RaftOperationType::kPublish) return BeginPublish();
  Finish(ApplyAtOnce(operation_));
  return true;
}

void Applying::Finish(const Outcome& outcome) {
  const raft::EntryPtr entry = std::move(entries_.front());
  entries_.pop_front();
  applied_index_ = entry->index;
  const Proposals::Done done = context_.cluster->proposals.Take(entry->index, entry->term);
  if (done != nullptr) done(outcome);
}

// Operations without what they are about are passed over; the real server panics.
Outcome Applying::ApplyAtOnce(raftlog::RaftOperation& operation) {
  switch (operation.type) {
    case RaftOperationType::kPublish:
      break;
    case RaftOperationType::kConnect: {
      if (!operation.connect) break;
      const auto old =
          operation.connect->refresh ? Connections::Old::kReplaced : Connections::Old::kNone;
      return {parts_.connections.Register(operation.connect->request, old), nullptr};
    }
    case RaftOperationType::kDisconnect:
      if (!operation.disconnect) break;
      return {parts_.connections.Close(operation.disconnect->client_id), nullptr};
    case RaftOperationType::kSubscribe:
      if (!operation.subscription) break;
      return ApplySubscribe(operation);
    case RaftOperationType::kRemoveSubscription:
    case RaftOperationType::kCloseSubscription: {
      if (!operation.unsubscribe) break;
      const bool is_close = operation.type == RaftOperationType::kCloseSubscription;
      const Leave leave = is_close ? Leave::kClose : Leave::kUnsubscribe;
      return {parts_.subscribing.ApplyLeave(*operation.unsubscribe, leave), nullptr};
    }
    case RaftOperationType::kSendAndAck:
      if (operation.sent_and_acked && !context_.IsServing()) {
        ApplySentAndAcked(*operation.sent_and_acked);
      }
      break;
    case RaftOperationType::kDeleteChannel:
      if (parts_.channels.FindWithId(operation.channel, operation.channel_id) != nullptr) {
        parts_.channels.DeleteAgreed(operation.channel);
      }
      break;
    default:
      context_.fatal = Status(Code::kCorrupt, "panic: unknown op type " +
                                                  raftlog::RaftOperationTypeName(operation.type));
  }
  return {};
}

Outcome Applying::ApplySubscribe(const raftlog::RaftOperation& operation) {
  const raftlog::AddSubscription& added = *operation.subscription;
  const std::string& name = added.request.subject;
  const Result<Channel*> found = parts_.channels.FindOrCreateWithId(name, operation.channel_id);
  if (!found.ok()) return {found.status(), nullptr};
  if (found.value() == nullptr) {
    return {Status(Code::kInvalid, "unable to process subscription on channel " + GoQuote(name) +
                                       ", wrong ID " + std::to_string(operation.channel_id)),
            nullptr};
  }
  const Result<SubscriptionPtr> applied =
      parts_.subscribing.Apply(*found.value(), added.request, added.ack_inbox, added.id);
  if (!applied.ok()) return {applied.status(), nullptr};
  return {Status(), applied.value()};
}

// When what was sent expires is for whoever leads next to find out.
void Applying::ApplySentAndAcked(const raftlog::SubSentAndAck& told) {
  const Result<Channel*> channel = parts_.channels.FindOrCreate(told.channel);
  if (!channel.ok()) return;
  const auto found = channel.value()->by_ack_inbox.find(told.ack_inbox);
  if (found == channel.value()->by_ack_inbox.end()) return;
  Subscription& subscription = *found->second;
  for (const uint64_t sequence : told.sent) {
    subscription.state.last_sent = std::max(subscription.state.last_sent, sequence);
    if (subscription.group != nullptr) {
      subscription.group->last_sent = std::max(subscription.group->last_sent, sequence);
    }
    subscription.pending[sequence] = 0;
  }
  for (const uint64_t sequence : told.acked) subscription.pending.erase(sequence);
  subscription.stalled = subscription.IsFull();
}

bool Applying::BeginPublish() {
  if (operation_.messages.empty()) {
    Finish({});
    return true;
  }
  const wire::Message& first = operation_.messages.front();
  const Result<Channel*> found =
      parts_.channels.FindOrCreateWithId(first.subject, operation_.channel_id);
  if (!found.ok()) {
    FailPublish(found.status());
    return true;
  }
  if (found.value() == nullptr) {
    Finish({});
    return true;
  }
  Channel& channel = *found.value();
  if (channel.is_gapless || first.sequence <= 1) {
    StorePublish(channel);
    return true;
  }
  is_waiting_ = true;
  const uint64_t stored_last = channel.store->messages->LastSequence();
  parts_.fetch.Fetch(channel, stored_last + 1, first.sequence - 1,
                     [this, &channel](const Status& fetched) {
                       is_waiting_ = false;
                       if (!fetched.ok()) return FailPublish(fetched);
                       StorePublish(channel);
                     });
  return !is_waiting_;
}

// What the store has already it passes over, after it was sealed once more.
void Applying::StorePublish(Channel& channel) {
  channel.is_gapless = true;
  const store::faults::Bypass bypass(!context_.IsServing() &&
                                     fault::On(Fault::kRoleFollowerInClear));
  for (wire::Message& message : operation_.messages) {
    const uint64_t sequence = message.sequence;
    const Status stored = StoreWithGap(*channel.store->messages, std::move(message));
    if (stored.ok()) continue;
    message.sequence = sequence;
    message.subject = channel.name;
    std::swap(message, operation_.messages.front());
    return FailPublish(stored);
  }
  Finish({channel.store->messages->Flush(), nullptr});
}

// Of the first message of operation_.
void Applying::FailPublish(const Status& why) {
  const wire::Message& message = operation_.messages.front();
  context_.fatal =
      why.WithPrefix("panic: failed to store replicated message " +
                     std::to_string(message.sequence) + " on channel " + message.subject + ": ");
}

}  // namespace atrest::stan
