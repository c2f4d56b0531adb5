// The registered clients, and what the store has of them. Not for the protocol of connecting
// (connections.h) nor for heartbeats (heartbeats.h). Specification: wire.md 2.3.
// Ownership: owns its clients; a Client is valid until it is unregistered.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "reference/base/status.h"
#include "reference/stan/context.h"
#include "reference/stan/requests.h"
#include "reference/stan/subscription.h"
#include "reference/store/journal.h"

namespace atrest::stan {

struct Client {
  store::ClientInfo info;
  Timers::Id heartbeat = 0;         // the next one
  std::set<Requests::Id> is_asked;  // heartbeats without answer yet
  int64_t failed_heartbeats = 0;    // in a row
  SubscriptionList subscriptions;
};

class Clients {
 public:
  explicit Clients(Context& context) : context_(context) {}

  // null if there is none.
  Client* Find(const std::string& id);
  const Client* Find(const std::string& id) const;
  Client* FindByConnection(ByteView connection_id);
  // By the connection alone if there is one, else by ID.
  Client* FindPublisher(const std::string& id, ByteView connection_id);

  // Also in the store, whose failure is returned. kInvalid "stan: clientID already registered".
  Status Register(const store::ClientInfo& info);
  void Recover(const store::ClientInfo& info);
  // The client that was registered; null if there is none. Also from the store, whose failure is
  // put into STORED.
  std::unique_ptr<Client> Unregister(const std::string& id, Status& stored);

  // False if there is no such client, or if it does not have the subscription.
  bool AddSubscription(const std::string& id, const SubscriptionPtr& subscription);
  bool RemoveSubscription(const std::string& id, const Subscription& subscription);

  // Those of CHANNEL, which is about to go.
  void Forget(const Channel& channel);

  // By id.
  const std::map<std::string, std::unique_ptr<Client>>& all() const { return clients_; }

 private:
  Context& context_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
  std::map<std::string, Client*, std::less<>> by_connection_;
};

}  // namespace atrest::stan
