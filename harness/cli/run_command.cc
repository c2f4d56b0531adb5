#include <fstream>
#include <iostream>
#include <memory>

#include "harness/cli/command.h"
#include "harness/driver/registry.h"
#include "harness/report/reporter.h"
#include "harness/runner/run.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct RunArguments {
  std::vector<std::string> patterns;
  std::string junit;
  std::string json;
  std::string root;
  bool quiet = false;
  std::string server;
  runner::RunOptions options;
};

// The console and the files asked for, all fed the same events.
class Reporters {
 public:
  explicit Reporters(const RunArguments& arguments) {
    if (!arguments.quiet) reporters_.push_back(report::MakeReporter("console", std::cout));
    AddFile("junit", arguments.junit);
    AddFile("json", arguments.json);
  }
  void Starting(const verdict::RunSummary& summary) {
    for (const auto& reporter : reporters_) reporter->RunStarting(summary);
  }
  void Ended(const verdict::Verdict& verdict) {
    for (const auto& reporter : reporters_) reporter->ScenarioEnded(verdict);
  }
  void Finish(const verdict::RunSummary& summary) {
    for (const auto& reporter : reporters_) reporter->RunEnded(summary);
    for (const auto& [path, file] : files_) {
      file->flush();
      if (!*file) throw CommandError{ExitCode::kHarnessFailed, "cannot write " + path};
    }
  }

 private:
  void AddFile(const char* format, const std::string& path) {
    if (path.empty()) return;
    auto file = std::make_unique<std::ofstream>(path, std::ios::binary);
    if (!*file) throw CommandError{ExitCode::kUsage, "cannot write " + path};
    reporters_.push_back(report::MakeReporter(format, *file));
    files_.emplace_back(path, std::move(file));
  }

  std::vector<std::pair<std::string, std::unique_ptr<std::ofstream>>> files_;
  std::vector<std::unique_ptr<report::Reporter>> reporters_;
};

template <typename T>
T ValueOr(Result<T> result, ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

ExitCode RunScenarios(const RunArguments& arguments) {
  const std::string root = FindRoot(arguments.root);
  runner::RunOptions options = arguments.options;
  options.make_driver = [&](driver::DriverOptions made) {
    made.targets = root + "/harness/targets";
    made.executables = OwnDirectory();
    made.server = arguments.server;
    return driver::MakeDriver(arguments.options.target, made);
  };
  env::PosixFileSystem files;
  env::SystemClock clock;
  const auto suite = ValueOr(runner::Suite::Open(files, root), ExitCode::kHarnessFailed);
  const auto scenarios = ValueOr(suite.Load(arguments.patterns), ExitCode::kHarnessFailed);
  Reporters reporters(arguments);
  const runner::RunEvents events = {
      [&](const verdict::RunSummary& summary) { reporters.Starting(summary); },
      [&](const verdict::Verdict& verdict) { reporters.Ended(verdict); },
  };
  const auto summary =
      ValueOr(runner::Run(suite, scenarios, options, events, files, clock), ExitCode::kUsage);
  reporters.Finish(summary);
  return verdict::ExitCodeOf(summary);
}

std::string TargetHelp() {
  std::string help = "What is judged:";
  for (const driver::TargetRow& row : driver::Targets())
    help += std::string(" ") + row.name + " (" + row.what + ");";
  return help + " or the path of a target file.";
}

}  // namespace

void AddRunCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand("run", "Run scenarios against a target and judge it");
  auto arguments = std::make_shared<RunArguments>();
  verb->add_option("scenario", arguments->patterns,
                   "Ids of scenarios, folders, or patterns with * and ?; none: all");
  verb->add_option("--target", arguments->options.target, TargetHelp())->required();
  verb->add_option("--server", arguments->server,
                   "The program to be run for a target that is a server program");
  verb->add_option("--junit", arguments->junit, "Write a JUnit report to this file");
  verb->add_option("--json", arguments->json, "Write a JSON report to this file");
  verb->add_option("--keep", arguments->options.keep,
                   "Keep each scenario's store below this directory");
  verb->add_option("--seed", arguments->options.seed,
                   "Seed of the target's entropy, where it takes one")
      ->capture_default_str();
  verb->add_flag("--strict", arguments->options.strict,
                 "Exit 4 or 5 where only compatibility differs or hardening finds");
  verb->add_flag("--quiet", arguments->quiet, "Print nothing but errors");
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback(
      [arguments, &chosen] { chosen = [arguments] { return RunScenarios(*arguments); }; });
}

}  // namespace atrest::cli
