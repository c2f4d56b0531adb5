// The checks on trial: the same scenarios and generated cases are run on the reference as it is and
// with a fault, and what differs to the worse is evidence that the checks see the fault.
// The reference as it is fails checks of its own (hardening findings, all of them the real
// server's), so a failure counts only where the same check did not fail in the same way without the
// fault: by oracle and requirement, not by message. What the reference shows as well (a dispute) is
// no failure. In generated cases a finding of hardening that others of them show without the fault
// does not count either: what the fault does else may bring it up in this one.
// Ownership: borrows the suite and the file systems.
// Errors: a Status where a target cannot be made, where the harness itself fails, and where the
// target as it is crashes or hangs.
// Threads: none shared. A fault may take the process along: try each in one of its own.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/campaign/cases.h"
#include "harness/driver/driver.h"
#include "harness/prove/evidence.h"
#include "harness/prove/seen.h"
#include "harness/prove/stage.h"
#include "harness/runner/execute.h"
#include "harness/runner/suite.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::prove {

struct TrialOptions {
  // Makes the target, with DriverOptions::fault set or not.
  driver::DriverFactory make_driver;
  driver::DriverFactory make_reference;  // in this process, as it is
  uint64_t seed = 1;                     // of the target's entropy, and of the first case
  uint64_t cases = 500;
  size_t steps = 20;
  // What a check on the target as it is may take.
  unsigned seconds_max = 60;
  // Where worker processes keep their files, which are left there by one that is ended: the caller
  // removes it. "" for where this process does.
  std::string temporary;
};

class Trial : public FaultTrial {
 public:
  // SCENARIOS are those that the target can do; QUICK, ids, are those of `--quick`.
  Trial(const runner::Suite& suite, env::FileSystem& fixtures, const TrialOptions& options,
        std::vector<scenario::Scenario> scenarios, std::set<std::string> quick);

  // Runs every check on the target as it is, in JOBS processes. To be done before anything else.
  Status Learn(uint64_t jobs);

  Result<bool> Run(const std::string& fault, const std::string& trace, const Stage& stage,
                   Evidence& evidence) const override;
  // The ids of the scenarios and of the properties. REQUIRES: Learn.
  std::vector<std::string> Checks() const override;
  // A piece of work keeps its files in TrialOptions::temporary.
  void BeginPiece(unsigned seconds) const override;

 private:
  using Known = std::set<Failure>;  // of the target as it is

  // How the check number INDEX, scenarios first, fails on the target as it is.
  Result<Known> FailuresOf(size_t index) const;
  Result<SeenAll> RunScenario(const scenario::Scenario& scenario, const std::string& fault,
                              const std::string& trace) const;
  Result<SeenAll> RunCase(uint64_t index, const std::string& fault, const std::string& trace) const;
  // What of ALL is not known of the check number INDEX, as kills by one that looks like LIKE;
  // whether one is enough.
  bool AddKills(const SeenAll& all, size_t index, const Kill& like, const Stage& stage,
                Evidence& evidence) const;
  bool IsKnown(const Seen& seen, size_t index) const;
  std::string NameOfCheck(size_t index) const;
  const generate::Property& PropertyOf(uint64_t index) const;
  bool IsOf(const Stage& stage, const std::string& scenario) const;
  // The numbers of the scenarios of STAGE in the order in which they are run.
  std::vector<size_t> OrderOf(const Stage& stage) const;
  Result<bool> RunScenarios(const std::string& fault, const std::string& trace, const Stage& stage,
                            Evidence& evidence) const;
  Result<bool> RunCases(const std::string& fault, const std::string& trace, const Stage& stage,
                        Evidence& evidence) const;
  Result<runner::Executed> Execute(const scenario::Scenario& scenario, const std::string& fault,
                                   const std::string& trace,
                                   runner::ExecuteOptions::Oracles oracles, int patience) const;
  // The same with what says nothing of the target sorted out.
  Result<runner::Executed> Judge(const scenario::Scenario& scenario, const std::string& fault,
                                 const std::string& trace,
                                 runner::ExecuteOptions::Oracles oracles) const;

  const runner::Suite& suite_;
  env::FileSystem& fixtures_;
  const TrialOptions options_;
  const std::vector<scenario::Scenario> scenarios_;
  const std::set<std::string> quick_;
  std::set<std::string> capabilities_;
  std::vector<size_t> properties_;
  std::vector<Known> known_;  // of scenarios, then of cases
  Known known_in_cases_;      // of all of them
};

}  // namespace atrest::prove
