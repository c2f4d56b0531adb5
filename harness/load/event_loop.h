// Sockets and time of the load program, on Linux: one thread that waits with epoll, and a TCP
// connection that reads when there is something and writes once a round. Knows no protocol.
// Errors: kIo with the system's text. A connection that fails says so once, by OnClosed.
// Threads: a loop and all that is in it belong to one thread. No connection dies in a handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::load {

// Nanoseconds of a clock that only goes forward, and of the calendar.
int64_t MonotonicNs();
int64_t CalendarNs();
void SleepNs(int64_t duration_ns);

class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  // BYTES are valid during the call.
  virtual void OnBytes(ByteView bytes) = 0;
  // The peer has closed the connection, or WHY it broke. Called at most once, and not by Close().
  virtual void OnClosed(const std::string& why) = 0;
};

class Connection;

class EventLoop {
 public:
  // Raises this process's limit of descriptors as far as it may.
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Writes what connections have to say, waits at most TIMEOUT_MS for news and passes them on.
  Status Round(int timeout_ms);

 private:
  friend class Connection;
  void Flush();

  int epoll_;
  std::vector<Connection*> dirty_;
  Bytes read_buffer_;
};

class Connection {
 public:
  // Borrows both for as long as it lives.
  Connection(EventLoop& loop, ConnectionHandler& handler) : loop_(loop), handler_(handler) {}
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to connect. HOST is a number ("127.0.0.1").
  Status Open(const std::string& host, uint16_t port);
  bool open() const { return socket_ >= 0; }
  // What is to be written, for the caller to append to; it goes out in the next round.
  Bytes& Output();
  size_t unwritten() const { return output_.size() - written_; }
  void Close();

 private:
  friend class EventLoop;
  void OnEvents(uint32_t events);
  void Read();
  void Write();
  void Watch(bool for_writing);
  void Break(const std::string& why);

  EventLoop& loop_;
  ConnectionHandler& handler_;
  int socket_ = -1;
  bool connected_ = false;
  bool watches_writing_ = false;
  bool dirty_ = false;
  Bytes output_;
  size_t written_ = 0;  // of output_
};

}  // namespace atrest::load
