#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "harness/cli/command.h"
#include "harness/cli/run_reporters.h"
#include "harness/report/comparison.h"
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
  options.answer_ms = target.answer_ms;
  options.make_driver = FactoryFor(target, root);
  return options;
}

// Which target a line of progress is about is clear from the run's head line.
ExitCode Compare(const RunArguments& arguments,
                 const std::function<verdict::RunSummary(const runner::RunOptions&,
                                                         const runner::RunEvents&)>& run,
                 const std::string& root) {
  if (!arguments.reports.junit.empty() || !arguments.options.keep.empty())
    throw CommandError{ExitCode::kUsage, "--junit and --keep are for one target"};
  ReportArguments progress = arguments.reports;
  progress.json.clear();
  std::vector<verdict::RunSummary> runs;
  for (const std::string& target : arguments.targets) {
    RunReporters reporters(progress);
    runs.push_back(run(OptionsFor(arguments, target, root), reporters.Events()));
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

// What of ALL is run, in the order it is run in; CONFIGURATION says so in reports.
Scenarios Chosen(const RunArguments& arguments, Scenarios all,
                 std::map<std::string, std::string>& configuration) {
  if (!arguments.suites.empty()) {
    std::erase_if(all, [&](const scenario::Scenario& scenario) {
      return std::ranges::find(arguments.suites, verdict::NameOf(scenario.suite)) ==
             arguments.suites.end();
    });
  }
  if (arguments.quick) {
    all = runner::QuickOf(all);
    configuration["quick"] = "yes";
  }
  if (arguments.shuffle) {
    runner::Shuffle(*arguments.shuffle, all);
    configuration["shuffle"] = std::to_string(*arguments.shuffle);
  }
  return all;
}

ExitCode RunScenarios(const RunArguments& given) {
  RunArguments arguments = given;
  const std::string root = FindRoot(arguments.root);
  env::PosixFileSystem files;
  env::SystemClock clock;
  const auto suite = ValueOr(runner::Suite::Open(files, root), ExitCode::kHarnessFailed);
  const auto scenarios =
      Chosen(arguments, ValueOr(suite.Load(arguments.patterns), ExitCode::kHarnessFailed),
             arguments.options.configuration);
  const auto run = [&](const runner::RunOptions& options, const runner::RunEvents& events) {
    return ValueOr(runner::Run(suite, scenarios, options, events, files, clock), ExitCode::kUsage);
  };
  if (arguments.targets.size() > 1) return Compare(arguments, run, root);
  RunReporters reporters(arguments.reports);
  const auto summary =
      run(OptionsFor(arguments, arguments.targets.front(), root), reporters.Events());
  reporters.Finish(summary);
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
  verb->add_option("--keep", arguments->options.keep,
                   "Keep each scenario's store below this directory");
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
