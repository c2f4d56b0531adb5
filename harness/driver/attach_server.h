// A streaming server that the harness does not start itself: "attach:HOST:PORT". Hooks do it, shell
// commands of the user's, so the server may run under a service manager, in a container or on
// another machine. Clients speak to HOST:PORT; harness/targets/README.md says what hooks are told
// and must do.
// What is lacking takes capabilities away: without a start and a stop hook nothing can be started
// afresh and every scenario is skipped; without a kill hook those with a kill; without a directory
// that both sides see those that look at files.
// What cannot be known here: whether the server ended by itself. It shows as undecided.
// Errors: kInvalid for an address that is none; kIo when a hook does not end, or the server does
// not answer after a hook said that it started.
// Threads: one.
#pragma once

#include <memory>
#include <string>

#include "harness/driver/driver.h"

namespace atrest::driver {

// ADDRESS is HOST:PORT. OPTIONS: hooks, directory and seed.
Result<std::unique_ptr<Driver>> MakeAttached(const std::string& address,
                                             const DriverOptions& options);

}  // namespace atrest::driver
