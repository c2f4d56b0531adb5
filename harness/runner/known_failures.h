// The list of a target's known failures (scenarios/known_failures/TARGET.txt, RUNS.md): a ratchet.
// What it lists fails no run; everything else that is not as it says does: a failure that is not
// listed, a listed one that passes, is skipped or fails otherwise, an entry without its scenario.
// Errors: kInvalid "FILE:LINE: why".
// Threads: values.
#pragma once

#include <functional>
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
  // HAS_DOCUMENT says whether a path that a reason names is there, below the root of the suite.
  using HasDocument = std::function<bool(const std::string&)>;
  static Result<KnownFailures> Parse(const std::string& file, std::string_view text,
                                     const HasDocument& has_document);

  // Gives VERDICT the reason of its entry if it fails as that says.
  void Mark(verdict::Verdict& verdict) const;

  // A line for everything that is not as the list says. VERDICTS may be those of a part of the
  // scenarios; ALL: the ids of every scenario there is.
  std::vector<std::string> Departures(const std::vector<verdict::Verdict>& verdicts,
                                      const std::set<std::string>& all) const;

  // Why no list may be made of SUMMARY: some verdict of it says nothing lasting of the target. OK
  // for one that it may be made of.
  static Status MayUpdateFrom(const verdict::RunSummary& summary);

  // The list that VERDICTS, of all scenarios, agree with. What fails as listed keeps its reason;
  // what is new, or fails otherwise, is "unreviewed".
  KnownFailures Updated(const std::vector<verdict::Verdict>& verdicts) const;

  // A line for each entry that was added to BEFORE, changed or dropped to come to this list.
  std::vector<std::string> ChangesFrom(const KnownFailures& before) const;

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
