// An open file of the operating system, for posix_env.cc.
// Ownership: the file owns its descriptor. Errors and threads: posix_env.h.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <memory>
#include <string>

#include "reference/env/env.h"

namespace atrest::env {

// CALL() until no signal interrupts it.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// open(2) with FLAGS, close-on-exec, and PERMISSIONS for a new file. Writable files are in append
// mode until WriteAt. *ERROR, if given, becomes the errno value of a failure.
Result<std::unique_ptr<File>> OpenPosixFile(const std::string& path, int flags, mode_t permissions,
                                            int* error = nullptr);

}  // namespace atrest::env
