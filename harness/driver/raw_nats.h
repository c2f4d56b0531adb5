// A NATS connection of plain bytes, for what no client library sends: frames, malformed or not, and
// requests with any payload. Knows of the protocol just enough to make and answer a request.
// Errors: kIo when the server cannot be reached or does not answer in time.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reference/base/status.h"

namespace atrest::driver {

class RawNats {
 public:
  using Duration = std::chrono::milliseconds;
  // Connects to PORT of this machine and reads the server's INFO line.
  static Result<std::unique_ptr<RawNats>> Open(uint16_t port);
  ~RawNats();
  RawNats(const RawNats&) = delete;
  RawNats& operator=(const RawNats&) = delete;

  Status Send(const std::string& bytes);
  // What the server sent until TEXT stood in it, it closed the connection, or LIMIT was over.
  struct Received {
    std::string bytes;
    bool closed = false;
    bool timed_out = false;
  };
  Received ReadUntil(const std::string& text, Duration limit);

  // The payload of the reply to one request, nullopt if none came within LIMIT. Only as the first
  // thing said on the connection.
  Result<std::optional<std::string>> Request(const std::string& subject, const std::string& payload,
                                             Duration limit);

 private:
  explicit RawNats(int fd) : fd_(fd) {}
  // Appends what comes; false at the end of the connection.
  bool ReadMore(Duration limit, std::string& bytes, bool& timed_out);

  int fd_;
  std::string unread_;
};

}  // namespace atrest::driver
