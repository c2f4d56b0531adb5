// The oracle "reference" (c): a reference of its own does the same steps, and what the target shows
// is compared with what it shows: whether it starts, with which refusal, what is acked, what is
// delivered and which errors clients get. Payloads that differ only because each was sealed with a
// nonce of its own are equal. Log lines are not compared, nor is anything behind an interrupt: what
// it cuts off depends on how a target groups its writes.
// It also says whether the reference itself breaks what the model asks for: then documentation and
// 0.25.6 disagree, and the target is not to blame.
// Ownership: everything given is borrowed; the driver is a fresh one of the reference.
// Threads: none shared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/oracle/finding.h"
#include "harness/oracle/model.h"
#include "harness/runner/perform.h"

namespace atrest::runner {

class ReferenceFollower {
 public:
  ReferenceFollower(const scenario::Scenario& scenario, driver::Driver& reference,
                    const Suite& suite, env::FileSystem& fixtures);

  // How what the target showed differs; "" where it does not, or nothing can be said any more.
  Result<std::string> Observe(const scenario::Action& action, const verdict::Observation& seen);

  // Whether the model has this FINDING of the reference as well, in the step observed last.
  bool BreaksToo(const oracle::Finding& finding) const;

 private:
  Performer performer_;
  const Suite& suite_;
  oracle::Model model_;
  std::vector<oracle::Finding> broken_;
  bool is_lost_ = false;
};

}  // namespace atrest::runner
