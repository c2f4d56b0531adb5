// A frozen suite (scenarios/suites/VERSION.json): which scenarios it has, with which content, and
// which requirements count. A target is judged by a version, so that a newer harness does not turn
// it red. Made by ci/freeze_suite.py, never changed.
// Errors: kInvalid "FILE: JSON-POINTER: why".
// Threads: values.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace atrest::runner {

struct SuiteVersion {
  std::string version;
  std::map<std::string, std::string> scenarios;  // id -> ContentHash of its file
  std::set<std::string> requirements;
};
Result<SuiteVersion> ParseSuiteVersion(const std::string& file, std::string_view json);

// SHA-256, in hexadecimal, of JSON's canonical form (members sorted, no blanks): formatting is
// free. kInvalid if it is not JSON.
Result<std::string> ContentHash(std::string_view json);

// SHA-256 in hexadecimal.
std::string HashOf(std::string_view bytes);

}  // namespace atrest::runner
