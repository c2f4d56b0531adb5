// The embedded NATS server as a pure state machine: connections come in as events with bytes, and
// what is to be sent is taken out; clients of the local side (the streaming server) use a Link. Not
// for sockets (tcp_host.h), TLS, routes, accounts, users lists or permissions, and not for STAN.
// Specification: wire.md part 1 and 3.1.
// Ownership: the Logger outlives the Broker. Time is the caller's monotonic clock in nanoseconds
// and never goes back. All choices come from the seed, so the same calls give the same bytes.
// Bounds: a connection's output by max_pending_bytes, its input by a control line and a payload,
// the queue of the local side by local_queue_bytes.
// Errors: a client's errors end its connection, with -ERR and a log line as specified, and concern
// nobody else. Threads: one.
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

struct BrokerOptions {
  std::string host = "0.0.0.0";  // as INFO shows it
  uint16_t port = 4222;          // likewise
  std::string server_name;       // "" is the server's id
  // Credentials, "" for none. A password or token that begins with "$2a$" is a bcrypt hash.
  std::string user;
  std::string password;
  std::string token;
  int64_t auth_timeout_ns = 2'000'000'000;
  size_t max_control_line_bytes = 4096;
  size_t max_payload_bytes = 1'048'576;
  size_t max_pending_bytes = 67'108'864;
  int64_t max_connections = 65'536;  // 0 or less is unlimited
  int64_t max_subscriptions = 0;     // of a connection; 0 or less is unlimited
  int64_t ping_interval_ns = 120'000'000'000;
  int64_t max_pings = 2;
  int64_t write_deadline_ns = 10'000'000'000;
  // The streaming server's own connections in the real server: they count for max_connections and
  // have the client ids before the first outside one.
  int64_t own_connections = 4;
  bool debug = false;           // whether debug lines are made at all
  bool trace = false;           // likewise trace lines
  bool trace_verbose = false;   // accepted; there are no system accounts to trace
  size_t max_traced_bytes = 0;  // of a payload in a trace line; 0 is all
  size_t local_queue_bytes = 1'073'741'824;
};

// Since the start, for monitoring. Messages between the local side and outside clients count as
// those of clients do.
struct BrokerCounters {
  uint64_t total_connections = 0;
  uint64_t in_messages = 0;
  uint64_t in_bytes = 0;
  uint64_t out_messages = 0;
  uint64_t out_bytes = 0;
  uint64_t slow_consumers = 0;
};

class Broker {
 public:
  Broker(const BrokerOptions& options, Logger& logger, uint64_t seed);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // 56 characters, a function of the seed. server_name() is the same unless the options name one.
  const std::string& server_id() const;
  const std::string& server_name() const;
  // True if the configured password or token stands in plain text, which the real server warns of.
  bool has_plain_password() const;
  // The port that INFO shows, when it is known only once the server listens.
  void set_port(uint16_t port);

  // Events of sockets. An id that is not known (any more) is ignored.
  void Accepted(int64_t now, ConnectionId id, std::string ip, uint16_t port);
  void Received(int64_t now, ConnectionId id, ByteView bytes);
  void Written(int64_t now, ConnectionId id, size_t size);  // of what TakeOutput gave
  void Closed(int64_t now, ConnectionId id);                // by the peer or by an error
  // Everything that is due.
  void Tick(int64_t now);
  std::optional<int64_t> NextDeadlineNs() const;

  // What is to be done to sockets: connections that have output or are to be closed, in ascending
  // order, each once. A connection that is closing is forgotten once its output was taken: close
  // the socket when that is written.
  std::vector<ConnectionId> TakeDirty();
  Bytes TakeOutput(ConnectionId id);
  // Also true of an id that is not known (any more), so that it may be asked before or after
  // TakeOutput.
  bool closing(ConnectionId id) const;

  // The streaming server's side.
  Link& local();
  // Hands at most MAX_MESSAGES of the queue to HANDLER, which may use local(). True if some are
  // left.
  bool DeliverLocal(LinkHandler& handler, size_t max_messages);

  // All connections are closing; nothing is accepted any more.
  void Shutdown(int64_t now);

  size_t connections() const;    // without own_connections
  size_t subscriptions() const;  // with the local ones
  const BrokerCounters& counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace atrest::broker
