#include "harness/driver/inproc_driver.h"

#include <algorithm>

#include "harness/driver/inproc_settings.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"
#include "reference/store/memory_store.h"

namespace atrest::driver {
namespace {

// 2027-01-01, behind every golden store, so that nothing is stored before what is already there.
constexpr int64_t kStartNs = 1'798'761'600'000'000'000;
constexpr char kVersion[] = "0.1.0 (a model of 0.25.6)";
constexpr int64_t kPublishTakesNs = 1'000'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr char kClientId[] = "atrest";
// A damaged store may say that its next message is 2^62 sequences away.
constexpr uint64_t kMissingMax = 100'000;

store::ClientInfo Client() {
  store::ClientInfo client;
  client.id = kClientId;
  client.heartbeat_inbox = "_INBOX.atrest.heartbeat";
  client.connection_id = ToBytes("atrest-connection");
  client.protocol = 1;
  client.ping_interval_s = 5;
  client.ping_max_out = 88;
  return client;
}

store::SubscriptionState Subscription() {
  store::SubscriptionState state;
  state.client_id = kClientId;
  state.inbox = "_INBOX.atrest.read";
  state.ack_inbox = "_INBOX.atrest.ack";
  state.max_in_flight = 1;
  state.ack_wait_s = 30;
  return state;
}

}  // namespace

InprocDriver::InprocDriver(std::unique_ptr<env::FileSystem> files, std::string directory,
                           const Options& options)
    : files_(std::move(files)),
      faults_(*files_),
      directory_(std::move(directory)),
      options_(options),
      clock_(kStartNs),
      entropy_(options.seed) {}

InprocDriver::~InprocDriver() {
  const fault::Scope scope(options_.fault);
  store_.reset();
}

TargetInfo InprocDriver::Info() const {
  return {options_.name,
          kVersion,
          {"file", "memory", "kill", "format:stan-file-1", "interrupt", "explicit_empty"},
          options_.is_reference && !options_.never_encrypt && options_.fault == Fault::kNone};
}

Result<std::unique_ptr<store::Store>> InprocDriver::OpenStore(
    const scenario::Settings& settings, const std::map<std::string, std::string>& keys) {
  const env::Env env{faults_, clock_, entropy_};
  auto encryption = EncryptionOf(settings, keys);
  if (!encryption.ok()) return encryption.status();
  auto opened = settings.store == "memory"
                    ? Result<std::unique_ptr<store::Store>>(
                          store::MakeMemoryStore(clock_, log_, LimitsOf(settings)))
                    : store::FileStore::Open(env, log_, directory_, LimitsOf(settings),
                                             FileOptionsOf(settings));
  unsealed_ = nullptr;
  if (!opened.ok() || !encryption.value() || options_.never_encrypt) return opened;
  unsealed_ = opened.value().get();
  return store::MakeCryptoStore(std::move(opened).value(), entropy_, *encryption.value());
}

Status InprocDriver::Recover(const std::string& cluster_id) {
  auto recovered = store_->Recover();
  if (!recovered.ok()) {
    if (recovered.status().message() != store::kNoServerButChannels) return recovered.status();
    log_.Log(LogLevel::kWarning,
             "Server information was not recovered, however channels are present. Will initialize "
             "server and "
             "restart recovery!");
    ATREST_TRY(store_->Init(store::MakeServerInfo(cluster_id)));
    recovered = store_->Recover();
    if (!recovered.ok()) return recovered.status();
  }
  recovered_.clear();
  if (!recovered.value()) return store_->Init(store::MakeServerInfo(cluster_id));
  for (const auto& [name, channel] : recovered.value()->channels) recovered_.insert(name);
  const std::string& found = recovered.value()->server.cluster_id;
  if (found == cluster_id) return Status();
  return Status(Code::kInvalid, "cluster ID \"" + cluster_id +
                                    "\" does not match recovered value of \"" + found + "\"");
}

Result<verdict::Observation> InprocDriver::Start(const scenario::Settings& settings,
                                                 const std::map<std::string, std::string>& keys) {
  const fault::Scope scope(options_.fault);
  auto opened = OpenStore(settings, keys);
  Status status = opened.status();
  if (status.ok()) {
    store_ = std::move(opened).value();
    status = Recover(settings.cluster_id.value_or("test-cluster"));
    if (status.ok()) status = store_->AddClient(Client());
  }
  if (WasInterrupted()) return Seen(verdict::Started{true, ""});
  if (status.ok()) return Seen(verdict::Started{true, ""});
  EndRun();
  log_.Log(LogLevel::kFatal, "Failed to start: " + status.message());
  return Seen(verdict::Started{false, status.message()});
}

Result<store::Channel*> InprocDriver::ChannelNamed(const std::string& name) {
  if (store::Channel* channel = store_->FindChannel(name)) return channel;
  return store_->CreateChannel(name);
}

Status InprocDriver::PublishOne(const scenario::Publish& publish, const std::string& payload) {
  auto channel = ChannelNamed(publish.channel);
  if (!channel.ok()) return channel.status();
  if (unsealed_ != nullptr && StoresInClear(publish.channel))
    channel = unsealed_->FindChannel(publish.channel);
  store::MessageStore& messages = *channel.value()->messages;
  clock_.Advance(kPublishTakesNs);
  store::Message message;
  message.sequence = messages.LastSequence() + 1;
  message.subject = publish.channel;
  message.timestamp_ns = clock_.NowNs();  // which never goes back
  if (!payload.empty() || publish.explicit_empty) message.data = ToBytes(payload);
  ATREST_TRY(messages.Store(std::move(message)));
  const Status flushed = messages.Flush();
  if (!flushed.ok() && is_full_)
    why_gone_ = std::string(kGaveUp) + ": unable to flush msg store: " + flushed.message();
  return flushed;
}

Result<verdict::Observation> InprocDriver::Publish(const scenario::Publish& publish) {
  const fault::Scope scope(options_.fault);
  verdict::Published published;
  if (WasInterrupted()) return Seen(verdict::Published{0, why_gone_});
  ATREST_CHECK(store_ != nullptr);
  for (const std::string& payload : publish.payloads) {
    const Status stored = PublishOne(publish, payload);
    if (WasInterrupted()) {
      published.error = why_gone_;
      break;
    }
    if (!stored.ok()) {
      published.error = stored.message();
      break;
    }
    ++published.acked;
  }
  return Seen(published);
}

std::string InprocDriver::Deliver(const scenario::Read& read, store::Channel& channel,
                                  verdict::Read& seen) {
  store::MessageStore& messages = *channel.messages;
  store::SubscriptionState subscription = Subscription();
  const uint64_t last = messages.LastSequence();
  uint64_t next = std::max<uint64_t>(messages.FirstSequence(), 1);
  if (read.from == scenario::Read::From::kSequence) next = std::max(next, read.sequence);
  if (read.from == scenario::Read::From::kLast) next = std::max(next, last);
  if (read.from == scenario::Read::From::kNew) next = last + 1;
  subscription.last_sent = next - 1;
  const Status created = channel.subscriptions->Create(subscription);
  if (!created.ok()) {
    seen.error = created.message();
    return "";
  }
  uint64_t missing = 0;
  for (; next <= last && seen.deliveries.size() < read.max; ++next) {
    const auto found = messages.Lookup(next);
    if (!found.ok()) {
      // As the real server: one line, and this subscription waits here for good.
      log_.Log(LogLevel::kError, "Error looking up message " + read.channel + ":" +
                                     std::to_string(next) + " (" + found.status().message() + ")");
      break;
    }
    if (found.value() == nullptr) {  // a gap
      if (++missing <= kMissingMax) continue;
      return "more than " + std::to_string(kMissingMax) + " sequences are missing";
    }
    const store::Message& message = *found.value();
    seen.deliveries.push_back({message.sequence, std::string(AsText(message.payload())),
                               message.subject, message.redelivered});
    const Status recorded = channel.subscriptions->AddPending(subscription.id, message.sequence);
    if (recorded.ok()) (void)channel.subscriptions->AckPending(subscription.id, message.sequence);
    if (faults_.stopped()) return "";
  }
  (void)channel.subscriptions->Delete(subscription.id);
  (void)channel.subscriptions->Flush();
  return "";
}

Result<verdict::Observation> InprocDriver::Read(const scenario::Read& read) {
  const fault::Scope scope(options_.fault);
  verdict::Read seen;
  if (WasInterrupted()) return Seen(verdict::Read{{}, why_gone_});
  ATREST_CHECK(store_ != nullptr);
  const auto channel = ChannelNamed(read.channel);
  if (!channel.ok()) {
    seen.error = WasInterrupted() ? why_gone_ : channel.status().message();
    return Seen(seen);
  }
  const std::string undecided = Deliver(read, *channel.value(), seen);
  if (WasInterrupted()) seen.error = why_gone_;
  if (!undecided.empty()) return Seen(verdict::Undecided{undecided});
  return Seen(seen);
}

Result<verdict::Observation> InprocDriver::Stop() {
  const fault::Scope scope(options_.fault);
  if (!WasInterrupted()) {
    ATREST_CHECK(store_ != nullptr);
    (void)store_->DeleteClient(kClientId);
    const Status closed = store_->Close();
    if (!closed.ok()) log_.Log(LogLevel::kError, closed.message());
  }
  EndRun();
  return Seen(verdict::Done{});
}

Result<verdict::Observation> InprocDriver::Kill() {
  const fault::Scope scope(options_.fault);
  EndRun();
  return Seen(verdict::Done{});
}

Result<verdict::Observation> InprocDriver::Wait(const scenario::Wait& wait) {
  const fault::Scope scope(options_.fault);
  clock_.Advance(wait.ms * kNsPerMs);
  if (store_) store_->Tick();
  (void)WasInterrupted();
  return Seen(verdict::Done{});
}

Result<verdict::Observation> InprocDriver::Interrupt(const scenario::Interrupt& interrupt) {
  using At = env::FaultFileSystem::At;
  using How = env::FaultFileSystem::How;
  faults_.Arm(
      interrupt.at == scenario::Interrupt::At::kWrite ? At::kWrite : At::kSync, interrupt.count,
      interrupt.how == scenario::Interrupt::How::kKill ? How::kKill : How::kFull, interrupt.writes);
  is_full_ = interrupt.how == scenario::Interrupt::How::kFull;
  return Seen(verdict::Done{});
}

bool InprocDriver::WasInterrupted() {
  if (faults_.stopped()) why_gone_ = kInterrupted;
  if (!why_gone_.empty()) store_.reset();
  return !why_gone_.empty();
}

void InprocDriver::EndRun() {
  store_.reset();
  why_gone_.clear();
  is_full_ = false;
  faults_.Restart();
}

bool InprocDriver::StoresInClear(const std::string&) { return false; }

verdict::Observation InprocDriver::Seen(verdict::Outcome outcome) {
  verdict::Observation seen;
  seen.outcome = std::move(outcome);
  for (const LogBuffer::Line& line : log_.Take())
    seen.log.push_back({LevelTag(line.level), line.text});
  return seen;
}

}  // namespace atrest::driver
