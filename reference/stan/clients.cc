#include "reference/stan/clients.h"

#include <string_view>
#include <utility>

namespace atrest::stan {

Client* Clients::Find(const std::string& id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

const Client* Clients::Find(const std::string& id) const {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

Client* Clients::FindByConnection(ByteView connection_id) {
  const auto found = by_connection_.find(AsText(connection_id));
  return found == by_connection_.end() ? nullptr : found->second;
}

Client* Clients::FindPublisher(const std::string& id, ByteView connection_id) {
  return connection_id.empty() ? Find(id) : FindByConnection(connection_id);
}

Status Clients::Register(const store::ClientInfo& info) {
  if (clients_.contains(info.id)) {
    return Status(Code::kInvalid, "stan: clientID already registered");
  }
  ATREST_TRY(context_.store.AddClient(info));
  Recover(info);
  return Status();
}

void Clients::Recover(const store::ClientInfo& info) {
  auto client = std::make_unique<Client>();
  client->info = info;
  if (!info.connection_id.empty()) {
    by_connection_[std::string(AsText(info.connection_id))] = client.get();
  }
  clients_[info.id] = std::move(client);
}

// Where two clients have the same connection id, the first to go takes it with it, as in the real
// server.
std::unique_ptr<Client> Clients::Unregister(const std::string& id, Status& stored) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return nullptr;
  std::unique_ptr<Client> client = std::move(found->second);
  context_.timers.Stop(client->heartbeat);
  clients_.erase(found);
  by_connection_.erase(std::string(AsText(client->info.connection_id)));
  stored = context_.store.DeleteClient(id);
  return client;
}

bool Clients::AddSubscription(const std::string& id, const SubscriptionPtr& subscription) {
  Client* client = Find(id);
  if (client == nullptr) return false;
  client->subscriptions.push_back(subscription);
  return true;
}

void Clients::Forget(const Channel& channel) {
  for (const auto& [id, client] : clients_) {
    std::erase_if(client->subscriptions, [&](const SubscriptionPtr& subscription) {
      return subscription->channel == &channel;
    });
  }
}

bool Clients::RemoveSubscription(const std::string& id, const Subscription& subscription) {
  Client* client = Find(id);
  return client != nullptr && RemoveFrom(client->subscriptions, subscription);
}

}  // namespace atrest::stan
