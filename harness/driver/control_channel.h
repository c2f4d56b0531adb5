// The control channel of a server that has one: a Unix socket with a line for each request and each
// answer. The server answers a barrier when everything it received before is processed and what
// came of it is handed to its sockets; with a virtual clock, time stands still but for `advance`.
//   barrier          -> ok
//   advance 5000ms   -> ok
// Errors: kIo when the server does not answer in time or refuses.
// Threads: one.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "reference/base/status.h"

namespace atrest::driver {

class ControlChannel {
 public:
  static Result<std::unique_ptr<ControlChannel>> Open(const std::string& path);
  ~ControlChannel();
  ControlChannel(const ControlChannel&) = delete;
  ControlChannel& operator=(const ControlChannel&) = delete;

  Status Barrier() { return Ask("barrier"); }
  Status Advance(std::chrono::milliseconds by) {
    return Ask("advance " + std::to_string(by.count()) + "ms");
  }

 private:
  explicit ControlChannel(int fd) : fd_(fd) {}
  Status Ask(const std::string& line);

  int fd_;
};

}  // namespace atrest::driver
