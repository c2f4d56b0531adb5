// A case of the differential program: a sequence of scenario steps that is performed on two targets
// side by side. Beside what a scenario has, the stores of the two may be exchanged before a start.
// A case is stored as a scenario file with one more member, "compare":
//   {"seed": 7, "exchange": [4]}    before step 4 (from 0), a start, the stores are exchanged
// so that without this member `atrest run` takes it too.
// Errors: kInvalid with file and JSON pointer.
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/scenario.h"
#include "reference/base/status.h"

namespace atrest::compare {

struct Step {
  scenario::Action action;
  bool exchange = false;  // only of a start
};

struct Case {
  uint64_t seed = 0;
  std::map<std::string, std::string> keys;  // name -> bytes
  std::vector<Step> steps;
};

// One line. Names of keys, never keys.
std::string Describe(const Step& step);

// All polynomials that a start of CASE uses, the default first.
std::vector<uint32_t> PolynomialsOf(const Case& one);

// TITLE becomes the scenario's; REQUIREMENT, one of the register, is what it cites.
std::string PrintCase(const Case& one, const std::string& title, const std::string& requirement);

// What PrintCase wrote, or any scenario file. REQUIREMENTS is the register, as JSON.
Result<Case> LoadCase(const std::string& file, std::string_view json,
                      std::string_view requirements);

}  // namespace atrest::compare
