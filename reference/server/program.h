// A server process: the machine (machine.h) joined to sockets, signals, the clock, its log and pid
// file; or a recorded session replayed. Not for reading options (options.h).
// Specification: options.md sections 4 to 6, wire.md 3.2, clients.md 1.
// Threads: one. Errors: logged as the real server does; the exit code is the result.
#pragma once

#include <string>
#include <vector>

#include "reference/server/options.h"

namespace atrest::server {

// Serves until a signal ends it. ENVIRONMENT_KEY: the value of the key's variable, or "".
// PROGRAM_NAME: for the name of the ports file. WARNINGS are logged first. The exit code: 0 after
// SIGINT, 143 after SIGTERM, 1 if it cannot start.
int RunServer(const Options& options, const std::string& environment_key,
              const std::string& program_name, const std::vector<std::string>& warnings);

// Replays the session that the options name, over their store. 0 if what was recorded came out
// again, byte for byte; 1 and the first difference on stderr if not.
int ReplayServer(const Options& options, const std::string& environment_key);

}  // namespace atrest::server
