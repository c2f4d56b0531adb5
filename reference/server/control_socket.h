// The control channel: a Unix socket on which a test tells a server to move its time or asks
// whether it is done with what it got. One command a line, one answer a line; the commands are the
// program's (program.h) and are described in reference/README.md.
// Bounds: kSessionsMax connections, kLineMax bytes a line; who breaks one is disconnected.
// Ownership: borrows the io_context. The socket's file is removed at the end.
// Errors: Status kIo. Threads: one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/status.h"

namespace atrest::server {

class ControlSocket {
 public:
  struct Request {
    uint64_t session = 0;
    std::string line;
  };

  static constexpr size_t kSessionsMax = 64;
  static constexpr size_t kLineMax = 4096;

  // An old socket at PATH is replaced.
  static Result<std::unique_ptr<ControlSocket>> Listen(boost::asio::io_context& context,
                                                       const std::string& path);
  virtual ~ControlSocket() = default;

  // What came since the last call, in order.
  virtual std::vector<Request> TakeRequests() = 0;
  // LINE without its end. A session that is gone is ignored.
  virtual void Reply(uint64_t session, const std::string& line) = 0;
};

}  // namespace atrest::server
