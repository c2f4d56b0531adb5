// A server program that the load program starts to see how soon it serves, on Linux.
// Errors: kIo with the system's text.
// Threads: none shared.
#pragma once

#include <string>
#include <vector>

#include "reference/base/status.h"

namespace atrest::load {

// A child in a process group of its own, which is killed with this program.
class ChildProcess {
 public:
  ChildProcess() = default;
  ~ChildProcess() { Kill(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // COMMAND begins with the program's path. Its output is thrown away.
  Status Start(const std::vector<std::string>& command);
  void Terminate();  // SIGTERM
  void Kill();       // SIGKILL to the group; waits for its end
  // Waits at most TIMEOUT_MS for the end; the exit code, or 256 + the signal.
  Result<int> Wait(int timeout_ms);

 private:
  int pid_ = -1;
};

}  // namespace atrest::load
