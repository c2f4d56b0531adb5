// Reads scenarios from their JSON. A file is one scenario; everything in it is checked before
// anything is run: unknown or missing members, wrong types, step labels, key names, requirement
// ids. Language: scenarios/LANGUAGE.md.
// Errors: kInvalid "FILE: JSON-POINTER: what is wrong", one for a file (the first).
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "harness/scenario/requirements.h"
#include "harness/scenario/scenario.h"
#include "reference/base/status.h"

namespace atrest::scenario {

// FILE is named in errors; ID becomes the scenario's.
Result<Scenario> LoadScenario(const std::string& file, const std::string& id, std::string_view json,
                              const Requirements& requirements);

// The operations of a tamper step alone, in the form of fixtures/damage/cases.json.
Result<std::vector<TamperOperation>> LoadTamperOperations(const std::string& file,
                                                          std::string_view json);

}  // namespace atrest::scenario
