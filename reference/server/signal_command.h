// The -sl option: sends a signal to a running server and exits.
// Specification: options.md section 5. Threads: one.
// Errors: Status with the text that goes to stderr.
#pragma once

#include <string>

#include "reference/base/status.h"

namespace atrest::server {

// COMMAND: "NAME" or "NAME=PID" or "NAME=FILE", the file holding the id. Without an id the one
// running process whose program is named as the real server's or as PROGRAM_NAME, this one apart.
Status SendSignal(const std::string& command, const std::string& program_name);

}  // namespace atrest::server
