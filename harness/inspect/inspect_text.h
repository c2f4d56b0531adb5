// An inspection for people: damage and reused nonces first, then who the server is, its clients,
// and for each channel a table of its messages and its subscriptions. Times are UTC. Strings of the
// store are quoted and escaped, as nobody knows who wrote them. The words may change between
// versions; programs read the JSON form.
// Threads: a pure function.
#pragma once

#include <string>

#include "harness/inspect/inspection.h"

namespace atrest::inspect {

// Payloads are in it if the inspection kept them.
std::string PrintText(const Inspection& inspection);

}  // namespace atrest::inspect
