// The changes that make what steps share canonical, in all steps at once, and then what is left of
// them singly. README.md has the order.
// Private to harness/shrink.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/shrink/search.h"

namespace atrest::shrink {

// What the N-th payload (from 1) of a minimal scenario is: long enough for the oracles to search
// for it on disk.
std::string CanonicalPayload(size_t number);

// That hardly any failure depends on: one channel, one key, payloads by number, reads from the
// first message, no limits, no clients, and the like.
std::vector<Change> BoldChanges();

// As bold as is possible where names must differ: names in the order of their first use, equal
// payloads equal and different ones different, ciphers in order, key sources.
std::vector<Change> JointChanges();

// Those of them that concern names alone.
void NameByFirstUse(scenario::Scenario& scenario);

// Of one start, one name, one payload, one step. Alternatives to each other: to be tried one by
// one.
std::vector<Change> SingleChanges(const scenario::Scenario& scenario);

}  // namespace atrest::shrink
