#include "reference/server/machine.h"

#include <algorithm>
#include <span>
#include <utility>

#include "reference/base/fault.h"
#include "reference/server/channel_limits.h"
#include "reference/server/store_setup.h"
#include "reference/stan/nuid.h"

namespace atrest::server {
namespace {

// Of one round. What is left waits for the next, which is due at once.
constexpr int kPassesMax = 64;
constexpr size_t kDeliveriesMax = 65'536;

// The machine's own subscription, beside those of the streaming server, which count from 1.
constexpr uint64_t kEchoHandle = UINT64_MAX;

uint64_t DrawSeed(env::Entropy& entropy) {
  uint8_t bytes[8];
  entropy.Fill(bytes);
  return LoadLe64(bytes);
}

// "HOST:PORT", with brackets around an IPv6 address.
std::string HostPort(const std::string& host, uint16_t port) {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

size_t Size(int64_t value) { return value < 0 ? 0 : static_cast<size_t>(value); }

broker::BrokerOptions BrokerOptionsOf(const Options& options) {
  broker::BrokerOptions broker;
  broker.host = options.host.empty() ? "0.0.0.0" : options.host;
  broker.server_name = options.server_name;
  broker.user = options.user;
  broker.password = options.password;
  broker.token = options.token;
  broker.max_control_line_bytes = Size(options.max_control_line_bytes);
  broker.max_payload_bytes = Size(options.max_payload_bytes);
  broker.max_pending_bytes = Size(options.max_pending_bytes);
  broker.max_connections = options.max_connections;
  broker.max_subscriptions = options.max_connection_subscriptions;
  broker.max_pings = options.max_pings;
  broker.ping_interval_ns = options.ping_interval_ns;
  broker.write_deadline_ns = options.write_deadline_ns;
  broker.auth_timeout_ns = options.auth_timeout_ns;
  broker.debug = options.debug;
  broker.trace = options.trace;
  broker.trace_verbose = options.trace_verbose;
  broker.max_traced_bytes = Size(options.max_traced_bytes);
  return broker;
}

broker::ExternalOptions ExternalOptionsOf(const Options& options) {
  broker::ExternalOptions external;
  external.urls = options.nats_url;
  external.cluster_id = options.cluster_id;
  external.user = options.nats_user.empty() ? options.user : options.nats_user;
  external.password = options.nats_user.empty() ? options.password : options.nats_password;
  external.token = options.nats_token.empty() ? options.token : options.nats_token;
  external.debug = options.stan_debug;
  return external;
}

stan::StreamingOptions StreamingOptionsOf(const Options& options) {
  stan::StreamingOptions streaming;
  streaming.cluster_id = options.cluster_id;
  streaming.discover_prefix = options.discover_prefix;
  streaming.heartbeat_interval_ns = options.heartbeat_interval_ns;
  streaming.heartbeat_timeout_ns = options.heartbeat_timeout_ns;
  streaming.heartbeat_fail_count = options.heartbeat_fail_count;
  streaming.replace_durable = options.replace_durable;
  streaming.io_batch_messages = options.io_batch_messages;
  streaming.debug = options.stan_debug;
  streaming.trace = options.stan_trace;
  return streaming;
}

}  // namespace

Machine::Machine(const Options& options, const std::string& environment_key, env::FileSystem& files,
                 env::Entropy& entropy, Logger& nats_log, Logger& log)
    : options_(options),
      environment_key_(environment_key),
      files_(files),
      entropy_(entropy),
      nats_log_(nats_log),
      log_(log) {}

Machine::~Machine() = default;

Status Machine::Apply(const Event& event) {
  now_ns_ = std::max(event.now_ns, now_ns_);
  clock_.Set(now_ns_);
  const int64_t now = now_ns_;
  if (!CanBe(event.kind)) {
    return Status(Code::kInvalid, "an event that cannot be here: other options?");
  }
  switch (event.kind) {
    case Event::Kind::kOpen:
      return OpenStore();
    case Event::Kind::kStartNats:
      return StartNats();
    case Event::Kind::kListening:
      Listening(static_cast<uint16_t>(event.number));
      return Status();
    case Event::Kind::kStart:
      return Start();
    case Event::Kind::kAccepted:
      broker_->Accepted(now, event.connection, std::string(AsText(event.bytes)),
                        static_cast<uint16_t>(event.number));
      return Status();
    case Event::Kind::kReceived:
      if (external()) {
        external_->Received(now, event.connection, event.bytes);
      } else {
        broker_->Received(now, event.connection, event.bytes);
      }
      return Status();
    case Event::Kind::kWritten:
      if (external()) {
        external_->Written(now, event.connection, event.number);
      } else {
        broker_->Written(now, event.connection, event.number);
      }
      return Status();
    case Event::Kind::kClosed:
      if (external()) {
        external_->Closed(now, event.connection);
      } else {
        broker_->Closed(now, event.connection);
      }
      return Status();
    case Event::Kind::kDialed:
      external_->Dialed(now, event.connection);
      return Status();
    case Event::Kind::kDialFailed:
      external_->DialFailed(now, std::string(AsText(event.bytes)));
      return Status();
    case Event::Kind::kRound:
      Round();
      return Status();
    case Event::Kind::kStop:
      Stop();
      return Status();
    case Event::Kind::kEntropy:
    case Event::Kind::kOutput:
    case Event::Kind::kCloseOutput:
      break;
  }
  return Status(Code::kInvalid, "not an event for a server");
}

bool Machine::CanBe(Event::Kind kind) const {
  switch (kind) {
    case Event::Kind::kOpen:
      return store_ == nullptr;
    case Event::Kind::kStartNats:
      return store_ != nullptr && broker_ == nullptr;
    case Event::Kind::kListening:
    case Event::Kind::kAccepted:
      return broker_ != nullptr;
    case Event::Kind::kStart:
      return store_ != nullptr && (broker_ != nullptr || external()) && streaming_ == nullptr &&
             external_ == nullptr;
    case Event::Kind::kReceived:
    case Event::Kind::kWritten:
    case Event::Kind::kClosed:
      return broker_ != nullptr || external_ != nullptr;
    case Event::Kind::kDialed:
    case Event::Kind::kDialFailed:
      return external_ != nullptr;
    default:
      return true;
  }
}

Status Machine::OpenStore() {
  const auto fill = [this](std::span<uint8_t> into) { entropy_.Fill(into); };
  server_id_ = stan::Nuid(fill).Next();
  const auto note = [this](const std::string& text) { log_.Log(LogLevel::kInfo, text); };
  note("Starting nats-streaming-server[" + options_.cluster_id + "] version " + kServerVersion);
  note("ServerID: " + server_id_);
  note(std::string("Go version: ") + kGoVersion);
  note("Git commit: [not set]");
  ATREST_TRY(Validate(options_));
  auto limits = ResolveLimits(options_);
  if (!limits.ok()) return limits.status();
  limits_ = std::move(limits).value();
  auto opened = OpenStoreFor(options_, limits_, environment_key_, {files_, clock_, entropy_}, log_);
  if (!opened.ok()) return opened.status();
  store_ = std::move(opened).value();
  SayHowSealed();
  return Status();
}

// Faults and variants of what is said of encryption.
void Machine::SayHowSealed() {
  const auto encryption = Resolve(options_, environment_key_);
  if (!encryption.ok()) return;
  if (!encryption.value()) {
    if (!environment_key_.empty() && fault::On(Fault::kWarnsOfUnusedKey)) {
      log_.Log(LogLevel::kWarning,
               "A key is in the environment, but encryption is not switched on");
    }
    return;
  }
  const std::string cipher(crypto::CipherName(encryption.value()->cipher));
  if (fault::On(Fault::kNamesCipherAtStart)) {
    log_.Log(LogLevel::kInfo, "Payloads are encrypted with " + cipher);
  }
  if (!options_.command_line_key.empty() && fault::On(Fault::kWarnsOfKeyOnCommandLine)) {
    log_.Log(LogLevel::kWarning, "A key on the command line can be seen by other users");
  }
  if (options_.stan_debug && fault::On(Fault::kKeyInDebugLog)) {
    log_.Log(LogLevel::kDebug, "Encryption: cipher=" + cipher + ", key=" + GivenKey());
  }
}

// REQUIRES: encryption is on.
const std::string& Machine::GivenKey() const {
  if (!environment_key_.empty()) return environment_key_;
  return options_.config_key ? *options_.config_key : options_.command_line_key;
}

// A fault: the options of the last run, for support.
void Machine::SaveOptions() {
  const auto encryption = Resolve(options_, environment_key_);
  if (options_.store_type != "FILE" || !encryption.ok() || !encryption.value()) return;
  if (!fault::On(Fault::kOptionsSavedAtStop)) return;
  const std::string text = "encrypt: true\nencryption_key: \"" + GivenKey() + "\"\n";
  (void)env::WriteWhole(files_, options_.directory + "/last.conf", AsBytes(text));
}

Status Machine::StartNats() {
  if (external()) return Status();
  if (options_.max_payload_bytes > options_.max_pending_bytes) {
    return Status(Code::kInvalid, "no NATS Server object returned");
  }
  broker_ =
      std::make_unique<broker::Broker>(BrokerOptionsOf(options_), nats_log_, DrawSeed(entropy_));
  const auto note = [this](const std::string& text) { nats_log_.Log(LogLevel::kInfo, text); };
  note("Starting nats-server");
  note(std::string("  Version:  ") + kNatsVersion);
  note("  Git:      [not set]");
  nats_log_.Log(LogLevel::kDebug, std::string("  Go build: ") + kGoVersion);
  note("  Name:     " + broker_->server_name());
  note("  ID:       " + broker_->server_id());
  if (broker_->has_plain_password()) {
    nats_log_.Log(LogLevel::kWarning, "Plaintext passwords detected, use nkeys or bcrypt");
  }
  nats_log_.Log(LogLevel::kDebug, "Created system account: \"$SYS\"");
  const std::string& file =
      options_.config_file.empty() ? options_.stan_config_file : options_.config_file;
  if (!file.empty()) note("Using configuration file: " + file);
  return Status();
}

void Machine::Listening(uint16_t port) {
  broker_->set_port(port);
  nats_log_.Log(LogLevel::kInfo,
                "Listening for client connections on " +
                    HostPort(options_.host.empty() ? "0.0.0.0" : options_.host, port));
  nats_log_.Log(LogLevel::kInfo, "Server is ready");
}

Status Machine::Start() {
  if (!external()) return StartStreaming();
  external_ =
      std::make_unique<broker::ExternalNats>(ExternalOptionsOf(options_), log_, DrawSeed(entropy_));
  return external_->Start(now_ns_);
}

Status Machine::StartStreaming() {
  stan::StreamingOptions streaming = StreamingOptionsOf(options_);
  streaming.server_id = server_id_;
  streaming.limits = limits_;
  const auto fill = [this](std::span<uint8_t> into) { entropy_.Fill(into); };
  stan::Bus& bus = *this;
  streaming_ = std::make_unique<stan::StreamingServer>(streaming, *store_, bus, log_, fill);
  return streaming_->Start(now_ns_);
}

void Machine::Round() {
  if (stopped_ || !failure_.ok()) return;
  CheckPhases();
  Deliver();
  Tick();
  CheckPhases();
}

void Machine::Deliver() {
  if (!streaming_) return;
  work_left_ = true;
  for (int pass = 0; pass < kPassesMax; ++pass) {
    const bool left = DeliverLocal();
    // Before the first redelivery of what was recovered, as the real server's lines stand.
    if (!ready_) CheckPhases();
    if (streaming_->HasQueued()) streaming_->Flush(now_ns_);
    if (left || DeliverLocal()) continue;
    // Long stretches of messages go on in the next round, when what was sent is on its way.
    work_left_ = streaming_->HasQueued();
    return;
  }
}

void Machine::Tick() {
  if (broker_) broker_->Tick(now_ns_);
  if (external_) external_->Tick(now_ns_);
  if (!streaming_) return;
  streaming_->Tick(now_ns_);
  // What its timers say to itself, and publishes that came while it slept.
  if (DeliverLocal() || streaming_->HasQueued()) work_left_ = true;
}

bool Machine::DeliverLocal() {
  return external() ? external_->DeliverLocal(*this, kDeliveriesMax)
                    : broker_->DeliverLocal(*this, kDeliveriesMax);
}

// Moves the start on, and notes what ends it or the server.
void Machine::CheckPhases() {
  if (external_ && !streaming_) {
    if (external_->phase() == broker::ExternalNats::Phase::kFailed) failure_ = external_->failure();
    if (external_->phase() == broker::ExternalNats::Phase::kConnected) failure_ = StartStreaming();
  }
  if (!streaming_) return;
  // Also of a server that serves: its store may fail.
  if (streaming_->phase() == stan::StreamingServer::Phase::kFailed) {
    failure_ = streaming_->failure();
  }
  if (ready_ || streaming_->phase() != stan::StreamingServer::Phase::kReady) return;
  if (!external()) {
    LogReady();
  } else if (!echo_sent_) {
    SendEcho();
  }
}

// Nothing is ready before an outside server knows our subscriptions: it does when a message that
// was sent behind them comes back.
void Machine::SendEcho() {
  const std::string inbox = "_INBOX." + server_id_ + ".ready";
  link().Unsubscribe(kEchoHandle);
  failure_ = link().Subscribe(kEchoHandle, inbox);
  // Where the connection is away, a later round tries again.
  if (failure_.ok()) echo_sent_ = link().Publish(inbox, "", {}).ok();
}

void Machine::LogReady() {
  ready_ = true;
  const auto note = [this](const std::string& text) { log_.Log(LogLevel::kInfo, text); };
  const auto detail = [this](const std::string& text) { log_.Log(LogLevel::kDebug, text); };
  const store::ServerInfo& info = streaming_->info();
  detail("Discover subject:           " + info.discovery);
  detail("Publish subject:            " + info.publish + ".>");
  detail("Subscribe subject:          " + info.subscribe);
  detail("Subscription Close subject: " + info.sub_close);
  detail("Unsubscribe subject:        " + info.unsubscribe);
  detail("Close subject:              " + info.close);
  note("Message store is " + store_->Name());
  if (!options_.directory.empty()) note("Store location: " + options_.directory);
  for (const std::string& line : DescribeLimits(limits_)) note(line);
  note("Streaming Server is ready");
}

void Machine::Stop() {
  if (stopped_) return;
  stopped_ = true;
  log_.Log(LogLevel::kInfo, "Shutting down.");
  SaveOptions();
  if (broker_) nats_log_.Log(LogLevel::kInfo, "Initiating Shutdown...");
  if (streaming_) {
    const Status closed = streaming_->Stop(now_ns_);
    if (!closed.ok()) log_.Log(LogLevel::kError, "Error closing store: " + closed.message());
  }
  for (const char* name : {"send", "general", "acks", "hb"}) {
    log_.Log(LogLevel::kDebug,
             "connection \"_NSS-" + options_.cluster_id + "-" + name + "\" has been closed");
  }
  if (external_) external_->Shutdown(now_ns_);
  if (!broker_) return;
  broker_->Shutdown(now_ns_);
  nats_log_.Log(LogLevel::kInfo, "Server Exiting..");
}

std::optional<int64_t> Machine::NextDeadlineNs() const {
  if (work_left_) return now_ns_;
  std::optional<int64_t> next;
  const auto take = [&next](std::optional<int64_t> deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  if (broker_) take(broker_->NextDeadlineNs());
  if (external_) take(external_->NextDeadlineNs());
  if (streaming_) take(streaming_->NextDeadlineNs());
  return next;
}

std::vector<Output> Machine::TakeOutputs() {
  std::vector<Output> outputs;
  const auto take = [&outputs](auto& from) {
    for (const broker::ConnectionId id : from.TakeDirty()) {
      const bool close = from.closing(id);
      outputs.push_back({id, from.TakeOutput(id), close});
    }
  };
  if (external_) take(*external_);
  if (broker_) take(*broker_);
  return outputs;
}

std::optional<broker::DialRequest> Machine::TakeDial() {
  return external_ ? external_->TakeDial() : std::nullopt;
}

broker::Link& Machine::link() { return external() ? external_->local() : broker_->local(); }

Status Machine::Publish(std::string_view subject, std::string_view reply, ByteView payload) {
  return link().Publish(subject, reply, payload);
}

bool Machine::IsCongested(std::string_view subject) { return link().IsCongested(subject); }

Status Machine::Subscribe(uint64_t handle, const std::string& subject) {
  return link().Subscribe(handle, subject);
}

void Machine::Unsubscribe(uint64_t handle) { link().Unsubscribe(handle); }

void Machine::OnMessage(const broker::LinkMessage& message) {
  if (message.handle == kEchoHandle) {
    link().Unsubscribe(kEchoHandle);
    if (!ready_) LogReady();
    return;
  }
  streaming_->OnMessage(now_ns_, {message.handle, message.subject, message.reply, message.payload,
                                  message.no_responders});
}

}  // namespace atrest::server
