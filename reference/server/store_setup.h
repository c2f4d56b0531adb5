// The store that a server's options ask for: file or memory, encrypted or not.
// Specification: options.md 1.2, standalone.md 3.6.
// Ownership: the store borrows ENV and LOG. Threads: one.
// Errors: Status with the text that follows "Failed to start: ", in the real server's order.
#pragma once

#include <memory>
#include <string>

#include "reference/base/logger.h"
#include "reference/env/env.h"
#include "reference/server/options.h"
#include "reference/store/limits.h"
#include "reference/store/store.h"

namespace atrest::server {

// ENVIRONMENT_KEY: the value of the key's variable, or "".
Result<std::unique_ptr<store::Store>> OpenStoreFor(const Options& options,
                                                   const store::StoreLimits& limits,
                                                   const std::string& environment_key, env::Env env,
                                                   Logger& log);

}  // namespace atrest::server
