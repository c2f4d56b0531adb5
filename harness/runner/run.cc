#include "harness/runner/run.h"

#include <chrono>
#include <cstdio>

#include "harness/runner/execute.h"
#include "harness/runner/version.h"

namespace atrest::runner {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr int64_t kNsPerSecondInt = 1'000'000'000;

driver::DriverOptions DriverOptionsFor(const scenario::Scenario& scenario,
                                       const RunOptions& options) {
  driver::DriverOptions made;
  made.seed = options.seed;
  if (!options.keep.empty()) made.directory = options.keep + "/" + scenario.id + "/store";
  return made;
}

std::string ReplayCommand(const scenario::Scenario& scenario, const RunOptions& options) {
  std::string command = "atrest run " + scenario.id + " --target " + options.target;
  if (!options.server.empty()) command += " --server " + options.server;
  if (options.seed != 1) command += " --seed " + std::to_string(options.seed);
  return command;
}

verdict::Verdict RunOne(const scenario::Scenario& scenario, const Suite& suite,
                        const RunOptions& options, env::FileSystem& files, env::Clock& clock) {
  const int64_t began = clock.NowNs();
  const driver::DriverOptions made = DriverOptionsFor(scenario, options);
  verdict::Verdict verdict;
  // A directory kept by an earlier run would be opened as a store.
  const Status cleared = made.directory.empty() ? Status() : files.RemoveAll(made.directory);
  auto driver = options.make_driver(made);
  if (cleared.ok() && driver.ok()) {
    verdict = Execute(scenario, *driver.value(), suite, files);
  } else {
    verdict.scenario = scenario.id;
    verdict.kind = verdict::Kind::kHarnessError;
    verdict.message = cleared.ok() ? driver.status().message() : cleared.message();
  }
  verdict.replay = ReplayCommand(scenario, options);
  verdict.seconds = static_cast<double>(clock.NowNs() - began) / kNsPerSecond;
  return verdict;
}

}  // namespace

std::string Rfc3339(int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

Result<verdict::RunSummary> Run(const Suite& suite,
                                const std::vector<scenario::Scenario>& scenarios,
                                const RunOptions& options, const RunEvents& events,
                                env::FileSystem& files, env::Clock& clock) {
  const auto probe = options.make_driver({});
  if (!probe.ok()) return probe.status();
  const int64_t began = clock.NowNs();
  verdict::RunSummary summary;
  summary.target = options.target;
  summary.target_version = probe.value()->Info().version;
  summary.harness_version = kVersion;
  summary.configuration = {{"seed", std::to_string(options.seed)},
                           {"strict", options.strict ? "yes" : "no"}};
  summary.started_at = Rfc3339(began / kNsPerSecondInt);
  summary.strict = options.strict;
  if (events.starting) events.starting(summary);
  for (const scenario::Scenario& scenario : scenarios) {
    summary.verdicts.push_back(RunOne(scenario, suite, options, files, clock));
    if (events.ended) events.ended(summary.verdicts.back());
  }
  summary.seconds = static_cast<double>(clock.NowNs() - began) / kNsPerSecond;
  return summary;
}

}  // namespace atrest::runner
