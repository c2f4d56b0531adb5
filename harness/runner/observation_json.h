// What a driver saw in a step, as JSON and back: what a kept run holds of it. What the harness
// itself looked up on disk is left out, since its files are kept.
// Errors: kInvalid for a document that is not one of ours.
// Threads: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/verdict/observation.h"
#include "reference/base/status.h"

namespace atrest::runner {

nlohmann::json ToJson(const verdict::Observation& seen);
Result<verdict::Observation> ObservationFrom(const nlohmann::json& document);

// Any bytes: a string where they are UTF-8, else {"hex": "00ff"}.
nlohmann::json BytesToJson(const std::string& bytes);

}  // namespace atrest::runner
