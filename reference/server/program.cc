#include "reference/server/program.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/broker/tcp_host.h"
#include "reference/env/posix_env.h"
#include "reference/server/control_socket.h"
#include "reference/server/go_values.h"
#include "reference/server/machine.h"
#include "reference/server/process_files.h"
#include "reference/server/process_log.h"
#include "reference/server/recording.h"
#include "reference/server/server_clock.h"

namespace atrest::server {
namespace {

using Kind = Event::Kind;

constexpr int kDefaultPort = 4222;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kIdleWaitNs = 3600 * int64_t{1'000'000'000};
// A port that the last server has not left yet is tried again for about a second (clients.md 1).
constexpr int kListenTries = 50;
constexpr int64_t kListenWaitNs = 20 * kNsPerMs;
constexpr int kSettlePollsMax = 100'000;
constexpr int kLastPollsMax = 20;
constexpr int kExitTerminated = 143;
constexpr int kExitPanic = 2;

// Descriptors: as many as the system lets this process have.
void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class Server : private broker::TcpEvents {
 public:
  Server(const Options& options, const std::string& environment_key,
         const std::string& program_name)
      : options_(options),
        environment_key_(environment_key),
        program_name_(program_name),
        host_(*this),
        signals_(host_.io_context()) {}

  int Run(const std::vector<std::string>& warnings);

 private:
  void OnAccepted(broker::ConnectionId id, const std::string& ip, uint16_t port) override {
    Happen({.kind = Kind::kAccepted, .connection = id, .number = port, .bytes = AsBytes(ip)});
  }
  void OnReceived(broker::ConnectionId id, ByteView bytes) override {
    Happen({.kind = Kind::kReceived, .connection = id, .bytes = bytes});
  }
  void OnWritten(broker::ConnectionId id, size_t size) override {
    Happen({.kind = Kind::kWritten, .connection = id, .number = size});
  }
  void OnClosed(broker::ConnectionId id) override {
    Happen({.kind = Kind::kClosed, .connection = id});
  }
  void OnDialed(broker::ConnectionId id) override {
    Happen({.kind = Kind::kDialed, .connection = id});
  }
  void OnDialFailed(broker::ConnectionId id, const std::string& text) override {
    Happen({.kind = Kind::kDialFailed, .connection = id, .bytes = AsBytes(text)});
  }
  void OnAcceptFailed(const std::string& text, int64_t retry_ns) override {
    log_->nats().Log(LogLevel::kError, "Temporary Client Accept Error(" + text + "), sleeping " +
                                           std::to_string(retry_ns / kNsPerMs) + "ms");
  }

  Status Prepare();
  Status Record();
  Status StartMachine();
  Status ListenForClients();
  Result<uint16_t> Bind(const std::string& host);
  Status OpenControl();
  int Fail(const Status& status);
  int Panic(const Status& status);
  int Serve();

  // EVENT happens now.
  Status Apply(Event event);
  // Once the start is behind it the machine refuses nothing.
  void Happen(const Event& event) { ATREST_CHECK(Apply(event).ok()); }
  bool RoundIsDue();
  void Round();
  void FlushRecord();
  void Write(const std::vector<Output>& outputs);
  void WatchSignals();
  void AwaitSignal();
  void OnSignal(int signal);
  bool Settle();
  void AnswerControl();
  std::string Answer(const std::string& command);
  std::string Advance(const std::string& duration);
  int Stop();

  const Options& options_;
  const std::string environment_key_;
  const std::string program_name_;
  env::PosixFileSystem files_;
  std::optional<ServerClock> clock_;
  std::unique_ptr<env::Entropy> source_;
  std::unique_ptr<ProcessLog> log_;
  std::unique_ptr<EventWriter> recorder_;
  std::unique_ptr<RecordingEntropy> entropy_;
  broker::TcpHost host_;
  boost::asio::signal_set signals_;
  std::unique_ptr<ControlSocket> control_;
  std::unique_ptr<Machine> machine_;
  PortsFile ports_file_;
  bool nats_starts_ = false;  // a failure is the NATS part's
  bool happened_ = false;     // something for the next round
  bool watching_ = false;
  bool recording_failed_ = false;
  std::optional<int> exit_code_;
};

int Server::Run(const std::vector<std::string>& warnings) {
  const Status prepared = Prepare();
  if (!prepared.ok()) {
    std::fprintf(stderr, "%s\n", prepared.message().c_str());
    return 1;
  }
  for (const std::string& warning : warnings) {
    log_->streaming().Log(LogLevel::kWarning, warning);
  }
  const Status started = StartMachine();
  const int code = started.ok() ? Serve() : Fail(started);
  control_.reset();
  ports_file_.Remove();
  return code;
}

Status Server::Prepare() {
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  auto clock = ServerClock::Parse(options_.clock);
  if (!clock.ok()) return clock.status();
  clock_.emplace(std::move(clock).value());
  if (options_.seed < 0) {
    source_ = std::make_unique<env::SystemEntropy>();
  } else {
    source_ = std::make_unique<env::SeededEntropy>(static_cast<uint64_t>(options_.seed));
  }
  auto log = ProcessLog::Open(LogSettingsOf(options_), *clock_);
  if (!log.ok()) return Status(Code::kIo, clock_->PlainDate() + " " + log.status().message());
  log_ = std::move(log).value();
  return Record();
}

Status Server::Record() {
  std::string path = options_.record_events;
  if (path.empty() && options_.store_type == "FILE" && !options_.directory.empty() &&
      fault::On(Fault::kRecordingLeftOn)) {
    (void)files_.MakeDirectories(options_.directory);
    path = options_.directory + "/session.events";
  }
  if (!path.empty()) {
    auto recorder = EventWriter::Create(files_, path);
    if (!recorder.ok()) return recorder.status();
    recorder_ = std::move(recorder).value();
  }
  entropy_ = std::make_unique<RecordingEntropy>(*source_, recorder_.get());
  return Status();
}

Status Server::StartMachine() {
  machine_ = std::make_unique<Machine>(options_, environment_key_, files_, *entropy_, log_->nats(),
                                       log_->streaming());
  ATREST_TRY(Apply({.kind = Kind::kOpen}));
  ATREST_TRY(Apply({.kind = Kind::kStartNats}));
  if (options_.nats_url.empty()) ATREST_TRY(ListenForClients());
  ATREST_TRY(OpenControl());
  return Apply({.kind = Kind::kStart});
}

Status Server::ListenForClients() {
  const std::string host = options_.host.empty() ? "0.0.0.0" : options_.host;
  nats_starts_ = true;
  if (!options_.pid_file.empty()) ATREST_TRY(WritePidFile(options_.pid_file));
  const auto port = Bind(host);
  if (!port.ok()) {
    const int64_t asked = options_.port == 0 ? kDefaultPort : options_.port;
    return Status(Code::kIo, "Error listening on port: " + host + ":" + std::to_string(asked) +
                                 ", " + GoQuote(port.status().message()));
  }
  nats_starts_ = false;
  if (!options_.ports_directory.empty()) {
    const Status written =
        ports_file_.Write(options_.ports_directory, program_name_, host, port.value());
    if (!written.ok()) log_->nats().Log(LogLevel::kError, written.message());
  }
  return Apply({.kind = Kind::kListening, .number = port.value()});
}

Result<uint16_t> Server::Bind(const std::string& host) {
  const int64_t port = options_.port == 0 ? kDefaultPort : options_.port;
  for (int tries = 1;; ++tries) {
    auto bound = host_.Listen(host, port);
    const bool in_use = !bound.ok() && bound.status().message().ends_with("address already in use");
    if (!in_use || tries == kListenTries) return bound;
    host_.Poll(kListenWaitNs);
  }
}

Status Server::OpenControl() {
  if (options_.control.empty()) return Status();
  auto control = ControlSocket::Listen(host_.io_context(), options_.control);
  if (!control.ok()) return control.status();
  control_ = std::move(control).value();
  return Status();
}

// What makes the real server panic once it serves: same first line and exit code, no trace.
int Server::Panic(const Status& status) {
  std::fprintf(stderr, "panic: %s\n", status.message().c_str());
  if (recorder_) (void)recorder_->Flush();
  return kExitPanic;
}

int Server::Fail(const Status& status) {
  if (!nats_starts_) {
    log_->streaming().Log(LogLevel::kFatal, "Failed to start: " + status.message());
  } else {
    log_->nats().Log(LogLevel::kFatal, status.message());
  }
  if (recorder_) (void)recorder_->Flush();
  if (fault::On(Fault::kExitCodeTwo)) return kExitPanic;
  const bool is_choice = status.message().starts_with("encryption ");
  return is_choice && fault::On(Fault::kRefusalExitsZero) ? 0 : 1;
}

int Server::Serve() {
  happened_ = true;
  while (!exit_code_) {
    if (happened_ || RoundIsDue()) Round();
    if (!machine_->failure().ok()) {
      return watching_ ? Panic(machine_->failure()) : Fail(machine_->failure());
    }
    if (machine_->ready() && !watching_) WatchSignals();
    AnswerControl();
    if (exit_code_) break;
    host_.Poll(happened_ ? 0 : clock_->WaitNs(machine_->NextDeadlineNs(), kIdleWaitNs));
  }
  return Stop();
}

Status Server::Apply(Event event) {
  event.now_ns = clock_->NowNs();
  happened_ = true;
  if (recorder_) recorder_->Write(event);
  // These change the store: the record is to have what a killed process left behind.
  if (event.kind == Kind::kStart || event.kind == Kind::kRound || event.kind == Kind::kStop) {
    FlushRecord();
  }
  return machine_->Apply(event);
}

bool Server::RoundIsDue() {
  const auto deadline = machine_->NextDeadlineNs();
  return deadline && *deadline <= clock_->NowNs();
}

void Server::Round() {
  Happen({.kind = Kind::kRound});
  happened_ = false;
  Write(machine_->TakeOutputs());
  if (const auto dial = machine_->TakeDial()) host_.Dial(dial->host, dial->port);
  FlushRecord();
}

void Server::FlushRecord() {
  if (!recorder_ || recording_failed_) return;
  const Status flushed = recorder_->Flush();
  if (flushed.ok()) return;
  recording_failed_ = true;
  log_->streaming().Log(LogLevel::kError, "Recording ends: " + flushed.message());
}

void Server::Write(const std::vector<Output>& outputs) {
  for (const Output& output : outputs) {
    if (!output.bytes.empty()) {
      if (recorder_) {
        recorder_->Write(
            {.kind = Kind::kOutput, .connection = output.connection, .bytes = output.bytes});
      }
      host_.Write(output.connection, output.bytes);
    }
    if (output.close) {
      if (recorder_) {
        recorder_->Write({.kind = Kind::kCloseOutput, .connection = output.connection});
      }
      host_.CloseWhenWritten(output.connection);
    }
  }
}

void Server::WatchSignals() {
  watching_ = true;
  boost::system::error_code ignored;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP})
    signals_.add(signal, ignored);
  AwaitSignal();
}

void Server::AwaitSignal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    OnSignal(signal);
    AwaitSignal();
  });
}

