#include <map>

#include "reference/sim/damage_effects.h"
#include "reference/sim/run_checkers.h"

namespace atrest::sim {
namespace {

class LeaderChecker : public Checker {
 public:
  const char* name() const override { return "one-leader"; }
  void OnNodeDown(const History& history, size_t /*node*/, std::vector<Violation>& found) override {
    Look(history, found);
  }
  void AtRest(const History& history, std::vector<Violation>& found) override {
    Look(history, found);
  }

 private:
  void Look(const History& history, std::vector<Violation>& found) {
    // A node may have forgotten its vote from then on.
    const Moment forgotten = FirstEffect(history, &DamageEffects::votes);
    for (; seen_ < history.led.size(); ++seen_) {
      const Led& led = history.led[seen_];
      const auto [known, added] = leaders_.insert({led.term, led.node});
      if (added || known->second == led.node || led.event > forgotten.event) continue;
      found.push_back({name(), history.nodes[led.node].id, "K-one-leader",
                       "leads in term " + std::to_string(led.term) + ", in which " +
                           history.nodes[known->second].id + " led"});
    }
  }

  size_t seen_ = 0;
  std::map<uint64_t, size_t> leaders_;  // by term
};

}  // namespace

std::unique_ptr<Checker> MakeLeaderChecker() { return std::make_unique<LeaderChecker>(); }

}  // namespace atrest::sim
