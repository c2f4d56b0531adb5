// Executes one scenario on one driver and judges it: steps go to the driver, to the files or to the
// inspector; what is seen goes to the oracles. The first finding of a scenario ends it.
// Errors: the target's are in the verdict; so are the harness's own (Kind::kHarnessError).
// Threads: none shared.
#pragma once

#include "harness/driver/driver.h"
#include "harness/runner/suite.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/verdict.h"

namespace atrest::runner {

// FIXTURES is the file system that SUITE was opened on. The verdict's replay and seconds are left
// to the caller.
verdict::Verdict Execute(const scenario::Scenario& scenario, driver::Driver& driver,
                         const Suite& suite, env::FileSystem& fixtures);

}  // namespace atrest::runner
