#include "reference/broker/external_nats.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/go_quote.h"
#include "reference/base/random.h"
#include "reference/broker/json_reader.h"
#include "reference/broker/local_queue.h"
#include "reference/broker/nats_url.h"
#include "reference/wire/json_text.h"
#include "reference/wire/nats_server_parser.h"
#include "reference/wire/nats_subject.h"
#include "reference/wire/nats_writer.h"

namespace atrest::broker {
namespace {

constexpr char kInvalidSubject[] = "nats: invalid subject";
constexpr char kMaximumPayload[] = "nats: maximum payload exceeded";
constexpr char kNoBuffer[] = "nats: outbound buffer limit exceeded";
constexpr char kClosed[] = "nats: connection closed";
constexpr char kNoServers[] = "nats: no servers available for connection";
constexpr char kNoInfo[] = "nats: protocol exception, INFO not received";
constexpr char kNoTls[] = "nats: secure connection not available";
// More than this and the server is as good as gone.
constexpr size_t kPendingMax = 64 << 20;

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

struct ServerInfo {
  size_t max_payload = 0;
  bool headers = false;
  bool tls_required = false;
};

Result<ServerInfo> ReadInfo(std::string_view json) {
  const Result<JsonDocument> document = ReadJson(json);
  if (!document.ok()) return document.status();
  ServerInfo info;
  for (const JsonMember& member : document.value().members) {
    const std::string& text = member.value.text;
    if (member.name == "headers") info.headers = member.value.boolean;
    if (member.name == "tls_required") info.tls_required = member.value.boolean;
    if (member.name == "max_payload") {
      std::from_chars(text.data(), text.data() + text.size(), info.max_payload);
    }
  }
  return info;
}

// Everything of one connection; a new one begins with none of it.
struct Session {
  ConnectionId id = 0;
  wire::NatsServerParser parser;
  Bytes output;
  size_t unwritten = 0;
  bool has_info = false;
  bool greeted = false;  // the first PONG came
  bool ended = false;    // nothing is read any more
  ServerInfo info;
  int64_t pings_out = 0;
};

}  // namespace

class ExternalNats::Impl : public Link {
 public:
  Impl(const ExternalOptions& options, Logger& logger, uint64_t seed)
      : options_(options),
        logger_(logger),
        random_(seed),
        name_("_NSS-" + options.cluster_id + "-general"),
        queue_(options.local_queue_bytes) {}

  Status Start(int64_t now);
  std::optional<DialRequest> TakeDial();
  void Dialed(int64_t now, ConnectionId id);
  void DialFailed(int64_t now, const std::string& text);
  void Received(int64_t now, ConnectionId id, ByteView bytes);
  void Written(ConnectionId id, size_t size);
  void Closed(int64_t now, ConnectionId id);
  void Tick(int64_t now);
  std::optional<int64_t> NextDeadlineNs() const;
  std::vector<ConnectionId> TakeDirty();
  Bytes TakeOutput(ConnectionId id);
  bool closing(ConnectionId id) const { return !session_ || session_->id != id; }
  void Shutdown(int64_t now);

  Status Publish(std::string_view subject, std::string_view reply, ByteView payload) override;
  bool IsCongested(std::string_view subject) override;
  Status Subscribe(uint64_t handle, const std::string& subject) override;
  void Unsubscribe(uint64_t handle) override;
  bool DeliverLocal(LinkHandler& handler, size_t max) {
    return queue_.Deliver(handler, max,
                          [this](uint64_t handle) { return subscriptions_.contains(handle); });
  }

  Phase phase = Phase::kConnecting;
  Status failure;

 private:
  Session* Find(ConnectionId id) { return session_ && session_->id == id ? &*session_ : nullptr; }
  const NatsUrl& current() const { return pool_.front(); }
  void Put(std::string_view text);
  void Handle(const wire::NatsServerInfo& info);
  void Handle(wire::NatsDelivery& delivery);
  void Handle(const wire::NatsPing&);
  void Handle(const wire::NatsPong&);
  void Handle(const wire::NatsServerErr& error);
  void SendConnect();
  void PutSubscribe(uint64_t handle, const std::string& subject);
  void Greeted();
  void Drop(const std::string& why);
  void NextServer(const std::string& why);
  void EndForGood(const std::string& why);
  void EndSession();
  bool IsSameAuthError(const std::string& text);
  void LogAsync(const std::string& text);
  void CheckPending();

