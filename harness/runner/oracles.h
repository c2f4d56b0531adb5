// The oracles that judge a scenario's steps by themselves, each asked about every step: the model,
// the ideal, the disk oracle and the reference. Which of their findings counts is for execute.h.
// Ownership: everything given is borrowed.
// Threads: none shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/oracle/ideal.h"
#include "harness/oracle/model.h"
#include "harness/runner/disk_follower.h"
#include "harness/runner/execute.h"
#include "harness/runner/reference_follower.h"

namespace atrest::runner {

class Oracles {
 public:
  Oracles(const scenario::Scenario& scenario, driver::Driver& driver, const Suite& suite,
          env::FileSystem& fixtures, const ExecuteOptions& options);

  // What they have against what step number INDEX showed, the disk oracle's last. An outcome that
  // ends the scenario is for the disk oracle only.
  Result<std::vector<Found>> Observe(size_t index, const scenario::Step& step,
                                     const verdict::Observation& seen, bool is_ending);

  const oracle::Model& model() const { return model_; }

 private:
  const Suite& suite_;
  oracle::Model model_;
  oracle::Ideal ideal_;
  std::optional<DiskFollower> disk_;
  std::optional<ReferenceFollower> reference_;
  bool tampered_ = false;
};

}  // namespace atrest::runner
