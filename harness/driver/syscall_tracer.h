// Ends a process at a chosen write or sync, or fills its disk: by ptrace, so that a program need
// not help, in whatever language it is. Every thread of a process group is watched; a system call
// counts if it is one of the kind (write, pwrite64, writev, pwritev, pwritev2, copy_file_range,
// sendfile; fsync, fdatasync) on a file below a directory. What is written through a mapping or a
// ring (mmap, io_uring) is not seen.
// At the chosen call of a kKill the whole group gets SIGKILL, and the call is not done; calls of
// other threads that the kernel has begun are. At a kFull that write and every later one, or as
// many as are asked for, is not done and returns ENOSPC; a real full disk (a small tmpfs) needs a
// privilege that most machines for tests do not give, and would also be full for what the harness
// writes there.
// Every system call of a watched thread stops it twice, which is slow; so a process is watched only
// from the first interrupt on, or from its start where that is to be interrupted. It is never let
// go: it stays watched until it ends, and what is left of it when its first process ends is killed
// by the kernel (PTRACE_O_EXITKILL), as all of it is when this process ends.
// Errors: kIo where the machine does not permit ptrace.
// Threads: one at a time, beside a thread of this object's own, the only one that may call ptrace.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "harness/scenario/scenario.h"
#include "reference/base/status.h"

namespace atrest::driver {

class SyscallTracer {
 public:
  struct Files {
    std::string directory;
    std::string except;  // a path in it that does not count, with all below; "" for none
  };

  // Ok if processes can be watched here, found out once; else why not.
  static Status Availability();

  // Watches all processes of GROUP, and what they start from now on.
  static Result<std::unique_ptr<SyscallTracer>> Attach(pid_t group, const Files& files);
  // REQUIRES: the group's first process has ended, or is about to be killed by somebody else.
  virtual ~SyscallTracer() = default;

  virtual void Arm(const scenario::Interrupt& interrupt) = 0;
  // No fault is to come, and a full disk has room again.
  virtual void Disarm() = 0;
  // Whether a kKill has come.
  virtual bool HasKilled() const = 0;
};

}  // namespace atrest::driver
