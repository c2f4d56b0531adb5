#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "reference/sim/damage_effects.h"
#include "reference/sim/run_checkers.h"

namespace atrest::sim {
namespace {

class AppliedChecker : public Checker {
 public:
  const char* name() const override { return "applied-alike"; }
  void OnNodeDown(const History& history, size_t /*node*/, std::vector<Violation>& found) override {
    Look(history, found);
  }
  void AtRest(const History& history, std::vector<Violation>& found) override {
    Look(history, found);
  }

 private:
  // From which event on something may be so.
  struct Excuses {
    uint64_t places = 0;
    uint64_t entries = 0;
    uint64_t data = 0;
    uint64_t sealed = 0;
  };

  void Look(const History& history, std::vector<Violation>& found) {
    const auto from = [&](bool DamageEffects::*what) { return FirstEffect(history, what).event; };
    const Excuses excuses = {from(&DamageEffects::places), from(&DamageEffects::entries),
                             from(&DamageEffects::data), from(&DamageEffects::sealed)};
    for (; seen_ < history.applied.size(); ++seen_) {
      const Applied& applied = history.applied[seen_];
      TakeRestored(history, applied.event, excuses, found);
      CheckNext(history, applied, excuses, found);
      // Each node's entry 1 lists itself first (cluster.md 1.4).
      if (applied.index != 1) CheckSame(history, applied, excuses, found);
    }
    TakeRestored(history, UINT64_MAX, excuses, found);
  }

  // Snapshots that were restored before EVENT. One that a leader sends goes forward.
  void TakeRestored(const History& history, uint64_t event, const Excuses& excuses,
                    std::vector<Violation>& found) {
    for (; restored_ < history.restored.size(); ++restored_) {
      const Restored& restored = history.restored[restored_];
      if (restored.event > event) return;
      if (restored.step == Restored::Step::kInstalling) continue;
      uint64_t& last = last_[{restored.node, restored.start}];
      if (restored.index <= last && restored.event < excuses.places) {
        found.push_back({name(), history.nodes[restored.node].id, "K-applied-alike",
                         "restores a snapshot of entry " + std::to_string(restored.index) +
                             " behind " + std::to_string(last)});
      }
      last = restored.index;
    }
  }

  // Only a snapshot stands for entries that are not applied one by one.
  void CheckNext(const History& history, const Applied& applied, const Excuses& excuses,
                 std::vector<Violation>& found) {
    uint64_t& last = last_[{applied.node, applied.start}];
    const uint64_t next = last + 1;
    last = applied.index;
    if (applied.index == next || applied.event > excuses.places) return;
    found.push_back(
        {name(), history.nodes[applied.node].id, "K-applied-alike",
         "applies entry " + std::to_string(applied.index) + " behind " + std::to_string(next - 1)});
  }

  void CheckSame(const History& history, const Applied& applied, const Excuses& excuses,
                 std::vector<Violation>& found) {
    const auto [known, added] = entries_.insert({applied.index, applied});
    Applied& first = known->second;
    if (added || applied.event > excuses.entries) return;
    const bool is_same_place = first.term == applied.term && first.type == applied.type;
    if (is_same_place && first.digest == applied.digest) return;
    if (is_same_place && applied.event > excuses.data) return;
    const bool is_sealed = LooksSealed(applied.first_byte);
    if (is_same_place && std::max(first.event, applied.event) > excuses.sealed &&
        (is_sealed || LooksSealed(first.first_byte))) {
      if (!is_sealed) first = applied;  // what all others are compared with
      return;
    }
    found.push_back({name(), history.nodes[applied.node].id, "K-applied-alike",
                     "applies another entry " + std::to_string(applied.index) + " (term " +
                         std::to_string(applied.term) + ") than " + history.nodes[first.node].id +
                         " (term " + std::to_string(first.term) + ")"});
  }

  size_t seen_ = 0;
  size_t restored_ = 0;
  std::map<std::pair<size_t, size_t>, uint64_t> last_;  // by node and start
  std::map<uint64_t, Applied> entries_;                 // by index
};

}  // namespace

std::unique_ptr<Checker> MakeAppliedChecker() { return std::make_unique<AppliedChecker>(); }

}  // namespace atrest::sim
