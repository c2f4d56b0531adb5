// The parts of minimising that look at a scenario as a sequence: what can be dropped, lowered and
// put into another order.
// Private to harness/shrink.
// Threads: one.
#pragma once

#include "harness/shrink/search.h"

namespace atrest::shrink {

// Whole runs of the server, all that has to do with other channels than the failing step's, then
// steps, from large chunks to single ones. The failing step stays.
void DropSteps(Search& search);

// Payloads, tampering operations, acks, arguments, limits of channels, expectations, keys.
void DropParts(Search& search);

// Counts, positions, sizes: each to the least that still fails, where a bigger one fails too.
void LowerNumbers(Search& search);

// Publishes are merged, reads become publishes, and steps change places where that gives the text
// that is earlier in the alphabet.
void PutInOrder(Search& search);

}  // namespace atrest::shrink
