// The list of a target's known failures (scenarios/known_failures/TARGET.txt, RUNS.md): a ratchet.
// What it lists fails no run; everything else that is not as it says does: a failure that is not
// listed, a listed one that passes, is skipped or fails otherwise, an entry without its scenario.
// Errors: kInvalid "FILE:LINE: why".
// Threads: values.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verdict/verdict.h"
#include "reference/base/status.h"

namespace atrest::runner {

class KnownFailures {
 public:
  static Result<KnownFailures> Parse(const std::string& file, std::string_view text);

  // Gives VERDICT the reason of its entry if it fails as that says.
  void Mark(verdict::Verdict& verdict) const;

  // A line for everything that is not as the list says. VERDICTS may be those of a part of the
  // scenarios; ALL: the ids of every scenario there is.
  std::vector<std::string> Departures(const std::vector<verdict::Verdict>& verdicts,
                                      const std::set<std::string>& all) const;

  // The list that VERDICTS, of all scenarios, agree with. What was listed keeps its reason; what is
  // new is "unreviewed".
  KnownFailures Updated(const std::vector<verdict::Verdict>& verdicts) const;

  // The file: entries by reason, both in order.
  std::string Print() const;

 private:
  struct Entry {
    std::string message;
    std::string reason;  // its lines, without the signs of a comment
  };
  std::string head_;                      // what stands above everything, as lines of comment
  std::map<std::string, Entry> entries_;  // by id
};

}  // namespace atrest::runner
