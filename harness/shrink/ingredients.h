// What a scenario cannot do without if it is to fail in a certain way: a cheap look before a
// candidate is run. A row per requirement; where there is none, anything may fail.
// A row may leave out what is needed, at the price of runs in vain. It must not ask for more than
// is needed, or the minimum is missed.
// Private to harness/shrink.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/shrink/fingerprint.h"

namespace atrest::shrink {

// What happens to one channel, in the order of steps.
enum class Ingredient {
  kSealed,  // something is published to it, encryption on
  kPlain,   // something is published to it, encryption off
  kStored,  // either, or what a golden store holds
  kStart,
  kStartOn,   // a start with encryption on
  kStartOff,  // and without
  kRead,      // somebody reads it
  kTamper,    // files are changed: of any channel
  kEnd,       // the server stops or is killed
};

// In this order, other things in between. nullptr for a requirement without a row.
const std::vector<Ingredient>* NeededFor(const std::string& requirement);
std::vector<std::string> RequirementsWithIngredients();

// False only if SCENARIO certainly does not fail so.
bool CanFail(const scenario::Scenario& scenario, const Fingerprint& failure);

}  // namespace atrest::shrink
