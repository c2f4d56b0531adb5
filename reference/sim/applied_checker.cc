#include <map>
#include <string>
#include <utility>

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
  struct Entry {
    size_t node = 0;
    uint64_t term = 0;
    uint8_t type = 0;
    uint64_t digest = 0;
  };

  void Look(const History& history, std::vector<Violation>& found) {
    if (history.IsDamaged()) return;  // what a damaged node reads may be anything, and spread
    for (; seen_ < history.applied.size(); ++seen_) {
      const Applied& applied = history.applied[seen_];
      CheckNext(history, applied, found);
      // Each node's entry 1 lists itself first (cluster.md 1.4).
      if (applied.index != 1) CheckSame(history, applied, found);
    }
  }

  // Only a snapshot leaves entries out, and goes forward.
  void CheckNext(const History& history, const Applied& applied, std::vector<Violation>& found) {
    uint64_t& last = last_[{applied.node, applied.start}];
    if (applied.index <= last) {
      found.push_back(
          {name(), history.nodes[applied.node].id, "K-applied-alike",
           "applies entry " + std::to_string(applied.index) + " behind " + std::to_string(last)});
    }
    last = applied.index;
  }

  void CheckSame(const History& history, const Applied& applied, std::vector<Violation>& found) {
    const Entry entry{applied.node, applied.term, applied.type, applied.digest};
    const auto [known, added] = entries_.insert({applied.index, entry});
    const Entry& first = known->second;
    if (added ||
        (first.term == entry.term && first.type == entry.type && first.digest == entry.digest)) {
      return;
    }
    found.push_back({name(), history.nodes[applied.node].id, "K-applied-alike",
                     "applies another entry " + std::to_string(applied.index) + " (term " +
                         std::to_string(entry.term) + ") than " + history.nodes[first.node].id +
                         " (term " + std::to_string(first.term) + ")"});
  }

  size_t seen_ = 0;
  std::map<std::pair<size_t, size_t>, uint64_t> last_;  // by node and start
  std::map<uint64_t, Entry> entries_;                   // by index
};

}  // namespace

std::unique_ptr<Checker> MakeAppliedChecker() { return std::make_unique<AppliedChecker>(); }

}  // namespace atrest::sim
