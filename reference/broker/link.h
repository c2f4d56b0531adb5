// The streaming server's end of NATS: what it publishes and subscribes to (Link) and how it gets
// messages (LinkHandler). Implemented by the embedded broker (broker.h) and by the connection to an
// outside server (external_nats.h). Not for what the messages mean. Specification: wire.md 2.2.
// Ownership: views are valid during the call only; nothing is kept of a handler.
// Messages are queued by whoever implements a Link and handed over when asked (DeliverLocal), never
// from within Publish, so that a handler may publish and subscribe.
// Threads: one. Errors: Status with the text that the real server's client library has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::broker {

struct LinkMessage {
  uint64_t handle;  // of the subscription
  std::string_view subject;
  std::string_view reply;      // "" where there is none
  ByteView payload;            // without the header, if there was one
  bool no_responders = false;  // nobody got the request whose reply subject this is
};

// False of a subject that would break the line it is sent in: inboxes come from foreign messages.
inline bool FitsInALine(std::string_view subject) {
  return subject.find_first_of(" \t\r\n") == std::string_view::npos;
}

class LinkHandler {
 public:
  virtual ~LinkHandler() = default;
  virtual void OnMessage(const LinkMessage& message) = 0;
};

class Link {
 public:
  virtual ~Link() = default;
  // kInvalid "nats: invalid subject" if SUBJECT is empty, or it or REPLY does not fit in a line,
  // and "nats: maximum payload exceeded" if PAYLOAD is larger than the server takes. kIo "nats:
  // outbound buffer limit exceeded" while an outside server is away, and "nats: connection closed"
  // after the end.
  virtual Status Publish(std::string_view subject, std::string_view reply, ByteView payload) = 0;
  // Whether a connection that gets what is published to SUBJECT has half of what closes it as a
  // slow consumer waiting. That changes with Written and Closed.
  virtual bool IsCongested(std::string_view subject) = 0;
  // HANDLE is the caller's and not in use. kInvalid "nats: invalid subject" if SUBJECT is
  // malformed.
  virtual Status Subscribe(uint64_t handle, const std::string& subject) = 0;
  // What was queued for HANDLE is dropped. A handle that is not known is ignored.
  virtual void Unsubscribe(uint64_t handle) = 0;
};

}  // namespace atrest::broker
