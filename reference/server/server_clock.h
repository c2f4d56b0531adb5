// The time of a server process: the system's, or one that stands still until the control channel
// moves it. Never goes back.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reference/base/status.h"
#include "reference/env/env.h"
#include "reference/env/posix_env.h"

namespace atrest::server {

class ServerClock : public env::Clock {
 public:
  // Where virtual time begins unless it is told: 2030-01-01 UTC, so that what real servers left is
  // in the past.
  static constexpr int64_t kVirtualStartNs = 1'893'456'000'000'000'000;

  // TEXT: "real", "virtual", or "virtual:NANOSECONDS" since 1970. kInvalid for anything else.
  static Result<ServerClock> Parse(const std::string& text);

  bool is_virtual() const { return is_virtual_; }
  int64_t NowNs() override;
  // REQUIRES: is_virtual(). A time before now is now.
  void MoveTo(int64_t now_ns);
  // How long to wait for DEADLINE at most: 0 if it is due, MOST if there is none or it only comes
  // when time is moved.
  int64_t WaitNs(std::optional<int64_t> deadline, int64_t most);
  // "2026/11/21 20:34:14", as Go's log prints local time.
  std::string PlainDate();

 private:
  env::SystemClock system_;
  bool is_virtual_ = false;
  int64_t now_ns_ = 0;
};

}  // namespace atrest::server
