// What tampering did to a store, in the terms of the ideal (ideal.h): which channel, which of its
// records where that is known, and which requirement asks for it to be noticed.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace atrest::oracle {

struct Damage {
  enum class Kind {
    kSwapped,     // the data of records A and B
    kCopied,      // the data of record A over that of B
    kForged,      // the data of record A is BYTES
    kCode,        // the first byte of the data of record A
    kData,        // another byte of it
    kField,       // a byte of record A outside its data
    kMoved,       // a channel, or messages between channels
    kRolledBack,  // a copy was put back, or files were taken away
    kCut,         // records at the end of a file
    kCutMiddle,   // a whole file of records
    kOther,       // anything else
  } kind = Kind::kOther;
  uint64_t a = 0;
  uint64_t b = 0;
  std::string bytes = {};
};

// The requirement that asks for the loss, or the false delivery, that DAMAGE brings.
const char* RequirementOf(Damage::Kind kind);

// One operation: what it did, and to which channel; "" for files of the server, "." for every
// channel. None for one that changes nothing (a copy that is kept).
struct DamageTo {
  std::string channel;
  Damage damage;
  bool is_of_records = false;  // of the records A and B of the first slice and of nothing else
};
std::vector<DamageTo> DamageOf(const scenario::TamperOperation& operation);

}  // namespace atrest::oracle
