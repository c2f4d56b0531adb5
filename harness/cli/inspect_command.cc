#include <iostream>
#include <memory>

#include "harness/cli/command.h"
#include "harness/cli/key_options.h"
#include "harness/inspect/inspect.h"
#include "harness/inspect/inspect_json.h"
#include "harness/inspect/inspect_text.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct InspectArguments {
  std::string directory;
  std::vector<crypto::Secret> keys;
  bool json = false;
  inspect::InspectOptions options;
};

ExitCode InspectStore(const InspectArguments& arguments) {
  env::PosixFileSystem files;
  const auto inspection =
      inspect::Inspect(files, arguments.directory, arguments.keys, arguments.options);
  if (!inspection.ok()) throw CommandError{ExitCode::kUsage, inspection.status().message()};
  std::cout << (arguments.json ? inspect::PrintJson(inspection.value())
                               : inspect::PrintText(inspection.value()));
  return ExitCode::kAsExpected;
}

}  // namespace

void AddInspectCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "inspect", "Walk a store read-only and say what it holds and what is wrong with it");
  auto arguments = std::make_shared<InspectArguments>();
  verb->add_option("directory", arguments->directory, "The store, as a server's -dir names it")
      ->required();
  AddKeyOptions(*verb, arguments->keys);
  verb->add_option("--crc-poly", arguments->options.crc_polynomial,
                   "Polynomial of the checksums, reversed notation")
      ->capture_default_str();
  verb->add_flag("--payloads", arguments->options.keep_payloads,
                 "Show payloads that a given key opens");
  verb->add_flag("--json", arguments->json, "Print JSON (harness/inspect/INSPECT.md)");
  verb->callback(
      [arguments, &chosen] { chosen = [arguments] { return InspectStore(*arguments); }; });
}

}  // namespace atrest::cli
