#include "reference/stan/sent_and_acked.h"

#include "reference/stan/channels.h"

namespace atrest::stan {
namespace {

constexpr size_t kSequencesMax = 100;
constexpr int64_t kIntervalNs = kSecondNs;

bool HasSomething(const Replicating& collected) {
  return !collected.sent.empty() || !collected.acked.empty() || collected.high_acked > 0;
}

void AddAll(const std::set<uint64_t>& from, uint64_t high_acked, std::vector<uint64_t>& to) {
  to.assign(from.begin(), from.end());
  if (high_acked > 0) to.push_back(high_acked);
}

}  // namespace

SentAndAcked::Key SentAndAcked::KeyOf(const Subscription& subscription) {
  return {subscription.channel->name, subscription.state.id};
}

Replicating* SentAndAcked::Collecting(Subscription& subscription) {
  if (subscription.replicating == nullptr) {
    subscription.replicating = std::make_unique<Replicating>();
  }
  return subscription.replicating->is_stopped ? nullptr : subscription.replicating.get();
}

void SentAndAcked::OnSent(Subscription& subscription, uint64_t sequence) {
  Replicating* collected = Collecting(subscription);
  if (collected == nullptr) return;
  collected->sent.insert(sequence);
  if (subscription.group != nullptr) collected->acked.erase(sequence);
  if (sequence >= collected->high_sent) {
    collected->high_sent = sequence;
    collected->high_acked = 0;
  }
  AfterEvent(subscription, *collected);
}

void SentAndAcked::OnAcked(Subscription& subscription, uint64_t sequence) {
  Replicating* collected = Collecting(subscription);
  if (collected == nullptr) return;
  if (collected->sent.erase(sequence) == 0) {
    collected->acked.insert(sequence);
  } else if (sequence == collected->high_sent) {
    collected->high_acked = sequence;
  }
  AfterEvent(subscription, *collected);
}

// One that sent a message and had it acknowledged before the next look stays in the list that it
// is in, for the sake of its last message.
void SentAndAcked::AfterEvent(Subscription& subscription, const Replicating& collected) {
  const size_t count = collected.sent.size() + collected.acked.size();
  if (count == 1) {
    waiting_[KeyOf(subscription)] = subscription.shared_from_this();
    if (timer_ == 0) timer_ = context_.After(kIntervalNs, [this] { OnTimer(); });
  } else if (count == kSequencesMax) {
    waiting_.erase(KeyOf(subscription));
    ready_[KeyOf(subscription)] = subscription.shared_from_this();
  }
}

void SentAndAcked::OnTimer() {
  timer_ = 0;
  ready_.merge(waiting_);
  waiting_.clear();
  Flush();
}

void SentAndAcked::Flush() {
  const auto ready = std::exchange(ready_, {});
  for (const auto& [key, subscription] : ready) {
    Replicating* collected = subscription->replicating.get();
    if (collected != nullptr && HasSomething(*collected)) Propose(*subscription, *collected);
  }
}

void SentAndAcked::Propose(const Subscription& subscription, Replicating& collected) {
  raftlog::RaftOperation operation;
  operation.type = raftlog::RaftOperationType::kSendAndAck;
  raftlog::SubSentAndAck& told = operation.sent_and_acked.emplace();
  told.channel = subscription.channel->name;
  told.ack_inbox = subscription.state.ack_inbox;
  AddAll(collected.sent, collected.high_acked, told.sent);
  AddAll(collected.acked, collected.high_acked, told.acked);
  collected = Replicating();
  proposals_.Propose(operation, nullptr);
}

void SentAndAcked::End(Subscription& subscription, Ends how) {
  Replicating* collected = subscription.replicating.get();
  if (collected == nullptr || collected->is_stopped) return;
  const bool may_be_resumed = subscription.state.is_durable || subscription.group != nullptr;
  if (how == Ends::kClose && may_be_resumed && HasSomething(*collected)) {
    Propose(subscription, *collected);
  }
  Stop(subscription);
}

void SentAndAcked::Stop(Subscription& subscription) {
  waiting_.erase(KeyOf(subscription));
  ready_.erase(KeyOf(subscription));
  if (subscription.replicating == nullptr) return;
  *subscription.replicating = Replicating();
  subscription.replicating->is_stopped = true;
}

void SentAndAcked::Resume(Subscription& subscription) {
  if (subscription.replicating != nullptr) subscription.replicating->is_stopped = false;
}

void SentAndAcked::Forget(const Channel& channel) {
  const auto is_of_channel = [&](const auto& entry) { return entry.first.first == channel.name; };
  std::erase_if(waiting_, is_of_channel);
  std::erase_if(ready_, is_of_channel);
}

void SentAndAcked::Clear() {
  context_.timers.Stop(timer_);
  waiting_.clear();
  ready_.clear();
}

}  // namespace atrest::stan