  const ExternalOptions options_;
  Logger& logger_;
  Random random_;
  const std::string name_;
  std::vector<NatsUrl> pool_;  // the current one in front
  size_t tried_ = 0;           // of the pool, since the last wait or the start
  bool dial_wanted_ = false;
  bool dialing_ = false;
  std::optional<Session> session_;
  std::map<ConnectionId, Bytes> leftovers_;  // what sessions that ended have to say
  std::optional<int64_t> deadline_ns_;       // of the handshake, the next dial or the next ping
  int64_t now_ = 0;
  std::map<std::string, std::string> auth_errors_;  // the last one, by URL
  std::map<uint64_t, std::string> subscriptions_;   // subject by handle
  LocalQueue queue_;
  bool queue_is_full_ = false;
};

Status ExternalNats::Impl::Start(int64_t now) {
  now_ = now;
  Result<std::vector<NatsUrl>> urls = ParseNatsUrls(options_.urls);
  if (!urls.ok()) {
    phase = Phase::kFailed;
    failure = urls.status();
    return failure;
  }
  pool_ = urls.value();
  for (size_t i = pool_.size(); i > 1; --i) std::swap(pool_[i - 1], pool_[random_.Below(i)]);
  dial_wanted_ = true;
  return Status();
}

std::optional<DialRequest> ExternalNats::Impl::TakeDial() {
  if (!std::exchange(dial_wanted_, false)) return std::nullopt;
  dialing_ = true;
  return DialRequest{current().host, current().port};
}

void ExternalNats::Impl::Dialed(int64_t now, ConnectionId id) {
  now_ = now;
  if (!std::exchange(dialing_, false)) {
    leftovers_[id] = {};  // closed meanwhile
    return;
  }
  session_.emplace();
  session_->id = id;
  deadline_ns_ = now_ + options_.dial_timeout_ns;
}

void ExternalNats::Impl::DialFailed(int64_t now, const std::string& text) {
  now_ = now;
  if (!std::exchange(dialing_, false)) return;
  NextServer(text.find("connection refused") == std::string::npos ? text : "");
}

// The current server did not do. WHY is "" if that is nothing to speak of.
void ExternalNats::Impl::NextServer(const std::string& why) {
  EndSession();
  std::rotate(pool_.begin(), pool_.begin() + 1, pool_.end());
  const bool was_last = ++tried_ >= pool_.size();
  if (!was_last) {
    dial_wanted_ = true;
    return;
  }
  tried_ = 0;
  if (phase == Phase::kConnecting) {
    phase = Phase::kFailed;
    failure = Status(Code::kIo, why.empty() ? kNoServers : why);
    return;
  }
  deadline_ns_ = now_ + options_.reconnect_wait_ns;
}

void ExternalNats::Impl::EndSession() {
  deadline_ns_.reset();
  if (!session_) return;
  leftovers_[session_->id] = std::move(session_->output);
  session_.reset();
}

// A connection that stood is gone: it is made again, at once if there are other servers.
void ExternalNats::Impl::Drop(const std::string& why) {
  const bool stood = session_->greeted;
  if (stood) {
    phase = Phase::kReconnecting;
    tried_ = 0;
    queue_is_full_ = false;
  }
  NextServer(why);
}

void ExternalNats::Impl::EndForGood(const std::string& why) {
  if (phase == Phase::kClosed) return;
  EndSession();
  dial_wanted_ = dialing_ = false;
  phase = Phase::kClosed;
  if (!why.empty()) {
    logger_.Log(LogLevel::kError,
                "connection " + GoQuote(name_) + " has been disconnected: " + why);
  }
  if (options_.debug) {
    logger_.Log(LogLevel::kDebug, "connection " + GoQuote(name_) + " has been closed");
  }
}

void ExternalNats::Impl::Shutdown(int64_t now) {
  now_ = now;
  if (phase != Phase::kFailed) EndForGood("");
}

void ExternalNats::Impl::LogAsync(const std::string& text) {
  logger_.Log(LogLevel::kError, "Asynchronous error on connection " + name_ + ": " + text);
}

void ExternalNats::Impl::Received(int64_t now, ConnectionId id, ByteView bytes) {
  now_ = now;
  while (Find(id) != nullptr) {
    auto event = session_->parser.Next(&bytes);
    if (!event) break;
    const bool is_info = std::holds_alternative<wire::NatsServerInfo>(*event);
    if (!session_->has_info && !is_info) return Drop(kNoInfo);
    std::visit([this](auto& known) { Handle(known); }, *event);
  }
  const Session* const session = Find(id);
  if (session == nullptr || !session->parser.error()) return;
  const std::string why = *session->parser.error();  // the session ends before it is used
  Drop(why);
}

void ExternalNats::Impl::Handle(const wire::NatsServerInfo& info) {
  const Result<ServerInfo> read = ReadInfo(info.json);
  if (!read.ok()) return Drop(read.status().message());
  session_->info = read.value();
  if (std::exchange(session_->has_info, true)) return;
  if (session_->info.tls_required) return Drop(kNoTls);
  SendConnect();
}

void ExternalNats::Impl::SendConnect() {
  const NatsUrl& url = current();
  const std::string& user = url.has_credentials ? url.user : options_.user;
  const std::string& password = url.has_credentials ? url.password : options_.password;
  const std::string& token = url.has_credentials ? url.token : options_.token;
  const auto text = [](const char* name, const std::string& value) {
    return value.empty() ? "" : "\"" + std::string(name) + "\":" + wire::JsonString(value) + ",";
  };
  const std::string headers = session_->info.headers ? "true" : "false";
  Put("CONNECT {\"verbose\":false,\"pedantic\":false," + text("user", user) +
      text("pass", password) + text("auth_token", token) + "\"tls_required\":false," +
      text("name", name_) +
      "\"lang\":\"c++\",\"version\":\"0.25.6\",\"protocol\":1,\"echo\":true,\"headers\":" +
      headers + ",\"no_responders\":" + headers + "}\r\nPING\r\n");
}

void ExternalNats::Impl::Put(std::string_view text) { Append(session_->output, AsBytes(text)); }

void ExternalNats::Impl::PutSubscribe(uint64_t handle, const std::string& subject) {
  Put("SUB " + subject + "  " + std::to_string(handle) + "\r\n");
}

void ExternalNats::Impl::Greeted() {
  session_->greeted = true;
  tried_ = 0;
  auth_errors_.erase(current().text);
  deadline_ns_ = now_ + options_.ping_interval_ns;
  for (const auto& [handle, subject] : subscriptions_) PutSubscribe(handle, subject);
  if (phase == Phase::kReconnecting) {
    logger_.Log(LogLevel::kInfo, "connection " + GoQuote(name_) +
                                     " reconnected to NATS Server at " +
                                     GoQuote(RedactUrl(current().text)));
  }
  phase = Phase::kConnected;
}

void ExternalNats::Impl::Handle(const wire::NatsPong&) {
  session_->pings_out = 0;
  if (!session_->greeted) Greeted();
}

void ExternalNats::Impl::Handle(const wire::NatsPing&) {
  wire::WritePong(session_->output);
  CheckPending();
}

void ExternalNats::Impl::Handle(wire::NatsDelivery& delivery) {
  uint64_t handle = 0;
  const char* const end = delivery.sid.data() + delivery.sid.size();
  const auto [stop, error] = std::from_chars(delivery.sid.data(), end, handle);
  if (error != std::errc() || stop != end || !subscriptions_.contains(handle)) return;
  if (queue_.Push({handle, delivery.subject, delivery.reply, delivery.payload(),
                   delivery.no_responders()})) {
    queue_is_full_ = false;
  } else if (!std::exchange(queue_is_full_, true)) {
    LogAsync("nats: slow consumer, messages dropped");
  }
}

// True if the current server has refused in the same way before.
bool ExternalNats::Impl::IsSameAuthError(const std::string& text) {
  std::string& last = auth_errors_[current().text];
  return std::exchange(last, text) == text;
}

void ExternalNats::Impl::Handle(const wire::NatsServerErr& error) {
  const std::string lower = LowerCase(error.text);
  const std::string text = "nats: " + error.text;
  const bool is_auth = lower.starts_with("authorization violation") ||
                       lower.starts_with("user authentication expired") ||
                       lower.starts_with("user authentication revoked") ||
                       lower.starts_with("account authentication expired");
  if (phase == Phase::kConnecting) {
    if (!session_->greeted) return Drop(text);
  }
  if (is_auth) {
    const std::string known =
        lower.starts_with("authorization") ? "nats: Authorization Violation" : "nats: " + lower;
    LogAsync(known);
    if (IsSameAuthError(known)) return EndForGood(known);
    if (!session_->greeted) Drop(known);
    return;
  }
  if (!session_->greeted || lower == "stale connection" ||
      lower == "maximum connections exceeded") {
    return Drop(text);
  }
  if (lower.starts_with("permissions violation")) return LogAsync(text);
  EndForGood(text);
}

void ExternalNats::Impl::Written(ConnectionId id, size_t size) {
  Session* const session = Find(id);
  if (session != nullptr) session->unwritten -= std::min(size, session->unwritten);
}

void ExternalNats::Impl::Closed(int64_t now, ConnectionId id) {
  now_ = now;
  leftovers_.erase(id);
  if (Find(id) == nullptr) return;
  Drop("EOF");
  leftovers_.erase(id);
}

void ExternalNats::Impl::Tick(int64_t now) {
  now_ = now;
  if (!deadline_ns_ || *deadline_ns_ > now_) return;
  deadline_ns_.reset();
  if (!session_) {
    dial_wanted_ = true;
  } else if (!session_->greeted) {
    Drop("read tcp: i/o timeout");
  } else if (++session_->pings_out > options_.max_pings) {
    Drop("nats: stale connection");
  } else {
    wire::WritePing(session_->output);
    deadline_ns_ = now_ + options_.ping_interval_ns;
    CheckPending();
  }
}

std::optional<int64_t> ExternalNats::Impl::NextDeadlineNs() const { return deadline_ns_; }

std::vector<ConnectionId> ExternalNats::Impl::TakeDirty() {
  std::vector<ConnectionId> ids;
  for (const auto& [id, output] : leftovers_) ids.push_back(id);
  if (session_ && !session_->output.empty()) ids.push_back(session_->id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Bytes ExternalNats::Impl::TakeOutput(ConnectionId id) {
  if (Session* const session = Find(id)) {
    session->unwritten += session->output.size();
    return std::exchange(session->output, {});
  }
  const auto left = leftovers_.find(id);
  if (left == leftovers_.end()) return {};
  Bytes output = std::move(left->second);
  leftovers_.erase(left);
  return output;
}

void ExternalNats::Impl::CheckPending() {
  if (session_->output.size() + session_->unwritten <= kPendingMax) return;
  session_->output = {};
  Drop("nats: write timeout");
}

Status ExternalNats::Impl::Publish(std::string_view subject, std::string_view reply,
                                   ByteView payload) {
  if (subject.empty() || !FitsInALine(subject) || !FitsInALine(reply)) {
    return Status(Code::kInvalid, kInvalidSubject);
  }
  if (phase == Phase::kClosed) return Status(Code::kIo, kClosed);
  if (phase != Phase::kConnected) return Status(Code::kIo, kNoBuffer);
  if (session_->info.max_payload > 0 && payload.size() > session_->info.max_payload) {
    return Status(Code::kInvalid, kMaximumPayload);
  }
  Put("PUB ");
  Put(subject);
  Put(" ");
  if (!reply.empty()) {
    Put(reply);
    Put(" ");
  }
  Put(std::to_string(payload.size()));
  Put("\r\n");
  Append(session_->output, payload);
  Put("\r\n");
  CheckPending();
  return Status();
}

bool ExternalNats::Impl::IsCongested(std::string_view) {
  return session_ && session_->output.size() + session_->unwritten > kPendingMax / 2;
}

Status ExternalNats::Impl::Subscribe(uint64_t handle, const std::string& subject) {
  if (!FitsInALine(subject) || !wire::IsValidSubscription(subject)) {
    return Status(Code::kInvalid, kInvalidSubject);
  }
  ATREST_CHECK(subscriptions_.emplace(handle, subject).second);
  if (phase == Phase::kConnected) PutSubscribe(handle, subject);
  return Status();
}

void ExternalNats::Impl::Unsubscribe(uint64_t handle) {
  if (subscriptions_.erase(handle) == 0 || phase != Phase::kConnected) return;
  Put("UNSUB " + std::to_string(handle) + "\r\n");
}

ExternalNats::ExternalNats(const ExternalOptions& options, Logger& logger, uint64_t seed)
    : impl_(std::make_unique<Impl>(options, logger, seed)) {}
ExternalNats::~ExternalNats() = default;
Status ExternalNats::Start(int64_t now) { return impl_->Start(now); }
ExternalNats::Phase ExternalNats::phase() const { return impl_->phase; }
const Status& ExternalNats::failure() const { return impl_->failure; }
std::optional<DialRequest> ExternalNats::TakeDial() { return impl_->TakeDial(); }
void ExternalNats::Dialed(int64_t now, ConnectionId id) { impl_->Dialed(now, id); }
void ExternalNats::DialFailed(int64_t now, const std::string& text) {
  impl_->DialFailed(now, text);
}
void ExternalNats::Received(int64_t now, ConnectionId id, ByteView bytes) {
  impl_->Received(now, id, bytes);
}
void ExternalNats::Written(int64_t, ConnectionId id, size_t size) { impl_->Written(id, size); }
void ExternalNats::Closed(int64_t now, ConnectionId id) { impl_->Closed(now, id); }
void ExternalNats::Tick(int64_t now) { impl_->Tick(now); }
std::optional<int64_t> ExternalNats::NextDeadlineNs() const { return impl_->NextDeadlineNs(); }
std::vector<ConnectionId> ExternalNats::TakeDirty() { return impl_->TakeDirty(); }
Bytes ExternalNats::TakeOutput(ConnectionId id) { return impl_->TakeOutput(id); }
bool ExternalNats::closing(ConnectionId id) const { return impl_->closing(id); }
Link& ExternalNats::local() { return *impl_; }
bool ExternalNats::DeliverLocal(LinkHandler& handler, size_t max_messages) {
  return impl_->DeliverLocal(handler, max_messages);
}
void ExternalNats::Shutdown(int64_t now) { impl_->Shutdown(now); }

}  // namespace atrest::broker
