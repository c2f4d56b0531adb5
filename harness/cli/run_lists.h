// What a run holds against its verdicts: the dispute register and the target's list of known
// failures.
// Errors: CommandError (command.h).
// Threads: one.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/cli/command.h"
#include "harness/runner/disputes.h"
#include "harness/runner/known_failures.h"
#include "harness/runner/suite.h"
#include "harness/verdict/verdict.h"

namespace atrest::cli {

class RunLists {
 public:
  // KNOWN: the file of known failures; "none", or "" for that of TARGET where there is one. NEEDED:
  // the target's own file is taken even if it has to be made.
  RunLists(const runner::Suite& suite, const std::string& target, const std::string& known,
           bool needed = false);

  // For runner::RunOptions::settle.
  void Settle(verdict::Verdict& verdict) const;
  // Adds to SUMMARY what departs from the list.
  void Conclude(verdict::RunSummary& summary) const;
  // Writes the list that SUMMARY, of all scenarios, agrees with, and takes it from now on. A line
  // for each change. Fails, the file as it was, where no list may be made of SUMMARY.
  Result<std::vector<std::string>> Update(verdict::RunSummary& summary);

 private:
  std::string file_;   // "" for none
  std::string shown_;  // its name for reports
  runner::Disputes disputes_;
  std::optional<runner::KnownFailures> known_;
  std::set<std::string> all_;  // ids of all scenarios
};

}  // namespace atrest::cli
