// The expectations of a scenario as their JSON (LANGUAGE.md): the part of print.h that is about
// them.
// Private to harness/scenario.
// Threads: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace atrest::scenario {

// Bytes as a payload is written: a text, {"hex": ...} or {"repeat": ...}.
nlohmann::ordered_json PayloadJson(const std::string& bytes);

// "expect" of SCENARIO; "model" and the like where it has no expectations.
nlohmann::ordered_json ExpectJson(const Scenario& scenario);

}  // namespace atrest::scenario
