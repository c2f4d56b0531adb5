// The connection to an outside NATS server (`-ns`) as a pure state machine: the client side of the
// NATS protocol, with a Link for the streaming server. Not for sockets: the shell dials, reads and
// writes for it. One connection does what four do in the real server; its log lines name
// `_NSS-<cluster>-general`. Specification: wire.md 2.2, options.md (-ns), wire.md 3.2.
// Ownership: the Logger outlives it. Time is the caller's monotonic clock in nanoseconds.
// While the server is away nothing is buffered: publishing fails; subscriptions are made again on
// the next connection, every 250 ms a try, for ever.
// Errors: before the first connection stands, failure() (the text behind "Failed to start: ");
// later ones are log lines. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/broker/connection_id.h"
#include "reference/broker/link.h"

namespace atrest::broker {

struct ExternalOptions {
  std::string urls;  // the value of -ns: one URL, or several separated by commas
  std::string cluster_id;
  // Used where a URL has no credentials; "" for none.
  std::string user;
  std::string password;
  std::string token;
  bool debug = false;  // whether debug lines are made at all
  int64_t dial_timeout_ns = 2'000'000'000;
  int64_t reconnect_wait_ns = 250'000'000;
  int64_t ping_interval_ns = 120'000'000'000;
  int64_t max_pings = 2;
  size_t local_queue_bytes = 1'073'741'824;
};

struct DialRequest {
  std::string host;  // a name or an address without brackets
  uint16_t port = 0;
  friend bool operator==(const DialRequest&, const DialRequest&) = default;
};

class ExternalNats {
 public:
  ExternalNats(const ExternalOptions& options, Logger& logger, uint64_t seed);
  ~ExternalNats();
  ExternalNats(const ExternalNats&) = delete;
  ExternalNats& operator=(const ExternalNats&) = delete;

  // Asks for the first dial. An error is about the URLs: the text behind "Failed to start: ".
  Status Start(int64_t now);

  enum class Phase { kConnecting, kConnected, kReconnecting, kFailed, kClosed };
  Phase phase() const;
  // REQUIRES: kFailed. The text behind "Failed to start: ".
  const Status& failure() const;

  // What is to be dialed now, if anything; asked again after every event and Tick. One of Dialed
  // and DialFailed must follow, within dial_timeout_ns of the options.
  std::optional<DialRequest> TakeDial();
  void Dialed(int64_t now, ConnectionId id);
  void DialFailed(int64_t now, const std::string& text);

  // The rest has the shape of Broker (broker.h).
  void Received(int64_t now, ConnectionId id, ByteView bytes);
  void Written(int64_t now, ConnectionId id, size_t size);
  void Closed(int64_t now, ConnectionId id);
  void Tick(int64_t now);
  std::optional<int64_t> NextDeadlineNs() const;
  std::vector<ConnectionId> TakeDirty();
  Bytes TakeOutput(ConnectionId id);
  bool closing(ConnectionId id) const;
  Link& local();
  bool DeliverLocal(LinkHandler& handler, size_t max_messages);
  // Closes for good, with what was published written first.
  void Shutdown(int64_t now);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace atrest::broker
