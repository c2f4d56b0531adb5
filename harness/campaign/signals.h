// Whether the user has asked to stop, by SIGINT, while this object lives. Waiting system calls are
// interrupted by the signal and not repeated.
// Threads: one; one object at a time.
#pragma once

#include <csignal>

namespace atrest::campaign {

class InterruptWatch {
 public:
  InterruptWatch() {
    interrupted_ = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted_ = 1; };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before_);
  }
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch() { sigaction(SIGINT, &before_, nullptr); }

  bool was_interrupted() const { return interrupted_ != 0; }

 private:
  static inline volatile std::sig_atomic_t interrupted_ = 0;
  struct sigaction before_ = {};
};

}  // namespace atrest::campaign
