// What is to be done at which time. The time comes from outside.
// Ownership: a timer owns its action until it fires or is stopped.
// Threads: one. An action may start and stop timers, its own id included.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace atrest::stan {

class Timers {
 public:
  using Id = uint64_t;  // 0 is none

  Id Start(int64_t at_ns, std::function<void()> action);
  // Without effect on one that has fired. ID becomes 0.
  void Stop(Id& id);
  // When the next one fires.
  std::optional<int64_t> Next() const;
  // Runs what is due at NOW, in order of time, then of starting. What the actions start is for the
  // next call, even if it is due.
  void RunDue(int64_t now_ns);
  size_t size() const { return due_.size(); }

 private:
  std::map<std::pair<int64_t, Id>, std::function<void()>> actions_;
  std::map<Id, int64_t> due_;
  Id last_id_ = 0;
};

}  // namespace atrest::stan
