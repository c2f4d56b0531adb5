#include "harness/campaign/reduce.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "harness/runner/workspace.h"
#include "harness/scenario/print.h"
#include "harness/shrink/minimise.h"

namespace atrest::campaign {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr unsigned kGraceS = 60;  // for the last execution, which may hang
constexpr char kScenarioFile[] = "scenario.json";
constexpr char kSnapshot[] = "store-before";

// Copies the store as step STEP finds it.
class Snapshot : public runner::StepObserver {
 public:
  Snapshot(size_t step, std::string to, env::FileSystem& files)
      : step_(step), to_(std::move(to)), files_(files) {}

  Status Before(size_t step, driver::Driver& driver) override {
    if (step != step_) return Status();
    ATREST_TRY(files_.RemoveAll(to_));
    return runner::CopyTree(driver.files(), driver.directory(), files_, to_);
  }

 private:
  size_t step_;
  std::string to_;
  env::FileSystem& files_;
};

class Reducer {
 public:
  Reducer(const Failure& failure, const Cases& cases, const ReduceOptions& options,
          env::FileSystem& files, env::Clock& clock)
      : failure_(failure), cases_(cases), options_(options), files_(files), clock_(clock) {}

  std::string Directory() const { return options_.directory + "/" + NameOf(failure_); }

  Status Run(Reduced& reduced) {
    ATREST_TRY(files_.RemoveAll(Directory()));
    ATREST_TRY(files_.MakeDirectories(Directory()));
    const scenario::Scenario given =
        Citing(failure_, cases_.ScenarioOf(failure_.seed), cases_.suite().requirements());
    // What never comes again is kept as it was.
    ATREST_TRY(Write(given, reduced));
    const auto fails = [&](const scenario::Scenario& candidate) -> std::optional<size_t> {
      const auto executed = cases_.Execute(candidate, nullptr, true);
      if (!executed.ok()) return std::nullopt;
      return Cases::StepOf(executed.value(), failure_.fingerprint());
    };
    shrink::Limits limits;
    limits.executions_max = options_.executions_max;
    limits.time_ms = options_.time_ms;
    limits.clock = &clock_;
    Status written;
    const shrink::Minimum minimum = shrink::Minimise(
        given, failure_.fingerprint(), fails, limits, [&](const shrink::Minimum& better) {
          reduced.reproduced = true;
          if (written.ok()) written = Write(better.scenario, reduced);
        });
    ATREST_TRY(written);
    reduced.reproduced = minimum.reproduced;
    reduced.executions = minimum.executions;
    reduced.complete = minimum.complete;
    if (!minimum.reproduced) return Status();
    ATREST_TRY(Write(minimum.scenario, reduced));
    Snapshot snapshot(minimum.step, Directory() + "/" + kSnapshot, files_);
    return cases_.Execute(minimum.scenario, &snapshot).status();
  }

 private:
  Status Write(const scenario::Scenario& scenario, Reduced& reduced) {
    const std::string text = scenario::PrintScenario(scenario);
    reduced.steps = scenario.steps.size();
    return env::WriteWhole(files_, Directory() + "/" + kScenarioFile, AsBytes(text));
  }

  const Failure& failure_;
  const Cases& cases_;
  const ReduceOptions& options_;
  env::FileSystem& files_;
  env::Clock& clock_;
};

// What the process that reduces leaves behind.
struct Left {
  bool reproduced = false;
  uint64_t steps = 0;
  uint64_t executions = 0;
  bool complete = false;
  FixedText<400> error;
};

void Leave(const Reduced& reduced, Left& left) {
  left.reproduced = reduced.reproduced;
  left.steps = reduced.steps;
  left.executions = reduced.executions;
  left.complete = reduced.complete;
}

}  // namespace

std::string NameOf(const Failure& failure) {
  std::string name = verdict::NameOf(failure.suite);
  for (const std::string& part :
       {failure.requirement.str(), failure.oracle.str(),
        failure.requirement.str().empty() ? failure.kind.str() : std::string(),
        failure.disputed ? std::string("disputed") : std::string()}) {
    if (!part.empty()) name += "-" + part;
  }
  constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  for (char& c : name) {
    if (std::string_view(kPlain).find(c) == std::string_view::npos) c = '-';
  }
  return name;
}

scenario::Scenario Citing(const Failure& failure, scenario::Scenario scenario,
                          const scenario::Requirements& requirements) {
  const std::string id = failure.requirement.str();
  scenario.id = NameOf(failure);
  scenario.title = "Generated: " + shrink::Show(failure.fingerprint());
  const bool stays = id.empty() && scenario.suite == failure.suite;
  if (!stays) scenario.requirements = {id};
  // What breaks no requirement by name is counted against the first of its suite.
  if (!stays && id.empty()) {
    const auto& all = requirements.all();
    const auto first = std::ranges::find(all, failure.suite, &scenario::Requirement::suite);
    if (first != all.end()) scenario.requirements = {first->id};
  }
  scenario.suite = failure.suite;
  for (const std::string& cited : scenario.requirements) {
    const scenario::Requirement* known = requirements.Find(cited);
    if (known != nullptr) scenario.level = std::max(scenario.level, known->level);
  }
  return scenario;
}

Result<Reduced> Reduce(const Failure& failure, const Cases& cases, const ReduceOptions& options,
                       env::FileSystem& files, env::Clock& clock) {
  void* memory =
      mmap(nullptr, sizeof(Left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Status(Code::kIo, "no shared memory to reduce in");
  Left* left = new (memory) Left();
  Reducer reducer(failure, cases, options, files, clock);
  const pid_t process = fork();
  if (process == 0) {
    alarm(static_cast<unsigned>(options.time_ms / kMsPerSecond) + kGraceS);
    Reduced reduced;
    const Status done = reducer.Run(reduced);
    Leave(reduced, *left);
    if (!done.ok()) left->error = done.message();
    std::_Exit(0);
  }
  if (process > 0) waitpid(process, nullptr, 0);
  Reduced reduced{left->reproduced, reducer.Directory() + "/" + kScenarioFile, left->steps,
                  left->executions, left->complete};
  const std::string error = process < 0 ? "no process to reduce in" : left->error.str();
  munmap(memory, sizeof(Left));
  if (!error.empty()) return Status(Code::kIo, error);
  return reduced;
}

}  // namespace atrest::campaign
