#include "reference/wire/nats_writer.h"

#include "reference/base/check.h"
#include "reference/wire/json_text.h"

namespace atrest::wire {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";
constexpr int kProtocol = 1;

void Put(std::string_view text, Bytes& to) { Append(to, AsBytes(text)); }

// A JSON object on one line, field by field.
class JsonLine {
 public:
  void Raw(std::string_view name, std::string_view value) {
    json_ += json_.empty() ? "{" : ",";
    json_ += JsonString(name);
    json_ += ':';
    json_ += value;
  }
  void Number(std::string_view name, uint64_t value) { Raw(name, std::to_string(value)); }
  void Text(std::string_view name, std::string_view value) { Raw(name, JsonString(value)); }
  void TextIfAny(std::string_view name, std::string_view value) {
    if (!value.empty()) Text(name, value);
  }
  void TrueIf(std::string_view name, bool value) {
    if (value) Raw(name, "true");
  }
  std::string Take() { return json_ + "}"; }

 private:
  std::string json_;
};

std::string JsonArray(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const std::string& text : texts) {
    if (json.size() > 1) json += ',';
    json += JsonString(text);
  }
  return json + "]";
}

void PutSize(std::string_view as_written, size_t size, Bytes& to) {
  Put(as_written.empty() ? std::to_string(size) : std::string(as_written), to);
}

}  // namespace

void WriteInfo(const NatsInfo& info, Bytes& to) {
  JsonLine json;
  json.Text("server_id", info.server_id);
  json.Text("server_name", info.server_name);
  json.Text("version", info.version);
  json.Number("proto", kProtocol);
  json.TextIfAny("git_commit", info.git_commit);
  json.Text("go", info.go);
  json.Text("host", info.host);
  json.Number("port", info.port);
  json.Raw("headers", info.headers ? "true" : "false");
  json.TrueIf("auth_required", info.auth_required);
  json.TrueIf("tls_required", info.tls_required);
  json.TrueIf("tls_verify", info.tls_verify);
  json.TrueIf("tls_available", info.tls_available);
  json.Number("max_payload", info.max_payload);
  json.Number("client_id", info.client_id);
  json.Text("client_ip", info.client_ip);
  json.TextIfAny("nonce", info.nonce);
  json.TextIfAny("cluster", info.cluster);
  if (!info.connect_urls.empty()) json.Raw("connect_urls", JsonArray(info.connect_urls));
  json.TrueIf("ldm", info.ldm);
  Put("INFO ", to);
  Put(json.Take(), to);
  Put(" \r\n", to);
}

void WriteMessage(const NatsMessageView& message, std::string_view sid, bool takes_headers,
                  Bytes& to) {
  ATREST_CHECK(message.header_size <= message.body.size());
  const bool with_header = message.has_header && takes_headers;
  const size_t skipped = message.has_header && !takes_headers ? message.header_size : 0;
  Put(with_header ? "HMSG " : "MSG ", to);
  Put(message.subject, to);
  Put(" ", to);
  Put(sid, to);
  Put(" ", to);
  if (!message.reply.empty()) {
    Put(message.reply, to);
    Put(" ", to);
  }
  if (with_header) {
    PutSize(message.header_size_text, message.header_size, to);
    Put(" ", to);
  }
  // A size that the publisher wrote counts the header as well.
  const bool as_written = message.has_header == with_header;
  PutSize(as_written ? message.size_text : "", message.body.size() - skipped, to);
  Put(kEndOfLine, to);
  Append(to, message.body.subspan(skipped));
  Put(kEndOfLine, to);
}

void WriteNoResponders(std::string_view reply, std::string_view sid, Bytes& to) {
  constexpr std::string_view kHeader = "NATS/1.0 503\r\n\r\n";
  NatsMessageView message;
  message.subject = reply;
  message.body = AsBytes(kHeader);
  message.has_header = true;
  message.header_size = kHeader.size();
  WriteMessage(message, sid, true, to);
}

void WritePing(Bytes& to) { Put("PING\r\n", to); }

void WritePong(Bytes& to) { Put("PONG\r\n", to); }

void WriteOk(Bytes& to) { Put("+OK\r\n", to); }

void WriteErr(std::string_view text, Bytes& to) {
  Put("-ERR '", to);
  Put(text, to);
  Put("'\r\n", to);
}

}  // namespace atrest::wire
