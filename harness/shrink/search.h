// The best scenario so far and the attempts to better it: each candidate is repaired, looked up
// among those that were tried, looked at (ingredients.h) and only then run.
// Private to harness/shrink.
// Threads: one.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/shrink/minimise.h"

namespace atrest::shrink {

// What may make a scenario simpler; it changes nothing where there is nothing to be done.
using Change = std::function<void(scenario::Scenario&)>;

class Search {
 public:
  Search(const Fingerprint& failure, const Run& run, const Limits& limits,
         const std::function<void(const Minimum&)>& on_better);

  // Runs SCENARIO as it is and begins with it; false if it does not fail so.
  bool Begin(const scenario::Scenario& scenario);

  const scenario::Scenario& best() const { return minimum_.scenario; }
  // Whether a limit has ended it: nothing is tried any more.
  bool is_over() const { return is_over_; }
  Minimum Finish();

  // Takes CANDIDATE, cut behind the step that fails, for the best if it fails so.
  bool Try(scenario::Scenario candidate);
  bool Try(const Change& change);
  // As many of CHANGES as are possible: all at once, else the halves of them.
  void TryMost(const std::vector<Change>& changes);

 private:
  bool Fails(const scenario::Scenario& candidate, size_t& step);
  bool MayRun();
  void Take(scenario::Scenario scenario, size_t step);

  const Fingerprint& failure_;
  const Run& run_;
  const Limits& limits_;
  const std::function<void(const Minimum&)>& on_better_;
  int64_t began_ns_ = 0;
  Minimum minimum_;
  std::set<std::string> tried_;  // as printed
  bool is_over_ = false;
};

}  // namespace atrest::shrink
