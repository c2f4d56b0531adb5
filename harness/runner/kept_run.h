// A run that is kept on disk, so that it can be judged again without the target (kept_judge.h). One
// folder a scenario, and a head; RUNS.md has the layout.
// Errors: kIo where the disk refuses; kInvalid "PATH: why" for a head that is not one of ours.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/runner/execute.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/verdict.h"
#include "reference/base/status.h"

namespace atrest::runner {

// What is the same for all scenarios of a kept run.
struct KeptHead {
  std::string target;
  std::string server;
  uint64_t seed = 1;
  driver::TargetInfo info;
  std::vector<std::string> scenarios;  // ids, in the order run
};
Status WriteHead(env::FileSystem& files, const std::string& directory, const KeptHead& head);
Result<KeptHead> ReadHead(env::FileSystem& files, const std::string& directory);

// A JSON file of a kept run.
Result<nlohmann::json> ReadKept(env::FileSystem& files, const std::string& path);

// Writes one scenario of a kept run while it is executed: what was seen in each step, and the files
// of the target that the step changed.
class KeepObserver : public StepObserver {
 public:
  // FOLDER: the scenario's. FILES is where the run is kept, whatever the target's own is.
  KeepObserver(env::FileSystem& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}

  Status After(size_t index, const scenario::Step& step, const verdict::Observation& seen,
               driver::Driver& driver) override;
  // After the last step. SCENARIO: its file's text. DRIVER is asked for what kept it from being
  // ready.
  Status End(const std::string& scenario, const verdict::Verdict& verdict, driver::Driver& driver);

 private:
  struct Tree {
    std::set<std::string> directories;
    std::map<std::string, std::string> hashes;  // of files, by path
  };
  // Lists the target's files into TREE and keeps those that changed in CHANGES.
  Status Walk(driver::Driver& driver, const std::string& below, const std::string& to, Tree& tree,
              nlohmann::json& changes);

  env::FileSystem& files_;
  std::string folder_;
  Tree last_;
  nlohmann::json steps_ = nlohmann::json::array();
};

}  // namespace atrest::runner
