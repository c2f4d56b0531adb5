// One line on what a step brought, for the trace of a verdict.
#pragma once

#include <string>

#include "harness/verdict/observation.h"

namespace atrest::runner {

std::string Summarise(const verdict::Observation& seen);

}  // namespace atrest::runner
