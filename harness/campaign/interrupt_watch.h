// Waiting for child processes, and whether the user has asked to stop meanwhile, by SIGINT: while
// this object lives both signals wait until they are asked for, so that none comes at a bad moment.
// A child process calls Restore before it does anything else.
// Threads: one; one object at a time.
#pragma once

#include <csignal>
#include <ctime>

namespace atrest::campaign {

class InterruptWatch {
 public:
  InterruptWatch() {
    sigemptyset(&watched_);
    sigaddset(&watched_, SIGINT);
    sigaddset(&watched_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched_, &before_);
  }
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch() { Restore(); }

  void Restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  // Until a child ends or the user asks, a little while at most.
  void Wait() {
    const timespec while_ms{0, 200'000'000};
    if (sigtimedwait(&watched_, nullptr, &while_ms) == SIGINT) interrupted_ = true;
  }
  bool was_interrupted() const { return interrupted_; }

 private:
  sigset_t watched_;
  sigset_t before_;
  bool interrupted_ = false;
};

}  // namespace atrest::campaign
