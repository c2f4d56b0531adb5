// Makes cases from seeds: the same seed and options give the same case on every machine. What a
// case does cannot be told by its clock: acks are explicit or received to the end (order.h), ack
// waits are either far longer than a case or waited for with a second to spare on both sides, and
// messages either never expire during a case or are all given the time to.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "harness/compare/case.h"

namespace atrest::compare {

struct GeneratorOptions {
  size_t steps = 30;  // about: steps that must stand in between are added
  // What both targets can do (driver.h); nothing else is asked of them.
  std::set<std::string> capabilities;
};

// Valid (order.h), begins with a start and ends stopped.
Case Generate(uint64_t seed, const GeneratorOptions& options);

}  // namespace atrest::compare
