#include "reference/stan/replicated_store.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace atrest::stan {
namespace {

class BorrowedMessages : public store::MessageStore {
 public:
  explicit BorrowedMessages(store::MessageStore& below) : below_(below) {}

  Status Store(store::Message message) override { return below_.Store(std::move(message)); }
  Result<store::MessagePtr> Lookup(uint64_t sequence) override { return below_.Lookup(sequence); }
  Result<store::MessagePtr> FirstMessage() override { return below_.FirstMessage(); }
  Result<store::MessagePtr> LastMessage() override { return below_.LastMessage(); }
  uint64_t FirstSequence() const override { return below_.FirstSequence(); }
  uint64_t LastSequence() const override { return below_.LastSequence(); }
  Result<uint64_t> SequenceFromTimestamp(int64_t timestamp_ns) override {
    return below_.SequenceFromTimestamp(timestamp_ns);
  }
  store::MessageCounts Counts() const override { return below_.Counts(); }
  Status Flush() override { return below_.Flush(); }
  Status Empty() override { return below_.Empty(); }
  void Tick() override { below_.Tick(); }

 private:
  store::MessageStore& below_;
};

class UnstoredSubscriptions : public store::SubscriptionStore {
 public:
  UnstoredSubscriptions(uint64_t subscriptions_max, uint64_t last_id)
      : subscriptions_max_(subscriptions_max), last_id_(last_id) {}

  Status Create(store::SubscriptionState& subscription) override {
    if (subscription.id != 0 && ids_.contains(subscription.id)) return Status();
    if (subscriptions_max_ > 0 && ids_.size() >= subscriptions_max_) {
      return Status(Code::kInvalid, "too many subscriptions per channel");
    }
    if (subscription.id == 0) subscription.id = last_id_ + 1;
    last_id_ = std::max(last_id_, subscription.id);
    ids_.insert(subscription.id);
    return Status();
  }
  Status Update(const store::SubscriptionState&) override { return Status(); }
  Status Delete(uint64_t id) override {
    ids_.erase(id);
    return Status();
  }
  Status AddPending(uint64_t, uint64_t) override { return Status(); }
  Status AckPending(uint64_t, uint64_t) override { return Status(); }
  Status Flush() override { return Status(); }
  void Tick() override {}

 private:
  const uint64_t subscriptions_max_;
  std::set<uint64_t> ids_;
  uint64_t last_id_;
};

class ReplicatedStore : public store::Store {
 public:
  ReplicatedStore(store::Store& below, const store::StoreLimits& limits)
      : below_(below), limits_(limits) {}

  std::string Name() const override { return "RAFT_" + below_.Name(); }

  Result<std::optional<store::RecoveredState>> Recover() override {
    Result<std::optional<store::RecoveredState>> recovered = below_.Recover();
    if (!recovered.ok() || !recovered.value()) return recovered;
    store::RecoveredState& state = *recovered.value();
    state.clients.clear();
    for (auto& [name, channel] : state.channels) {
      uint64_t last_id = 0;
      for (const store::RecoveredSubscription& subscription : channel.subscriptions) {
        last_id = std::max(last_id, subscription.state.id);
      }
      channel.subscriptions.clear();
      channel.channel = &Wrap(name, *channel.channel, last_id);
    }
    return recovered;
  }

  Status Init(const store::ServerInfo& server) override { return below_.Init(server); }

  Result<store::Channel*> CreateChannel(const std::string& name) override {
    const Result<store::Channel*> created = below_.CreateChannel(name);
    if (!created.ok()) return created.status();
    return &Wrap(name, *created.value(), 0);
  }

  store::Channel* FindChannel(const std::string& name) override {
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : &found->second;
  }

  Status DeleteChannel(const std::string& name) override {
    Status deleted = below_.DeleteChannel(name);
    if (below_.FindChannel(name) == nullptr) channels_.erase(name);
    return deleted;
  }

  Status AddClient(const store::ClientInfo&) override { return Status(); }
  Status DeleteClient(const std::string&) override { return Status(); }

  void SetLimits(const store::StoreLimits& limits) override {
    limits_ = limits;
    below_.SetLimits(limits);
  }

  void Tick() override { below_.Tick(); }

  Status Close() override {
    channels_.clear();
    return below_.Close();
  }

 private:
  store::Channel& Wrap(const std::string& name, store::Channel& below, uint64_t last_id) {
    store::Channel& channel = channels_[name];
    channel.messages = std::make_unique<BorrowedMessages>(*below.messages);
    channel.subscriptions =
        std::make_unique<UnstoredSubscriptions>(limits_.For(name).max_subscriptions, last_id);
    return channel;
  }

  store::Store& below_;
  store::StoreLimits limits_;
  std::map<std::string, store::Channel> channels_;
};

}  // namespace

std::unique_ptr<store::Store> MakeReplicatedStore(store::Store& below,
                                                  const store::StoreLimits& limits) {
  return std::make_unique<ReplicatedStore>(below, limits);
}

}  // namespace atrest::stan
