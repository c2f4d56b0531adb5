// A run that is kept on disk, so that it can be judged again without the target (kept_judge.h). One
// folder a scenario, and a head; RUNS.md has the layout.
// Errors: kIo where the disk refuses; kInvalid "PATH: why" for a head that is not one of ours.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
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
  // Those that counted, of the suite version that was asked for; empty: all did.
  std::set<std::string> requirements = {};
};
// DIRECTORY may hold an earlier kept run, and nothing else. kInvalid "DIRECTORY: why".
Status MayKeepIn(env::FileSystem& files, const std::string& directory);
Status WriteHead(env::FileSystem& files, const std::string& directory, const KeptHead& head);
Result<KeptHead> ReadHead(env::FileSystem& files, const std::string& directory);

// A JSON file of a kept run.
Result<nlohmann::json> ReadKept(env::FileSystem& files, const std::string& path);

// The target of a run that is kept: what it writes is seen by the one who keeps it and by the
// oracles alike.
// Ownership: the driver is borrowed.
class KeepingDriver : public driver::Driver {
 public:
  explicit KeepingDriver(driver::Driver& target) : target_(target) {}

  // What TakeOutput is to return next grows by what came since the last call, which is returned.
  std::string KeepOutput() {
    std::string more = target_.TakeOutput();
    output_ += more;
    return more;
  }
  std::string TakeOutput() override { return std::exchange(output_, {}); }

  driver::TargetInfo Info() const override { return target_.Info(); }
  std::optional<verdict::Observation> Trouble() const override { return target_.Trouble(); }
  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override {
    return target_.Start(settings, keys);
  }
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override {
    return target_.Publish(publish);
  }
  Result<verdict::Observation> Read(const scenario::Read& read) override {
    return target_.Read(read);
  }
  Result<verdict::Observation> Stop() override { return target_.Stop(); }
  Result<verdict::Observation> Kill() override { return target_.Kill(); }
  Result<verdict::Observation> Wait(const scenario::Wait& wait) override {
    return target_.Wait(wait);
  }
  Result<verdict::Observation> Interrupt(const scenario::Interrupt& interrupt) override {
    return target_.Interrupt(interrupt);
  }
  Result<verdict::Observation> Act(const scenario::ClientStep& step) override {
    return target_.Act(step);
  }
  Status MakeNodes(const scenario::Cluster& cluster) override { return target_.MakeNodes(cluster); }
  Result<std::vector<std::string>> NodesOf(const std::string& role) override {
    return target_.NodesOf(role);
  }
  Result<std::vector<verdict::Observation>> ActOn(
      const std::vector<std::string>& nodes, const scenario::Action& action,
      const std::map<std::string, std::string>& keys) override {
    return target_.ActOn(nodes, action, keys);
  }
  env::FileSystem& files() override { return target_.files(); }
  std::string directory() const override { return target_.directory(); }
  std::optional<int> process() const override { return target_.process(); }
  std::string barrier_channel() const override { return target_.barrier_channel(); }

 private:
  driver::Driver& target_;
  std::string output_;
};

// Writes one scenario of a kept run while it is executed: what was seen in each step, and the files
// of the target that the step changed.
class KeepObserver : public StepObserver {
 public:
  // FOLDER: the scenario's. FILES is where the run is kept, whatever the target's own is. TARGET
  // is the driver that the scenario is executed on.
  KeepObserver(env::FileSystem& files, std::string folder, KeepingDriver& target)
      : files_(files), folder_(std::move(folder)), target_(target) {}

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
  KeepingDriver& target_;
  Tree last_;
  nlohmann::json steps_ = nlohmann::json::array();
};

}  // namespace atrest::runner
