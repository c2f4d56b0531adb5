// The NATS connection of the streaming server, as it sees it: what it says (Bus) and what it is
// told (Incoming). Implemented by the server program over its broker, by the simulator, and by a
// fake in tests. Not for framing, accounts or delivery to other clients, which are the broker's.
// Specification: wire.md 2.2.
// Ownership: a Bus is borrowed. Nothing that is passed either way is kept beyond the call.
// Errors: Status with the texts of the real server's NATS library, which reach its log lines.
// Threads: one. A Bus never calls back from within a call: what comes in is handed to
// StreamingServer::OnMessage later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::stan {

class Bus {
 public:
  virtual ~Bus() = default;
  // Sends PAYLOAD to SUBJECT; REPLY may be empty. kInvalid "nats: invalid subject" for an empty
  // subject, kInvalid "nats: maximum payload exceeded"; another code where there is no
  // connection. Whether somebody listens makes no difference.
  virtual Status Publish(std::string_view subject, std::string_view reply, ByteView payload) = 0;
  // From now on messages to SUBJECT, which may hold wildcards, come in with HANDLE. The caller
  // chooses handles and uses each once. kInvalid "nats: invalid subject".
  virtual Status Subscribe(uint64_t handle, const std::string& subject) = 0;
  // Whether a connection that gets what is sent to SUBJECT is far behind: more should wait until it
  // is not. It is asked again after every event.
  virtual bool IsCongested(std::string_view /*subject*/) { return false; }
  // Nothing comes in with HANDLE any more but what is already under way, which the server ignores.
  virtual void Unsubscribe(uint64_t handle) = 0;
};

// A message for the streaming server. Views are valid during the call that hands it over.
struct Incoming {
  uint64_t handle = 0;  // of the subscription that it matched
  std::string_view subject;
  std::string_view reply;  // empty where there is none
  ByteView payload;
  bool no_responders = false;  // status 503: nobody listened to what was sent with this inbox
};

}  // namespace atrest::stan
