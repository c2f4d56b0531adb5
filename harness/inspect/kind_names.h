// The words of INSPECT.md for what is an enum in inspection.h.
// Threads: pure functions.
#pragma once

#include "harness/inspect/inspection.h"

namespace atrest::inspect {

const char* NameOf(DamageKind kind);
const char* NameOf(IndexState state);

}  // namespace atrest::inspect
