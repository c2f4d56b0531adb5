#include "reference/server/server_clock.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "reference/server/go_values.h"

namespace atrest::server {

Result<ServerClock> ServerClock::Parse(const std::string& text) {
  ServerClock clock;
  if (text == "real") return clock;
  clock.is_virtual_ = true;
  clock.now_ns_ = kVirtualStartNs;
  if (text == "virtual") return clock;
  const std::string prefix = "virtual:";
  if (text.starts_with(prefix)) {
    const auto start = ParseGoInt(text.substr(prefix.size()));
    if (start.ok() && start.value() >= 0) {
      clock.now_ns_ = start.value();
      return clock;
    }
  }
  return Status(Code::kInvalid,
                "clock should be real, virtual or virtual:<nanoseconds>, got '" + text + "'");
}

int64_t ServerClock::NowNs() {
  if (!is_virtual_) now_ns_ = std::max(now_ns_, system_.NowNs());
  return now_ns_;
}

void ServerClock::MoveTo(int64_t now_ns) { now_ns_ = std::max(now_ns_, now_ns); }

int64_t ServerClock::WaitNs(std::optional<int64_t> deadline, int64_t most) {
  if (!deadline) return most;
  const int64_t left = *deadline - NowNs();
  if (left <= 0) return 0;
  return is_virtual_ ? most : std::min(left, most);
}

std::string ServerClock::PlainDate() {
  const std::time_t seconds = static_cast<std::time_t>(NowNs() / 1'000'000'000);
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  char text[64];
  std::snprintf(text, sizeof text, "%04d/%02d/%02d %02d:%02d:%02d", local.tm_year + 1900,
                local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
  return text;
}

}  // namespace atrest::server
