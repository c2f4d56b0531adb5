#include "harness/driver/stdio_messages.h"

#include <algorithm>
#include <array>
#include <optional>

#include "harness/driver/stdio_base64.h"

namespace atrest::driver {
namespace {

using Json = nlohmann::json;
using Keys = std::map<std::string, std::string>;

constexpr size_t kShownMax = 120;
constexpr std::array kLevels = {"TRC", "DBG", "INF", "WRN", "ERR", "FTL"};

std::string Show(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= kShownMax ? text : text.substr(0, kShownMax) + "...";
}

[[noreturn]] void Expect(const std::string& what, const Json& where) {
  throw BadAnswer{what + " was expected, but the answer is " + Show(where)};
}

// The member NAME of OBJECT; null if it is not there.
const Json* Find(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string Text(const Json& object, const char* name) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return "";
  if (!value->is_string()) Expect(std::string("a string as \"") + name + "\"", object);
  return value->get<std::string>();
}

bool Bool(const Json& object, const char* name, bool without) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return without;
  if (!value->is_boolean()) Expect(std::string("true or false as \"") + name + "\"", object);
  return value->get<bool>();
}

uint64_t NeedNumber(const Json& object, const char* name) {
  const Json* const value = Find(object, name);
  if (value == nullptr || !value->is_number_unsigned())
    Expect(std::string("a number, not negative, as \"") + name + "\"", object);
  return value->get<uint64_t>();
}

std::string NeedBytes(const Json& object, const char* name) {
  const Json* const value = Find(object, name);
  auto bytes = value != nullptr && value->is_string()
                   ? FromBase64(value->get_ref<const std::string&>())
                   : std::nullopt;
  if (!bytes) Expect(std::string("bytes in base64, with padding, as \"") + name + "\"", object);
  return *std::move(bytes);
}

void RefuseError(const Json& answer) {
  if (Find(answer, "error") != nullptr)
    Expect("no \"error\", since this request cannot be refused,", answer);
}

template <typename T>
void Put(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

// TEXT with each {key:NAME} replaced by the bytes of that key.
std::string WithKeys(std::string text, const Keys& keys) {
  for (const auto& [name, bytes] : keys) {
    const std::string placeholder = "{key:" + name + "}";
    for (size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += bytes.size())
      text.replace(at, placeholder.size(), bytes);
  }
  return text;
}

Json ToJson(const scenario::ChannelLimits& limits) {
  Json json = Json::object();
  Put(json, "max_messages", limits.max_messages);
  Put(json, "max_bytes", limits.max_bytes);
  Put(json, "max_age_ms", limits.max_age_ms);
  Put(json, "max_subscriptions", limits.max_subscriptions);
  Put(json, "max_inactivity_ms", limits.max_inactivity_ms);
  return json;
}

Json ToJson(const scenario::Settings& s, const Keys& keys) {
  Json json = {{"store", s.store}};
  Put(json, "encrypt", s.encrypt);
  Put(json, "cipher", s.cipher);
  if (s.key_variable) json["key_variable"] = ToBase64(keys.at(*s.key_variable));
  if (s.key_option) json["key_option"] = ToBase64(keys.at(*s.key_option));
  Put(json, "max_messages", s.max_messages);
  Put(json, "max_bytes", s.max_bytes);
  Put(json, "max_age_ms", s.max_age_ms);
  Put(json, "slice_max_messages", s.slice_max_messages);
  Put(json, "slice_max_bytes", s.slice_max_bytes);
  Put(json, "buffer_size", s.buffer_size);
  Put(json, "read_buffer_size", s.read_buffer_size);
  Put(json, "check_crc", s.check_crc);
  Put(json, "crc_polynomial", s.crc_polynomial);
  Put(json, "truncate_bad_eof", s.truncate_bad_eof);
  Put(json, "cluster_id", s.cluster_id);
  Put(json, "max_channels", s.max_channels);
  Put(json, "max_subscriptions", s.max_subscriptions);
  Put(json, "max_inactivity_ms", s.max_inactivity_ms);
  for (const auto& [name, limits] : s.channels) json["channels"][name] = ToJson(limits);
  for (const std::string& argument : s.arguments)
    json["arguments"].push_back(ToBase64(WithKeys(argument, keys)));
  if (s.config) json["config"] = ToBase64(WithKeys(*s.config, keys));
  return json;
}

const char* NameOf(scenario::Read::From from) {
  switch (from) {
    case scenario::Read::From::kFirst:
      return "first";
    case scenario::Read::From::kLast:
      return "last";
    case scenario::Read::From::kSequence:
      return "sequence";
    case scenario::Read::From::kNew:
      return "new";
  }
  return "";
}

const char* NameOf(scenario::Subscribe::From from) {
  switch (from) {
    case scenario::Subscribe::From::kFirst:
      return "first";
    case scenario::Subscribe::From::kLast:
      return "last";
    case scenario::Subscribe::From::kSequence:
      return "sequence";
    case scenario::Subscribe::From::kNew:
      return "new";
    case scenario::Subscribe::From::kTimeDelta:
      return "ago";
  }
  return "";
}

struct ClientRequestMaker {
  Json operator()(const scenario::Connect& s) const {
    return {{"do", "connect"}, {"client", s.client}};
  }
  Json operator()(const scenario::Disconnect& s) const {
    return {{"do", "disconnect"}, {"client", s.client}};
  }
  Json operator()(const scenario::Vanish& s) const {
    return {{"do", "vanish"}, {"client", s.client}};
  }
  Json operator()(const scenario::Subscribe& s) const {
    Json json = {{"do", "subscribe"},          {"client", s.client},
                 {"subscription", s.name},     {"channel", s.channel},
                 {"from", NameOf(s.from)},     {"durable", s.durable},
                 {"queue", s.queue},           {"max_in_flight", s.max_in_flight},
                 {"ack_wait_s", s.ack_wait_s}, {"manual_acks", s.manual_acks}};
    if (s.from == scenario::Subscribe::From::kSequence) json["sequence"] = s.sequence;
    if (s.from == scenario::Subscribe::From::kTimeDelta) json["ago_ms"] = s.time_delta_ms;
    return json;
  }
  Json operator()(const scenario::Receive& s) const {
    return {{"do", "receive"}, {"subscription", s.subscription}};
  }
  Json operator()(const scenario::Ack& s) const {
    return {{"do", "ack"}, {"subscription", s.subscription}, {"sequences", s.sequences}};
  }
  Json operator()(const scenario::CloseSubscription& s) const {
    return {{"do", "close"}, {"subscription", s.subscription}};
  }
  Json operator()(const scenario::Unsubscribe& s) const {
    return {{"do", "unsubscribe"}, {"subscription", s.subscription}};
  }
  Json operator()(const scenario::Request& s) const {
    return {{"do", "request"}, {"subject", s.subject}, {"payload", ToBase64(s.payload)}};
  }
  Json operator()(const scenario::Raw& s) const {
    return {{"do", "raw"}, {"bytes", ToBase64(s.bytes)}};
  }
};

}  // namespace

Json HelloRequest() { return {{"do", "hello"}, {"protocol", kProtocolVersion}}; }

Json StartRequest(const scenario::Settings& settings, const Keys& keys,
                  const std::string& directory, uint64_t seed) {
  return {{"do", "start"},
          {"directory", directory},
          {"seed", seed},
          {"settings", ToJson(settings, keys)}};
}

Json PublishRequest(const scenario::Publish& publish) {
  Json payloads = Json::array();
  for (const std::string& payload : publish.payloads) payloads.push_back(ToBase64(payload));
  Json json = {{"do", "publish"}, {"channel", publish.channel}, {"payloads", std::move(payloads)}};
  if (!publish.client.empty()) json["client"] = publish.client;
  if (publish.explicit_empty) json["explicit_empty"] = true;
  return json;
}

Json ReadRequest(const scenario::Read& read) {
  Json json = {{"do", "read"}, {"channel", read.channel}, {"from", NameOf(read.from)}};
  if (read.from == scenario::Read::From::kSequence) json["sequence"] = read.sequence;
  if (read.max != UINT64_MAX) json["max"] = read.max;
  return json;
}

Json StopRequest() { return {{"do", "stop"}}; }

Json WaitRequest(const scenario::Wait& wait) { return {{"do", "wait"}, {"ms", wait.ms}}; }

Json ClientRequest(const scenario::ClientStep& step) {
  return std::visit(ClientRequestMaker{}, step);
}

TargetInfo HelloAnswer(const Json& answer) {
  if (NeedNumber(answer, "protocol") != kProtocolVersion)
    Expect("\"protocol\": " + std::to_string(kProtocolVersion), answer);
  TargetInfo info;
  info.name = Text(answer, "name");
  info.version = Text(answer, "version");
  if (info.name.empty() || info.version.empty())
    Expect("a \"name\" and a \"version\", not empty,", answer);
  const Json* const capabilities = Find(answer, "capabilities");
  const auto is_text = [](const Json& item) { return item.is_string(); };
  if (capabilities == nullptr || !capabilities->is_array() ||
      !std::all_of(capabilities->begin(), capabilities->end(), is_text))
    Expect("a list of strings as \"capabilities\"", answer);
  info.capabilities = capabilities->get<std::vector<std::string>>();
  info.is_reference = Bool(answer, "is_reference", false);
  return info;
}

verdict::Started StartAnswer(const Json& answer) {
  verdict::Started started;
  started.refusal = Text(answer, "error");
  started.ok = Find(answer, "error") == nullptr;
  if (Find(answer, "exit_code") != nullptr)
    started.exit_code = static_cast<int>(NeedNumber(answer, "exit_code"));
  return started;
}

verdict::Published PublishAnswer(const Json& answer, uint64_t asked) {
  const verdict::Published published{NeedNumber(answer, "acked"), Text(answer, "error")};
  if (published.acked > asked) Expect("\"acked\": " + std::to_string(asked) + " at most", answer);
  if ((published.acked < asked) == published.error.empty())
    Expect("an \"error\" if and only if not all payloads were acked", answer);
  return published;
}

verdict::Read ReadAnswer(const Json& answer) {
  verdict::Read read;
  read.error = Text(answer, "error");
  const Json* const messages = Find(answer, "messages");
  if (messages == nullptr && !read.error.empty()) return read;
  if (messages == nullptr || !messages->is_array()) Expect("a list as \"messages\"", answer);
  for (const Json& message : *messages) {
    if (!message.is_object()) Expect("objects in \"messages\"", message);
    if (Find(message, "subject") == nullptr) Expect("the channel as \"subject\"", message);
    read.deliveries.push_back({NeedNumber(message, "sequence"), NeedBytes(message, "payload"),
                               Text(message, "subject"), Bool(message, "redelivered", false)});
  }
  return read;
}

verdict::Outcome ClientAnswer(const scenario::ClientStep& step, const Json& answer) {
  if (std::holds_alternative<scenario::Receive>(step)) return ReadAnswer(answer);
  const bool raw = std::holds_alternative<scenario::Request>(step) ||
                   std::holds_alternative<scenario::Raw>(step);
  if (!raw) return verdict::Answered{Text(answer, "error")};
  verdict::Reply reply;
  reply.answered = Bool(answer, "answered", true);
  reply.closed = Bool(answer, "closed", false);
  if (reply.answered) reply.bytes = NeedBytes(answer, "bytes");
  return reply;
}

verdict::Done DoneAnswer(const Json& answer) {
  RefuseError(answer);
  return {};
}

std::vector<verdict::LogLine> LogOf(const Json& answer) {
  std::vector<verdict::LogLine> log;
  const Json* const lines = Find(answer, "log");
  if (lines == nullptr) return log;
  if (!lines->is_array()) Expect("a list as \"log\"", answer);
  for (const Json& line : *lines) {
    if (!line.is_object()) Expect("objects in \"log\"", line);
    const std::string level = Text(line, "level");
    if (std::ranges::find(kLevels, level) == kLevels.end())
      Expect("TRC, DBG, INF, WRN, ERR or FTL as \"level\"", line);
    log.push_back({level, Text(line, "text")});
  }
  return log;
}

std::string UnimplementedOf(const Json& answer) {
  if (Find(answer, "unimplemented") == nullptr) return "";
  const std::string why = Text(answer, "unimplemented");
  return why.empty() ? "(the adapter gives no reason)" : why;
}

}  // namespace atrest::driver
