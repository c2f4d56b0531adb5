#include <iostream>
#include <memory>

#include "harness/cli/command.h"
#include "harness/cli/run_lists.h"
#include "harness/cli/run_reporters.h"
#include "harness/runner/kept_judge.h"
#include "harness/runner/kept_run.h"
#include "harness/runner/summary.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct JudgeArguments {
  std::string directory;
  std::string root;
  std::string known;
  bool strict = false;
  ReportArguments reports;
};

template <typename T>
T ValueOr(Result<T> result, ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

// "crypto/a: pass, it was fail: why".
void Compare(const verdict::Verdict& now, const verdict::Verdict& then,
             std::vector<std::string>& differences) {
  if (now.kind == then.kind && now.message == then.message) return;
  differences.push_back(now.scenario + ": " + verdict::ShownKind(now) + ", it was " +
                        verdict::ShownKind(then) +
                        (then.message.empty() ? "" : ": " + then.message));
}

verdict::RunSummary Judge(const JudgeArguments& arguments, const runner::KeptHead& head,
                          const runner::Suite& suite, const std::string& root,
                          const runner::RunEvents& events, std::vector<std::string>& differences) {
  env::PosixFileSystem files;
  env::SystemClock clock;
  runner::RunOptions options;
  options.target = head.target;
  options.server = head.server;
  options.seed = head.seed;
  options.strict = arguments.strict;
  options.configuration = {{"judged again from", arguments.directory}};
  const int64_t began = clock.NowNs();
  verdict::RunSummary summary = runner::BeginSummary(options, head.info, clock);
  events.starting(summary);
  const RunLists lists(suite, head.target, arguments.known);
  for (const std::string& id : head.scenarios) {
    const auto kept = ValueOr(runner::KeptScenario::Read(files, arguments.directory, id, suite),
                              ExitCode::kUsage);
    runner::ExecuteOptions execute;
    execute.requirements = head.requirements;
    const auto reference = ValueOr(
        runner::ReferenceFor(kept.scenario(), head.info, ReferenceFactory(root)), ExitCode::kUsage);
    execute.reference = reference.get();
    const int64_t scenario_began = clock.NowNs();
    auto verdict = ValueOr(kept.Judge(head, suite, files, execute), ExitCode::kUsage);
    Compare(verdict, kept.verdict(), differences);
    verdict.seconds = runner::SecondsOf(clock.NowNs() - scenario_began);
    verdict.replay = "atrest run " + id + runner::TargetArguments(options);
    lists.Settle(verdict);
    events.ended(verdict);
    summary.verdicts.push_back(std::move(verdict));
  }
  lists.Conclude(summary);
  runner::EndSummary(summary, began, clock);
  return summary;
}

ExitCode JudgeKept(const JudgeArguments& arguments) {
  const std::string root = FindRoot(arguments.root);
  env::PosixFileSystem files;
  const auto suite = ValueOr(runner::Suite::Open(files, root), ExitCode::kHarnessFailed);
  const auto head = ValueOr(runner::ReadHead(files, arguments.directory), ExitCode::kUsage);
  RunReporters reporters(arguments.reports);
  std::vector<std::string> differences;
  const auto summary = Judge(arguments, head, suite, root, reporters.Events(), differences);
  reporters.Finish(summary);
  if (!arguments.reports.quiet) {
    std::cout << summary.verdicts.size() - differences.size() << " of " << summary.verdicts.size()
              << " verdicts are as they were in the run\n";
    for (const std::string& line : differences) std::cout << "  " << line << '\n';
  }
  return verdict::ExitCodeOf(summary);
}

}  // namespace

void AddJudgeCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "judge", "Judge a run that was kept with `atrest run --keep` again, without its target");
  auto arguments = std::make_shared<JudgeArguments>();
  verb->add_option("directory", arguments->directory, "Where the run was kept")->required();
  AddReportOptions(*verb, arguments->reports);
  verb->add_option("--known-failures", arguments->known, "As of `atrest run`");
  verb->add_flag("--strict", arguments->strict, "As of `atrest run`");
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback([arguments, &chosen] { chosen = [arguments] { return JudgeKept(*arguments); }; });
}

}  // namespace atrest::cli
