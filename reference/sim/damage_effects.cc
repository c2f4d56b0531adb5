#include "reference/sim/damage_effects.h"

#include <algorithm>
#include <array>

namespace atrest::sim {
namespace {

// The log is another one than the node has promised to keep.
constexpr DamageEffects OtherLog(std::string_view fault, std::string_view section) {
  DamageEffects effects{fault, section};
  effects.votes = true;
  effects.entries = true;
  effects.gaps = true;
  effects.sequences = true;
  return effects;
}

// Anything may be read.
constexpr DamageEffects OtherBytes(std::string_view fault, std::string_view section) {
  DamageEffects effects = OtherLog(fault, section);
  effects.places = true;
  effects.data = true;
  effects.payloads = true;
  return effects;
}

// Sealed Commands are applied as they are, and do nothing; sealed messages are delivered.
constexpr DamageEffects NotOpened(std::string_view fault, std::string_view section) {
  DamageEffects effects{fault, section};
  effects.sealed = true;
  effects.gaps = true;
  effects.sequences = true;
  return effects;
}

constexpr DamageEffects Forged() {
  DamageEffects effects{"forged_operation", "3g"};
  effects.data = true;
  effects.payloads = true;
  return effects;
}

constexpr std::array kEffects = {
    // What does not open ends the node, or is not delivered.
    DamageEffects{"wrong_key", "3d, 3e"},
    NotOpened("encryption_off", "3f"),
    // What was in clear is read as it is; what looks sealed is not delivered.
    DamageEffects{"plain_before", "3b"},
    NotOpened("plain_log", "1.6, 3f"),
    OtherBytes("bit_flip", "3g"),
    OtherBytes("misdirected_read", "3g"),
    OtherLog("swapped_log", "3g"),
    OtherLog("rolled_back_log", "3g"),
    OtherLog("restored_directory", "3g"),
    Forged(),
    // It does not start.
    DamageEffects{"log_removed", "3j"},
    OtherBytes("lost_unsynced", "3i, 6"),
};

// Of NODE's damages that can break WHAT, if one has had a start since.
Moment FirstEffectOn(const NodeHistory& node, bool DamageEffects::*what) {
  for (const NodeDamage& damage : node.damages) {
    const DamageEffects* effects = FindDamageEffects(damage.fault);
    if (effects == nullptr || !(effects->*what)) continue;
    for (const NodeStart& start : node.starts) {
      if (start.event > damage.event) return {start.event, start.at_ns};
    }
  }
  return {};
}

}  // namespace

std::span<const DamageEffects> AllDamageEffects() { return kEffects; }

const DamageEffects* FindDamageEffects(std::string_view fault) {
  const auto* const found = std::ranges::find(kEffects, fault, &DamageEffects::fault);
  return found != kEffects.end() ? found : nullptr;
}

Moment FirstEffect(const History& history, bool DamageEffects::*what) {
  Moment first;
  for (const NodeHistory& node : history.nodes) {
    const Moment moment = FirstEffectOn(node, what);
    if (moment.event < first.event) first = moment;
  }
  return first;
}

}  // namespace atrest::sim
