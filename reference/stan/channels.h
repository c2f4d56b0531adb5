// The channels: who subscribes, where the messages are, and when an inactive one is deleted. Not
// for what is stored and sent. Specification: wire.md 2.6 (creation), 2.11 (limits, inactivity);
// cluster.md 1.2 for the ids that channels have in a cluster.
// Ownership: owns the channels; their stores belong to the store. A Channel is valid until it is
// deleted.
// Errors: Status with the texts that publishers and subscribers get.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "reference/base/status.h"
#include "reference/stan/context.h"
#include "reference/stan/subscription.h"

namespace atrest::stan {

struct Channel {
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  std::string name;
  store::Channel* store = nullptr;
  uint64_t next_sequence = 1;
  int64_t last_timestamp_ns = 0;  // of a message of this run

  SubscriptionList plain;  // active ones, durables among them
  std::map<std::string, std::shared_ptr<QueueGroup>> groups;
  std::map<std::string, SubscriptionPtr> durables;  // by DurableKey; offline ones too
  std::map<std::string, SubscriptionPtr> by_ack_inbox;
  std::map<std::string, SubscriptionPtr> by_inbox;

  int64_t max_inactivity_ns = 0;  // 0: never deleted
  int64_t last_activity_ns = 0;
  bool had_delete_timer = false;
  Timers::Id delete_timer = 0;

  bool is_unreadable = false;  // a message of it could not be delivered
  bool is_touched = false;     // by the batch that is being stored

  // In a cluster.
  uint64_t id = 0;              // 0: has none
  uint64_t first_sequence = 0;  // as a snapshot, or who sent its messages, had it; 0: not known
  uint64_t next_subscription_id = 1;
  bool is_gapless = false;         // a message was applied, and none before it is missing
  bool is_being_deleted = false;   // proposed
  bool prevents_deletion = false;  // a subscription is being made

  bool HasActiveSubscriptions() const;
  // Registers SUBSCRIPTION, which is new or was recovered.
  void Add(const SubscriptionPtr& subscription, Context& context);
  // The subscription that an unsubscribe request means: by its ack inbox, or else by its inbox.
  SubscriptionPtr FindByInboxes(const std::string& inbox) const;
};

class Channels {
 public:
  // BEFORE_DELETION is called before it is decided whether a channel is inactive, DELETED before
  // one is gone.
  Channels(Context& context, std::function<void()> before_deletion,
           std::function<void(const Channel&)> deleted);

  // null if there is none.
  Channel* Find(const std::string& name);
  const Channel* Find(const std::string& name) const;
  // Fails with "rejecting channel ...", "too many channels", or what the store says.
  Result<Channel*> FindOrCreate(const std::string& name);
  // In a cluster: the channel with ID, where 0 on either side is any. null if there is none.
  Channel* FindWithId(const std::string& name, uint64_t id);
  // The same, made if there is none and in the place of an older one; null if the channel is newer.
  Result<Channel*> FindOrCreateWithId(const std::string& name, uint64_t id);
  // What was agreed on in a cluster. Failures are logged.
  void DeleteAgreed(const std::string& name);
  // Of one that was recovered; without log line and timer.
  Channel& Adopt(const std::string& name, store::Channel& recovered);
  // By name.
  const std::map<std::string, std::unique_ptr<Channel>>& all() const { return channels_; }
  void Clear() { channels_.clear(); }

  // Inactivity begins now, unless the channel may stay for ever or has active subscriptions. A
  // CHANNEL of null is ignored.
  void MaybeStartDeleteTimer(Channel* channel);
  void StopDeleteTimer(Channel& channel);
  // In a cluster, while a deletion is being agreed on: nothing is published.
  bool IsDeleting() const { return deletions_ > 0; }
  // In a cluster: deletions wait while publishes are under way, until SetBusy(false).
  void SetBusy(bool is_busy);
  // This node no longer leads.
  void StopLeading();

 private:
  Result<Channel*> Create(const std::string& name, uint64_t id);
  Status LogFailure(const std::string& name, const Status& why) const;
  Status DeleteStored(const std::string& name);
  void Remove(Channel& channel);
  void ProposeDeletion(Channel& channel);
  void StartDeleteTimer(Channel& channel);
  void SetDeleteTimer(Channel& channel, int64_t delay_ns);
  void OnDeleteTimer(const std::string& name);
  void Delete(Channel& channel);

  Context& context_;
  const std::function<void()> before_deletion_;
  const std::function<void(const Channel&)> deleted_;
  std::map<std::string, std::unique_ptr<Channel>> channels_;
  std::map<std::string, std::string> by_lower_case_;
  uint64_t deletions_ = 0;  // that were proposed
  bool is_busy_ = false;
  std::set<std::string> postponed_;  // channels whose time to be deleted came meanwhile
};

}  // namespace atrest::stan
