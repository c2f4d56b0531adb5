#include <iostream>
#include <memory>

#include "harness/cli/command.h"
#include "harness/cli/key_options.h"
#include "harness/inspect/inspect.h"
#include "harness/inspect/inspect_json.h"
#include "harness/inspect/inspect_text.h"
#include "harness/inspect/raft_inspect.h"
#include "harness/inspect/raft_json.h"
#include "harness/inspect/raft_text.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

struct InspectArguments {
  std::vector<std::string> directories;
  std::vector<crypto::Secret> keys;
  bool json = false;
  inspect::InspectOptions options;
};

ExitCode InspectRaftDirectories(env::FileSystem& files, const InspectArguments& arguments) {
  std::vector<inspect::NamedInspection> nodes;
  for (const std::string& directory : arguments.directories) {
    auto inspection =
        inspect::InspectRaft(files, directory, arguments.keys, arguments.options.keep_payloads);
    if (!inspection.ok()) throw CommandError{ExitCode::kUsage, inspection.status().message()};
    nodes.push_back({directory, std::move(inspection).value()});
  }
  if (nodes.size() > 1) {
    std::cout << inspect::PrintRaftDifferences(nodes);
  } else {
    std::cout << (arguments.json ? inspect::PrintRaftJson(nodes[0].inspection)
                                 : inspect::PrintRaftText(nodes[0].inspection));
  }
  return ExitCode::kAsExpected;
}

ExitCode InspectDirectory(const InspectArguments& arguments) {
  env::PosixFileSystem files;
  if (inspect::IsRaftDirectory(files, arguments.directories[0])) {
    return InspectRaftDirectories(files, arguments);
  }
  if (arguments.directories.size() > 1) {
    throw CommandError{ExitCode::kUsage, "only Raft directories can be compared"};
  }
  const auto inspection =
      inspect::Inspect(files, arguments.directories[0], arguments.keys, arguments.options);
  if (!inspection.ok()) throw CommandError{ExitCode::kUsage, inspection.status().message()};
  std::cout << (arguments.json ? inspect::PrintJson(inspection.value())
                               : inspect::PrintText(inspection.value()));
  return ExitCode::kAsExpected;
}

}  // namespace

void AddInspectCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb =
      app.add_subcommand("inspect",
                         "Walk a store, or a clustered node's Raft directory, read-only and say "
                         "what it holds and what "
                         "is wrong with it; of several Raft directories, how their logs differ");
  auto arguments = std::make_shared<InspectArguments>();
  verb->add_option("directory", arguments->directories,
                   "The store, as a server's -dir names it, or directories with a raft.log")
      ->required();
  AddKeyOptions(*verb, arguments->keys);
  verb->add_option("--crc-poly", arguments->options.crc_polynomial,
                   "Polynomial of the checksums, reversed notation")
      ->capture_default_str();
  verb->add_flag("--payloads", arguments->options.keep_payloads,
                 "Show payloads, or operations of a Raft log, that a given key opens");
  verb->add_flag("--json", arguments->json, "Print JSON (harness/inspect/INSPECT.md, RAFT.md)");
  verb->callback(
      [arguments, &chosen] { chosen = [arguments] { return InspectDirectory(*arguments); }; });
}

}  // namespace atrest::cli
