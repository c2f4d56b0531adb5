// What the steps of a scenario share by name or value, and how it is renamed in all of them at
// once: channels, keys, clients, subscriptions, durables, groups and payloads.
// Private to harness/shrink.
// Threads: pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace atrest::shrink {

using Renaming = std::map<std::string, std::string>;  // old name -> new name

enum class Shared { kChannel, kKey, kClient, kSubscription, kDurable, kQueue, kPayload };

// Each once, in the order of their first use. Of payloads, those that are published.
std::vector<std::string> NamesOf(const scenario::Scenario& scenario, Shared what);

// Everywhere at once; what RENAMING does not hold stays. Channels also where they stand in paths of
// files, payloads also where they are searched for or expected, keys with their bytes: where two
// get one name, the bytes are those of the one that comes first in the order of names.
void Rename(scenario::Scenario& scenario, Shared what, const Renaming& renaming);

// The payloads of all publishes, in order.
std::vector<std::string*> PublishedPayloads(scenario::Scenario& scenario);

}  // namespace atrest::shrink
