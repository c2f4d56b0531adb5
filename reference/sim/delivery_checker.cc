#include <map>
#include <set>
#include <string>
#include <utility>

#include "reference/sim/damage_effects.h"
#include "reference/sim/run_checkers.h"
#include "reference/sim/sim_trace.h"

namespace atrest::sim {
namespace {

class DeliveryChecker : public Checker {
 public:
  const char* name() const override { return "delivery"; }
  void OnNodeDown(const History& /*history*/, size_t /*node*/,
                  std::vector<Violation>& /*found*/) override {}
  void AtRest(const History& history, std::vector<Violation>& found) override {
    for (; published_ < history.published.size(); ++published_) {
      const Published& sent = history.published[published_];
      sent_.insert({sent.channel, HashOf(sent.payload)});
    }
    const auto from = [&](bool DamageEffects::*what) { return FirstEffect(history, what).at_ns; };
    const Excuses excuses = {from(&DamageEffects::payloads), from(&DamageEffects::sealed),
                             from(&DamageEffects::gaps), from(&DamageEffects::sequences)};
    for (; seen_ < history.delivered.size(); ++seen_) {
      Look(history, history.delivered[seen_], excuses, found);
    }
  }

 private:
  struct Content {
    uint64_t digest = 0;
    int64_t at_ns = 0;
  };
  // From when on something may be so.
  struct Excuses {
    int64_t payloads_ns = 0;
    int64_t sealed_ns = 0;
    int64_t gaps_ns = 0;
    int64_t sequences_ns = 0;
  };
  struct Position {
    uint64_t epoch = 0;
    uint64_t sequence = 0;
  };

  void Report(const Delivered& delivered, const char* requirement, const std::string& what,
              std::vector<Violation>& found) {
    found.push_back({name(), "", requirement,
                     delivered.client_id + " got " + delivered.channel + ":" +
                         std::to_string(delivered.sequence) + " " + what});
  }

  // Not what a client sent, but what a damage makes of it.
  static bool IsOfDamage(const Delivered& delivered, const Excuses& excuses) {
    if (delivered.at_ns > excuses.payloads_ns) return true;
    if (delivered.payload.empty()) return delivered.at_ns > excuses.gaps_ns;
    return LooksSealed(delivered.payload[0]) && delivered.at_ns > excuses.sealed_ns;
  }

  void Look(const History& history, const Delivered& delivered, const Excuses& excuses,
            std::vector<Violation>& found) {
    const uint64_t digest = HashOf(delivered.payload);
    const bool is_of_damage = IsOfDamage(delivered, excuses);
    if (!is_of_damage && !sent_.contains({delivered.channel, digest})) {
      Report(delivered, "H-faithful", "that nobody published", found);
    }
    if (!is_of_damage) CheckContent(history, delivered, {digest, delivered.at_ns}, excuses, found);
    CheckOrder(delivered, found);
  }

  void CheckContent(const History& history, const Delivered& delivered, const Content& content,
                    const Excuses& excuses, std::vector<Violation>& found) {
    const auto [known, added] =
        contents_.insert({{delivered.channel, delivered.sequence}, content});
    if (added || known->second.digest == content.digest) return;
    // Of a channel that was made again in between, sequences begin anew.
    const auto again_ns = history.MadeAgain(delivered.channel);
    const bool is_again =
        again_ns && known->second.at_ns <= *again_ns && delivered.at_ns > *again_ns;
    if (!is_again && delivered.at_ns <= excuses.sequences_ns) {
      Report(delivered, "H-faithful", "with another payload than before", found);
    }
    known->second = content;
  }

  void CheckOrder(const Delivered& delivered, std::vector<Violation>& found) {
    if (delivered.redelivered) return;
    Position& last = last_[delivered.subscription];
    if (last.epoch == delivered.epoch && delivered.sequence <= last.sequence) {
      Report(delivered, "K-redelivery", "as new behind " + std::to_string(last.sequence), found);
    }
    last = {delivered.epoch, delivered.sequence};
  }

  size_t published_ = 0;
  size_t seen_ = 0;
  std::set<std::pair<std::string, uint64_t>> sent_;               // channel, payload
  std::map<std::pair<std::string, uint64_t>, Content> contents_;  // of channel, sequence
  std::map<uint64_t, Position> last_;                             // by subscription
};

}  // namespace

std::unique_ptr<Checker> MakeDeliveryChecker() { return std::make_unique<DeliveryChecker>(); }

}  // namespace atrest::sim
