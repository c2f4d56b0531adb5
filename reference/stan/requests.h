// Requests to others over NATS, each with an inbox of its own and a deadline: heartbeats, and the
// question whether another server is there. Specification: wire.md 2.3, 2.5, 2.12.
// Ownership: borrows its Context. Keeps an action until its request ends.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/stan/bus.h"
#include "reference/stan/context.h"

namespace atrest::stan {

struct Reply {
  enum class Kind {
    kAnswer,
    kNobody,   // no responders, status 503
    kTimeout,  // the deadline has passed
    kError,    // could not be sent
  };
  uint64_t id = 0;  // of the request
  Kind kind = Kind::kAnswer;
  ByteView payload;  // of an answer; valid during the call
  Status error;
};

class Requests {
 public:
  using Id = uint64_t;
  using Action = std::function<void(const Reply&)>;

  explicit Requests(Context& context);
  // Subscribes the inbox of all answers.
  Status Open();
  uint64_t handle() const { return handle_; }

  // Sends PAYLOAD to SUBJECT. ACTION is called once: with the first answer, or at the deadline; if
  // the request cannot be sent, at once, and 0 is returned.
  Id Send(std::string_view subject, ByteView payload, int64_t timeout_ns, Action action);
  // Forgets the request; its action is not called. Without effect on one that has ended.
  void Cancel(Id id);
  // A message that came with handle().
  void OnMessage(const Incoming& incoming);

 private:
  struct Pending {
    Timers::Id timer = 0;
    Action action;
  };
  void End(Id id, const Reply& reply);

  Context& context_;
  const uint64_t handle_;
  const std::string inbox_;  // up to and with the dot before the request's number
  std::map<Id, Pending> pending_;
  Id last_id_ = 0;
};

}  // namespace atrest::stan
