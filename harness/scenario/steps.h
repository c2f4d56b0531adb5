// The step kinds of the scenario language: one row each in steps.cc. Private to harness/scenario.
// Errors: throws LoadError (json_cursor.h).
#pragma once

#include <vector>

#include "harness/scenario/json_cursor.h"
#include "harness/scenario/scenario.h"

namespace atrest::scenario {

// Key names used by steps are checked against KEYS.
Step ParseStep(JsonCursor cursor, const std::map<std::string, std::string>& keys);
std::vector<TamperOperation> ParseTamperOperations(const JsonCursor& cursor);

}  // namespace atrest::scenario
