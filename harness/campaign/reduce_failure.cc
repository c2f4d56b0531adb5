#include "harness/campaign/reduce_failure.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "harness/runner/jobs.h"
#include "harness/scenario/print.h"
#include "harness/shrink/reproduce.h"

namespace atrest::campaign {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr unsigned kGraceS = 60;  // for the last execution, which may hang

// Whether all of IDS are requirements of SUITE.
bool AreOf(verdict::Suite suite, const std::vector<std::string>& ids,
           const scenario::Requirements& known) {
  return std::ranges::all_of(ids, [&](const std::string& id) {
    const scenario::Requirement* requirement = known.Find(id);
    return requirement != nullptr && requirement->suite == suite;
  });
}

// Done in a process of its own.
Status ReduceHere(const Failure& failure, const Cases& cases, const ReduceOptions& options,
                  env::FileSystem& files, env::Clock& clock, Reduced& reduced) {
  const scenario::Scenario given =
      Citing(failure, cases.ScenarioOf(failure.seed), cases.suite().requirements());
  shrink::Fingerprint fingerprint = failure.fingerprint();
  // Who breaks no requirement by name breaks the first that the scenario cites, and whether the
  // reference does so too is not asked again.
  if (fingerprint.requirement.empty() && !fingerprint.oracle.empty())
    fingerprint.requirement = given.requirements.front();
  if (failure.disputed) fingerprint.kind = verdict::NameOf(verdict::Kind::kFail);
  ATREST_TRY(files.MakeDirectories(options.directory));
  // What never comes again is kept as it was.
  const std::string text = scenario::PrintScenario(given);
  ATREST_TRY(env::WriteWhole(files, reduced.file, AsBytes(text)));
  reduced.steps = given.steps.size();
  shrink::Limits limits;
  limits.executions_max = options.executions_max;
  limits.time_ms = options.time_ms;
  limits.clock = &clock;
  const auto minimum = shrink::Reproduce(cases.BenchFor(), given, fingerprint, limits, files,
                                         {reduced.file, shrink::StoreBeforeOf(reduced.file)});
  if (!minimum.ok()) return minimum.status();
  reduced.reproduced = minimum.value().reproduced;
  reduced.executions = minimum.value().executions;
  reduced.complete = minimum.value().complete;
  if (!reduced.reproduced) return Status();
  reduced.steps = minimum.value().scenario.steps.size();
  const std::string smallest = scenario::PrintScenario(
      Citing(failure, minimum.value().scenario, cases.suite().requirements()));
  return env::WriteWhole(files, reduced.file, AsBytes(smallest));
}

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
       {failure.requirement.str(), failure.oracle.str(), failure.about.str(),
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
  const scenario::Requirement* broken = requirements.Find(failure.requirement.str());
  const bool is_of_suite = broken != nullptr && broken->suite == failure.suite;
  scenario.id = NameOf(failure);
  scenario.title = "Generated: " + shrink::Show(failure.fingerprint());
  if (is_of_suite) {
    scenario.requirements = {broken->id};
  } else if (!AreOf(failure.suite, scenario.requirements, requirements)) {
    // What breaks no requirement of its suite by name is counted against the suite's first.
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
                       env::FileSystem& files, env::Clock& clock, InterruptWatch& watch) {
  void* memory =
      mmap(nullptr, sizeof(Left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Status(Code::kIo, "no shared memory to reduce in");
  Left* left = new (memory) Left();
  Reduced reduced;
  reduced.file = options.directory + "/" + NameOf(failure) + ".json";
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) {
    runner::EndWith(parent);
    watch.Restore();
    alarm(static_cast<unsigned>(options.time_ms / kMsPerSecond) + kGraceS);
    try {
      const Status done = ReduceHere(failure, cases, options, files, clock, reduced);
      Leave(reduced, *left);
      if (!done.ok()) left->error = done.message();
    } catch (const std::exception& error) {
      left->error = std::string("the process that reduced threw: ") + error.what();
    } catch (...) {
      left->error = "the process that reduced threw";
    }
    std::_Exit(0);
  }
  int how = 0;
  while (process > 0 && waitpid(process, &how, WNOHANG) == 0) {
    watch.Wait();
    if (watch.was_interrupted()) kill(process, SIGKILL);
  }
  reduced.reproduced = left->reproduced;
  reduced.steps = left->steps;
  reduced.executions = left->executions;
  reduced.complete = left->complete;
  const std::string error = process < 0 ? "no process to reduce in" : left->error.str();
  if (WIFSIGNALED(how) && !watch.was_interrupted())
    reduced.trouble = "the process that reduced ended by signal " + std::to_string(WTERMSIG(how));
  munmap(memory, sizeof(Left));
  if (!error.empty()) return Status(Code::kIo, error);
  return reduced;
}

}  // namespace atrest::campaign
