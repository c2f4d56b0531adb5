// atrest-server: the reference server, started where one would start nats-streaming-server.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/fault.h"
#include "reference/base/utf8.h"
#include "reference/env/posix_env.h"
#include "reference/server/options.h"
#include "reference/server/program.h"
#include "reference/server/signal_command.h"
#include "reference/server/usage.h"

namespace {

using atrest::server::CommandLine;
using atrest::server::Options;

constexpr char kKeyVariable[] = "NATS_STREAMING_ENCRYPTION_KEY";
constexpr uint64_t kConfigSizeMax = 64 << 20;

std::optional<std::string> Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

atrest::Result<std::string> ReadFile(const std::string& path) {
  atrest::env::PosixFileSystem files;
  auto bytes = atrest::env::ReadWhole(files, path, kConfigSizeMax);
  if (!bytes.ok()) return bytes.status();
  return std::string(atrest::AsText(bytes.value()));
}

int Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

// A text may quote a zero byte out of a configuration.
void Complain(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
}

int Fail(const std::string& text) {
  Complain(text);
  return atrest::fault::On(atrest::Fault::kExitCodeTwo) ? 2 : 1;
}

using Fault = atrest::Fault;

// The key of the environment, and what faults make of it.
std::string KeyFor(Options& options, const std::vector<std::string>& args) {
  const std::optional<std::string> found = Environment(kKeyVariable);
  const bool has_option = options.config_key || !options.command_line_key.empty();
  if (found && found->empty() && has_option && atrest::fault::On(Fault::kEmptyVariableCounts)) {
    options.encrypt = true;
    options.command_line_key.clear();
    options.config_key.reset();
  }
  const std::string key = found.value_or("");
  const bool by_flag = std::ranges::any_of(args, [](const std::string& argument) {
    return argument == "-encrypt" || argument == "--encrypt" || argument.starts_with("-encrypt=") ||
           argument.starts_with("--encrypt=");
  });
  if (!key.empty() && options.encrypt && !by_flag && atrest::fault::On(Fault::kVariableNeedsFlag)) {
    return "";
  }
  // Asked first: the key is not to be copied about for nothing.
  return atrest::fault::On(Fault::kKeyMadeText) ? atrest::ReplaceBadUtf8(key) : key;
}

int Run(Options& options, const CommandLine& line, const std::vector<std::string>& args,
        const std::string& program_name) {
  if (!options.signal.empty()) {
    const atrest::Status sent = atrest::server::SendSignal(options.signal, program_name);
    return sent.ok() ? 0 : Fail(sent.message());
  }
  const atrest::Status supported = atrest::server::CheckSupported(options);
  if (!supported.ok()) return Fail(supported.message());
  for (const std::string& notice : line.notices) Complain(notice);
  const std::string key = KeyFor(options, args);
  if (!options.replay_events.empty()) return atrest::server::ReplayServer(options, key);
  return atrest::server::RunServer(options, key, program_name, line.warnings);
}

#ifdef ATREST_FAULTS

std::string g_fault_trace;  // the file that says that the fault has executed

// Takes `--fault NAME` and `--fault_trace FILE` out of ARGS; the fault is on from now on.
atrest::Status TakeFault(std::vector<std::string>& args) {
  std::string name;
  for (size_t i = 0; i + 1 < args.size();) {
    const bool is_trace = args[i] == "--fault_trace";
    if (!is_trace && args[i] != "--fault") {
      ++i;
      continue;
    }
    (is_trace ? g_fault_trace : name) = args[i + 1];
    args.erase(args.begin() + static_cast<ptrdiff_t>(i),
               args.begin() + static_cast<ptrdiff_t>(i) + 2);
  }
  if (name.empty()) return {};
  const atrest::fault::Row* row = atrest::fault::Find(name);
  if (row == nullptr)
    return {atrest::Code::kInvalid, "no fault is named \"" + name + "\": atrest list --faults"};
  static const atrest::fault::Scope chosen(row->fault);
  atrest::fault::OnFirstExecution([] {
    if (std::FILE* trace = std::fopen(g_fault_trace.c_str(), "a")) std::fclose(trace);
  });
  return {};
}

#else

atrest::Status TakeFault(std::vector<std::string>&) { return {}; }

#endif

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  const atrest::Status fault = TakeFault(args);
  if (!fault.ok()) return Fail(fault.message());
  const std::string path = argv[0];
  Options options;
  // The seed decides where the real server's choice is random, so it is read before the files are.
  Options first;
  (void)atrest::server::ParseCommandLine(args, first);
  const uint64_t seed = first.seed < 0 ? 0 : static_cast<uint64_t>(first.seed);
  const CommandLine line =
      atrest::server::Configure(args, {"", Environment, ReadFile}, seed, options);
  switch (line.action) {
    case CommandLine::Action::kHelp:
      return Print(atrest::server::UsageText() + "\n");
    case CommandLine::Action::kTlsHelp:
      return Print(atrest::server::TlsHelpText());
    case CommandLine::Action::kVersion:
      return Print(atrest::server::VersionText());
    case CommandLine::Action::kUsageError:
      if (atrest::fault::On(atrest::Fault::kUsageErrorShowsArguments)) {
        for (const std::string& argument : args) Complain("in: " + argument);
      }
      Complain(line.error);
      return Print(atrest::server::UsageText() + "\n");
    case CommandLine::Action::kFailure:
      return Fail(line.error);
    case CommandLine::Action::kRun:
      break;
  }
  return Run(options, line, args, path.substr(path.rfind('/') + 1));
}
