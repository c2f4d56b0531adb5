// The step kinds of the scenario language: one row each in steps.cc, those of named clients in
// client_steps.cc. Private to harness/scenario.
// Errors: throws LoadError (json_cursor.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/json_cursor.h"
#include "harness/scenario/scenario.h"

namespace atrest::scenario {

// Key names used by steps are checked against KEYS.
Step ParseStep(JsonCursor cursor, const std::map<std::string, std::string>& keys);
// The step of a named client that KIND is the kind of ("connect", "receive" and so on), parsed from
// its body; nullopt if there is no such kind.
std::optional<ClientStep> ParseClientStep(const std::string& kind, const JsonCursor& body);
const std::vector<std::string>& ClientStepKinds();
std::vector<TamperOperation> ParseTamperOperations(const JsonCursor& cursor);

}  // namespace atrest::scenario
