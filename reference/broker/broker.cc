#include "reference/broker/broker.h"

#include <algorithm>
#include <utility>

#include "reference/broker/broker_impl.h"
#include "reference/broker/password.h"
#include "reference/wire/nats_writer.h"

namespace atrest::broker {
namespace {

constexpr char kVersion[] = "2.9.24";
constexpr char kGo[] = "go1.23.5";
// The client ids before those of the streaming server are taken inside the real server.
constexpr uint64_t kFirstCid = 4;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kRttIntervalNs = 3600 * kSecondNs;
constexpr size_t kChunkBytes = 65'536;

std::string MakeServerId(Random& random) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr size_t kLength = 56;
  std::string id = "N";
  while (id.size() < kLength) id += kAlphabet[random.Below(32)];
  return id;
}

// As Go prints a duration of whole milliseconds below an hour.
std::string DurationText(int64_t ns) {
  const int64_t ms = ns / 1'000'000;
  if (ms < 1000) return std::to_string(ms) + "ms";
  std::string fraction = ms % 1000 == 0 ? "" : "." + std::to_string(1000 + ms % 1000).substr(1);
  while (fraction.ends_with('0')) fraction.pop_back();
  const int64_t minutes = ms / 60'000;
  const std::string seconds = std::to_string(ms / 1000 % 60) + fraction + "s";
  return minutes == 0 ? seconds : std::to_string(minutes) + "m" + seconds;
}

}  // namespace

Broker::Impl::Impl(const BrokerOptions& given, Logger& logger, uint64_t seed)
    : options(given),
      logger_(logger),
      random_(seed),
      auth_required_(!given.user.empty() || !given.token.empty()),
      next_cid_(kFirstCid + static_cast<uint64_t>(std::max<int64_t>(given.own_connections, 0))),
      index_(random_.Next()),
      queue_(given.local_queue_bytes) {
  server_id = MakeServerId(random_);
  if (options.server_name.empty()) options.server_name = server_id;
}

