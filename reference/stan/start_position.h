// Where a new subscription begins. Specification: wire.md 2.7, "Start position".
// Threads: a pure function of the store.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/status.h"
#include "reference/store/store.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::stan {

struct StartPoint {
  uint64_t last_sent = 0;  // the first message is the one behind it
  std::string text;        // for the log: "last message, seq=5"
};

// NOW_NS is the time from which time deltas count. Fails where the store does.
Result<StartPoint> FindStart(const wire::StanSubscriptionRequest& request,
                             store::MessageStore& messages, int64_t now_ns);

}  // namespace atrest::stan
