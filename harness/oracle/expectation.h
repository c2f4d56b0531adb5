// Judges one step by what its scenario expects: exact deliveries, refusals, log lines, bytes on
// disk. How the suites compatibility (what 0.25.6 was measured to do) and hardening are judged.
// Threads: pure functions.
#pragma once

#include <vector>

#include "harness/oracle/finding.h"
#include "harness/oracle/model.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"

namespace atrest::oracle {

// What was before the step that is judged, as far as an expectation about tampering needs it.
struct Past {
  const History& history;  // what was published
  bool reported = false;   // since the last start or tampering, this step included: anything logged
                           // as a warning or worse
};

// What EXPECTATION has against SEEN, the observation of the step it names.
std::vector<Finding> Judge(const scenario::Expectation& expectation, const scenario::Action& action,
                           const verdict::Observation& seen, const Past& past);

// How tampering with a store ended, for a reader of a channel from its first message.
enum class TamperingOutcome {
  kDetected,          // nothing false was delivered, and whatever is missing was reported
  kAcceptedSilently,  // something was delivered that was never published so
  kDataLost,          // something published is missing and nothing was reported
};
TamperingOutcome OutcomeOfTampering(const scenario::Read& read, const verdict::Read& seen,
                                    const Past& past);

}  // namespace atrest::oracle
