// What each damaging fault of the atlas can make of a run's history (run_history.h), for the
// checkers that read no files: which of the promises of consensus and of deliveries it can break,
// and from when on. One table; what it does not say is not excused. A fault without a row excuses
// nothing. What becomes of files is another table (harness/simcheck/documented_outcomes.h).
// Specification: cluster.md 3, as each row says.
// Threads: pure; the table is constant.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "reference/sim/run_history.h"

namespace atrest::sim {

// What may be so from then on, on every node: a damaged node may lead.
struct DamageEffects {
  std::string_view fault;    // its name in the atlas, or in History
  std::string_view section;  // of cluster.md
  bool votes = false;        // a node forgets how it voted: two may lead in one term
  bool entries = false;      // what was committed is lost, and another entry is in its place
  bool places = false;       // an entry says that it has another index than it has
  bool data = false;         // the data of an entry is anything
  bool sealed = false;       // sealed data is taken for what it seals: not opened, and passed on
  bool gaps = false;         // an empty message is in the place of one
  bool sequences = false;    // a sequence is given to another message
  bool payloads = false;     // a payload is anything
};

std::span<const DamageEffects> AllDamageEffects();
// Null for a fault that the table does not know.
const DamageEffects* FindDamageEffects(std::string_view fault);

// The start with which something began to have an effect; at the end of time if none has.
struct Moment {
  uint64_t event = UINT64_MAX;
  int64_t at_ns = INT64_MAX;
};

// When the first damage that can break WHAT began to have an effect: files are damaged, and
// settings changed, while a node is down, so that nothing comes of it before its next start.
Moment FirstEffect(const History& history, bool DamageEffects::*what);

// As the first byte of data says (cluster.md 1.6): no operation begins like that.
inline bool LooksSealed(uint8_t first_byte) { return first_byte == 1 || first_byte == 2; }

}  // namespace atrest::sim
