// Work shared by several processes, forked from this one: a driver's clients and timers stay within
// its own, and one that crashes takes only what it was doing with it. Each takes the next piece of
// work as it becomes free, so the order of the answers is nobody's.
// Errors: kIo where the system gives no processes. A worker that ends by itself is news, not an
// error: another takes its place. A worker ends when this process does.
// Threads: REQUIRES that the process has one, since only that one is in a fork.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <string>

#include "reference/base/status.h"

namespace atrest::runner {

inline constexpr uint64_t kJobsMax = 64;

struct Jobs {
  uint64_t jobs = 1;  // at most kJobsMax
  size_t pieces = 0;
  // Does a piece, in a worker: its answer.
  std::function<std::string(size_t piece)> work;
  // Told here of each piece, once: its answer, or how the worker that did it ended ("signal 11").
  std::function<void(size_t piece, std::optional<std::string> answer, const std::string& how)> done;
};
Status DoInJobs(const Jobs& jobs);

// In a fork of the process PARENT: the fork ends when that does, however it does.
void EndWith(pid_t parent);

// Memory that forks share, zeroed; null where the system has none.
void* MapShared(size_t size);
void UnmapShared(void* memory, size_t size);

// A value that this process and its later forks share. REQUIRES: T needs no destructor.
template <typename T>
class Shared {
 public:
  Shared() : memory_(MapShared(sizeof(T))) {
    if (memory_ != nullptr) new (memory_) T();
  }
  ~Shared() {
    if (memory_ != nullptr) UnmapShared(memory_, sizeof(T));
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  // null where the system has no such memory.
  T* get() { return static_cast<T*>(memory_); }

 private:
  void* memory_;
};

}  // namespace atrest::runner
