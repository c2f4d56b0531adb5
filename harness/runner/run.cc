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

// TEXT as a shell takes it for one word.
std::string Quoted(const std::string& text) {
  constexpr char kPlain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string ReplayCommand(const scenario::Scenario& scenario, const RunOptions& options) {
  std::string command = "atrest run " + scenario.id + " --target " + Quoted(options.target);
  if (!options.server.empty()) command += " --server " + Quoted(options.server);
  if (options.seed != 1) command += " --seed " + std::to_string(options.seed);
  return command;
}

// How long a target is waited for, in a run that may already have blamed it.
struct Patience {
  static constexpr int kSlow = 3;
  bool has_blamed = false;  // a timeout was confirmed: the next one is believed
};

verdict::Verdict TryOne(const scenario::Scenario& scenario, const Suite& suite,
                        const RunOptions& options, env::FileSystem& files, int patience) {
  driver::DriverOptions made = DriverOptionsFor(scenario, options);
  made.patience = patience;
  // A directory kept by an earlier run would be opened as a store.
  const Status cleared = made.directory.empty() ? Status() : files.RemoveAll(made.directory);
  auto driver = options.make_driver(made);
  if (cleared.ok() && driver.ok()) return Execute(scenario, *driver.value(), suite, files);
  verdict::Verdict verdict;
  verdict.scenario = scenario.id;
  verdict.kind = verdict::Kind::kHarnessError;
  verdict.message = cleared.ok() ? driver.status().message() : cleared.message();
  return verdict;
}

// A timeout is confirmed with more patience before the target is blamed for it: the machine may
// have been busy.
verdict::Verdict RunOne(const scenario::Scenario& scenario, const Suite& suite,
                        const RunOptions& options, env::FileSystem& files, env::Clock& clock,
                        Patience& patience) {
  const int64_t began = clock.NowNs();
  verdict::Verdict verdict = TryOne(scenario, suite, options, files, 1);
  if (verdict.kind == verdict::Kind::kTimeout && !patience.has_blamed) {
    verdict = TryOne(scenario, suite, options, files, Patience::kSlow);
    patience.has_blamed = verdict.kind == verdict::Kind::kTimeout;
  }
  verdict.replay = ReplayCommand(scenario, options);
  verdict.seconds = static_cast<double>(clock.NowNs() - began) / kNsPerSecond;
  return verdict;
}

// A target that is asked for no more than its name. In trouble even so, and with patience, it is
// not tried again for each scenario.
Result<std::unique_ptr<driver::Driver>> Probe(const RunOptions& options) {
  auto probe = options.make_driver({});
  if (!probe.ok()) return probe;
  const auto trouble = probe.value()->Trouble();
  if (!trouble || !std::holds_alternative<verdict::TimedOut>(trouble->outcome)) return probe;
  driver::DriverOptions slow;
  slow.patience = Patience::kSlow;
  return options.make_driver(slow);
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
  const auto probe = Probe(options);
  if (!probe.ok()) return probe.status();
  const bool is_in_trouble = probe.value()->Trouble().has_value();
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
  Patience patience;
  for (const scenario::Scenario& scenario : scenarios) {
    summary.verdicts.push_back(is_in_trouble
                                   ? Execute(scenario, *probe.value(), suite, files)
                                   : RunOne(scenario, suite, options, files, clock, patience));
    if (events.ended) events.ended(summary.verdicts.back());
  }
  summary.seconds = static_cast<double>(clock.NowNs() - began) / kNsPerSecond;
  return summary;
}

}  // namespace atrest::runner
