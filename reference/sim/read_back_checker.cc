#include <map>
#include <set>
#include <string>
#include <utility>

#include "reference/sim/damage_effects.h"
#include "reference/sim/run_checkers.h"
#include "reference/sim/sim_trace.h"

namespace atrest::sim {
namespace {

class ReadBackChecker : public Checker {
 public:
  const char* name() const override { return "read-back"; }
  void OnNodeDown(const History& /*history*/, size_t /*node*/,
                  std::vector<Violation>& /*found*/) override {}
  void AtRest(const History& history, std::vector<Violation>& found) override {
    if (history.read_back.empty() || MayLack(history)) return;
    for (const Delivered& delivered : history.delivered) {
      if (delivered.client_id == history.read_back) Take(delivered);
    }
    for (const auto& [channel, sequences] : sequences_) JudgeGaps(channel, sequences, found);
    for (const Published& sent : history.published) {
      if (sent.acked_at_ns && !IsForgotten(history, sent)) JudgeSent(sent, found);
    }
  }

 private:
  using Content = std::pair<std::string, uint64_t>;  // channel, payload

  // Whether a damage leaves messages out, or gives their sequences to others, as documented.
  static bool MayLack(const History& history) {
    const auto happened = [&](bool DamageEffects::*what) {
      return FirstEffect(history, what).event != UINT64_MAX;
    };
    return happened(&DamageEffects::gaps) || happened(&DamageEffects::sequences) ||
           happened(&DamageEffects::payloads);
  }

  void Take(const Delivered& delivered) {
    if (!sequences_[delivered.channel].insert(delivered.sequence).second) return;
    ++read_[{delivered.channel, HashOf(delivered.payload)}];
  }

  // As documented where a node forgets a channel: nothing from before is left of it.
  static bool IsForgotten(const History& history, const Published& sent) {
    return sent.acked_at_ns <= history.MadeAgain(sent.channel);
  }

  // No limits apply, so nothing is ever removed.
  void JudgeGaps(const std::string& channel, const std::set<uint64_t>& sequences,
                 std::vector<Violation>& found) {
    uint64_t next = 1;
    for (const uint64_t sequence : sequences) {
      if (sequence != next) {
        found.push_back({name(), "", "K-cluster-heals",
                         "a subscription to " + channel + " from the first message on got " +
                             std::to_string(sequence) + " and not " + std::to_string(next)});
      }
      next = sequence + 1;
    }
  }

  void JudgeSent(const Published& sent, std::vector<Violation>& found) {
    uint64_t& left = read_[{sent.channel, HashOf(sent.payload)}];
    if (left > 0) {
      --left;
      return;
    }
    found.push_back({name(), "", "K-acked-stored",
                     "guid " + sent.guid + " of channel " + sent.channel +
                         " was acknowledged, and a subscription from the first message on did not "
                         "get it"});
  }

  std::map<std::string, std::set<uint64_t>> sequences_;  // that were delivered, by channel
  std::map<Content, uint64_t> read_;                     // how often, and not accounted for
};

}  // namespace

std::unique_ptr<Checker> MakeReadBackChecker() { return std::make_unique<ReadBackChecker>(); }

}  // namespace atrest::sim
