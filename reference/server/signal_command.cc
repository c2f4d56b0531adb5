#include "reference/server/signal_command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

#include "reference/base/go_quote.h"
#include "reference/env/posix_env.h"

namespace atrest::server {
namespace {

constexpr char kRealName[] = "nats-streaming-server";
constexpr uint64_t kPidFileSizeMax = 4096;

Status Invalid(const std::string& text) { return Status(Code::kInvalid, text); }

std::optional<int> SignalNamed(const std::string& name) {
  if (name == "stop") return SIGKILL;
  if (name == "quit") return SIGINT;
  if (name == "term") return SIGTERM;
  if (name == "reopen") return SIGUSR1;
  if (name == "reload") return SIGHUP;
  if (name == "ldm") return SIGUSR2;
  return std::nullopt;
}

std::optional<pid_t> ParsePid(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return pid;
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Processes whose program has one of the names.
std::vector<pid_t> Running(env::FileSystem& files, const std::string& program_name) {
  std::vector<pid_t> found;
  auto processes = files.List("/proc");
  if (!processes.ok()) return found;
  for (const env::DirectoryEntry& entry : processes.value()) {
    const auto pid = ParsePid(entry.name);
    if (!pid || *pid == ::getpid()) continue;
    // Files of /proc have no size, so the first bytes are read as they are.
    auto file = files.Open("/proc/" + entry.name + "/cmdline", env::FileSystem::Mode::kRead);
    if (!file.ok()) continue;
    uint8_t start[4096];
    const auto size = file.value()->ReadAt(0, start);
    if (!size.ok()) continue;
    const std::string_view words = AsText(ByteView(start, size.value()));
    const std::string name = BaseName(std::string(words.substr(0, words.find('\0'))));
    if (name == kRealName || name == program_name) found.push_back(*pid);
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<pid_t> OnlyRunning(env::FileSystem& files, const std::string& program_name) {
  const std::vector<pid_t> running = Running(files, program_name);
  if (running.empty()) return Invalid("no nats-streaming-server processes running");
  if (running.size() == 1) return running[0];
  std::string text = "multiple nats-streaming-server processes running:";
  for (const pid_t pid : running) text += "\n" + std::to_string(pid);
  return Invalid(text);
}

Result<pid_t> PidOf(env::FileSystem& files, const std::string& text) {
  const auto content = env::ReadWhole(files, text, kPidFileSizeMax);
  const std::string pid_text = content.ok() ? std::string(AsText(content.value())) : text;
  const auto pid = ParsePid(pid_text);
  if (!pid) return Invalid("invalid pid: " + pid_text);
  return *pid;
}

}  // namespace

Status SendSignal(const std::string& command, const std::string& program_name) {
  const size_t equals = command.find('=');
  const std::string name = command.substr(0, equals);
  const std::string target = equals == std::string::npos ? "" : command.substr(equals + 1);
  if (const size_t more = target.find('='); more != std::string::npos) {
    return Invalid("invalid signal parameters: [" + target.substr(more + 1) + "]");
  }
  const auto signal = SignalNamed(name);
  if (!signal) return Invalid("unknown signal " + GoQuote(name));
  env::PosixFileSystem files;
  const auto pid = target.empty() ? OnlyRunning(files, program_name) : PidOf(files, target);
  if (!pid.ok()) return pid.status();
  if (::kill(pid.value(), *signal) == 0) return Status();
  if (errno == ESRCH) return Invalid("no such process");
  return Invalid(std::strerror(errno));
}

}  // namespace atrest::server