Client* Broker::Impl::Find(ConnectionId id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void Broker::Impl::Accepted(int64_t now, ConnectionId id, std::string ip, uint16_t port) {
  now_ = now;
  if (Find(id) != nullptr) return;
  auto owned = std::make_unique<Client>();
  Client& client = *owned;
  clients_[id] = std::move(owned);
  client.id = id;
  client.cid = next_cid_++;
  const bool is_v6 = ip.find(':') != std::string::npos;
  client.label = (is_v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port) +
                 " - cid:" + std::to_string(client.cid) + " - ";
  client.ip = std::move(ip);
  client.parser = wire::NatsParser(
      {.control_line = options.max_control_line_bytes, .payload = options.max_payload_bytes});
  client.parser.set_connect_required(auth_required_);
  ++counters.total_connections;
  const auto others = static_cast<int64_t>(connections++);
  if (shut_down_) return Close(client, "Server Shutdown", false);
  Debug(client, "Client connection created");
  SendInfo(client);
  if (options.max_connections > 0 && others + options.own_connections >= options.max_connections) {
    SendErr(client, wire::kMaximumConnectionsExceeded);
    Log(LogLevel::kError, client, wire::kMaximumConnectionsExceeded);
    return Close(client, "Maximum Connections Exceeded");
  }
  if (auth_required_) SetTimer(client, Client::kAuth, now_ + options.auth_timeout_ns);
  if (options.ping_interval_ns > 0)
    SetTimer(client, Client::kPing, now_ + options.ping_interval_ns);
}

void Broker::Impl::Received(int64_t now, ConnectionId id, ByteView bytes) {
  now_ = now;
  Client* const client = Find(id);
  if (client == nullptr || client->closed) return;
  client->active = false;
  while (!client->closed) {
    const auto command = client->parser.Next(&bytes);
    if (!command) break;
    std::visit([this, client](const auto& known) { Handle(*client, known); }, *command);
    retired_.clear();
  }
  if (!client->closed && client->parser.error()) OnParserError(*client, *client->parser.error());
  if (client->active) client->last_input_ns = now_;
  retired_.clear();
}

void Broker::Impl::Written(int64_t now, ConnectionId id, size_t size) {
  now_ = now;
  Client* const client = Find(id);
  if (client == nullptr) return;
  client->unwritten -= std::min(size, client->unwritten);
  client->last_progress_ns = now_;
  if (!IsFarBehind(*client)) congested_.erase(id);
}

void Broker::Impl::Closed(int64_t now, ConnectionId id) {
  now_ = now;
  Client* const client = Find(id);
  if (client == nullptr) return;
  Close(*client, "Client Closed", false);
  retired_.clear();
  clients_.erase(id);
}

void Broker::Impl::SetTimer(Client& client, Client::Timer timer, std::optional<int64_t> at) {
  std::optional<int64_t>& current = client.timers[timer];
  if (current) timers_.erase({*current, {client.id, timer}});
  current = at;
  if (current) timers_.insert({*current, {client.id, timer}});
}

void Broker::Impl::Tick(int64_t now) {
  now_ = now;
  // What a timer sets anew is due in a later call, also where an interval is 0.
  for (size_t left = timers_.size(); left > 0 && !timers_.empty(); --left) {
    const auto [at, what] = *timers_.begin();
    if (at > now_) break;
    Client& client = *Find(what.first);
    SetTimer(client, what.second, std::nullopt);
    OnTimer(client, what.second);
  }
  retired_.clear();
}

std::optional<int64_t> Broker::Impl::NextDeadlineNs() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Broker::Impl::OnTimer(Client& client, Client::Timer timer) {
  switch (timer) {
    case Client::kPing:
      return OnPingTimer(client);
    case Client::kWrite:
      return OnWriteTimer(client);
    case Client::kAuth:
      SendErr(client, wire::kAuthenticationTimeout);
      Debug(client, wire::kAuthenticationTimeout);
      return Close(client, "Authentication Timeout");
  }
}

void Broker::Impl::OnPingTimer(Client& client) {
  Debug(client, "Client Ping Timer");
  const bool needs_rtt =
      !client.has_rtt || !client.ping_sent_ns || now_ - *client.ping_sent_ns > kRttIntervalNs;
  const bool was_active =
      client.last_input_ns && now_ - *client.last_input_ns < options.ping_interval_ns;
  if (was_active && !needs_rtt) {
    const int64_t seconds = (now_ - *client.last_input_ns + kSecondNs / 2) / kSecondNs;
    Debug(client, "Delaying PING due to remote client data or ping " +
                      DurationText(seconds * kSecondNs) + " ago");
  } else if (client.pings_out + 1 > options.max_pings) {
    Debug(client, "Stale Client Connection - Closing");
    wire::WriteErr(wire::kStaleConnection, client.output);
    MarkDirty(client);
    return Close(client, "Stale Connection");
  } else {
    client.ping_sent_ns = now_;
    ++client.pings_out;
    TraceOut(client, "PING");
    wire::WritePing(client.output);
    MarkDirty(client);
    CheckPending(client);
  }
  if (!client.closed) SetTimer(client, Client::kPing, now_ + options.ping_interval_ns);
}

void Broker::Impl::OnWriteTimer(Client& client) {
  if (client.unwritten == 0) return;
  const int64_t due = client.last_progress_ns + options.write_deadline_ns;
  if (due > now_) return SetTimer(client, Client::kWrite, due);
  const size_t bytes = client.unwritten + client.output.size();
  SlowConsumer(client,
               "WriteDeadline of " + DurationText(options.write_deadline_ns) + " exceeded with " +
                   std::to_string((bytes + kChunkBytes - 1) / kChunkBytes) + " chunks of " +
                   std::to_string(bytes) + " total bytes.",
               "Slow Consumer (Write Deadline)");
}

void Broker::Impl::SlowConsumer(Client& client, const std::string& text, std::string_view reason) {
  ++counters.slow_consumers;
  Log(LogLevel::kInfo, client, "Slow Consumer Detected: " + text);
  Close(client, reason, false);
}

void Broker::Impl::MarkDirty(Client& client) {
  if (client.dirty) return;
  client.dirty = true;
  dirty_.push_back(client.id);
}

std::vector<ConnectionId> Broker::Impl::TakeDirty() {
  std::vector<ConnectionId> ids = std::exchange(dirty_, {});
  std::erase_if(ids, [this](ConnectionId id) { return Find(id) == nullptr; });
  for (const ConnectionId id : ids) Find(id)->dirty = false;
  std::sort(ids.begin(), ids.end());
  return ids;
}

Bytes Broker::Impl::TakeOutput(ConnectionId id) {
  Client* const client = Find(id);
  if (client == nullptr) return {};
  Bytes output = std::exchange(client->output, {});
  if (client->closed) {
    clients_.erase(id);
    return output;
  }
  if (client->unwritten == 0) client->last_progress_ns = now_;
  client->unwritten += output.size();
  if (client->unwritten > 0 && !client->timers[Client::kWrite] && options.write_deadline_ns > 0) {
    SetTimer(*client, Client::kWrite, now_ + options.write_deadline_ns);
  }
  return output;
}

bool Broker::Impl::closing(ConnectionId id) const {
  const auto found = clients_.find(id);
  return found == clients_.end() || found->second->closed;
}

void Broker::Impl::Close(Client& client, std::string_view reason, bool flush) {
  if (!flush) client.output = {};
  if (client.closed) return;
  client.closed = true;
  congested_.erase(client.id);
  Debug(client, "Client connection closed: " + std::string(reason));
  for (const auto timer : {Client::kPing, Client::kAuth, Client::kWrite}) {
    SetTimer(client, timer, std::nullopt);
  }
  while (!client.subscriptions.empty()) Remove(*client.subscriptions.begin()->second);
  --connections;
  MarkDirty(client);
}

void Broker::Impl::Shutdown(int64_t now) {
  now_ = now;
  shut_down_ = true;
  for (const auto& [id, client] : clients_) Close(*client, "Server Shutdown");
  retired_.clear();
}

void Broker::Impl::SendInfo(Client& client) {
  wire::NatsInfo info;
  info.server_id = server_id;
  info.server_name = options.server_name;
  info.version = kVersion;
  info.go = kGo;
  info.host = options.host;
  info.port = options.port;
  info.auth_required = auth_required_;
  info.max_payload = options.max_payload_bytes;
  info.client_id = client.cid;
  info.client_ip = client.ip;
  wire::WriteInfo(info, client.output);
  MarkDirty(client);
}

void Broker::Impl::SendErr(Client& client, const std::string& text) {
  TraceOut(client, "-ERR " + text);
  wire::WriteErr(text, client.output);
  MarkDirty(client);
  CheckPending(client);
}

void Broker::Impl::Log(LogLevel level, const Client& client, const std::string& text) {
  logger_.Log(level, client.label + text);
}

void Broker::Impl::Debug(const Client& client, const std::string& text) {
  if (options.debug) Log(LogLevel::kDebug, client, text);
}

void Broker::Impl::TraceIn(const Client& client, std::string_view verb,
                           std::string_view arguments) {
  if (!options.trace) return;
  const std::string blank = arguments.empty() ? "" : " ";
  Log(LogLevel::kTrace, client, "<<- [" + std::string(verb) + blank + std::string(arguments) + "]");
}

void Broker::Impl::TraceOut(const Client& client, std::string_view operation) {
  if (options.trace) Log(LogLevel::kTrace, client, "->> [" + std::string(operation) + "]");
}

Broker::Broker(const BrokerOptions& options, Logger& logger, uint64_t seed)
    : impl_(std::make_unique<Impl>(options, logger, seed)) {}
Broker::~Broker() = default;
const std::string& Broker::server_id() const { return impl_->server_id; }
const std::string& Broker::server_name() const { return impl_->options.server_name; }
bool Broker::has_plain_password() const {
  const std::string& password = impl_->options.password;
  return !password.empty() && !IsBcrypt(password);
}
void Broker::set_port(uint16_t port) { impl_->options.port = port; }
void Broker::Accepted(int64_t now, ConnectionId id, std::string ip, uint16_t port) {
  impl_->Accepted(now, id, std::move(ip), port);
}
void Broker::Received(int64_t now, ConnectionId id, ByteView bytes) {
  impl_->Received(now, id, bytes);
}
void Broker::Written(int64_t now, ConnectionId id, size_t size) { impl_->Written(now, id, size); }
void Broker::Closed(int64_t now, ConnectionId id) { impl_->Closed(now, id); }
void Broker::Tick(int64_t now) { impl_->Tick(now); }
std::optional<int64_t> Broker::NextDeadlineNs() const { return impl_->NextDeadlineNs(); }
std::vector<ConnectionId> Broker::TakeDirty() { return impl_->TakeDirty(); }
Bytes Broker::TakeOutput(ConnectionId id) { return impl_->TakeOutput(id); }
bool Broker::closing(ConnectionId id) const { return impl_->closing(id); }
Link& Broker::local() { return *impl_; }
bool Broker::DeliverLocal(LinkHandler& handler, size_t max_messages) {
  return impl_->DeliverLocal(handler, max_messages);
}
void Broker::Shutdown(int64_t now) { impl_->Shutdown(now); }
size_t Broker::connections() const { return impl_->connections; }
size_t Broker::subscriptions() const { return impl_->subscriptions(); }
const BrokerCounters& Broker::counters() const { return impl_->counters; }

}  // namespace atrest::broker
