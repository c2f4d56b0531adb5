#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "harness/cli/command.h"
#include "harness/cli/run_lists.h"
#include "harness/cli/run_reporters.h"
#include "harness/report/comparison.h"
#include "harness/report/printable.h"
#include "harness/runner/choose.h"
#include "harness/runner/jobs.h"
#include "harness/runner/run.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

using Scenarios = std::vector<scenario::Scenario>;

struct RunArguments {
  std::vector<std::string> patterns;
  std::vector<std::string> suites;
  bool quick = false;
  std::optional<uint64_t> shuffle;
  std::string version;
  std::string known;
  bool update = false;
  std::string root;
  std::vector<std::string> targets;
  TargetArguments target;
  ReportArguments reports;
  runner::RunOptions options;
};

template <typename T>
T ValueOr(Result<T> result, ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

runner::RunOptions OptionsFor(const RunArguments& arguments, const std::string& name,
                              const std::string& root) {
  TargetArguments target = arguments.target;
  target.name = name;
  runner::RunOptions options = arguments.options;
  options.target = name;
  options.server = target.server;
  options.fault = target.fault;
  options.answer_ms = target.answer_ms;
  options.make_driver = FactoryFor(target, root);
  options.make_reference = ReferenceFactory(root);
  return options;
}

using RunTarget =
    std::function<verdict::RunSummary(const std::string& target, const runner::RunEvents&)>;

// Which target a line of progress is about is clear from the run's head line.
ExitCode Compare(const RunArguments& arguments, const RunTarget& run) {
  ReportArguments progress = arguments.reports;
  progress.json.clear();
  std::vector<verdict::RunSummary> runs;
  for (const std::string& target : arguments.targets) {
    RunReporters reporters(progress);
    runs.push_back(run(target, reporters.Events()));
    reporters.Finish(runs.back());
  }
  if (!arguments.reports.quiet) report::PrintComparison(runs, std::cout);
  if (!arguments.reports.json.empty()) {
    std::ofstream file(arguments.reports.json, std::ios::binary);
    report::WriteComparison(runs, file);
    file.flush();
    if (!file) throw CommandError{ExitCode::kUsage, "cannot write " + arguments.reports.json};
  }
  return report::ExitCodeOf(runs);
}

void CheckUsage(const RunArguments& arguments) {
  const bool several = arguments.targets.size() > 1;
  const bool for_one = !arguments.reports.junit.empty() || !arguments.options.keep.empty() ||
                       !arguments.known.empty() || arguments.update;
  if (several && for_one) {
    throw CommandError{ExitCode::kUsage,
                       "--junit, --keep, --known-failures and --update are for one target"};
  }
  const bool is_filtered = !arguments.patterns.empty() || !arguments.suites.empty() ||
                           arguments.quick || !arguments.version.empty();
  if (arguments.update && is_filtered) {
    throw CommandError{ExitCode::kUsage,
                       "--update writes the list anew, so it needs a run of all scenarios"};
  }
}

// What of ALL is run, in the order it is run in; CONFIGURATION says so in reports.
Scenarios Chosen(const RunArguments& arguments, const runner::Suite& suite, Scenarios all,
                 std::map<std::string, std::string>& configuration) {
  if (!arguments.suites.empty()) {
    std::erase_if(all, [&](const scenario::Scenario& scenario) {
      return std::ranges::find(arguments.suites, verdict::NameOf(scenario.suite)) ==
             arguments.suites.end();
    });
  }
  if (arguments.quick) {
    all = runner::QuickOf(all, ValueOr(suite.LoadQuick(), ExitCode::kHarnessFailed));
    configuration["quick"] = "yes";
  }
  if (arguments.shuffle) {
    runner::Shuffle(*arguments.shuffle, all);
    configuration["shuffle"] = std::to_string(*arguments.shuffle);
  }
  return all;
}

std::vector<std::string> IdsOf(const Scenarios& scenarios) {
  std::vector<std::string> ids;
  for (const scenario::Scenario& scenario : scenarios) ids.push_back(scenario.id);
  return ids;
}

// The scenarios that the arguments ask for, and which requirements count among OPTIONS.
Scenarios Load(const RunArguments& arguments, const runner::Suite& suite,
               runner::RunOptions& options) {
  if (arguments.version.empty()) {
    auto all = ValueOr(suite.Load(arguments.patterns), ExitCode::kHarnessFailed);
    SayUnmatched(arguments.patterns, IdsOf(all));
    return Chosen(arguments, suite, std::move(all), options.configuration);
  }
  const auto version = ValueOr(suite.Version(arguments.version), ExitCode::kUsage);
  options.requirements = version.requirements;
  options.configuration["suite version"] = arguments.version;
  auto all = ValueOr(suite.LoadFrozen(version, arguments.patterns), ExitCode::kHarnessFailed);
  SayUnmatched(arguments.patterns, IdsOf(all));
  return Chosen(arguments, suite, std::move(all), options.configuration);
}

// What --update did, behind the reports; the run counts for nothing where it could not.
void TellOfUpdate(const Result<std::vector<std::string>>& changes, bool is_quiet) {
  if (!changes.ok()) throw CommandError{ExitCode::kHarnessFailed, changes.status().message()};
  if (is_quiet) return;
  for (const std::string& line : changes.value()) std::cout << report::Printable(line) << '\n';
  if (changes.value().empty()) std::cout << "the list of known failures is as it was\n";
}

ExitCode RunScenarios(const RunArguments& given) {
  CheckUsage(given);
  RunArguments arguments = given;
  const std::string root = FindRoot(arguments.root);
  env::PosixFileSystem files;
  env::SystemClock clock;
  const auto suite = ValueOr(runner::Suite::Open(files, root), ExitCode::kHarnessFailed);
  const auto scenarios = Load(arguments, suite, arguments.options);
  std::optional<Result<std::vector<std::string>>> changes;
  const auto run = [&](const std::string& target, const runner::RunEvents& events) {
    RunLists lists(suite, target, arguments.known, arguments.update);
    runner::RunOptions options = OptionsFor(arguments, target, root);
    options.settle = [&](verdict::Verdict& verdict) { lists.Settle(verdict); };
    auto summary =
        ValueOr(runner::Run(suite, scenarios, options, events, files, clock), ExitCode::kUsage);
    if (arguments.update) changes = lists.Update(summary);
    lists.Conclude(summary);
    return summary;
  };
  if (arguments.targets.size() > 1) return Compare(arguments, run);
  RunReporters reporters(arguments.reports);
  const auto summary = run(arguments.targets.front(), reporters.Events());
  reporters.Finish(summary);
  if (changes) TellOfUpdate(*changes, arguments.reports.quiet);
  return verdict::ExitCodeOf(summary);
}

}  // namespace

void AddRunCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand("run", "Run scenarios against a target and judge it");
  auto arguments = std::make_shared<RunArguments>();
  verb->add_option("scenario", arguments->patterns,
                   "Ids of scenarios, folders, or patterns with * and ?; none: all");
  verb->add_option("--suite", arguments->suites, "Only scenarios of this suite; may be repeated")
      ->check(CLI::IsMember({"conformance", "compatibility", "hardening"}))
      ->allow_extra_args(false);
  verb->add_flag("--quick", arguments->quick,
                 "Few scenarios, which touch every requirement that the chosen ones touch");
  verb->add_option("--shuffle", arguments->shuffle, "Run in an order that this seed decides");
  verb->add_option("--jobs", arguments->options.jobs, "Processes that share the scenarios")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, runner::kJobsMax));
  AddTargetOptions(*verb, arguments->target, arguments->targets);
  AddReportOptions(*verb, arguments->reports);
  verb->add_option("--suite-version", arguments->version,
                   "Judge by this frozen suite (scenarios/suites)");
  verb->add_option("--known-failures", arguments->known,
                   "The list of failures that are known; \"none\" for none; left out: that of the "
                   "target in scenarios/known_failures, if there is one");
  verb->add_flag("--update", arguments->update,
                 "Write the list of known failures as this run would have it");
  verb->add_option("--keep", arguments->options.keep,
                   "Keep the run in this directory: each scenario's store, and what `atrest judge` "
                   "needs to judge it again");
  verb->add_option("--seed", arguments->options.seed,
                   "Seed of the target's entropy, where it takes one")
      ->capture_default_str();
  verb->add_flag("--strict", arguments->options.strict,
                 "Exit 4 or 5 where only compatibility differs or hardening finds");
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback(
      [arguments, &chosen] { chosen = [arguments] { return RunScenarios(*arguments); }; });
}

}  // namespace atrest::cli
