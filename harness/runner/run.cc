#include "harness/runner/run.h"

#include <atomic>
#include <memory>
#include <optional>

#include "harness/runner/calibrate.h"
#include "harness/runner/execute.h"
#include "harness/runner/jobs.h"
#include "harness/runner/summary.h"
#include "harness/runner/verdict_json.h"

namespace atrest::runner {
namespace {

using scenario::Scenario;
using verdict::Verdict;

// How much longer a target is waited for when a timeout is confirmed.
constexpr int kSlow = 3;

driver::DriverOptions DriverOptionsFor(const Scenario& scenario, const RunOptions& options) {
  driver::DriverOptions made;
  made.seed = options.seed;
  if (!options.keep.empty()) made.directory = options.keep + "/" + scenario.id + "/store";
  return made;
}

Verdict HarnessError(const Scenario& scenario, const std::string& message) {
  Verdict verdict;
  verdict.scenario = scenario.id;
  verdict.title = scenario.title;
  verdict.suite = scenario.suite;
  verdict.level = scenario.level;
  verdict.requirements = scenario.requirements;
  verdict.kind = verdict::Kind::kHarnessError;
  verdict.message = message;
  return verdict;
}

// What is the same for all scenarios of a run.
struct Context {
  const Suite& suite;
  const RunOptions& options;
  env::FileSystem& files;
  env::Clock& clock;
  int patience = 1;
  // A timeout was confirmed, in whichever job: the next one is believed.
  std::atomic<bool>& has_blamed;
};

Verdict TryOne(const Scenario& scenario, const Context& context, int patience) {
  driver::DriverOptions made = DriverOptionsFor(scenario, context.options);
  made.patience = patience;
  // A directory kept by an earlier run would be opened as a store.
  const Status cleared =
      made.directory.empty() ? Status() : context.files.RemoveAll(made.directory);
  if (!cleared.ok()) return HarnessError(scenario, cleared.message());
  auto driver = context.options.make_driver(made);
  if (!driver.ok()) return HarnessError(scenario, driver.status().message());
  return Execute(scenario, *driver.value(), context.suite, context.files);
}

// A timeout is confirmed with more patience before the target is blamed for it: the machine may
// have been busy.
Verdict RunOne(const Scenario& scenario, const Context& context) {
  const int64_t began = context.clock.NowNs();
  Verdict verdict = TryOne(scenario, context, context.patience);
  if (verdict.kind == verdict::Kind::kTimeout && !context.has_blamed) {
    verdict = TryOne(scenario, context, context.patience * kSlow);
    if (verdict.kind == verdict::Kind::kTimeout) context.has_blamed = true;
  }
  verdict.replay = "atrest run " + scenario.id + TargetArguments(context.options);
  verdict.seconds = SecondsOf(context.clock.NowNs() - began);
  return verdict;
}

// A target that is asked for no more than its name, and then started and stopped. In trouble even
// so, and with patience, it is not tried again for each scenario.
Result<std::unique_ptr<driver::Driver>> Probe(const RunOptions& options) {
  auto probe = options.make_driver({});
  if (!probe.ok()) return probe;
  const auto trouble = probe.value()->Trouble();
  if (!trouble || !std::holds_alternative<verdict::TimedOut>(trouble->outcome)) return probe;
  driver::DriverOptions slow;
  slow.patience = kSlow;
  return options.make_driver(slow);
}

// Verdicts as they come, told of in the order of the scenarios.
class InOrder {
 public:
  InOrder(size_t count, const RunEvents& events) : came_(count), events_(events) {}

  void Add(size_t index, Verdict verdict) {
    came_[index] = std::move(verdict);
    for (; next_ < came_.size() && came_[next_]; ++next_) {
      if (events_.ended) events_.ended(*came_[next_]);
    }
  }
  std::vector<Verdict> Take() {
    std::vector<Verdict> verdicts;
    for (auto& verdict : came_) verdicts.push_back(std::move(*verdict));
    return verdicts;
  }

 private:
  std::vector<std::optional<Verdict>> came_;
  const RunEvents& events_;
  size_t next_ = 0;
};

Status RunInJobs(const std::vector<Scenario>& scenarios, const Context& context,
                 InOrder& verdicts) {
  Jobs jobs;
  jobs.jobs = context.options.jobs;
  jobs.pieces = scenarios.size();
  jobs.work = [&](size_t index) { return Packed(RunOne(scenarios[index], context)); };
  jobs.done = [&](size_t index, const std::optional<std::string>& answer, const std::string& how) {
    const Scenario& scenario = scenarios[index];
    const auto verdict = answer ? Unpacked(*answer) : Status(Code::kIo, how);
    if (verdict.ok()) return verdicts.Add(index, verdict.value());
    Verdict lost = HarnessError(scenario, "the process that ran the scenario gave no verdict: " +
                                              verdict.status().message());
    lost.replay = "atrest run " + scenario.id + TargetArguments(context.options);
    verdicts.Add(index, lost);
  };
  return DoInJobs(jobs);
}

Status RunAll(const std::vector<Scenario>& scenarios, const Context& context, InOrder& verdicts) {
  if (context.options.jobs > 1) return RunInJobs(scenarios, context, verdicts);
  for (size_t i = 0; i < scenarios.size(); ++i) verdicts.Add(i, RunOne(scenarios[i], context));
  return {};
}

}  // namespace

Result<verdict::RunSummary> Run(const Suite& suite, const std::vector<Scenario>& scenarios,
                                const RunOptions& options, const RunEvents& events,
                                env::FileSystem& files, env::Clock& clock) {
  auto probe = Probe(options);
  if (!probe.ok()) return probe.status();
  const int64_t began = clock.NowNs();
  verdict::RunSummary summary = BeginSummary(options, probe.value()->Info(), clock);
  InOrder verdicts(scenarios.size(), events);
  if (probe.value()->Trouble()) {
    if (events.starting) events.starting(summary);
    for (size_t i = 0; i < scenarios.size(); ++i)
      verdicts.Add(i, Execute(scenarios[i], *probe.value(), suite, files));
  } else {
    const Calibration calibration = Calibrate(*probe.value(), options.answer_ms, clock);
    // Its threads must not be there when jobs are forked.
    probe.value().reset();
    summary.calibration = Describe(calibration, options.answer_ms);
    if (events.starting) events.starting(summary);
    Shared<std::atomic<bool>> has_blamed;
    if (has_blamed.get() == nullptr) return Status(Code::kIo, "no memory that jobs can share");
    ATREST_TRY(RunAll(scenarios,
                      {suite, options, files, clock, calibration.patience, *has_blamed.get()},
                      verdicts));
  }
  summary.verdicts = verdicts.Take();
  EndSummary(summary, began, clock);
  return summary;
}

}  // namespace atrest::runner
