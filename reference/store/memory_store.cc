#include "reference/store/memory_store.h"

#include <algorithm>
#include <utility>

#include "reference/base/fault.h"
#include "reference/store/limit_warning.h"

namespace atrest::store {
namespace {

constexpr uint64_t kSealOverhead = 29;  // for a fault: what sealing adds to a payload

class MemoryMessageStore : public MessageStore {
 public:
  MemoryMessageStore(env::Clock& clock, Logger& log, std::string channel,
                     const ChannelLimits& limits)
      : clock_(clock), log_(log), channel_(std::move(channel)), limits_(limits) {}

  Status Store(Message message) override {
    if (message.sequence <= last_) return Status();
    Expire();
    if (first_ == 0) first_ = message.sequence;
    last_ = message.sequence;
    ++counts_.count;
    counts_.bytes += EncodedSize(message);
    messages_.emplace_hint(messages_.end(), last_,
                           std::make_shared<const Message>(std::move(message)));
    EnforceLimits();
    return Status();
  }

  Result<MessagePtr> Lookup(uint64_t sequence) override {
    Expire();
    const auto found = messages_.find(sequence);
    return found == messages_.end() ? nullptr : found->second;
  }

  Result<MessagePtr> FirstMessage() override { return Lookup(FirstSequence()); }
  Result<MessagePtr> LastMessage() override { return Lookup(last_); }
  uint64_t FirstSequence() const override {
    Expire();
    return first_;
  }
  uint64_t LastSequence() const override { return last_; }

  Result<uint64_t> SequenceFromTimestamp(int64_t timestamp_ns) override {
    Expire();
    if (first_ == 0) return uint64_t{0};
    if (messages_.empty()) return last_ + 1;
    // The real server answers so before it searches: of several messages that share the time of
    // the last one, it is the last that counts.
    const bool is_first = timestamp_ns <= messages_.begin()->second->timestamp_ns;
    if (!is_first && timestamp_ns == messages_.rbegin()->second->timestamp_ns) return last_;
    const auto found = std::ranges::partition_point(
        messages_, [&](const auto& entry) { return entry.second->timestamp_ns < timestamp_ns; });
    return found == messages_.end() ? last_ + 1 : found->first;
  }

  MessageCounts Counts() const override {
    Expire();
    return counts_;
  }
  Status Flush() override { return Status(); }

  Status Empty() override {
    messages_.clear();
    first_ = last_ = 0;
    counts_ = MessageCounts();
    warned_ = false;
    return Status();
  }

  void Tick() override { Expire(); }

 private:
  bool OverLimits() const {
    if (limits_.max_bytes > 0 && counts_.bytes > limits_.max_bytes &&
        counts_.bytes - counts_.count * kSealOverhead <= limits_.max_bytes &&
        fault::On(Fault::kMemoryCountsPlaintext)) {
      return false;
    }
    return (limits_.max_messages > 0 && counts_.count > limits_.max_messages) ||
           (limits_.max_bytes > 0 && counts_.bytes > limits_.max_bytes);
  }

  // The real store expires by a timer set for the oldest message, not by the second; here what is
  // due goes before anybody looks, which comes to the same.
  void Expire() const {
    if (limits_.max_age_ns == 0) return;
    const int64_t now = clock_.NowNs();
    while (!messages_.empty()) {
      // A gap at the front goes with the messages that were before it.
      first_ = messages_.begin()->first;
      if (now - messages_.begin()->second->timestamp_ns < limits_.max_age_ns) return;
      RemoveFirst();
    }
  }

  // The message just stored stays, however large it is.
  void EnforceLimits() {
    while (counts_.count > 1 && OverLimits()) {
      RemoveFirst();
      if (std::exchange(warned_, true)) continue;
      log_.Log(LogLevel::kWarning, ReachedLimits(channel_, counts_.count, limits_.max_messages,
                                                 counts_.bytes, limits_.max_bytes));
    }
  }

  void RemoveFirst() const {
    const auto first = messages_.begin();
    counts_.bytes -= EncodedSize(*first->second);
    --counts_.count;
    first_ = first->first + 1;
    messages_.erase(first);
  }

  env::Clock& clock_;
  Logger& log_;
  const std::string channel_;
  const ChannelLimits limits_;
  uint64_t last_ = 0;
  // What Expire changes.
  mutable std::map<uint64_t, MessagePtr> messages_;
  mutable uint64_t first_ = 0;
  mutable MessageCounts counts_;
  bool warned_ = false;
};

// Gives ids and counts subscriptions; what they have pending, the server knows.
class MemorySubscriptionStore : public SubscriptionStore {
 public:
  explicit MemorySubscriptionStore(const ChannelLimits& limits)
      : subscriptions_max_(limits.max_subscriptions) {}

  Status Create(SubscriptionState& subscription) override {
    if (subscriptions_max_ > 0 && ids_.size() >= subscriptions_max_) {
      return Status(Code::kInvalid, "too many subscriptions per channel");
    }
    subscription.id = ++last_id_;
    ids_.insert(last_id_);
    return Status();
  }

  Status Update(const SubscriptionState&) override { return Status(); }

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
  uint64_t last_id_ = 0;
};

class MemoryStore : public Store {
 public:
  MemoryStore(env::Clock& clock, Logger& log, const StoreLimits& limits)
      : clock_(clock), log_(log), limits_(limits) {}

  std::string Name() const override { return "MEMORY"; }

  Result<std::optional<RecoveredState>> Recover() override {
    return std::optional<RecoveredState>();
  }

  Status Init(const ServerInfo&) override { return Status(); }

  Result<Channel*> CreateChannel(const std::string& name) override {
    if (channels_.contains(name)) return Status(Code::kInvalid, "already exists");
    if (limits_.max_channels > 0 && channels_.size() >= limits_.max_channels) {
      return Status(Code::kInvalid, "too many channels");
    }
    const ChannelLimits& limits = limits_.For(name);
    Channel& channel = channels_[name];
    channel.messages = std::make_unique<MemoryMessageStore>(clock_, log_, name, limits);
    channel.subscriptions = std::make_unique<MemorySubscriptionStore>(limits);
    return &channel;
  }

  Channel* FindChannel(const std::string& name) override {
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : &found->second;
  }

  Status DeleteChannel(const std::string& name) override {
    return channels_.erase(name) > 0 ? Status() : Status(Code::kNotFound, "not found");
  }

  Status AddClient(const ClientInfo&) override { return Status(); }
  Status DeleteClient(const std::string&) override { return Status(); }
  void SetLimits(const StoreLimits& limits) override { limits_ = limits; }

  void Tick() override {
    for (auto& [name, channel] : channels_) channel.messages->Tick();
  }

  Status Close() override {
    channels_.clear();
    return Status();
  }

 private:
  env::Clock& clock_;
  Logger& log_;
  StoreLimits limits_;
  std::map<std::string, Channel> channels_;
};

}  // namespace

std::unique_ptr<Store> MakeMemoryStore(env::Clock& clock, Logger& log, const StoreLimits& limits) {
  return std::make_unique<MemoryStore>(clock, log, limits);
}

}  // namespace atrest::store
