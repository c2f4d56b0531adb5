// The evidence on one fault in a few words: what tables show of it.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "harness/prove/evidence.h"
#include "reference/base/fault.h"

namespace atrest::prove {

struct Digest {
  size_t scenarios = 0;
  size_t properties = 0;
  std::set<std::string> oracles;
  std::set<std::string> eyes;
  std::set<std::string> requirements;
  const Kill* first = nullptr;  // for the stated reason where there is one; null: none at all
};

Digest DigestOf(const fault::Row& row, const Evidence& evidence);

// "model, disk"
std::string Joined(const std::set<std::string>& words);

}  // namespace atrest::prove
