#include <algorithm>
#include <utility>

#include "reference/base/go_quote.h"
#include "reference/broker/broker_impl.h"
#include "reference/broker/password.h"
#include "reference/wire/nats_subject.h"
#include "reference/wire/nats_writer.h"

namespace atrest::broker {
namespace {

constexpr char kAuthenticationError[] = "authentication error";
constexpr int64_t kProtocolMax = 1;
constexpr int64_t kSubscriptionsErrorIntervalNs = 2'000'000'000;
constexpr std::string_view kRoutedPrefix = "_GR_.";
constexpr std::string_view kServicePrefix = "_R_.";
constexpr std::string_view kStreamAckPrefix = "$JS.ACK.";
constexpr std::string_view kSystemQueue = "_sys_";

// Longer than the prefix that it begins with.
bool IsBehind(std::string_view prefix, std::string_view subject) {
  return subject.size() > prefix.size() && subject.starts_with(prefix);
}

bool IsReservedReply(std::string_view reply) {
  return reply.starts_with(kServicePrefix) || IsBehind(kStreamAckPrefix, reply) ||
         IsBehind(kRoutedPrefix, reply);
}

// The verb whose arguments could not be read.
std::string_view VerbOf(std::string_view log_text) {
  const std::pair<std::string_view, std::string_view> verbs[] = {
      {"processPub ", "PUB"},
      {"processHeaderPub ", "HPUB"},
      {"processSub ", "SUB"},
      {"processUnsub ", "UNSUB"},
  };
  for (const auto& [begin, verb] : verbs) {
    if (log_text.starts_with(begin)) return verb;
  }
  return "";
}

// CONNECT with the value of the first thing that looks like a password taken out.
std::string WithoutPassword(const std::string& json) {
  const size_t name = json.find("pass");
  if (name == std::string::npos) return json;
  size_t begin = json.find_first_of(":=", name);
  if (begin == std::string::npos) return json;
  begin = std::min(json.find_first_not_of(" \t\r\n", begin + 1), json.size());
  if (begin < json.size() && json[begin] == '"') ++begin;
  const size_t end = std::min(json.find_first_of("\",\r\n}", begin), json.size());
  return json.substr(0, begin) + "[REDACTED]" + json.substr(end);
}

std::string UserText(const ConnectOptions& options) {
  if (!options.nkey.empty()) return "Nkey " + GoQuote(options.nkey);
  return "User " + GoQuote(options.user.empty() ? "N/A" : options.user);
}

// Arguments of a control line, with one blank between them.
std::string Join(std::initializer_list<std::string_view> words) {
  std::string line;
  for (const std::string_view word : words) {
    if (word.empty()) continue;
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

}  // namespace

void Broker::Impl::OnParserError(Client& client, const wire::NatsError& error) {
  std::string text = error.log_text;
  if (error.log_args) {
    TraceIn(client, VerbOf(text), *error.log_args);
    text += ": " + GoQuote(*error.log_args);
  }
  const auto log = [&] { Log(LogLevel::kError, client, text); };
  const auto send = [&] {
    if (!error.err_text.empty()) SendErr(client, error.err_text);
  };
  if (error.err_text == wire::kAuthorizationViolation) return RefuseAuthorization(client);
  if (error.err_text == wire::kMaximumPayloadViolation) {
    log();
    send();
    return Close(client, "Maximum Message Payload Exceeded");
  }
  send();
  if (error.err_text == wire::kMaximumControlLineExceeded) {
    Close(client, "Maximum Control Line Exceeded");
    return log();
  }
  log();
  const bool is_client_error = text.starts_with("Client Error ");
  Close(client, is_client_error ? "Parse Error" : "Protocol Violation");
}

void Broker::Impl::SendOk(Client& client) {
  if (!client.options.verbose) return;
  TraceOut(client, "OK");
  wire::WriteOk(client.output);
  MarkDirty(client);
  CheckPending(client);
}

bool Broker::Impl::IsAuthorized(const Client& client) const {
  if (!options.token.empty()) return PasswordMatches(options.token, client.options.auth_token);
  if (options.user.empty()) return true;
  return options.user == client.options.user &&
         PasswordMatches(options.password, client.options.pass);
}

void Broker::Impl::RefuseAuthorization(Client& client) {
  Log(LogLevel::kError, client, kAuthenticationError);
  SendErr(client, wire::kAuthorizationViolation);
  Close(client, "Authentication Failure");
}

void Broker::Impl::RefuseConnect(Client& client, const char* text, std::string_view reason) {
  SendErr(client, text);
  Close(client, reason);
  Log(LogLevel::kError, client, text);
}

void Broker::Impl::Handle(Client& client, const wire::NatsConnect& connect) {
  if (options.trace) TraceIn(client, "CONNECT", WithoutPassword(connect.json));
  SetTimer(client, Client::kAuth, std::nullopt);
  client.has_rtt = true;
  if (options.ping_interval_ns > 0) {
    constexpr int64_t kFirstPingNs = 2'000'000'000;
    const int64_t first = std::min(options.ping_interval_ns, kFirstPingNs);
    const auto spread = static_cast<uint64_t>(std::max<int64_t>(first / 5, 1));
    SetTimer(client, Client::kPing, now_ + first + static_cast<int64_t>(random_.Below(spread)));
  }
  const Status merged = MergeConnect(connect.json, client.options);
  if (!merged.ok()) {
    Log(LogLevel::kError, client, merged.message());
    return Close(client, "Protocol Violation");
  }
  client.headers = client.options.headers;
  client.parser.set_headers(client.headers);
  if (!IsAuthorized(client) || client.options.new_account || !client.options.account.empty()) {
    return RefuseAuthorization(client);
  }
  client.parser.set_connect_required(false);
  if (client.options.protocol < 0 || client.options.protocol > kProtocolMax) {
    return RefuseConnect(client, wire::kInvalidClientProtocol, "Bad Client Protocol Version");
  }
  if (client.options.no_responders && !client.headers) {
    return RefuseConnect(client, wire::kNoRespondersRequiresHeaders,
                         "No Responders Requires Headers");
  }
  SendOk(client);
}

void Broker::Impl::Handle(Client& client, const wire::NatsPing&) {
  TraceIn(client, "PING", "");
  client.last_input_ns = now_;
  TraceOut(client, "PONG");
  wire::WritePong(client.output);
  MarkDirty(client);
  CheckPending(client);
}

void Broker::Impl::Handle(Client& client, const wire::NatsPong&) {
  TraceIn(client, "PONG", "");
  client.pings_out = 0;
  client.has_rtt = true;
}

void Broker::Impl::TracePayload(const Client& client, ByteView payload) {
  const std::string_view body = AsText(payload);
  const size_t max = options.max_traced_bytes;
  const bool is_cut = max > 0 && body.size() > max;
  // The real server counts the bytes of the quoted text.
  const std::string text =
      is_cut ? "\"" + GoQuote(body.substr(0, max)).substr(1, max) + "...\"" : GoQuote(body);
  Log(LogLevel::kTrace, client, "<<- MSG_PAYLOAD: [" + text + "]");
}

bool Broker::Impl::MayPublish(Client& client, const wire::NatsPublish& publish) {
  const std::string who = "Publish Violation - " + UserText(client.options);
  if (IsBehind(kRoutedPrefix, publish.subject)) {
    SendErr(client, "Permissions Violation for Publish to " + GoQuote(publish.subject));
    Log(LogLevel::kError, client, who + ", Subject " + GoQuote(publish.subject));
    return false;
  }
  if (IsReservedReply(publish.reply)) {
    SendErr(client, "Permissions Violation for Publish with Reply of " + GoQuote(publish.reply));
    Log(LogLevel::kError, client, who + ", Reply " + GoQuote(publish.reply));
    return false;
  }
  return true;
}

void Broker::Impl::Handle(Client& client, const wire::NatsPublish& publish) {
  if (options.trace) {
    TraceIn(client, publish.has_header ? "HPUB" : "PUB",
            Join({publish.subject, publish.reply, publish.header_size_text, publish.size_text}));
  }
  client.active = true;
  if (client.options.pedantic && !wire::IsLiteralSubject(publish.subject)) {
    SendErr(client, wire::kInvalidPublishSubject);
  }
  if (options.trace) TracePayload(client, publish.body);
  ++counters.in_messages;
  counters.in_bytes += publish.body.size();
  const bool may_be_reserved = publish.subject[0] == '_' || !publish.reply.empty();
  if (may_be_reserved && !MayPublish(client, publish)) return;
  SendOk(client);
  wire::NatsMessageView message = publish.View();
  // An empty header is none.
  message.has_header = message.header_size > 0;
  const bool delivered = Route(&client, message);
  if (!delivered && !publish.reply.empty() && client.options.no_responders) {
    NoResponders(&client, publish.reply);
  }
}

bool Broker::Impl::MaySubscribe(Client& client, const wire::NatsSubscribe& subscribe) {
  if (subscribe.queue == kSystemQueue) {
    SendErr(client, "Permissions Violation for Subscription to " + GoQuote(subscribe.subject) +
                        " using queue " + GoQuote(subscribe.queue));
    Log(LogLevel::kError, client,
        "Subscription Violation - " + UserText(client.options) + ", Subject " +
            GoQuote(subscribe.subject) + ", Queue: " + GoQuote(subscribe.queue) + ", SID " +
            subscribe.sid);
    return false;
  }
  const auto count = static_cast<int64_t>(client.subscriptions.size());
  if (options.max_subscriptions <= 0 || count < options.max_subscriptions) return true;
  if (!subscriptions_error_ns_ ||
      now_ - *subscriptions_error_ns_ >= kSubscriptionsErrorIntervalNs) {
    subscriptions_error_ns_ = now_;
    Log(LogLevel::kError, client, wire::kMaximumSubscriptionsExceeded);
  }
  SendErr(client, wire::kMaximumSubscriptionsExceeded);
  return false;
}

void Broker::Impl::Handle(Client& client, const wire::NatsSubscribe& subscribe) {
  if (options.trace) {
    TraceIn(client, "SUB", Join({subscribe.subject, subscribe.queue, subscribe.sid}));
  }
  client.active = true;
  if (!MaySubscribe(client, subscribe)) return;
  if (client.subscriptions.find(subscribe.sid) == client.subscriptions.end()) {
    if (!wire::IsValidSubscription(subscribe.subject)) {
      return SendErr(client, wire::kInvalidSubject);
    }
    auto subscription = std::make_unique<Subscription>();
    subscription->client = &client;
    subscription->subject = subscribe.subject;
    subscription->queue = subscribe.queue;
    subscription->sid = subscribe.sid;
    index_.Insert(subscription.get());
    client.subscriptions[subscribe.sid] = std::move(subscription);
  }
  SendOk(client);
}

void Broker::Impl::Handle(Client& client, const wire::NatsUnsubscribe& unsubscribe) {
  const auto found = client.subscriptions.find(unsubscribe.sid);
  if (options.trace) {
    const std::string max = unsubscribe.max == 0 ? "" : std::to_string(unsubscribe.max);
    TraceIn(client, "UNSUB", Join({unsubscribe.sid, max}));
  }
  client.active = true;
  SendOk(client);
  if (client.closed || found == client.subscriptions.end()) return;
  Subscription& subscription = *found->second;
  if (unsubscribe.max > subscription.delivered) {
    subscription.max = unsubscribe.max;
  } else {
    Remove(subscription);
  }
}

}  // namespace atrest::broker
