// What all parts of the streaming server share: options, store, bus, log, timers, the time of the
// current call, and what it says most often.
// Ownership: borrows options, store, bus and log.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "reference/base/fault.h"
#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/stan/bus.h"
#include "reference/stan/nuid.h"
#include "reference/stan/streaming_options.h"
#include "reference/stan/timers.h"
#include "reference/stan/views.h"
#include "reference/store/store.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::stan {

struct ClusterRole;

inline constexpr int64_t kMillisecondNs = 1'000'000;
inline constexpr int64_t kSecondNs = 1'000'000'000;

// Times come from stored messages and options, so that sums may leave the range; they stop at its
// ends.
inline int64_t AddNs(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? INT64_MIN : INT64_MAX;
}

struct Context {
  Context(const StreamingOptions& streaming_options, store::Store& used_store, Bus& used_bus,
          Logger& used_log, const std::function<void(std::span<uint8_t>)>& entropy)
      : options(streaming_options),
        store(used_store),
        bus(used_bus),
        log(used_log),
        nuid(entropy) {}

  const StreamingOptions& options;
  store::Store& store;
  Bus& bus;
  Logger& log;
  Nuid nuid;
  Timers timers;
  store::ServerInfo info;
  Traffic traffic;
  int64_t now_ns = 0;              // of the current call
  Status fatal;                    // once not ok, the server ends
  ClusterRole* cluster = nullptr;  // borrowed; null for a server on its own

  std::string NewInbox() {
    return (fault::On(Fault::kOtherInboxes) ? "_INBOX.server." : "_INBOX.") + nuid.Next();
  }
  // Whether clients are to be served: always but on the followers of a cluster.
  bool IsServing() const;
  // Of a subscription on the bus.
  uint64_t NewHandle() { return ++last_handle; }
  // Fires DELAY_NS from now.
  Timers::Id After(int64_t delay_ns, std::function<void()> action) {
    return timers.Start(AddNs(now_ns, delay_ns), std::move(action));
  }

  void Info(const std::string& text) const { log.Log(LogLevel::kInfo, text); }
  void Warn(const std::string& text) const { log.Log(LogLevel::kWarning, text); }
  void Error(const std::string& text) const { log.Log(LogLevel::kError, text); }
  // Callers ask options.debug or options.trace first, where the text costs something.
  void Debug(const std::string& text) const {
    if (options.debug) log.Log(LogLevel::kDebug, text);
  }
  void Trace(const std::string& text) const {
    if (options.trace) log.Log(LogLevel::kTrace, text);
  }

  // Whether a message can be sent makes no difference to the real server, so that it is not said.
  template <typename M>
  void Send(std::string_view subject, const M& message) {
    buffer.clear();
    wire::EncodeStan(message, buffer);
    (void)bus.Publish(subject, {}, buffer);
  }

  uint64_t last_handle = 0;
  Bytes buffer;  // for what is encoded, to be made once
};

}  // namespace atrest::stan
