// What the disk oracle has against the bytes of a store: which check spoke, for which requirement,
// where, what was expected and what was seen. Findings of level MUST and SHOULD are broken promises
// of the format or of encryption; kInfo marks bytes and states that need no explanation by a fault
// (a torn tail after a kill, zero padding, what tampering left), so that nothing is passed over.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/verdict/verdict.h"

namespace atrest::disktruth {

enum class Check { kCanary, kRecords, kCipher, kNonces, kClear, kStructure, kHistory };
// "canary", "records", "cipher", "nonces", "clear", "structure", "history".
const char* NameOf(Check check);

// Whether an id is about messages being kept as they were acked, sent and delivered: what is asked
// of any store, whatever its format is.
bool IsOfAnyStore(const std::string& requirement);

struct Finding {
  Check check = Check::kClear;
  std::string requirement;  // an id of scenarios/requirements.json
  verdict::Level level = verdict::Level::kMust;
  std::string file;  // as the tree names it
  uint64_t offset = 0;
  std::string expected;
  std::string seen;
  std::string step;  // label of the look that found it
};
using Findings = std::vector<Finding>;

// "CHECK (REQUIREMENT) FILE at OFFSET: expected EXPECTED, seen SEEN", one line.
std::string Describe(const Finding& finding);

}  // namespace atrest::disktruth
