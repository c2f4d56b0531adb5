// The shell around the pure state machines: a listener, TCP connections accepted or dialed, and one
// loop over them. It knows no protocol; what happens is told to TcpEvents. The only place with
// sockets; more may be added to its io_context (signals, a control socket).
// Ownership: the events outlive the host. Ids ascend from 1 and are never used twice.
// Fairness: in one Poll a connection is read once, at most read_bytes_max.
// Errors: a Status with Go's text for what is called; what goes wrong with one connection is its
// OnClosed. Threads: one; io_context().post is the way in from others, and wakes Poll.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/broker/connection_id.h"

namespace atrest::broker {

struct TcpLimits {
  size_t read_bytes_max = 65'536;  // of one connection in one Poll
  size_t handlers_max = 4096;      // in one Poll
  size_t accepts_max = 256;        // in one Poll
  int64_t dial_timeout_ns = 2'000'000'000;
  int64_t accept_retry_ns = 10'000'000;  // after an error of accept; doubled each time
  int64_t accept_retry_ns_max = 1'000'000'000;
  // A closing connection whose peer does not take the rest is aborted after this time.
  int64_t close_timeout_ns = 2'000'000'000;
};

class TcpEvents {
 public:
  virtual ~TcpEvents() = default;
  virtual void OnAccepted(ConnectionId id, const std::string& ip, uint16_t port) = 0;
  // BYTES are valid during the call.
  virtual void OnReceived(ConnectionId id, ByteView bytes) = 0;
  // SIZE more bytes of what Write was given are with the operating system.
  virtual void OnWritten(ConnectionId id, size_t size) = 0;
  // The peer or an error ended it, or what CloseWhenWritten asked for is done. The last event of
  // ID. Not after Abort.
  virtual void OnClosed(ConnectionId id) = 0;
  virtual void OnDialed(ConnectionId id) = 0;
  // TEXT as Go has it: "dial tcp 127.0.0.1:4222: connect: connection refused". The only event of
  // ID.
  virtual void OnDialFailed(ConnectionId id, const std::string& text) = 0;
  // Accepting failed (too few file descriptors, say) and is tried again in RETRY_NS.
  virtual void OnAcceptFailed(const std::string& text, int64_t retry_ns) = 0;
};

class TcpHost {
 public:
  explicit TcpHost(TcpEvents& events, const TcpLimits& limits = {});
  ~TcpHost();  // aborts everything
  TcpHost(const TcpHost&) = delete;
  TcpHost& operator=(const TcpHost&) = delete;

  // Listens and returns the port. HOST is an address or a name, "" for all; PORT 0 or -1 is any
  // free one. May be called again after a failure. Errors are kIo with Go's text:
  // "listen tcp 127.0.0.1:20050: bind: address already in use". REQUIRES: not listening.
  Result<uint16_t> Listen(const std::string& host, int64_t port);
  void StopListening();

  // Begins to connect; OnDialed or OnDialFailed follows in a later Poll.
  ConnectionId Dial(const std::string& host, uint16_t port);

  // These ignore an id that is closed.
  // Sends at once what the socket takes; the rest follows. OnWritten comes from a later Poll.
  void Write(ConnectionId id, Bytes bytes);
  // Reads no more, and closes once all is written.
  void CloseWhenWritten(ConnectionId id);
  void Abort(ConnectionId id);

  // Waits for at most MAX_WAIT_NS until something happens, then handles what is ready, within the
  // limits, calling the events.
  void Poll(int64_t max_wait_ns);

  boost::asio::io_context& io_context();
  size_t connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace atrest::broker
