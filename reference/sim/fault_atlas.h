// The one table of what a simulation does to its cluster: each fault with its name, what it does,
// and whether a cluster has to survive it (then every checker applies) or what it is documented to
// do (cluster.md 3): anything else is a divergence.
// Not for how it is done: fault_injector.h, node_damage.h; nor for judging: the checkers.
// Errors: kInvalid for names that are not in the table.
// Threads: the table is constant.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace atrest::sim {

enum class FaultKind {
  // Survivable: to nodes.
  kKill,
  kKillInWrite,
  kKillInSnapshot,
  kStop,
  kAllDown,
  kPowerLoss,
  kWipe,
  kJoin,
  kCipherSwitch,
  kOwnKeys,
  // Survivable: to the network.
  kLoss,
  kDuplicate,
  kReorder,
  kDelay,
  kPartition,
  kOneWayCut,
  // Damaging.
  kWrongKey,
  kEncryptionOff,
  kPlainBefore,
  kPlainLog,
  kBitFlip,
  kMisdirectedRead,
  kSwappedLog,
  kRolledBackLog,
  kForgedOperation,
  kLogRemoved,
  kLostUnsynced,
  kTornStore,
};

// What a cluster does again as before once a fault is over, or cured; each includes those above it.
enum class Heals {
  kNothing,    // nothing is promised
  kAgreement,  // somebody leads, publishes are acknowledged, all nodes come to hold the same
  kDelivery,   // and a new subscription gets what is published from then on
};

struct AtlasEntry {
  FaultKind kind;
  std::string_view name;
  bool survivable;
  std::string_view what;
  std::string_view outcome;  // of a damaging one: what is documented, with its section
  Heals heals = Heals::kDelivery;
};

std::span<const AtlasEntry> FaultAtlas();
const AtlasEntry& EntryOf(FaultKind kind);

using FaultSet = std::set<FaultKind>;
// LIST: names with commas between them; "" or "none" for none.
Result<FaultSet> ParseFaults(const std::string& list);
// The same text again, in the order of the table; "none" for none.
std::string FaultsText(const FaultSet& faults);
bool IsSurvivable(const FaultSet& faults);
// What a cluster has to do again when all of them are over.
Heals HealsAfter(const FaultSet& faults);

}  // namespace atrest::sim
