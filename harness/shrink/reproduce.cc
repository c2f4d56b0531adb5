#include "harness/shrink/reproduce.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "harness/runner/workspace.h"
#include "harness/scenario/print.h"

namespace atrest::shrink {
namespace {

using runner::Executed;
using runner::Found;
using scenario::Scenario;
using Speak = runner::ExecuteOptions::Oracles;

constexpr char kJson[] = ".json";

bool IsOfExpectations(const Fingerprint& failure) {
  return failure.oracle == "expectation" || failure.oracle == "tampering";
}

// Copies the target's files before one step.
class Snapshot : public runner::StepObserver {
 public:
  Snapshot(size_t step, env::FileSystem& files, std::string directory)
      : step_(step), files_(files), directory_(std::move(directory)) {}

  Status Before(size_t index, driver::Driver& driver) override {
    if (index != step_) return {};
    ATREST_TRY(files_.RemoveAll(directory_));
    ATREST_TRY(files_.MakeDirectories(directory_));
    if (!driver.files().Exists(driver.directory())) return {};
    return runner::CopyTree(driver.files(), driver.directory(), files_, directory_);
  }

 private:
  const size_t step_;
  env::FileSystem& files_;
  const std::string directory_;
};

// A finding that names no requirement is one of its scenario's first.
bool IsSame(const Found& found, const Fingerprint& failure, const Scenario& scenario) {
  Fingerprint seen = FingerprintOf(found.suite, found.finding);
  if (seen.requirement.empty() && failure.requirement == scenario.requirements.front())
    seen.requirement = failure.requirement;
  return seen == failure;
}

// What a failure looks like is decided by the oracle that found it.
class Candidates {
 public:
  Candidates(const Bench& bench, Fingerprint failure, const Scenario& original)
      : bench_(bench), failure_(std::move(failure)) {
    must_hold_ = IsOfExpectations(failure_) && bench_.make_reference && Holds(original);
  }

  std::optional<size_t> StepOfFailure(const Scenario& scenario) const {
    const bool of_a_step = failure_.kind == verdict::NameOf(verdict::Kind::kFail);
    auto executed = ExecuteOn(bench_, scenario, of_a_step && !IsOfExpectations(failure_));
    if (!executed.ok()) return std::nullopt;
    const auto step = of_a_step ? StepIn(executed.value(), scenario) : EndIn(executed.value());
    if (step && must_hold_ && !Holds(scenario)) return std::nullopt;
    return step;
  }

 private:
  std::optional<size_t> StepIn(const Executed& executed, const Scenario& scenario) const {
    const auto found = std::ranges::find_if(executed.findings, [&](const Found& candidate) {
      return IsSame(candidate, failure_, scenario);
    });
    if (found == executed.findings.end()) return std::nullopt;
    return found->step;
  }

  // A crash or a timeout ends the scenario at the last step that is traced.
  std::optional<size_t> EndIn(const Executed& executed) const {
    const auto failure = FingerprintOf(executed.verdict);
    if (!failure || !(*failure == failure_)) return std::nullopt;
    return executed.verdict.trace.empty() ? 0 : executed.verdict.trace.size() - 1;
  }

  bool Holds(const Scenario& scenario) const {
    Bench reference = bench_;
    reference.make_driver = bench_.make_reference;
    const auto executed = ExecuteOn(reference, scenario, false);
    return executed.ok() && !FingerprintOf(executed.value().verdict);
  }

  Bench bench_;
  Fingerprint failure_;
  bool must_hold_ = false;
};

Status WriteFile(env::FileSystem& files, const std::string& path, const std::string& text) {
  auto file = files.Open(path, env::FileSystem::Mode::kCreate);
  if (!file.ok()) return file.status();
  ATREST_TRY(file.value()->Truncate(0));
  return file.value()->Append(AsBytes(text));
}

}  // namespace

Result<Executed> ExecuteOn(const Bench& bench, const Scenario& scenario, bool all_oracles,
                           runner::StepObserver* observer) {
  driver::DriverOptions made;
  made.seed = bench.seed;
  auto target = bench.make_driver(made);
  if (!target.ok()) return target.status();
  runner::ExecuteOptions options;
  options.oracles = all_oracles ? Speak::kAll : Speak::kOfSuite;
  options.observer = observer;
  std::unique_ptr<driver::Driver> reference;
  const bool compares = scenario.suite == verdict::Suite::kCompatibility &&
                        scenario.expectations.empty() && bench.make_reference;
  if (compares) {
    auto another = bench.make_reference(made);
    if (!another.ok()) return another.status();
    reference = std::move(another).value();
    options.reference = reference.get();
  }
  return runner::ExecuteWith(scenario, *target.value(), bench.suite, bench.fixtures, options);
}

Result<std::optional<Fingerprint>> FailureOf(const Bench& bench, const Scenario& scenario) {
  const auto executed = ExecuteOn(bench, scenario, false);
  if (!executed.ok()) return executed.status();
  return FingerprintOf(executed.value().verdict);
}

Run RunFor(const Bench& bench, const Fingerprint& failure, const Scenario& original) {
  const auto candidates = std::make_shared<Candidates>(bench, failure, original);
  return [candidates](const Scenario& scenario) { return candidates->StepOfFailure(scenario); };
}

Result<Minimum> Reproduce(const Bench& bench, const Scenario& scenario, const Fingerprint& failure,
                          const Limits& limits, env::FileSystem& files, const Output& output) {
  Status written;
  const auto write = [&](const Minimum& minimum) {
    if (!written.ok()) return;
    written = WriteFile(files, output.scenario, scenario::PrintScenario(minimum.scenario));
  };
  Minimum minimum = Minimise(scenario, failure, RunFor(bench, failure, scenario), limits, write);
  ATREST_TRY(written);
  if (!minimum.reproduced) return minimum;
  Snapshot snapshot(minimum.step, files, output.store_before);
  const auto executed = ExecuteOn(bench, minimum.scenario, true, &snapshot);
  if (!executed.ok()) return executed.status();
  return minimum;
}

std::string StoreBeforeOf(const std::string& file) {
  std::string stem = file;
  if (stem.ends_with(kJson)) stem.resize(stem.size() - std::string(kJson).size());
  return stem + ".store-before";
}

}  // namespace atrest::shrink
