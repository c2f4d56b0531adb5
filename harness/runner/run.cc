#include "harness/runner/run.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include "harness/runner/calibrate.h"
#include "harness/runner/execute.h"
#include "harness/runner/jobs.h"
#include "harness/runner/kept_run.h"
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

std::string FolderFor(const Scenario& scenario, const Context& context) {
  return context.options.keep + "/" + scenario.id;
}

Verdict JudgeOn(driver::Driver& driver, const Scenario& scenario, const Context& context) {
  const RunOptions& options = context.options;
  ExecuteOptions execute;
  execute.requirements = options.requirements;
  const auto reference = ReferenceFor(scenario, driver.Info(), options.make_reference);
  if (!reference.ok()) return HarnessError(scenario, reference.status().message());
  execute.reference = reference.value().get();
  if (options.keep.empty())
    return ExecuteWith(scenario, driver, context.suite, context.files, execute).verdict;
  KeepingDriver kept_driver(driver);
  KeepObserver keeper(context.files, FolderFor(scenario, context), kept_driver);
  execute.observer = &keeper;
  Verdict verdict =
      ExecuteWith(scenario, kept_driver, context.suite, context.files, execute).verdict;
  const auto text = context.suite.TextOf(scenario.id);
  const Status kept = text.ok() ? keeper.End(text.value(), verdict, driver) : text.status();
  return kept.ok() ? verdict : HarnessError(scenario, kept.message());
}

Verdict TryOne(const Scenario& scenario, const Context& context, int patience) {
  driver::DriverOptions made = DriverOptionsFor(scenario, context.options);
  made.patience = patience;
  // A directory kept by an earlier run would be opened as a store.
  const Status cleared =
      made.directory.empty() ? Status() : context.files.RemoveAll(FolderFor(scenario, context));
  if (!cleared.ok()) return HarnessError(scenario, cleared.message());
  auto driver = context.options.make_driver(made);
  if (!driver.ok()) return HarnessError(scenario, driver.status().message());
  return JudgeOn(*driver.value(), scenario, context);
}

// A timeout is confirmed with more patience before the target is blamed for it: the machine may
// have been busy.
Verdict RunOne(const Scenario& scenario, const Context& context) {
  const int64_t began = context.clock.NowNs();
  Verdict verdict = TryOne(scenario, context, context.patience);
  if (verdict.kind == verdict::Kind::kTimeout && !context.has_blamed) {
    const std::string first = verdict.message;
    verdict = TryOne(scenario, context, context.patience * kSlow);
    if (verdict.kind == verdict::Kind::kTimeout) {
      context.has_blamed = true;
    } else {
      verdict.trace.insert(verdict.trace.begin(), "a first attempt timed out: " + first);
    }
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

// Why a target is in trouble; one of the outcomes that driver.h names for it.
std::string WhyOf(const verdict::Observation& trouble) {
  if (const auto* crashed = std::get_if<verdict::Crashed>(&trouble.outcome)) return crashed->how;
  if (const auto* late = std::get_if<verdict::TimedOut>(&trouble.outcome)) return late->why;
  if (const auto* wrong = std::get_if<verdict::Violated>(&trouble.outcome)) return wrong->why;
  return "it was not ready";
}

KeptHead HeadOf(const RunOptions& options, const driver::TargetInfo& info,
                const std::vector<Scenario>& scenarios) {
  KeptHead head{options.target, options.server, options.seed, info, {}, options.requirements};
  for (const Scenario& scenario : scenarios) head.scenarios.push_back(scenario.id);
  return head;
}

// Verdicts as they come, told of in the order of the scenarios.
class InOrder {
 public:
  InOrder(size_t count, const RunOptions& options, const RunEvents& events)
      : came_(count), options_(options), events_(events) {}

  void Add(size_t index, Verdict verdict) {
    if (options_.settle) options_.settle(verdict);
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
  const RunOptions& options_;
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

Result<std::unique_ptr<driver::Driver>> ReferenceFor(const Scenario& scenario,
                                                     const driver::TargetInfo& info,
                                                     const driver::DriverFactory& make_reference) {
  const bool is_comparison =
      scenario.suite == verdict::Suite::kCompatibility && scenario.expectations.empty();
  const bool may_be_disputed = scenario.suite == verdict::Suite::kConformance && !info.is_reference;
  if (!make_reference || (!is_comparison && !may_be_disputed))
    return std::unique_ptr<driver::Driver>();
  auto reference = make_reference({});
  if (!reference.ok()) return reference;
  const auto has = reference.value()->Info().capabilities;
  for (const std::string& need : scenario.needs) {
    if (std::ranges::find(has, need) == has.end()) return std::unique_ptr<driver::Driver>();
  }
  return reference;
}

Result<verdict::RunSummary> Run(const Suite& suite, const std::vector<Scenario>& scenarios,
                                const RunOptions& options, const RunEvents& events,
                                env::FileSystem& files, env::Clock& clock) {
  auto probe = Probe(options);
  if (!probe.ok()) return probe.status();
  Shared<std::atomic<bool>> has_blamed;
  if (has_blamed.get() == nullptr) return Status(Code::kIo, "no memory that jobs can share");
  const int64_t began = clock.NowNs();
  const driver::TargetInfo info = probe.value()->Info();
  verdict::RunSummary summary = BeginSummary(options, info, clock);
  if (!options.keep.empty()) {
    ATREST_TRY(MayKeepIn(files, options.keep));
    ATREST_TRY(WriteHead(files, options.keep, HeadOf(options, info, scenarios)));
  }
  InOrder verdicts(scenarios.size(), options, events);
  if (const auto trouble = probe.value()->Trouble()) {
    summary.trouble = WhyOf(*trouble);
    if (events.starting) events.starting(summary);
    const Context context{suite, options, files, clock, 1, *has_blamed.get()};
    for (size_t i = 0; i < scenarios.size(); ++i)
      verdicts.Add(i, JudgeOn(*probe.value(), scenarios[i], context));
  } else {
    const Calibration calibration = Calibrate(*probe.value(), options.answer_ms, clock);
    // Its threads must not be there when jobs are forked.
    probe.value().reset();
    summary.calibration = Describe(calibration, options.answer_ms);
    if (events.starting) events.starting(summary);
    const Context context{suite, options, files, clock, calibration.patience, *has_blamed.get()};
    ATREST_TRY(RunAll(scenarios, context, verdicts));
  }
  summary.verdicts = verdicts.Take();
  EndSummary(summary, began, clock);
  return summary;
}

}  // namespace atrest::runner
