#include <cstdio>
#include <exception>
#include <iostream>

#include "harness/cli/command.h"
#include "harness/runner/version.h"

namespace {

using atrest::verdict::ExitCode;

constexpr char kFooter[] =
    "Exit codes: 0 as expected; 1 a conformance verdict failed, or two targets differ; 2 none "
    "failed but one could not be "
    "decided;\n"
    "3 nothing was run; 4 only compatibility differs, 5 only hardening findings (both with "
    "--strict, else 0);\n"
    "10 to 13 simulator; 64 usage; 70 the harness itself failed.";

// The parser takes -1 for the largest number that there is.
void RefuseNegatives(CLI::App& app) {
  const auto refuse = [](const std::string& text) {
    return text.starts_with('-') ? "the value must not be negative: " + text : std::string();
  };
  for (CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; })) {
    for (CLI::Option* option : verb->get_options()) {
      if (option->get_type_name().starts_with("UINT")) option->check(refuse, "");
    }
  }
}

int Main(int argc, char** argv) {
  CLI::App app("atrest: conformance of encryption at rest in NATS Streaming servers", "atrest");
  app.set_version_flag("--version", std::string("atrest ") + atrest::runner::kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  atrest::cli::RunVerb chosen;
  atrest::cli::AddRunCommand(app, chosen);
  atrest::cli::AddCompareCommand(app, chosen);
  atrest::cli::AddProveCommand(app, chosen);
  atrest::cli::AddJudgeCommand(app, chosen);
  atrest::cli::AddFuzzCommand(app, chosen);
  atrest::cli::AddMeasuredCommand(app, chosen);
  atrest::cli::AddSmokeCommand(app, chosen);
  atrest::cli::AddListCommand(app, chosen);
  atrest::cli::AddInspectCommand(app, chosen);
  atrest::cli::AddReplayCommand(app, chosen);
  atrest::cli::AddMinimiseCommand(app, chosen);
  atrest::cli::AddRecordCommand(app, chosen);
  atrest::cli::AddCaptureCommand(app, chosen);
  atrest::cli::AddSimulateCommand(app, chosen);
  RefuseNegatives(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    // The library would print the argument, which may be a key behind a mistyped option.
    std::fprintf(stderr,
                 "atrest: there is an unknown option, or an argument too many; see --help\n");
    return static_cast<int>(ExitCode::kUsage);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  const ExitCode code = chosen();
  std::cout.flush();
  if (!std::cout) {
    std::fprintf(stderr, "atrest: cannot write the standard output\n");
    return static_cast<int>(ExitCode::kHarnessFailed);
  }
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const atrest::cli::CommandError& error) {
    std::fprintf(stderr, "atrest: %s\n", error.message.c_str());
    return static_cast<int>(error.code);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "atrest: %s\n", error.what());
    return static_cast<int>(ExitCode::kHarnessFailed);
  }
}
