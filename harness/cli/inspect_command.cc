#include <cstdlib>
#include <iostream>
#include <memory>

#include "harness/cli/command.h"
#include "harness/inspect/inspect.h"
#include "harness/inspect/inspect_json.h"
#include "harness/inspect/inspect_text.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

constexpr uint64_t kKeyFileMax = 1u << 20;

struct InspectArguments {
  std::string directory;
  std::vector<crypto::Secret> keys;  // in the order given, whichever way
  bool json = false;
  inspect::InspectOptions options;
};

crypto::Secret KeyFromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    // Its name is not repeated: somebody may have given the key itself.
    throw CommandError{ExitCode::kUsage, "the environment variable of --key-env is not set"};
  }
  return crypto::Secret(AsBytes(value));
}

crypto::Secret KeyFromFile(const std::string& path) {
  env::PosixFileSystem files;
  const auto bytes = env::ReadWhole(files, path, kKeyFileMax);
  if (!bytes.ok()) throw CommandError{ExitCode::kUsage, bytes.status().message()};
  return crypto::Secret(bytes.value());
}

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
  // Keys are numbered in the order given across the three options, so each is taken as it is
  // parsed.
  const auto add_key = [&](const char* name, const char* help,
                           crypto::Secret (*read)(const std::string&)) {
    verb->add_option_function<std::string>(
            name,
            [arguments, read](const std::string& value) { arguments->keys.push_back(read(value)); },
            help)
        ->trigger_on_parse();
  };
  add_key("--key-env", "Take a key from this environment variable", KeyFromEnvironment);
  add_key("--key-file", "Take a key from this file: its bytes exactly, a line end included",
          KeyFromFile);
  add_key("--key", "A key; other users of this machine can see it while this runs",
          [](const std::string& value) { return crypto::Secret(AsBytes(value)); });
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
