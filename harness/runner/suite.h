// Finds the scenarios, the register of requirements and the fixtures below one root directory, and
// loads what a run asks for.
// Errors: kNotFound without a root; kInvalid with file and JSON pointer for a malformed file.
// Threads: none shared.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/runner/disputes.h"
#include "harness/runner/suite_version.h"
#include "harness/scenario/known_store.h"
#include "harness/scenario/requirements.h"
#include "harness/scenario/scenario.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::runner {

class Suite {
 public:
  // ROOT holds scenarios/ and fixtures/. FILES must outlive the suite.
  static Result<Suite> Open(env::FileSystem& files, const std::string& root);

  // All scenarios whose id matches one of PATTERNS ('*' any characters, '?' one; a pattern that is
  // a whole folder takes all below it; none: all), by id. Every file is loaded, so that a malformed
  // one never goes unnoticed.
  Result<std::vector<scenario::Scenario>> Load(const std::vector<std::string>& patterns) const;

  // Those of VERSION that match PATTERNS. kInvalid where one is not as it was frozen.
  Result<std::vector<scenario::Scenario>> LoadFrozen(
      const SuiteVersion& version, const std::vector<std::string>& patterns) const;

  // The file of a scenario, as it is.
  Result<std::string> TextOf(const std::string& id) const;

  // The frozen suite of this name. kNotFound if there is none.
  Result<SuiteVersion> Version(const std::string& name) const;

  // scenarios/disputes.json; none where there is no such file.
  Result<Disputes> LoadDisputes() const;

  // scenarios/quick.txt, ids a line: what `--quick` takes besides covering every requirement; none
  // where there is no such file.
  Result<std::set<std::string>> LoadQuick() const;

  const scenario::Requirements& requirements() const { return requirements_; }
  const std::string& root() const { return root_; }
  std::string GoldenDirectory(const std::string& name) const {
    return root_ + "/fixtures/stores/" + name + "/store";
  }
  Result<std::vector<scenario::KnownMessage>> KnownContents(const std::string& golden) const;

 private:
  Suite(env::FileSystem& files, std::string root) : files_(&files), root_(std::move(root)) {}

  env::FileSystem* files_;
  std::string root_;
  scenario::Requirements requirements_;
};

// Whether ID matches PATTERN as Suite::Load describes.
bool MatchesPattern(const std::string& pattern, const std::string& id);

}  // namespace atrest::runner
