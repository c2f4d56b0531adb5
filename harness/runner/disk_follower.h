// Follows a scenario with the disk oracle (harness/disktruth): tells it what each step did, and has
// it look at the target's files behind every step. It follows targets that write the known file
// format, and scenarios whose publishes are all the harness's own.
// Ownership: the driver is borrowed.
// Threads: none shared.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/disktruth/disk_truth.h"
#include "harness/driver/driver.h"
#include "harness/oracle/finding.h"
#include "harness/runner/disk_tree.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"
#include "reference/base/status.h"

namespace atrest::runner {

class DiskFollower {
 public:
  DiskFollower(const scenario::Scenario& scenario, driver::Driver& driver);

  // What is wrong on disk after this step, and was not said before.
  Result<std::vector<oracle::Finding>> Observe(const scenario::Step& step,
                                               const verdict::Observation& seen);

 private:
  disktruth::Mode ModeOf(const scenario::Settings& settings) const;
  // A start with another polynomial than the first: what it writes has no one format any more.
  bool HasOtherChecksums(const scenario::Action& action) const;
  void FollowDeliveries(const std::string& channel, const verdict::Observation& seen);
  void Follow(const scenario::Action& action, const verdict::Observation& seen);

  const scenario::Scenario& scenario_;
  std::unique_ptr<disktruth::DiskTruth> truth_;  // none where the scenario is not followed
  std::unique_ptr<DiskTree> tree_;
  std::map<std::string, std::string> channels_;  // by named subscription
  bool is_running_ = false;
};

}  // namespace atrest::runner
