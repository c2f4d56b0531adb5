#include <memory>

#include "harness/cli/command.h"
#include "harness/cli/run_reporters.h"
#include "harness/runner/run.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct RunArguments {
  std::vector<std::string> patterns;
  std::string root;
  TargetArguments target;
  ReportArguments reports;
  runner::RunOptions options;
};

template <typename T>
T ValueOr(Result<T> result, ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

ExitCode RunScenarios(const RunArguments& arguments) {
  const std::string root = FindRoot(arguments.root);
  runner::RunOptions options = arguments.options;
  options.target = arguments.target.name;
  options.server = arguments.target.server;
  options.make_driver = FactoryFor(arguments.target, root);
  env::PosixFileSystem files;
  env::SystemClock clock;
  const auto suite = ValueOr(runner::Suite::Open(files, root), ExitCode::kHarnessFailed);
  const auto scenarios = ValueOr(suite.Load(arguments.patterns), ExitCode::kHarnessFailed);
  RunReporters reporters(arguments.reports);
  const auto summary = ValueOr(
      runner::Run(suite, scenarios, options, reporters.Events(), files, clock), ExitCode::kUsage);
  reporters.Finish(summary);
  return verdict::ExitCodeOf(summary);
}

}  // namespace

void AddRunCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand("run", "Run scenarios against a target and judge it");
  auto arguments = std::make_shared<RunArguments>();
  verb->add_option("scenario", arguments->patterns,
                   "Ids of scenarios, folders, or patterns with * and ?; none: all");
  AddTargetOptions(*verb, arguments->target);
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
