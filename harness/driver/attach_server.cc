#include "harness/driver/attach_server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <thread>

#include "harness/driver/process_driver.h"
#include "harness/driver/raw_nats.h"
#include "harness/driver/server_process.h"
#include "harness/driver/stdio_messages.h"

namespace atrest::driver {
namespace {

using Duration = ChildProcess::Duration;
using Environment = std::vector<std::string>;

constexpr Duration kHookMax(60'000);
constexpr Duration kReadyMax(30'000);
constexpr Duration kBetweenTries(20);
constexpr uint64_t kLogMax = 64u << 20;

struct Address {
  std::string host;  // numeric
  uint16_t port = 0;
};

Result<Address> Resolve(const std::string& text) {
  const size_t colon = text.rfind(':');
  Address address;
  const char* const end = text.data() + text.size();
  const char* const digits = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto parsed = std::from_chars(digits, end, address.port);
  if (digits == end || parsed.ec != std::errc() || parsed.ptr != end || address.port == 0)
    return Status(Code::kInvalid, "attach: HOST:PORT is expected, not \"" + text + "\"");
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string host = text.substr(0, colon);
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0)
    return Status(Code::kInvalid, "attach: there is no host \"" + host + "\"");
  char numeric[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr, numeric,
              sizeof numeric);
  ::freeaddrinfo(found);
  address.host = numeric;
  return address;
}

struct HookEnd {
  ProcessEnd end;
  std::string errors;
};

// COMMAND run by the shell, ENVIRONMENT added to ours. What it leaves behind in its own process
// group is killed: a server that is to stay needs a session of its own.
Result<HookEnd> RunHook(const std::string& command, const Environment& environment) {
  ChildProcess::Command shell{"/bin/sh", {"-c", command}, EnvironmentWithout({})};
  shell.environment.insert(shell.environment.end(), environment.begin(), environment.end());
  const auto child = ChildProcess::Start(shell);
  if (!child.ok()) return child.status();
  const auto end = child.value()->WaitFor(kHookMax);
  if (!end) return Status(Code::kIo, "the hook does not end: " + command);
  return HookEnd{*end, child.value()->TakeOutput().err};
}

std::string LogIn(const Place& place) { return place.scratch + "/server.log"; }
std::string SettingsIn(const Place& place) { return place.scratch + "/settings.json"; }

// What a hook is told, as environment variables.
// Settings go by a file: a key may be longer than a variable.
Environment ToldTo(const Address& address, const Place& place) {
  return {"ATREST_HOST=" + address.host, "ATREST_PORT=" + std::to_string(address.port),
          "ATREST_DIRECTORY=" + place.store, "ATREST_LOG=" + LogIn(place),
          "ATREST_SETTINGS=" + SettingsIn(place)};
}

class AttachedServer : public Server {
 public:
  AttachedServer(Address address, DriverOptions::Hooks hooks, const Place& place)
      : address_(std::move(address)),
        hooks_(std::move(hooks)),
        told_(ToldTo(address_, place)),
        log_path_(LogIn(place)),
        settings_path_(SettingsIn(place)) {}

  Status Start(const TargetFile& target, const std::string& settings) {
    env::PosixFileSystem files;
    ATREST_TRY(env::WriteWhole(files, log_path_, {}));
    ATREST_TRY(env::WriteWhole(files, settings_path_, AsBytes(settings)));
    const auto hook = RunHook(hooks_.start, told_);
    if (!hook.ok()) return hook.status();
    if (hook.value().end == ProcessEnd{0, {}}) return WaitUntilReady();
    refusal_ = hook.value().end;
    ReadLog();
    log_.Append(hook.value().errors);
    refusal_text_ = log_.Complaint();
    if (refusal_text_.starts_with(target.refusal_prefix))
      refusal_text_.erase(0, target.refusal_prefix.size());
    return Status();
  }

  const std::optional<ProcessEnd>& refusal() const override { return refusal_; }
  std::string RefusalText() const override { return refusal_text_; }
  const std::string& host() const override { return address_.host; }
  uint16_t port() const override { return address_.port; }
  const std::string& control_path() const override { return no_control_; }
  std::vector<verdict::LogLine> TakeLog() override {
    ReadLog();
    return log_.Take();
  }
  std::optional<ProcessEnd> End(Duration) override { return std::nullopt; }
  std::optional<ProcessEnd> Stop() override {
    const auto hook = RunHook(hooks_.stop, told_);
    if (!hook.ok() || hook.value().end.code != 0) return std::nullopt;
    return hook.value().end;
  }
  void Kill() override { (void)RunHook(hooks_.kill.empty() ? hooks_.stop : hooks_.kill, told_); }

 private:
  Status WaitUntilReady() {
    Status status;
    for (Duration waited(0); waited < kReadyMax; waited += kBetweenTries) {
      status = RawNats::Open(address_.port, address_.host).status();
      if (status.ok()) return status;
      std::this_thread::sleep_for(kBetweenTries);
    }
    return status;
  }
  // What the log file holds beyond what was read before.
  void ReadLog() {
    env::PosixFileSystem files;
    const auto all = env::ReadWhole(files, log_path_, kLogMax);
    if (!all.ok() || all.value().size() <= log_read_) return;
    log_.Append(std::string(AsText(all.value()).substr(log_read_)));
    log_read_ = all.value().size();
  }

  const Address address_;
  const DriverOptions::Hooks hooks_;
  const Environment told_;
  const std::string log_path_;
  const std::string settings_path_;
  const std::string no_control_;
  size_t log_read_ = 0;
  ServerLog log_;
  std::optional<ProcessEnd> refusal_;
  std::string refusal_text_;
};

TargetFile Described(const std::string& address, const DriverOptions::Hooks& hooks) {
  TargetFile target;
  target.name = "attach:" + address;
  target.refusal_prefix = "Failed to start: ";
  if (hooks.start.empty() || hooks.stop.empty()) return target;
  target.capabilities = {"file", "memory", "client", "raw", "explicit_empty"};
  if (!hooks.kill.empty()) target.capabilities.emplace_back("kill");
  if (!hooks.directory.empty()) target.capabilities.emplace_back("format:stan-file-1");
  return target;
}

// A directory for one scenario's store, removed with this.
struct StoreParent {
  std::string path;
  ~StoreParent() {
    env::PosixFileSystem files;
    if (!path.empty()) (void)files.RemoveAll(path);
  }
};

Status MakeBelow(const std::string& parent, StoreParent& made) {
  std::string path = parent + "/atrest-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr)
    return Status(Code::kIo, "cannot make a directory " + path);
  made.path = path;
  return Status();
}

}  // namespace

Result<std::unique_ptr<Driver>> MakeAttached(const std::string& address,
                                             const DriverOptions& options) {
  auto resolved = Resolve(address);
  if (!resolved.ok()) return resolved.status();
  std::string store = options.directory;
  const auto parent = std::make_shared<StoreParent>();
  if (store.empty() && !options.hooks.directory.empty()) {
    ATREST_TRY(MakeBelow(options.hooks.directory, *parent));
    store = parent->path + "/store";
  }
  const auto start =
      [parent, address = resolved.value(), hooks = options.hooks](
          const TargetFile& target, const Place& place, const scenario::Settings& settings,
          const std::map<std::string, std::string>& keys) -> Result<std::unique_ptr<Server>> {
    auto server = std::make_unique<AttachedServer>(address, hooks, place);
    const auto request = StartRequest(settings, keys, place.store, place.seed);
    ATREST_TRY(server->Start(target, request.at("settings").dump()));
    return std::unique_ptr<Server>(std::move(server));
  };
  return ProcessDriver::Make(Described(address, options.hooks), store, options.seed,
                             options.patience, start);
}

}  // namespace atrest::driver
