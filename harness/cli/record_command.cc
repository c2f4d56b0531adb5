#include <fstream>
#include <iostream>
#include <memory>

#include "harness/capture/expectation_recorder.h"
#include "harness/cli/scenario_file.h"
#include "harness/scenario/print.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct RecordArguments {
  FileArguments file;
  std::string out;
};

ExitCode RecordFile(const RecordArguments& arguments) {
  ScenarioFile file(arguments.file);
  const shrink::Bench bench = file.bench();
  const auto recorded =
      ValueOrThrow(capture::Record(file.scenario(), bench.make_driver, bench.suite, file.files()),
                   ExitCode::kUndecided);
  const std::string text = scenario::PrintScenario(recorded);
  if (arguments.out.empty()) {
    std::cout << text;
    return ExitCode::kAsExpected;
  }
  std::ofstream out(arguments.out, std::ios::binary);
  out << text;
  out.flush();
  if (!out) throw CommandError{ExitCode::kUsage, "cannot write " + arguments.out};
  std::cout << recorded.expectations.size() << " expectations of " << recorded.steps.size()
            << " steps written to " << arguments.out << "; review them\n";
  return ExitCode::kAsExpected;
}

}  // namespace

void AddRecordCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "record", "Complete a scenario's expectations from a trusted target, for review");
  auto arguments = std::make_shared<RecordArguments>();
  AddFileOptions(*verb, arguments->file);
  verb->add_option("--out", arguments->out, "The file to write; else the standard output");
  verb->callback([arguments, &chosen] { chosen = [arguments] { return RecordFile(*arguments); }; });
}

}  // namespace atrest::cli
