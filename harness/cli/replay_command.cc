#include <iostream>
#include <memory>

#include "harness/cli/scenario_file.h"
#include "harness/runner/version.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct ReplayArguments {
  FileArguments file;
  ReportArguments reports;
};

verdict::RunSummary SummaryOf(const FileArguments& arguments, const shrink::Bench& bench) {
  driver::DriverOptions made;
  made.seed = arguments.seed;
  const auto probe = ValueOrThrow(bench.make_driver(made), ExitCode::kUsage);
  verdict::RunSummary summary;
  summary.target = arguments.target.name;
  summary.target_version = probe->Info().version;
  summary.harness_version = runner::kVersion;
  summary.configuration = {{"seed", std::to_string(arguments.seed)}};
  return summary;
}

// What a failure's report says anyway is shown of a pass, too.
void ShowSteps(const verdict::Verdict& verdict) {
  const bool shown = verdict.kind != verdict::Kind::kPass &&
                     verdict.kind != verdict::Kind::kRejectedAsExpected &&
                     verdict.kind != verdict::Kind::kSkipped;
  if (shown) return;
  for (const std::string& line : verdict.trace) std::cout << "    step  " << line << '\n';
  for (const std::string& line : verdict.log) std::cout << "    log   " << line << '\n';
}

ExitCode Replay(const ReplayArguments& arguments) {
  ScenarioFile file(arguments.file);
  const shrink::Bench bench = file.bench();
  verdict::RunSummary summary = SummaryOf(arguments.file, bench);
  env::SystemClock clock;
  RunReporters reporters(arguments.reports);
  const auto events = reporters.Events();
  events.starting(summary);
  const int64_t began = clock.NowNs();
  auto executed =
      ValueOrThrow(shrink::ExecuteOn(bench, file.scenario(), false), ExitCode::kHarnessFailed);
  executed.verdict.seconds = static_cast<double>(clock.NowNs() - began) / 1e9;
  summary.seconds = executed.verdict.seconds;
  summary.verdicts.push_back(std::move(executed.verdict));
  events.ended(summary.verdicts.back());
  if (!arguments.reports.quiet) {
    ShowSteps(summary.verdicts.back());
    const std::string before = shrink::StoreBeforeOf(arguments.file.file);
    if (file.files().Exists(before))
      std::cout << "    the store before its last step: " << before << '\n';
  }
  reporters.Finish(summary);
  return verdict::ExitCodeOf(summary);
}

}  // namespace

void AddReplayCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand("replay", "Run the scenario of one file and show all of it");
  auto arguments = std::make_shared<ReplayArguments>();
  AddFileOptions(*verb, arguments->file);
  AddReportOptions(*verb, arguments->reports);
  verb->callback([arguments, &chosen] { chosen = [arguments] { return Replay(*arguments); }; });
}

}  // namespace atrest::cli