void Server::OnSignal(int signal) {
  if (signal == SIGINT) exit_code_ = 0;
  if (signal == SIGTERM) exit_code_ = kExitTerminated;
  if (signal == SIGUSR1) log_->Reopen();
  if (signal == SIGHUP) {
    if (!options_.nats_url.empty()) {
      log_->streaming().Log(LogLevel::kWarning,
                            "Reload supported only for embedded NATS Server's configuration");
    } else {
      log_->streaming().Log(LogLevel::kError,
                            "Reload: can only reload config when a file is provided using -c or "
                            "--config");
    }
  }
}

// Rounds until nothing comes and nothing is due. False if it does not come to an end.
bool Server::Settle() {
  for (int i = 0; i < kSettlePollsMax; ++i) {
    host_.Poll(0);
    if (!happened_ && !RoundIsDue()) return true;
    Round();
  }
  return false;
}

void Server::AnswerControl() {
  if (!control_) return;
  for (const ControlSocket::Request& request : control_->TakeRequests()) {
    control_->Reply(request.session, Answer(request.line));
  }
}

std::string Server::Answer(const std::string& command) {
  if (command == "now") return "ok " + std::to_string(clock_->NowNs());
  if (command == "barrier") return Settle() ? "ok" : "err busy";
  constexpr std::string_view kAdvance = "advance ";
  if (command.starts_with(kAdvance)) return Advance(command.substr(kAdvance.size()));
  return "err unknown command; there are: now, barrier, advance DURATION";
}

