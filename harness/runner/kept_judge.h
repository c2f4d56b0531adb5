// Judges one scenario of a kept run (kept_run.h) again, without its target: a stand-in answers each
// step as the target did and puts the files back that the target had left, so that every oracle
// speaks as if the target were there.
// Errors: kInvalid "PATH: why" where what was kept is not whole.
// Threads: none shared.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/runner/execute.h"
#include "harness/runner/kept_run.h"
#include "harness/runner/suite.h"

namespace atrest::runner {

class KeptScenario {
 public:
  // FILES must outlive it. SUITE gives the register of requirements.
  static Result<KeptScenario> Read(env::FileSystem& files, const std::string& directory,
                                   const std::string& id, const Suite& suite);

  const scenario::Scenario& scenario() const { return scenario_; }
  const verdict::Verdict& verdict() const { return verdict_; }  // the one given then

  // FIXTURES is the file system that SUITE was opened on. A scenario in which the harness failed
  // keeps its verdict: that says nothing of the target. OPTIONS' observer is not used.
  Result<verdict::Verdict> Judge(const KeptHead& head, const Suite& suite,
                                 env::FileSystem& fixtures, ExecuteOptions options) const;

 private:
  KeptScenario(env::FileSystem& files, std::string folder)
      : files_(&files), folder_(std::move(folder)) {}

  env::FileSystem* files_;
  std::string folder_;
  scenario::Scenario scenario_;
  verdict::Verdict verdict_;
  nlohmann::json kept_;
};

}  // namespace atrest::runner
