// Completes a scenario's expectations from a target that is trusted, for review: what it shows is
// written down as what must be seen.
// The scenario is done twice, with different entropy, and only what comes both times is expected.
// Steps that a refused server does not do are left out, as the language asks.
// Threads: one.
#pragma once

#include "harness/driver/driver.h"
#include "harness/runner/suite.h"
#include "harness/scenario/scenario.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::capture {

// Labelled steps get expectations, or all if there is no label; those that the scenario has are
// replaced. FIXTURES is the file system that SUITE was opened on.
// Fails as MAKE_DRIVER does; kInvalid where the target cannot do the scenario to its end, or shows
// nothing.
Result<scenario::Scenario> Record(const scenario::Scenario& scenario,
                                  const driver::DriverFactory& make_driver,
                                  const runner::Suite& suite, env::FileSystem& fixtures);

}  // namespace atrest::capture
