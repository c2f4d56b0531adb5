#include <algorithm>
#include <memory>

#include "harness/cli/command.h"
#include "harness/cli/run_reporters.h"
#include "harness/runner/measured.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct MeasuredArguments {
  std::vector<std::string> patterns;
  std::string root;
  TargetArguments target;
  ReportArguments reports;
  runner::RunOptions options;
};

ExitCode PlayMeasured(const MeasuredArguments& arguments) {
  const std::string root = FindRoot(arguments.root);
  env::PosixFileSystem files;
  env::SystemClock clock;
  auto cases = runner::LoadMeasured(files, root);
  if (!cases.ok()) throw CommandError{ExitCode::kHarnessFailed, cases.status().message()};
  std::erase_if(cases.value(), [&](const runner::MeasuredCase& one) {
    const auto matches = [&](const std::string& pattern) {
      return runner::MatchesPattern(pattern, one.id);
    };
    return !arguments.patterns.empty() && std::ranges::none_of(arguments.patterns, matches);
  });
  runner::RunOptions options = arguments.options;
  options.target = arguments.target.name;
  options.server = arguments.target.server;
  options.strict = true;  // what was measured is all there is here
  options.make_driver = FactoryFor(arguments.target, root);
  RunReporters reporters(arguments.reports);
  const auto summary = runner::RunMeasured(cases.value(), options, reporters.Events(), clock);
  if (!summary.ok()) throw CommandError{ExitCode::kUsage, summary.status().message()};
  reporters.Finish(summary.value());
  return verdict::ExitCodeOf(summary.value());
}

}  // namespace

void AddMeasuredCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "measured", "Ask a target what the real server was asked when fixtures/ was measured");
  auto arguments = std::make_shared<MeasuredArguments>();
  verb->add_option("case", arguments->patterns,
                   "Ids of cases (stores/NAME/N, damage/NAME, transcripts/NAME), folders, or "
                   "patterns with * and ?; none: all");
  AddTargetOptions(*verb, arguments->target);
  AddReportOptions(*verb, arguments->reports);
  verb->add_option("--seed", arguments->options.seed,
                   "Seed of the target's entropy, where it takes one")
      ->capture_default_str();
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback(
      [arguments, &chosen] { chosen = [arguments] { return PlayMeasured(*arguments); }; });
}

}  // namespace atrest::cli
