#include "reference/stan/connections.h"

#include <memory>
#include <utility>

#include "reference/base/go_quote.h"
#include "reference/stan/cluster_role.h"
#include "reference/stan/log_text.h"
#include "reference/stan/names.h"

namespace atrest::stan {
namespace {

constexpr int64_t kDuplicateTimeoutNs = 500 * kMillisecondNs;
constexpr int64_t kHeartbeatAfterPingNs = kMillisecondNs;
constexpr int32_t kProtocol = 1;
constexpr char kAlreadyRegistered[] = "stan: clientID already registered";
constexpr char kUnknownClient[] = "stan: unknown clientID";

}  // namespace

void Connections::Refuse(std::string_view reply, const std::string& error) {
  wire::StanConnectResponse response;
  response.error = error;
  context_.Send(reply, response);
}

void Connections::OnConnect(const Incoming& incoming) {
  wire::StanConnectRequest request;
  const Status decoded = wire::DecodeStanInto(incoming.payload, request);
  if (!decoded.ok() || request.heartbeat_inbox.empty()) {
    context_.Error("[Client:?] Invalid conn request: ClientID=" + request.client_id +
                   ", Inbox=" + request.heartbeat_inbox +
                   ", err=" + (decoded.ok() ? "<nil>" : decoded.message()));
    return Refuse(incoming.reply, "stan: invalid connection request");
  }
  if (!IsValidClientId(request.client_id)) {
    context_.Error(OfClient(request.client_id) +
                   "Invalid ClientID, only alphanumeric and `-` or `_` characters allowed");
    return Refuse(incoming.reply,
                  "stan: invalid clientID: only alphanumeric and `-` or `_` characters allowed");
  }
  if (clients_.Find(request.client_id) == nullptr) {
    return Connect(request, incoming.reply, Old::kNone);
  }
  if (being_checked_.contains(request.client_id)) {
    context_.Debug(OfClient(request.client_id) + "Connect failed; already connected");
    return Refuse(incoming.reply, kAlreadyRegistered);
  }
  CheckOldClient(request, std::string(incoming.reply));
}

// An old client that answers keeps its id.
void Connections::CheckOldClient(const wire::StanConnectRequest& request,
                                 const std::string& reply) {
  being_checked_[request.client_id] = 0;
  const std::string old_inbox = clients_.Find(request.client_id)->info.heartbeat_inbox;
  const Requests::Id asked = requests_.Send(
      old_inbox, {}, kDuplicateTimeoutNs, [this, request, reply](const Reply& answer) {
        if (answer.kind == Reply::Kind::kAnswer) {
          context_.Debug(OfClient(request.client_id) + "Connect failed; already connected");
          Refuse(reply, kAlreadyRegistered);
        } else {
          Connect(request, reply, Old::kReplaced);
        }
        being_checked_.erase(request.client_id);
      });
  if (asked != 0) being_checked_[request.client_id] = asked;
}

void Connections::Connect(const wire::StanConnectRequest& request, std::string_view reply,
                          Old old) {
  if (context_.cluster != nullptr) return ProposeConnect(request, std::string(reply), old);
  FinishConnect(request, reply, Register(request, old));
}

void Connections::ProposeConnect(const wire::StanConnectRequest& request, const std::string& reply,
                                 Old old) {
  ++connecting_;
  raftlog::RaftOperation operation;
  operation.type = raftlog::RaftOperationType::kConnect;
  operation.connect = {.request = request, .refresh = old == Old::kReplaced};
  context_.cluster->proposals.Propose(operation, [this, request, reply](const Outcome& outcome) {
    --connecting_;
    FinishConnect(request, reply, outcome.status);
  });
}

Status Connections::Register(const wire::StanConnectRequest& request, Old old) {
  // The old one may have gone meanwhile, which is logged and else of no importance.
  if (old == Old::kReplaced) (void)Close(request.client_id);
  store::ClientInfo info;
  info.id = request.client_id;
  info.heartbeat_inbox = request.heartbeat_inbox;
  info.connection_id = request.conn_id;
  info.protocol = request.protocol;
  info.ping_interval_s = request.ping_interval;
  info.ping_max_out = request.ping_max_out;
  const Status registered = clients_.Register(info);
  if (!registered.ok()) {
    context_.Error(OfClient(info.id) + "Error registering client: " + registered.message());
    return registered;
  }
  context_.Debug(OfClient(info.id) + (old == Old::kReplaced ? "Replaced old client" : "Connected") +
                 " (Inbox=" + info.heartbeat_inbox + ")");
  return Status();
}

void Connections::FinishConnect(const wire::StanConnectRequest& request, std::string_view reply,
                                const Status& registered) {
  if (!registered.ok()) return Refuse(reply, registered.message());
  StartHeartbeats(request.client_id);
  RespondConnected(request, reply);
}

void Connections::RespondConnected(const wire::StanConnectRequest& request,
                                   std::string_view reply) {
  wire::StanConnectResponse response;
  response.pub_prefix = context_.info.publish;
  response.sub_requests = context_.info.subscribe;
  response.unsub_requests = context_.info.unsubscribe;
  response.close_requests = context_.info.close;
  response.sub_close_requests = context_.info.sub_close;
  response.protocol = kProtocol;
  if (request.protocol >= kProtocol) {
    response.ping_requests = context_.info.discovery + ".pings";
    response.ping_interval = request.ping_interval;
    response.ping_max_out = request.ping_max_out;
  }
  context_.Send(reply, response);
}

Status Connections::Close(const std::string& client_id) {
  Status stored;
  const std::unique_ptr<Client> client = clients_.Unregister(client_id, stored);
  if (client == nullptr) {
    context_.Error("Unknown client " + GoQuote(client_id) + " in close request");
    return Status(Code::kNotFound, kUnknownClient);
  }
  if (!stored.ok()) {
    context_.Error("Error unregistering client " + GoQuote(client_id) + ": " + stored.message());
  }
  for (const Requests::Id id : client->is_asked) requests_.Cancel(id);
  leaving_.RemoveAll(*client);
  context_.Debug(OfClient(client_id) + "Closed (Inbox=" + client->info.heartbeat_inbox + ")");
  return Status();
}

void Connections::OnClose(const Incoming& incoming) {
  const auto request = wire::DecodeStan<wire::StanCloseRequest>(incoming.payload);
  if (!request.ok()) {
    context_.Error("Received invalid close request, subject=" + std::string(incoming.subject));
    return RespondClosed(incoming.reply, "stan: invalid close request");
  }
  const std::string& client_id = request.value().client_id;
  if (context_.cluster == nullptr) {
    return RespondClosed(incoming.reply, Close(client_id).message());
  }
  if (const Client* client = clients_.Find(client_id)) {
    for (const SubscriptionPtr& subscription : client->subscriptions) {
      context_.cluster->sent_and_acked.End(*subscription, SentAndAcked::Ends::kClose);
    }
  }
  ProposeClose(client_id, [this, reply = std::string(incoming.reply)](const Status& closed) {
    RespondClosed(reply, closed.message());
  });
}

void Connections::RespondClosed(std::string_view reply, const std::string& error) {
  wire::StanCloseResponse response;
  response.error = error;
  context_.Send(reply, response);
}

void Connections::ProposeClose(const std::string& client_id,
                               std::function<void(const Status&)> done) {
  raftlog::RaftOperation operation;
  operation.type = raftlog::RaftOperationType::kDisconnect;
  operation.disconnect = {.client_id = client_id};
  context_.cluster->proposals.Propose(
      operation, [done = std::move(done)](const Outcome& outcome) { done(outcome.status); });
}

void Connections::OnPing(const Incoming& incoming) {
  if (incoming.payload.empty()) return;
  const auto ping = wire::DecodeStan<wire::StanPing>(incoming.payload);
  if (!ping.ok()) return;
  wire::StanPingResponse response;
  Client* client = clients_.FindByConnection(ping.value().conn_id);
  if (client == nullptr) {
    response.error = "client has been replaced or is no longer registered";
  } else if (client->failed_heartbeats > 0) {
    SetHeartbeat(*client, kHeartbeatAfterPingNs);
  }
  context_.Send(incoming.reply, response);
}

void Connections::StartHeartbeats(const std::string& client_id) {
  Client* client = clients_.Find(client_id);
  if (client == nullptr || client->heartbeat != 0) return;
  SetHeartbeat(*client, context_.options.heartbeat_interval_ns);
}

void Connections::SetHeartbeat(Client& client, int64_t delay_ns) {
  context_.timers.Stop(client.heartbeat);
  client.heartbeat = context_.After(delay_ns, [this, id = client.info.id] { SendHeartbeat(id); });
}

void Connections::SendHeartbeat(const std::string& client_id) {
  Client* client = clients_.Find(client_id);
  if (client == nullptr) return;
  client->heartbeat = 0;
  const std::string inbox = client->info.heartbeat_inbox;
  const Requests::Id id =
      requests_.Send(inbox, {}, context_.options.heartbeat_timeout_ns,
                     [this, client_id](const Reply& reply) { OnHeartbeatReply(client_id, reply); });
  if (id != 0) client->is_asked.insert(id);
}

void Connections::OnHeartbeatReply(const std::string& client_id, const Reply& reply) {
  Client* client = clients_.Find(client_id);
  if (client == nullptr) return;
  client->is_asked.erase(reply.id);
  const bool had_failed = client->failed_heartbeats > 0;
  client->failed_heartbeats =
      reply.kind == Reply::Kind::kAnswer ? 0 : client->failed_heartbeats + 1;
  if (client->failed_heartbeats > context_.options.heartbeat_fail_count) {
    return OnTimedOut(client_id);
  }
  SetHeartbeat(*client, context_.options.heartbeat_interval_ns);
  const bool has_failed = client->failed_heartbeats > 0;
  if (had_failed == has_failed) return;
  for (const SubscriptionPtr& subscription : client->subscriptions) {
    subscription->has_failed_heartbeat = has_failed;
  }
}

void Connections::OnTimedOut(const std::string& client_id) {
  context_.Error(OfClient(client_id) + "Timed out on heartbeats");
  if (context_.cluster == nullptr) return (void)Close(client_id);
  ProposeClose(client_id, [this, client_id](const Status& closed) {
    if (closed.ok()) return;
    context_.Error(OfClient(client_id) +
                   "Failed to replicate disconnect on heartbeat expiration: " + closed.message());
  });
}

void Connections::StopLeading() {
  connecting_ = 0;
  for (const auto& [id, asked] : std::exchange(being_checked_, {})) requests_.Cancel(asked);
  for (const auto& [id, client] : clients_.all()) {
    context_.timers.Stop(client->heartbeat);
    for (const Requests::Id asked : std::exchange(client->is_asked, {})) requests_.Cancel(asked);
  }
}

}  // namespace atrest::stan
