// What a target was seen to do in one step, as facts: the outcome with every delivery, and the
// lines it logged as a warning or worse.
// Threads: pure but for the normaliser's memory.
#pragma once

#include <string>

#include "harness/compare/facts.h"
#include "harness/compare/normaliser.h"
#include "harness/verdict/observation.h"

namespace atrest::compare {

// CHANNEL: that of the step, whose key opens what was delivered as it is stored; "" for none.
Facts ObservationFacts(const verdict::Observation& seen, const std::string& channel,
                       Normaliser& normaliser);

}  // namespace atrest::compare
