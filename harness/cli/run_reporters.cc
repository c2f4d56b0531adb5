#include "harness/cli/run_reporters.h"

#include <algorithm>
#include <fstream>
#include <iostream>

#include "harness/driver/registry.h"
#include "harness/runner/summary.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

constexpr int64_t kAnswerMsMax = 3'600'000;

std::string TargetHelp() {
  std::string help = "What is judged:";
  for (const driver::TargetRow& row : driver::Targets())
    help += std::string(" ") + row.name + " (" + row.what + ");";
  return help + " or the path of a target file.";
}

void AddDetailOptions(CLI::App& verb, TargetArguments& target) {
  verb.add_option("--server", target.server,
                  "The program to be run for a target that is a server program");
  verb.add_option("--fault", target.fault,
                  "For the reference: the deliberate defect it is to have (list --faults)");
  verb.add_option("--start-hook", target.hooks.start,
                  "For attach: the command that starts the server for a scenario");
  verb.add_option("--stop-hook", target.hooks.stop, "For attach: the command that stops it");
  verb.add_option("--kill-hook", target.hooks.kill, "For attach: the command that kills it");
  verb.add_option("--dir", target.hooks.directory,
                  "For attach: where stores are made, seen by the server and by this program");
  verb.add_option("--answer-ms", target.answer_ms,
                  "The least time that an adapter has for an answer, in milliseconds")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, kAnswerMsMax));
}

}  // namespace

RunReporters::RunReporters(const ReportArguments& arguments) {
  if (!arguments.quiet) reporters_.push_back(report::MakeReporter("console", std::cout));
  AddFile("junit", arguments.junit);
  AddFile("json", arguments.json);
}

void RunReporters::AddFile(const char* format, const std::string& path) {
  if (path.empty()) return;
  auto file = std::make_unique<std::ofstream>(path, std::ios::binary);
  if (!*file) throw CommandError{ExitCode::kUsage, "cannot write " + path};
  reporters_.push_back(report::MakeReporter(format, *file));
  files_.emplace_back(path, std::move(file));
}

runner::RunEvents RunReporters::Events() {
  return {
      [this](const verdict::RunSummary& summary) {
        for (const auto& reporter : reporters_) reporter->RunStarting(summary);
      },
      [this](const verdict::Verdict& verdict) {
        for (const auto& reporter : reporters_) reporter->ScenarioEnded(verdict);
      },
  };
}

void RunReporters::Finish(const verdict::RunSummary& summary) {
  for (const auto& reporter : reporters_) reporter->RunEnded(summary);
  for (const auto& [path, file] : files_) {
    file->flush();
    if (!*file) throw CommandError{ExitCode::kHarnessFailed, "cannot write " + path};
  }
}

void AddTargetOptions(CLI::App& verb, TargetArguments& target) {
  verb.add_option("--target", target.name, TargetHelp())->required();
  AddDetailOptions(verb, target);
}

void AddTargetOptions(CLI::App& verb, TargetArguments& target, std::vector<std::string>& names) {
  verb.add_option("--target", names, TargetHelp() + " Several are compared.")
      ->required()
      ->allow_extra_args(false);
  AddDetailOptions(verb, target);
}

bool SayUnmatched(const std::vector<std::string>& patterns, const std::vector<std::string>& ids) {
  std::vector<std::string> unmatched;
  for (const std::string& pattern : patterns) {
    const auto matches = [&](const std::string& id) { return runner::MatchesPattern(pattern, id); };
    if (std::ranges::none_of(ids, matches)) unmatched.push_back(pattern);
  }
  if (unmatched.empty()) return true;
  if (unmatched.size() < patterns.size())
    throw CommandError{ExitCode::kUsage, "no scenario matches " + unmatched.front()};
  for (const std::string& pattern : unmatched)
    std::cerr << "atrest: no scenario matches " << pattern << '\n';
  return false;
}

std::string DetailsOf(const TargetArguments& target) {
  std::string details;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) details += std::string(" ") + option + " " + runner::Quoted(value);
  };
  add("--server", target.server);
  add("--fault", target.fault);
  add("--start-hook", target.hooks.start);
  add("--stop-hook", target.hooks.stop);
  add("--kill-hook", target.hooks.kill);
  add("--dir", target.hooks.directory);
  if (target.answer_ms != driver::DriverOptions().answer_ms)
    add("--answer-ms", std::to_string(target.answer_ms));
  return details;
}

void AddReportOptions(CLI::App& verb, ReportArguments& reports) {
  verb.add_option("--junit", reports.junit, "Write a JUnit report to this file");
  verb.add_option("--json", reports.json, "Write a JSON report to this file");
  verb.add_flag("--quiet", reports.quiet, "Print nothing but errors");
}

driver::DriverFactory FactoryFor(const TargetArguments& target, const std::string& root) {
  return [target, targets = root + "/harness/targets"](driver::DriverOptions made) {
    made.targets = targets;
    made.executables = OwnDirectory();
    made.server = target.server;
    if (!target.fault.empty()) made.fault = target.fault;
    made.answer_ms = target.answer_ms;
    made.hooks = target.hooks;
    return driver::MakeDriver(target.name, made);
  };
}

driver::DriverFactory ReferenceFactory(const std::string& root) {
  TargetArguments reference;
  reference.name = "inproc";
  return FactoryFor(reference, root);
}

}  // namespace atrest::cli