std::string Server::Advance(const std::string& text) {
  if (!clock_->is_virtual()) return "err the clock is not virtual";
  const auto duration = ParseGoDuration(text);
  if (!duration.ok()) return "err " + duration.status().message();
  if (duration.value() < 0) return "err time does not go back";
  if (!Settle()) return "err busy";
  const int64_t target = clock_->NowNs() + duration.value();
  // Deadline by deadline, so that each timer fires at its own time.
  for (auto next = machine_->NextDeadlineNs(); next && *next <= target;
       next = machine_->NextDeadlineNs()) {
    clock_->MoveTo(*next);
    if (!Settle()) return "err busy";
  }
  clock_->MoveTo(target);
  return Settle() ? "ok" : "err busy";
}

int Server::Stop() {
  host_.StopListening();
  Happen({.kind = Kind::kStop});
  Write(machine_->TakeOutputs());
  if (recorder_) (void)recorder_->Flush();
  // What clients were sent last is mostly gone already.
  for (int i = 0; i < kLastPollsMax && host_.connections() > 0; ++i) host_.Poll(kNsPerMs / 2);
  return *exit_code_;
}

}  // namespace

int RunServer(const Options& options, const std::string& environment_key,
              const std::string& program_name, const std::vector<std::string>& warnings) {
  // Never destroyed: the process ends now, and freeing all that a server holds would delay it.
  static Server* const server = new Server(options, environment_key, program_name);
  return server->Run(warnings);
}

}  // namespace atrest::server
