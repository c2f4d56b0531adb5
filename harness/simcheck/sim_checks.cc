#include "harness/simcheck/sim_checks.h"

#include "harness/simcheck/acked_check.h"
#include "harness/simcheck/finding_watch.h"
#include "harness/simcheck/forgotten_check.h"
#include "harness/simcheck/leak_check.h"
#include "harness/simcheck/log_check.h"
#include "harness/simcheck/outcome_check.h"
#include "harness/simcheck/own_key_check.h"
#include "harness/simcheck/reuse_check.h"
#include "harness/simcheck/snapshot_check.h"
#include "harness/simcheck/stored_check.h"

namespace atrest::simcheck {

struct SimChecks::Parts {
  ClusterView view;
  ForgottenCheck forgotten{view};
  AckedCheck acked{view};
  StoredCheck stored{view};
  LogCheck logs{view};
  LeakCheck leak{view};
  ReuseCheck reuse{view};
  OwnKeyCheck own_key{view};
  SnapshotCheck snapshots{view};
  OutcomeCheck outcome{view};
  FindingWatch findings{view};
};

SimChecks::SimChecks()
    : parts_(std::make_unique<Parts>()), all_{&parts_->forgotten, &parts_->acked,
                                              &parts_->stored,    &parts_->logs,
                                              &parts_->leak,      &parts_->reuse,
                                              &parts_->own_key,   &parts_->snapshots,
                                              &parts_->outcome,   &parts_->findings} {}

SimChecks::~SimChecks() = default;

const std::vector<NamedFinding>& SimChecks::findings() const { return parts_->findings.findings(); }

}  // namespace atrest::simcheck
