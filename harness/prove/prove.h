// Tries the checks on every fault: each in a process of its own, several at once, gathered into a
// matrix. Errors: a Status where there are no targets or processes; a fault whose process ends by
// itself is trouble in the matrix.
// Threads: REQUIRES what runner/jobs.h does.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/prove/matrix.h"
#include "harness/prove/stage.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::prove {

struct ProveOptions {
  uint64_t jobs = 1;
  // A fault that takes longer is ended, and is trouble.
  unsigned seconds_max = 60;
  // Each fault is tried only until a check kills it for its reason, scenarios of --quick first.
  bool early_end = false;
  // A folder for the files by which a server program tells that a fault executed; "" for a target
  // in this process.
  std::string traces;
};

// ROWS are faults that TRIAL's target can have. TOLD is called as each is done.
Result<std::vector<Tried>> Prove(const FaultTrial& trial, const std::string& target,
                                 const std::vector<const fault::Row*>& rows,
                                 const ProveOptions& options, env::FileSystem& files,
                                 env::Clock& clock, const std::function<void(const Tried&)>& told);

}  // namespace atrest::prove
