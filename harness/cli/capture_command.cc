#include <iostream>
#include <memory>

#include "harness/capture/capture.h"
#include "harness/cli/command.h"
#include "harness/cli/key_options.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct CaptureArguments {
  std::string directory;
  std::string out = "captured";
  std::string root;
  capture::CaptureOptions options;
};

ExitCode CaptureStore(const CaptureArguments& arguments) {
  env::PosixFileSystem files;
  capture::CaptureOptions options = arguments.options;
  options.root = FindRoot(arguments.root);
  const auto captured = capture::Capture(files, arguments.directory, arguments.out, options);
  if (!captured.ok()) throw CommandError{ExitCode::kUsage, captured.status().message()};
  std::cout << captured.value().channels << " channels, " << captured.value().messages
            << " messages; no payload, key or name of the original is in the outcome\n";
  for (const std::string& path : captured.value().left_out)
    std::cout << "left out " << path << '\n';
  std::cout << "store    " << captured.value().store << "\nscenario " << captured.value().scenario
            << "\nrun      atrest replay " << captured.value().scenario << " --root "
            << arguments.out << " --target TARGET\n";
  return ExitCode::kAsExpected;
}

}  // namespace

void AddCaptureCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "capture", "Make a shareable scenario of a datastore: payloads, keys and names replaced");
  auto arguments = std::make_shared<CaptureArguments>();
  verb->add_option("directory", arguments->directory, "The store, as a server's -dir names it")
      ->required();
  AddKeyOptions(*verb, arguments->options.keys);
  verb->add_option("--out", arguments->out, "The directory to write, which must not exist")
      ->capture_default_str();
  verb->add_option("--crc-poly", arguments->options.crc_polynomial,
                   "Polynomial of the checksums, reversed notation")
      ->capture_default_str();
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback(
      [arguments, &chosen] { chosen = [arguments] { return CaptureStore(*arguments); }; });
}

}  // namespace atrest::cli
