#include "harness/driver/process_driver.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include "harness/driver/raw_nats.h"
#include "harness/driver/stan_bytes.h"

namespace atrest::driver {
namespace {

using scenario::Subscribe;
using std::chrono::milliseconds;

constexpr char kOwnClient[] = "atrest";
constexpr char kReadSubscription[] = "(read)";
constexpr char kBarrierSubscription[] = "(barrier)";
// 2030-01-01: behind every golden store, so that nothing is stored before what is already there.
constexpr int64_t kVirtualStartNs = 1'893'456'000'000'000'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint64_t kSeedStep = 1'000'003;
constexpr uint64_t kReadInFlight = 1024;
constexpr milliseconds kGrace(300);
constexpr milliseconds kAckMax(10'000);
constexpr milliseconds kEndMax(500);
// The echoes in which the barrier's message must have come.
constexpr int kBarrierEchoes = 20'000;
// By how much a virtual clock moves at once while clients must answer heartbeats in between; more
// where somebody waits for hours.
constexpr milliseconds kAdvanceMax(100);
// What a client's own thread gets to answer a heartbeat, in real time, before the clock moves on.
constexpr milliseconds kAnswerGrace(5);
constexpr milliseconds kGraceWait(60'000);  // longer waits go without
constexpr milliseconds kLongAdvanceMax(5'000);
constexpr milliseconds kLongWait(600'000);

// What the target refuses is part of the observation; anything else is not the target's word.
bool IsRefusal(const Status& status) { return status.code() == Code::kInvalid; }

Subscribe SubscriptionFor(const scenario::Read& read) {
  Subscribe subscribe;
  subscribe.name = kReadSubscription;
  subscribe.channel = read.channel;
  switch (read.from) {
    case scenario::Read::From::kFirst:
      subscribe.from = Subscribe::From::kFirst;
      break;
    case scenario::Read::From::kLast:
      subscribe.from = Subscribe::From::kLast;
      break;
    case scenario::Read::From::kNew:
      subscribe.from = Subscribe::From::kNew;
      break;
    case scenario::Read::From::kSequence:
      subscribe.from = Subscribe::From::kSequence;
      subscribe.sequence = read.sequence;
      break;
  }
  subscribe.max_in_flight = kReadInFlight;
  return subscribe;
}

// The first line that TARGET's program prints for its version, asked once a process.
std::string KnownVersion(const TargetFile& target) {
  static std::map<std::string, std::string> known;
  const auto found = known.find(target.program);
  if (found != known.end()) return found->second;
  return known[target.program] = VersionOf(target);
}

// What is asked of a server that an interrupt has ended fails by that.
void NoteInterrupt(const std::string& why, verdict::Outcome& outcome) {
  if (auto* published = std::get_if<verdict::Published>(&outcome)) published->error = why;
  if (auto* read = std::get_if<verdict::Read>(&outcome)) read->error = why;
  if (auto* answered = std::get_if<verdict::Answered>(&outcome)) answered->error = why;
}

void Append(std::vector<verdict::Delivery>& to, std::vector<verdict::Delivery> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Result<std::unique_ptr<Driver>> ProcessDriver::Make(TargetFile target, const std::string& directory,
                                                    uint64_t seed, int patience,
                                                    ServerStarter start) {
  const char* temporary = std::getenv("TMPDIR");
  std::string scratch = std::string(temporary == nullptr ? "/tmp" : temporary) + "/atrest-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr)
    return Status(Code::kIo, "cannot make a directory " + scratch);
  const std::string store = directory.empty() ? scratch + "/store" : directory;
  return std::unique_ptr<Driver>(new ProcessDriver(
      std::move(target), {store, scratch, seed, kVirtualStartNs, {}, kBarrierChannel, patience},
      std::move(start)));
}

ProcessDriver::~ProcessDriver() {
  if (server_) server_->Kill();
  Forget();
  (void)files_.RemoveAll(place_.scratch);
}

TargetInfo ProcessDriver::Info() const {
  TargetInfo info{target_.name, KnownVersion(target_), target_.capabilities, target_.is_reference};
  const Status traceable = SyscallTracer::Availability();
  if (!traceable.ok() && std::erase(info.capabilities, "interrupt") > 0)
    info.lacks["interrupt"] = traceable.message();
  return info;
}

Result<verdict::Observation> ProcessDriver::Start(const scenario::Settings& settings,
                                                  const std::map<std::string, std::string>& keys) {
  // Entropy that came again at every start would be worse than the system's.
  Place place = place_;
  place.seed = place_.seed + kSeedStep * starts_++;
  auto started = start_(target_, place, settings, keys);
  is_full_ = place_.interrupt && place_.interrupt->how == scenario::Interrupt::How::kFull;
  place_.interrupt.reset();
  if (!started.ok() && started.status().message().ends_with(kLate))
    return verdict::Observation{verdict::TimedOut{started.status().message()}, {}};
  if (!started.ok()) return started.status();
  server_ = std::move(started).value();
  cluster_id_ = settings.cluster_id.value_or("test-cluster");
  if (server_->WasInterrupted()) return Seen(verdict::Started{true, ""});
  if (const auto refusal = server_->refusal()) {
    verdict::Observation seen;
    seen.log = TakeLog();
    seen.outcome = verdict::Started{false, server_->RefusalText(), refusal->code};
    if (refusal->signal) seen.outcome = verdict::Crashed{Describe(*refusal)};
    server_.reset();
    return seen;
  }
  if (!server_->control_path().empty()) {
    auto control = ControlChannel::Open(server_->control_path());
    if (!control.ok()) return control.status();
    control_ = std::move(control).value();
  }
  return Seen(verdict::Started{true, ""});
}

Result<StanClient*> ProcessDriver::OwnClient() {
  if (!own_) {
    auto client = StanClient::Connect({server_->port(), cluster_id_, server_->host()}, kOwnClient);
    if (!client.ok()) return client.status();
    own_ = std::move(client).value();
  }
  return own_.get();
}

StanClient* ProcessDriver::ClientNamed(const std::string& name) {
  const auto found = clients_.find(name);
  return found == clients_.end() ? nullptr : found->second.get();
}

Status ProcessDriver::PublishOne(StanClient& client, const scenario::Publish& publish,
                                 const std::string& payload) {
  const bool is_explicit = publish.explicit_empty && payload.empty();
  return is_explicit ? PublishExplicitly(publish) : client.Publish(publish.channel, payload);
}

// With a data field that is there and empty: a message that no library makes.
Status ProcessDriver::PublishExplicitly(const scenario::Publish& publish) {
  const std::string id = "explicit-" + std::to_string(++explicit_publishes_);
  const std::string client = publish.client.empty() ? kOwnClient : publish.client;
  auto nats = RawNats::Open(server_->port(), server_->host());
  if (!nats.ok()) return nats.status();
  const auto reply = nats.value()->Request("_STAN.pub." + cluster_id_ + "." + publish.channel,
                                           ExplicitlyEmpty(client, id, publish.channel), kAckMax);
  if (!reply.ok()) return reply.status();
  if (!reply.value()) return Status(Code::kIo, "no answer to a publish");
  const auto error = ErrorOfAck(*reply.value());
  if (!error) return Status(Code::kIo, "the answer to a publish is none");
  return error->empty() ? Status() : Status(Code::kInvalid, *error);
}

Result<verdict::Observation> ProcessDriver::Publish(const scenario::Publish& publish) {
  if (!why_gone_.empty()) return Seen(verdict::Published{});
  StanClient* client = ClientNamed(publish.client);
  if (publish.client.empty()) {
    const auto own = OwnClient();
    if (!own.ok()) return Seen(verdict::Published{0, own.status().message()});
    client = own.value();
  }
  verdict::Published published;
  if (client == nullptr) published.error = kNotThere;
  for (const std::string& payload : publish.payloads) {
    if (client == nullptr) break;
    const Status acked = PublishOne(*client, publish, payload);
    if (!acked.ok()) {
      published.error = acked.message();
      // A connection may break a moment before it can be seen that the server is gone.
      if (!IsRefusal(acked)) (void)server_->End(kEndMax);
      break;
    }
    ++published.acked;
  }
  return Seen(published);
}

Result<verdict::Observation> ProcessDriver::Read(const scenario::Read& read) {
  verdict::Read seen;
  if (!why_gone_.empty()) return Seen(seen);
  const auto own = OwnClient();
  if (is_full_ && !own.ok()) {
    seen.error = own.status().message();
    return Seen(seen);
  }
  if (!own.ok()) return Seen(seen, own.status());
  const Status done = read.max == UINT64_MAX ? ReadAll(*own.value(), read, seen)
                                             : ReadSome(*own.value(), read, seen);
  if (own.value()->Has(kReadSubscription)) {
    const Status closed = own.value()->Close(kReadSubscription);
    const bool may_refuse = is_full_ && IsRefusal(closed);
    if (done.ok() && !closed.ok() && !may_refuse) return Seen(seen, closed);
  }
  if (!IsRefusal(done)) return Seen(seen, done);
  seen.error = done.message();
  return Seen(seen);
}

Status ProcessDriver::ReadAll(StanClient& client, const scenario::Read& read, verdict::Read& seen) {
  ATREST_TRY(client.Subscribe(SubscriptionFor(read)));
  return Collect(client, kReadSubscription, kReadInFlight, seen.deliveries);
}

// One message at a time, so that the server looks no further than what is asked for.
Status ProcessDriver::ReadSome(StanClient& client, const scenario::Read& read,
                               verdict::Read& seen) {
  Subscribe subscribe = SubscriptionFor(read);
  subscribe.max_in_flight = 1;
  subscribe.manual_acks = true;
  ATREST_TRY(client.Subscribe(subscribe));
  for (;;) {
    ATREST_TRY(Settle());
    auto came = client.Take(kReadSubscription);
    if (came.empty()) return Status();
    const uint64_t sequence = came.back().sequence;
    Append(seen.deliveries, std::move(came));
    if (seen.deliveries.size() >= read.max) return Status();
    ATREST_TRY(client.Ack(kReadSubscription, sequence));
  }
}

// Until nothing more comes. A subscription that may have been stalled, since so many messages came
// at once, goes on when they are acked.
Status ProcessDriver::Collect(StanClient& client, const std::string& subscription,
                              uint64_t stalls_at, std::vector<verdict::Delivery>& deliveries) {
  for (;;) {
    ATREST_TRY(Settle());
    auto came = client.Take(subscription);
    const size_t count = came.size();
    Append(deliveries, std::move(came));
    if (count < stalls_at) return Status();
  }
}

Status ProcessDriver::Settle() {
  for (const auto& [name, client] : clients_) ATREST_TRY(client->Flush());
  if (own_) ATREST_TRY(own_->Flush());
  if (control_) {
    ATREST_TRY(control_->Barrier());
  } else {
    ATREST_TRY(SettleBySubscription());
  }
  return EchoAll();
}

Status ProcessDriver::SettleBySubscription() {
  const auto own = OwnClient();
  if (!own.ok()) return own.status();
  StanClient& client = *own.value();
  Subscribe subscribe;
  subscribe.name = kBarrierSubscription;
  subscribe.channel = kBarrierChannel;
  subscribe.from = Subscribe::From::kLast;
  Status status = client.Publish(kBarrierChannel, "barrier");
  if (status.ok()) status = client.Subscribe(subscribe);
  if (!status.ok()) {
    if (!IsRefusal(status)) return status;
    std::this_thread::sleep_for(kGrace);
    return Status();
  }
  for (int i = 0; i < kBarrierEchoes && client.Count(kBarrierSubscription) == 0; ++i)
    ATREST_TRY(client.Echo());
  const bool came = !client.Take(kBarrierSubscription).empty();
  ATREST_TRY(client.Close(kBarrierSubscription));
  return came ? Status() : Status(Code::kIo, "the barrier's message does not come");
}

Status ProcessDriver::EchoAll() {
  for (const auto& [name, client] : clients_) ATREST_TRY(client->Echo());
  return own_ ? own_->Echo() : Status();
}

Result<verdict::Observation> ProcessDriver::Interrupt(const scenario::Interrupt& interrupt) {
  if (!server_) {
    place_.interrupt = interrupt;
    return Seen(verdict::Done{});
  }
  ATREST_TRY(OwnClient().status());
  ATREST_TRY(server_->Interrupt(interrupt));
  is_full_ = interrupt.how == scenario::Interrupt::How::kFull;
  return Seen(verdict::Done{});
}

Result<verdict::Observation> ProcessDriver::Stop() {
  if (EndInterruptedRun()) return verdict::Observation{};
  // It may have ended by itself, or refuse the close for reasons of its own: the stop shows.
  if (own_ && !server_->End()) (void)own_->Disconnect();
  own_.reset();
  if (const auto end = server_->End()) {
    auto seen = Seen(verdict::Done{});
    (void)EndInterruptedRun();
    return seen;
  }
  const auto end = server_->Stop();
  verdict::Observation seen;
  seen.log = TakeLog();
  if (!end) seen.outcome = verdict::TimedOut{"the server did not end when it was told to"};
  Forget();
  return seen;
}

Result<verdict::Observation> ProcessDriver::Kill() {
  if (EndInterruptedRun()) return verdict::Observation{};
  server_->Kill();
  verdict::Observation seen;
  seen.log = TakeLog();
  Forget();
  return seen;
}

Result<verdict::Observation> ProcessDriver::Wait(const scenario::Wait& wait) {
  const milliseconds time(wait.ms);
  if (target_.control.empty()) {
    std::this_thread::sleep_for(time);
    return Seen(verdict::Done{});
  }
  place_.now_ns += wait.ms * kNsPerMs;  // for the next start
  if (!control_) return Seen(verdict::Done{});
  const bool must_answer = own_ || !clients_.empty();
  const milliseconds most = time > kLongWait ? kLongAdvanceMax : kAdvanceMax;
  Status status;
  for (milliseconds left = time; left.count() > 0 && status.ok();) {
    const milliseconds part = must_answer ? std::min(left, most) : left;
    status = control_->Advance(part);
    if (status.ok() && must_answer) status = Settle();
    if (must_answer && time <= kGraceWait) std::this_thread::sleep_for(kAnswerGrace);
    left -= part;
  }
  return Seen(verdict::Done{}, status);
}

verdict::Observation ProcessDriver::Seen(verdict::Outcome outcome, const Status& status) {
  verdict::Observation seen;
  seen.outcome = std::move(outcome);
  if (server_ && server_->WasInterrupted()) {
    why_gone_ = kInterrupted;
    server_->Kill();
  }
  const auto end = server_ ? server_->End(status.ok() ? milliseconds(0) : kEndMax) : std::nullopt;
  if (server_) seen.log = TakeLog();
  std::erase_if(seen.log, [](const verdict::LogLine& line) {
    return line.level == "INF" && line.text.find(kBarrierChannel) != std::string::npos;
  });
  if (end && is_full_ && why_gone_.empty()) why_gone_ = kGaveUp + (": " + Describe(*end));
  if (!why_gone_.empty()) {
    NoteInterrupt(why_gone_, seen.outcome);
    Forget();
  } else if (end) {
    seen.outcome = verdict::Crashed{Describe(*end)};
    Forget();
  } else if (!status.ok()) {
    seen.outcome = verdict::Undecided{status.message()};
  }
  return seen;
}

std::vector<verdict::LogLine> ProcessDriver::TakeLog() {
  auto log = server_->TakeLog();
  output_ += server_->TakeOutput();
  return log;
}

std::string ProcessDriver::TakeOutput() { return std::exchange(output_, {}); }

bool ProcessDriver::EndInterruptedRun() {
  is_full_ = is_full_ && why_gone_.empty();
  return !std::exchange(why_gone_, "").empty();
}

// The server is gone, and with it all that was connected.
void ProcessDriver::Forget() {
  subscriptions_.clear();
  clients_.clear();
  own_.reset();
  control_.reset();
  server_.reset();
  (void)files_.RemoveAll(place_.store + "/" + kBarrierChannel);
}

}  // namespace atrest::driver
