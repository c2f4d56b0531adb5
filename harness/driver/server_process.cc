#include "harness/driver/server_process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "reference/env/posix_env.h"

namespace atrest::driver {
namespace {

using Clock = std::chrono::steady_clock;
using Duration = ChildProcess::Duration;
using Keys = std::map<std::string, std::string>;

constexpr Duration kReadyMax(30'000);
constexpr Duration kStopMax(10'000);
constexpr Duration kVersionMax(5'000);
constexpr int kPortTries = 5;
constexpr size_t kOutMax = 1 << 16;

// A port that nobody uses now.
uint16_t FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

std::string Replaced(std::string text, const std::string& placeholder, const std::string& by) {
  for (size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += by.size())
    text.replace(at, placeholder.size(), by);
  return text;
}

// TEXT with each {key:NAME} replaced by the bytes of that key.
std::string WithKeys(std::string text, const Keys& keys) {
  for (const auto& [name, bytes] : keys) {
    text = Replaced(std::move(text), "{key:" + name + "}", bytes);
  }
  return text;
}

// Builds the arguments of one start, option after option.
class CommandLine {
 public:
  CommandLine(const TargetFile& target, std::map<std::string, std::string> values)
      : target_(target), values_(std::move(values)) {
    Add(target.arguments);
  }

  void Add(const std::vector<std::string>& templates) {
    for (std::string& text : FillIn(templates, values_)) arguments_.push_back(std::move(text));
  }
  void Option(const char* name, const std::optional<std::string>& value) {
    if (!value) return;
    const auto spelling = target_.options.find(name);
    if (spelling == target_.options.end()) {
      missing_ = name;
      return;
    }
    values_["value"] = *value;
    Add(spelling->second);
  }
  void Option(const char* name, const std::optional<bool>& value) {
    if (value) Option(name, std::optional<std::string>(*value ? "true" : "false"));
  }
  template <typename T>
  void Number(const char* name, const std::optional<T>& value) {
    if (value) Option(name, std::optional<std::string>(std::to_string(*value)));
  }
  void Append(const std::string& argument) { arguments_.push_back(argument); }

  Result<std::vector<std::string>> Take() {
    if (missing_.empty()) return std::move(arguments_);
    return Status(Code::kInvalid, "the target has no option \"" + missing_ + "\"");
  }

 private:
  const TargetFile& target_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> arguments_;
  std::string missing_;
};

void AddLimit(std::string& text, const char* name, const std::string& value) {
  text += std::string(" ") + name + ": " + value + ",";
}

// The configuration file's section with the limits of channels.
std::string ConfigOf(const std::map<std::string, scenario::ChannelLimits>& channels) {
  std::string text = "streaming: {\n store_limits: {\n  channels: {\n";
  for (const auto& [name, limits] : channels) {
    text += "   \"" + name + "\": {";
    if (limits.max_messages) AddLimit(text, "max_msgs", std::to_string(*limits.max_messages));
    if (limits.max_bytes) AddLimit(text, "max_bytes", std::to_string(*limits.max_bytes));
    if (limits.max_subscriptions)
      AddLimit(text, "max_subs", std::to_string(*limits.max_subscriptions));
    if (limits.max_age_ms)
      AddLimit(text, "max_age", "\"" + std::to_string(*limits.max_age_ms) + "ms\"");
    if (limits.max_inactivity_ms)
      AddLimit(text, "max_inactivity", "\"" + std::to_string(*limits.max_inactivity_ms) + "ms\"");
    text += " }\n";
  }
  return text + "  }\n }\n}\n";
}

Status AddConfig(const scenario::Settings& settings, const Keys& keys, const std::string& path,
                 CommandLine& line, const TargetFile& target) {
  if (!settings.config && settings.channels.empty()) return Status();
  if (settings.config && !settings.channels.empty())
    return Status(Code::kInvalid, "limits of channels beside a configuration: write them there");
  if (target.config.empty())
    return Status(Code::kInvalid, "the target takes no configuration file");
  const std::string text =
      settings.config ? WithKeys(*settings.config, keys) : ConfigOf(settings.channels);
  env::PosixFileSystem files;
  ATREST_TRY(env::WriteWhole(files, path, AsBytes(text)));
  line.Add(target.config);
  return Status();
}

Result<std::vector<std::string>> ArgumentsOf(const TargetFile& target, const Place& place,
                                             uint16_t port, const std::string& control,
                                             const scenario::Settings& s, const Keys& keys) {
  const std::string config = place.scratch + "/server.conf";
  CommandLine line(target, {{"port", std::to_string(port)},
                            {"store", place.store},
                            {"scratch", place.scratch},
                            {"control", control},
                            {"config", config},
                            {"seed", std::to_string(place.seed)},
                            {"now_ns", std::to_string(place.now_ns)}});
  line.Add(s.store == "memory" ? target.memory_store : target.file_store);
  line.Add(target.control);
  line.Option("encrypt", s.encrypt);
  line.Option("cipher", s.cipher);
  if (s.key_option) line.Option("key_option", std::optional(keys.at(*s.key_option)));
  line.Number("max_messages", s.max_messages);
  line.Number("max_bytes", s.max_bytes);
  line.Number("max_age_ms", s.max_age_ms);
  line.Number("max_channels", s.max_channels);
  line.Number("max_subscriptions", s.max_subscriptions);
  line.Number("max_inactivity_ms", s.max_inactivity_ms);
  line.Number("slice_max_messages", s.slice_max_messages);
  line.Number("slice_max_bytes", s.slice_max_bytes);
  line.Number("buffer_size", s.buffer_size);
  line.Number("read_buffer_size", s.read_buffer_size);
  line.Option("check_crc", s.check_crc);
  line.Number("crc_polynomial", s.crc_polynomial);
  line.Option("truncate_bad_eof", s.truncate_bad_eof);
  line.Option("cluster_id", s.cluster_id);
  ATREST_TRY(AddConfig(s, keys, config, line, target));
  for (const std::string& argument : s.arguments) {
    line.Append(WithKeys(Replaced(argument, "{store}", place.store), keys));
  }
  return line.Take();
}

std::vector<std::string> EnvironmentOf(const TargetFile& target, const scenario::Settings& settings,
                                       const Keys& keys) {
  std::vector<std::string> own = {target.key_variable};
  for (const auto& [name, unused] : target.environment) own.push_back(name);
  auto environment = EnvironmentWithout(own);
  for (const auto& [name, value] : target.environment) environment.push_back(name + "=" + value);
  if (settings.key_variable)
    environment.push_back(target.key_variable + "=" + keys.at(*settings.key_variable));
  return environment;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Result<std::unique_ptr<Server>> ServerProcess::Start(const TargetFile& target, const Place& place,
                                                     const scenario::Settings& settings,
                                                     const Keys& keys) {
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<ServerProcess> server(new ServerProcess(target, FreePort()));
    server->control_path_ = target.control.empty() ? "" : place.scratch + "/control";
    auto arguments =
        ArgumentsOf(target, place, server->port_, server->control_path_, settings, keys);
    if (!arguments.ok()) return arguments.status();
    ChildProcess::Command command{target.program, std::move(arguments).value(),
                                  EnvironmentOf(target, settings, keys)};
    command.files = {place.store, place.uncounted};
    command.interrupt = place.interrupt;
    auto child = ChildProcess::Start(command);
    if (!child.ok()) return child.status();
    server->child_ = std::move(child).value();
    ATREST_TRY(server->WaitUntilReady());
    // Somebody else may have taken the port in between.
    const bool port_taken = server->refusal_ && server->log_.Saw("address already in use");
    if (!port_taken || attempt == kPortTries) return std::unique_ptr<Server>(std::move(server));
  }
}

void ServerProcess::ReadOutput() {
  const ChildProcess::Output output = child_->TakeOutput();
  log_.Append(output.err);
  if (!refusal_ && out_.size() < kOutMax) out_ += output.out;
  raw_ += output.err;
  raw_ += output.out;
}

Status ServerProcess::WaitUntilReady() {
  const auto until = Clock::now() + kReadyMax;
  while (Clock::now() < until) {
    const auto end = child_->WaitFor(Duration(0));
    ReadOutput();
    if (end) {
      refusal_ = end;
      return Status();
    }
    if (log_.Saw(target_.ready_line)) return Status();
    child_->WaitForOutput(Duration(1000));
  }
  child_->Kill();
  return Status(Code::kIo, target_.program + " was neither ready nor refused in time");
}

std::string ServerProcess::RefusalText() const {
  std::string text = log_.Complaint();
  if (text.empty()) text = FirstLine(out_);
  if (text.starts_with(target_.refusal_prefix)) text.erase(0, target_.refusal_prefix.size());
  return text;
}

std::vector<verdict::LogLine> ServerProcess::TakeLog() {
  ReadOutput();
  return log_.Take();
}

std::string ServerProcess::TakeOutput() { return std::exchange(raw_, {}); }

std::optional<ProcessEnd> ServerProcess::Stop() {
  child_->Signal(SIGTERM);
  const auto end = child_->WaitFor(kStopMax);
  if (!end) child_->Kill();
  return end;
}

std::string VersionOf(const TargetFile& target) {
  if (target.version.empty()) return "unknown";
  const auto child = ChildProcess::Start({target.program, target.version, EnvironmentWithout({})});
  if (!child.ok()) return child.status().message();
  if (!child.value()->WaitFor(kVersionMax)) return "unknown";
  const auto output = child.value()->TakeOutput();
  return FirstLine(output.out.empty() ? output.err : output.out);
}

}  // namespace atrest::driver
