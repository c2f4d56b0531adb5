// A child process that cannot outlive us: a server under test, started, watched and ended. It runs
// in a process group of its own, so a terminal's SIGINT does not reach it, and dies with us in
// every way that we can die: its destructor kills the group; the kernel kills the child when the
// thread that started it ends (PR_SET_PDEATHSIG); and a guardian process, which sleeps until our
// end of a socket is closed, kills every group that is left, grandchildren included. What it writes
// is read by a thread of this object, so it never blocks on a full pipe; what exceeds the bound of
// a stream is dropped. Plain fork and exec instead of Boost.Process: version 1's timed waits take
// over SIGCHLD for the whole program, and it has no hook that is safe beside other threads for what
// the child must do between fork and exec.
// Errors: a program that cannot be run is a Status (kIo) of Start.
// Threads: one at a time; Start is to be called on a thread that lives as long as the child.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/driver/syscall_tracer.h"
#include "harness/scenario/scenario.h"
#include "reference/base/status.h"

namespace atrest::driver {

// How a process ended: exactly one member is set.
struct ProcessEnd {
  std::optional<int> code;
  std::optional<int> signal;
  bool operator==(const ProcessEnd&) const = default;
};
std::string Describe(const ProcessEnd& end);  // "exit 3", "signal 9"

class ChildProcess {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr size_t kOutputMax = 16u << 20;

  struct Command {
    std::string program;                   // looked up in PATH if it has no '/'
    std::vector<std::string> arguments;    // without the program's own name
    std::vector<std::string> environment;  // "NAME=value", all of it
    bool has_input = false;                // its input is what Write gives it, else nothing
    size_t output_max = kOutputMax;        // kept of each stream between two calls of TakeOutput
    SyscallTracer::Files files = {};       // those whose writes and syncs an interrupt counts
    std::optional<scenario::Interrupt> interrupt = {};  // armed before its first instruction
  };
  static Result<std::unique_ptr<ChildProcess>> Start(const Command& command);
  virtual ~ChildProcess() = default;  // kills the group and reaps the child

  virtual pid_t pid() const = 0;
  // Whether it has ended, within LIMIT at most.
  virtual std::optional<ProcessEnd> WaitFor(Duration limit) = 0;
  // To the child alone; nothing once it has ended.
  virtual void Signal(int signal) = 0;
  // SIGKILL to the whole group, and waits until the child is gone.
  virtual ProcessEnd Kill() = 0;

  // What was written since the last call, everything that the child wrote before this call
  // included.
  struct Output {
    std::string out;
    std::string err;
  };
  virtual Output TakeOutput() = 0;
  // Returns when something was written that TakeOutput has not returned yet, when the child has
  // ended or, if it has an input, closed its output, or after LIMIT.
  virtual void WaitForOutput(Duration limit) = 0;
  // Whether its output was closed by all who held it, and taken.
  virtual bool HasClosedOutput() = 0;

  // Gives the child BYTES to read, as fast as it reads. kIo if it does not read them within LIMIT
  // or has closed its input. REQUIRES: Command::has_input; not after CloseInput.
  virtual Status Write(std::string_view bytes, Duration limit) = 0;
  virtual void CloseInput() = 0;

  // From now on INTERRUPT is armed, in place of an earlier one; nothing if the child has ended. kIo
  // if the machine does not permit it.
  virtual Status Interrupt(const scenario::Interrupt& interrupt) = 0;
  // No interrupt is to come, and a full disk has room again.
  virtual void EndInterrupt() = 0;
  // Whether an interrupt has killed it, with its group.
  virtual bool WasInterrupted() const = 0;
};

// This process's environment without NAMES, as Command wants it.
std::vector<std::string> EnvironmentWithout(const std::vector<std::string>& names);

}  // namespace atrest::driver
