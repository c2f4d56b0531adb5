// Clients come and go: connection requests, also of an id that is in use, close requests, pings of
// clients, and the server's own heartbeats. Specification: wire.md 2.3 to 2.5, 2.10.
// Ownership: borrows all it is made with.
// Threads: one.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/stan/bus.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/leaving.h"
#include "reference/stan/requests.h"

namespace atrest::stan {

class Connections {
 public:
  Connections(Context& context, Clients& clients, Requests& requests, Leaving& leaving)
      : context_(context), clients_(clients), requests_(requests), leaving_(leaving) {}

  void OnConnect(const Incoming& incoming);
  void OnClose(const Incoming& incoming);
  void OnPing(const Incoming& incoming);
  // The first heartbeat of the client is due one interval from now, unless one is due already.
  void StartHeartbeats(const std::string& client_id);

  enum class Old { kNone, kReplaced };
  // Registers who was accepted.
  Status Register(const wire::StanConnectRequest& request, Old old);
  // Closes CLIENT_ID. kNotFound "stan: unknown clientID".
  Status Close(const std::string& client_id);

  // In a cluster, while a connection is being agreed on: no other is to begin.
  bool IsConnecting() const { return connecting_ > 0; }
  // This node no longer leads its cluster: no heartbeats, and nobody is answered.
  void StopLeading();

 private:
  void CheckOldClient(const wire::StanConnectRequest& request, const std::string& reply);
  void Connect(const wire::StanConnectRequest& request, std::string_view reply, Old old);
  void ProposeConnect(const wire::StanConnectRequest& request, const std::string& reply, Old old);
  void ProposeClose(const std::string& client_id, std::function<void(const Status&)> done);
  void OnTimedOut(const std::string& client_id);
  void FinishConnect(const wire::StanConnectRequest& request, std::string_view reply,
                     const Status& registered);
  void RespondConnected(const wire::StanConnectRequest& request, std::string_view reply);
  void Refuse(std::string_view reply, const std::string& error);
  void RespondClosed(std::string_view reply, const std::string& error);

  void SetHeartbeat(Client& client, int64_t delay_ns);
  void SendHeartbeat(const std::string& client_id);
  void OnHeartbeatReply(const std::string& client_id, const Reply& reply);

  Context& context_;
  Clients& clients_;
  Requests& requests_;
  Leaving& leaving_;
  std::map<std::string, Requests::Id> being_checked_;  // ids of which the old client is being asked
  uint64_t connecting_ = 0;                            // proposed
};

}  // namespace atrest::stan
