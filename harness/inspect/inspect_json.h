// An inspection as the JSON object that INSPECT.md describes.
// Threads: a pure function.
#pragma once

#include <string>

#include "harness/inspect/inspection.h"

namespace atrest::inspect {

// With a newline at the end. Payloads are in it if the inspection kept them.
std::string PrintJson(const Inspection& inspection);

}  // namespace atrest::inspect
