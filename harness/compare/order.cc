#include "harness/compare/order.h"

#include <algorithm>

namespace atrest::compare {
namespace {

// Well behind the 100 ms after which the messages of a leaving member are dealt out.
constexpr int64_t kDealtOutMs = 400;
// What a raw request sets off has no client of the harness to wait at.
constexpr int64_t kRequestSettlesMs = 150;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

Step ReceiveStep(const std::string& subscription) {
  return {scenario::ClientStep(scenario::Receive{subscription})};
}

bool SameStep(const Step& a, const Step& b) {
  const auto receive = [](const Step& step) -> const scenario::Receive* {
    const auto* client = std::get_if<scenario::ClientStep>(&step.action);
    return client == nullptr ? nullptr : std::get_if<scenario::Receive>(client);
  };
  const auto* of_a = receive(a);
  const auto* of_b = receive(b);
  if (of_a != nullptr && of_b != nullptr) return of_a->subscription == of_b->subscription;
  const auto* wait_a = std::get_if<scenario::Wait>(&a.action);
  const auto* wait_b = std::get_if<scenario::Wait>(&b.action);
  return wait_a != nullptr && wait_b != nullptr && wait_a->ms <= wait_b->ms;
}

}  // namespace

bool Order::Admits(const Step& step) const {
  const auto connected = [&](const std::string& client) { return clients_.contains(client); };
  const auto open = [&](const std::string& name) { return subscriptions_.contains(name); };
  const auto admits_client = Overloaded{
      [&](const scenario::Connect& s) { return !connected(s.client); },
      [&](const scenario::Disconnect& s) { return connected(s.client); },
      [&](const scenario::Vanish& s) { return connected(s.client); },
      [&](const scenario::Subscribe& s) { return connected(s.client) && !open(s.name); },
      [&](const scenario::Receive& s) { return open(s.subscription); },
      [&](const scenario::Ack& s) {
        return open(s.subscription) && !s.sequences.empty() &&
               subscriptions_.at(s.subscription).manual_acks;
      },
      [&](const scenario::CloseSubscription& s) { return open(s.subscription); },
      [&](const scenario::Unsubscribe& s) { return open(s.subscription); },
      [](const scenario::Request&) { return true; },
      [](const scenario::Raw&) { return true; },
  };
  return std::visit(
      Overloaded{
          [&](const scenario::UseGolden&) { return !begun_; },
          [&](const scenario::Start&) { return !running_; },
          [&](const scenario::Publish& s) {
            return running_ && !s.payloads.empty() && (s.client.empty() || connected(s.client));
          },
          [&](const scenario::Read&) { return running_; },
          [&](const scenario::Stop&) { return running_; },
          [&](const scenario::Kill&) { return running_ && !acks_by_itself_; },
          [](const scenario::Wait&) { return true; },
          // Where a target is cut off depends on how it groups its writes.
          [](const scenario::Interrupt&) { return false; },
          [&](const scenario::Tamper& s) { return !running_ && !s.operations.empty(); },
          [&](const scenario::Inspect&) { return !running_; },
          [](const scenario::Elect&) { return false; },  // of clusters alone
          [&](const scenario::ClientStep& s) { return running_ && std::visit(admits_client, s); },
      },
      step.action);
}

void Order::Apply(const Step& step) {
  begun_ = true;
  member_left_ = false;
  const auto close = [&](const std::string& name) {
    const OpenSubscription gone = subscriptions_.at(name);
    subscriptions_.erase(name);
    member_left_ =
        member_left_ ||
        (!gone.queue.empty() && std::ranges::any_of(subscriptions_, [&](const auto& other) {
          return other.second.queue == gone.queue && other.second.channel == gone.channel;
        }));
  };
  const auto leave = [&](const std::string& client) {
    clients_.erase(client);
    const auto all = subscriptions_;
    for (const auto& [name, subscription] : all) {
      if (subscription.client == client) close(name);
    }
  };
  const auto end = [&] {
    running_ = false;
    left_behind_.insert(clients_.begin(), clients_.end());
    clients_.clear();
    subscriptions_.clear();
  };
  const auto apply_client = Overloaded{
      [&](const scenario::Connect& s) {
        if (s.client.find('.') != std::string::npos) return;  // no valid client id
        // It replaces the client that was left behind, whose queue members go now.
        member_left_ = queues_used_ && left_behind_.erase(s.client) > 0;
        clients_.insert(s.client);
      },
      [&](const scenario::Disconnect& s) { leave(s.client); },
      [&](const scenario::Vanish& s) {
        leave(s.client);
        left_behind_.insert(s.client);
      },
      [&](const scenario::Subscribe& s) {
        queues_used_ = queues_used_ || !s.queue.empty();
        subscriptions_[s.name] = {s.client, s.channel, s.queue, s.manual_acks};
      },
      [&](const scenario::CloseSubscription& s) { close(s.subscription); },
      [&](const scenario::Unsubscribe& s) { close(s.subscription); },
      // It may close a client, or replace one, behind the back of the harness.
      [&](const scenario::Request&) { member_left_ = queues_used_; },
      [](const auto&) {},
  };
  std::visit(Overloaded{
                 [&](const scenario::Start&) {
                   running_ = true;
                   acks_by_itself_ = false;
                 },
                 [&](const scenario::Publish& s) {
                   for (const auto& [name, subscription] : subscriptions_) {
                     if (subscription.channel == s.channel && !subscription.manual_acks)
                       acks_by_itself_ = true;
                   }
                 },
                 [&](const scenario::Stop&) { end(); },
                 [&](const scenario::Kill&) { end(); },
                 [&](const scenario::ClientStep& s) { std::visit(apply_client, s); },
                 [](const auto&) {},
             },
             step.action);
}

std::vector<Step> Order::Settling(const Step& step) const {
  std::vector<Step> settling;
  if (member_left_) settling.push_back({scenario::Wait{kDealtOutMs}});
  if (const auto* publish = std::get_if<scenario::Publish>(&step.action)) {
    for (const auto& [name, subscription] : subscriptions_) {
      if (!subscription.manual_acks && subscription.channel == publish->channel)
        settling.insert(settling.end(), 2, ReceiveStep(name));
    }
  }
  const auto* client = std::get_if<scenario::ClientStep>(&step.action);
  if (client == nullptr) return settling;
  if (std::holds_alternative<scenario::Request>(*client))
    settling.push_back({scenario::Wait{kRequestSettlesMs}});
  if (const auto* subscribe = std::get_if<scenario::Subscribe>(client))
    settling.insert(settling.end(), subscribe->manual_acks ? 1 : 2, ReceiveStep(subscribe->name));
  if (const auto* ack = std::get_if<scenario::Ack>(client)) {
    // An ack may bring the next message to another member of the group.
    const OpenSubscription& acked = subscriptions_.at(ack->subscription);
    for (const auto& [name, subscription] : subscriptions_) {
      const bool same_group = !acked.queue.empty() && subscription.queue == acked.queue &&
                              subscription.channel == acked.channel;
      if (name == ack->subscription || same_group) settling.push_back(ReceiveStep(name));
    }
  }
  return settling;
}

std::vector<Step> Repair(const std::vector<Step>& steps) {
  Order order;
  std::vector<Step> repaired;
  std::vector<Step> due;  // settling steps that must come next
  const auto perform = [&](const Step& step) {
    order.Apply(step);
    repaired.push_back(step);
  };
  for (const Step& step : steps) {
    if (!order.Admits(step)) continue;
    const auto already =
        std::ranges::find_if(due, [&](const Step& expected) { return SameStep(expected, step); });
    if (already != due.end()) {
      due.erase(already);
      perform(step);
      continue;
    }
    for (const Step& missing : due) perform(missing);
    perform(step);
    due = order.Settling(step);
  }
  for (const Step& missing : due) perform(missing);
  return repaired;
}

}  // namespace atrest::compare
