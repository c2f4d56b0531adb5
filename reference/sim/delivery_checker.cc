#include <map>
#include <set>
#include <string>
#include <utility>

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
    if (history.IsDamaged()) return;  // a damaged leader delivers what it reads
    for (; published_ < history.published.size(); ++published_) {
      const Published& sent = history.published[published_];
      sent_.insert({sent.channel, HashOf(sent.payload)});
    }
    for (; seen_ < history.delivered.size(); ++seen_)
      Look(history, history.delivered[seen_], found);
  }

 private:
  struct Content {
    uint64_t digest = 0;
    int64_t at_ns = 0;
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

  void Look(const History& history, const Delivered& delivered, std::vector<Violation>& found) {
    const uint64_t digest = HashOf(delivered.payload);
    if (!sent_.contains({delivered.channel, digest})) {
      Report(delivered, "H-faithful", "that nobody published", found);
    }
    const Content content{digest, delivered.at_ns};
    const auto [known, added] =
        contents_.insert({{delivered.channel, delivered.sequence}, content});
    if (!added && known->second.digest != digest) {
      // Of a channel that was made again in between, sequences begin anew.
      const auto again_ns = history.MadeAgain(delivered.channel);
      if (!again_ns || known->second.at_ns > *again_ns || delivered.at_ns <= *again_ns) {
        Report(delivered, "H-faithful", "with another payload than before", found);
      }
      known->second = content;
    }
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
