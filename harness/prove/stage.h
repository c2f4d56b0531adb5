// What prove.h asks of whoever tries a fault: scenarios and generated cases on a target (trial.h),
// or runs of the simulator (sim_trial.h).
// Ownership: of whoever makes one.
// Threads: a fault may take the process along: try each in one of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/prove/evidence.h"
#include "reference/base/status.h"

namespace atrest::prove {

// Which of the checks are run. An early end is when a kill is ENOUGH; it comes the sooner if
// scenarios of the requirements FIRST are run before the others.
struct Stage {
  enum class What { kQuick, kOthers, kAll, kCases };
  What what = What::kAll;
  std::function<bool(const Kill&)> enough;
  std::vector<std::string> first;
};

class FaultTrial {
 public:
  virtual ~FaultTrial() = default;

  // Runs the checks of STAGE with the fault NAME and adds to EVIDENCE; whether a kill was enough.
  // TRACE: the file by which a server program tells that the fault executed; "" in this process.
  virtual Result<bool> Run(const std::string& fault, const std::string& trace, const Stage& stage,
                           Evidence& evidence) const = 0;
  // The names of all checks.
  virtual std::vector<std::string> Checks() const = 0;
  // To be called first by a process that does a piece of work: it is ended after SECONDS.
  virtual void BeginPiece(unsigned seconds) const = 0;
};

}  // namespace atrest::prove
