// Makes a scenario that the loader accepts of one that steps have been taken from: what cannot be
// performed any more goes, and so does what nothing refers to: labels, expectations, needs. Keys
// stay: one that no start uses is still tried on what is on disk.
// Private to harness/shrink.
// Threads: pure functions.
#pragma once

#include "harness/scenario/scenario.h"

namespace atrest::shrink {

// Steps of the server's clients stay only while it runs, changes of files while it does not, steps
// of a client or subscription while that is there. A run that an interrupt kills ends with a kill.
void Repair(scenario::Scenario& scenario);

}  // namespace atrest::shrink
