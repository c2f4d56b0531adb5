// atrest-server: the reference server, started where one would start nats-streaming-server.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

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
  return 1;
}

int Run(const Options& options, const CommandLine& line, const std::string& program_name) {
  if (!options.signal.empty()) {
    const atrest::Status sent = atrest::server::SendSignal(options.signal, program_name);
    return sent.ok() ? 0 : Fail(sent.message());
  }
  const atrest::Status supported = atrest::server::CheckSupported(options);
  if (!supported.ok()) return Fail(supported.message());
  for (const std::string& notice : line.notices) Complain(notice);
  const std::string key = Environment(kKeyVariable).value_or("");
  if (!options.replay_events.empty()) return atrest::server::ReplayServer(options, key);
  return atrest::server::RunServer(options, key, program_name, line.warnings);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
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
      Complain(line.error);
      return Print(atrest::server::UsageText() + "\n");
    case CommandLine::Action::kFailure:
      return Fail(line.error);
    case CommandLine::Action::kRun:
      break;
  }
  return Run(options, line, path.substr(path.rfind('/') + 1));
}
