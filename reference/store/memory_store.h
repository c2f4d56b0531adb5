// The memory store: nothing survives it. Recover yields nothing; sizes are counted as the encoded
// size of a message.
// Specification: standalone.md 1.6 and 3.10.
// Threads: one.
#pragma once

#include <memory>

#include "reference/base/logger.h"
#include "reference/env/env.h"
#include "reference/store/store.h"

namespace atrest::store {

// CLOCK and LOG are borrowed and must outlive the store.
std::unique_ptr<Store> MakeMemoryStore(env::Clock& clock, Logger& log, const StoreLimits& limits);

}  // namespace atrest::store
