// The `expect` member of a scenario. Private to harness/scenario.
// Errors: throws LoadError (json_cursor.h).
#pragma once

#include "harness/scenario/json_cursor.h"
#include "harness/scenario/scenario.h"

namespace atrest::scenario {

// Checks against SCENARIO's steps and requirements: the step exists and is of the kind the checks
// need.
Expectation ParseExpectation(JsonCursor cursor, const Scenario& scenario);

}  // namespace atrest::scenario
