// The verbs of atrest. A verb registers its options with the parser and does its work in Run; to
// add one: VERB_command.cc and a line in main.cc.
// Errors: CommandError ends a verb with its exit code and one line on stderr; main.cc is the only
// place that catches.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "harness/verdict/verdict.h"

namespace atrest::cli {

struct CommandError {
  verdict::ExitCode code;
  std::string message;
};

using RunVerb = std::function<verdict::ExitCode()>;

// Each adds its sub-command to APP and, once that is chosen, leaves its work in CHOSEN.
void AddRunCommand(CLI::App& app, RunVerb& chosen);
void AddCompareCommand(CLI::App& app, RunVerb& chosen);
void AddFuzzCommand(CLI::App& app, RunVerb& chosen);
void AddMeasuredCommand(CLI::App& app, RunVerb& chosen);
void AddProveCommand(CLI::App& app, RunVerb& chosen);
void AddJudgeCommand(CLI::App& app, RunVerb& chosen);
void AddListCommand(CLI::App& app, RunVerb& chosen);
void AddSmokeCommand(CLI::App& app, RunVerb& chosen);
void AddInspectCommand(CLI::App& app, RunVerb& chosen);
void AddReplayCommand(CLI::App& app, RunVerb& chosen);
void AddMinimiseCommand(CLI::App& app, RunVerb& chosen);
void AddRecordCommand(CLI::App& app, RunVerb& chosen);
void AddCaptureCommand(CLI::App& app, RunVerb& chosen);
void AddSimulateCommand(CLI::App& app, RunVerb& chosen);

// The directory with scenarios/ and fixtures/: GIVEN, or else the nearest that has both, upwards
// from the working directory and from where this program stands. Throws CommandError if there is
// none.
std::string FindRoot(const std::string& given);

// The directory that this program stands in; "" if the system does not say.
std::string OwnDirectory();

}  // namespace atrest::cli
