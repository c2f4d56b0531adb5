// The one loop of a simulation: what is to happen, in the order of virtual time, and for the same
// time in the order in which it was asked for. Time moves to the next event and nowhere else.
// Ownership: owns the actions, which may refer to whatever outlives the queue.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "reference/env/env.h"

namespace atrest::sim {

inline constexpr int64_t kNsPerMs = 1'000'000;
inline constexpr int64_t kNsPerSecond = 1'000 * kNsPerMs;
// When every simulation begins: 2023-11-14 22:13:20 UTC.
inline constexpr int64_t kBeginNs = int64_t{1'700'000'000} * kNsPerSecond;

class EventQueue : public env::Clock {
 public:
  using Action = std::function<void()>;

  int64_t now_ns() const { return now_ns_; }
  int64_t NowNs() override { return now_ns_; }
  // An event of the past happens now.
  void At(int64_t at_ns, Action action);
  void After(int64_t delay_ns, Action action) { At(now_ns_ + delay_ns, std::move(action)); }

  bool empty() const { return heap_.empty(); }
  std::optional<int64_t> NextNs() const;
  // REQUIRES: !empty().
  void RunNext();
  // All events up to END_NS; then it is END_NS.
  void RunUntil(int64_t end_ns);
  // How many events there were.
  uint64_t count() const { return count_; }

 private:
  struct Event {
    int64_t at_ns;
    uint64_t number;
    Action action;
  };
  static bool IsLater(const Event& a, const Event& b);

  int64_t now_ns_ = kBeginNs;
  uint64_t next_number_ = 0;
  uint64_t count_ = 0;
  std::vector<Event> heap_;  // the next one in front
};

}  // namespace atrest::sim
