// Failures of the operating system as a Status, worded as Go's os package words them, since the
// real server passes those texts on to its log and its clients: "open PATH: file exists".
// For the file systems of this folder. Threads: pure functions.
#pragma once

#include <string_view>

#include "reference/base/status.h"

namespace atrest::env {

// "OPERATION PATH: text of ERROR"; ERROR is an errno value. kNotFound for ENOENT, else kIo.
Status SystemError(std::string_view operation, std::string_view path, int error);

// The same with any TEXT, always kIo.
Status FileError(std::string_view operation, std::string_view path, std::string_view text);

}  // namespace atrest::env
