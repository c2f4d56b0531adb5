// The evidence on one fault in a few words: what tables show of it.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "harness/prove/evidence.h"
#include "harness/prove/matrix.h"
#include "reference/base/fault.h"

namespace atrest::prove {

struct Digest {
  size_t scenarios = 0;
  size_t properties = 0;
  std::set<std::string> oracles;
  std::set<std::string> eyes;
  std::set<std::string> requirements;
  // The first of those that weigh most: for the stated reason in the suite that must notice it, or
  // what a lawful variant is blamed for. null: none at all.
  const Kill* first = nullptr;
};

Digest DigestOf(const fault::Row& row, const Evidence& evidence);

// The requirement, or else who spoke or how it ended: "reference", "crashed".
const std::string& ReasonOf(const Kill& kill);

// The command that shows KILL again.
std::string ReplayOf(const Tried& tried, const Kill& kill);

// "model, disk"
std::string Joined(const std::set<std::string>& words);

}  // namespace atrest::prove
