#include "harness/runner/observation_json.h"

#include <stdexcept>

#include "reference/base/bytes.h"

namespace atrest::runner {
namespace {

using Json = nlohmann::json;

// Throws, as all that reads here.
std::string BytesFrom(const Json& value) {
  if (value.is_string()) return value;
  const auto bytes = FromHex(value.at("hex").get<std::string>());
  if (!bytes) throw std::invalid_argument("not hexadecimal");
  return std::string(AsText(*bytes));
}

struct Shower {
  Json operator()(const verdict::Done&) const { return {{"kind", "done"}}; }
  Json operator()(const verdict::Started& s) const {
    Json json = {{"kind", "started"}, {"ok", s.ok}, {"refusal", BytesToJson(s.refusal)}};
    if (s.exit_code) json["exit"] = *s.exit_code;
    return json;
  }
  Json operator()(const verdict::Published& p) const {
    return {{"kind", "published"}, {"acked", p.acked}, {"error", BytesToJson(p.error)}};
  }
  Json operator()(const verdict::Read& r) const {
    Json deliveries = Json::array();
    for (const verdict::Delivery& delivery : r.deliveries) {
      deliveries.push_back({{"sequence", delivery.sequence},
                            {"payload", BytesToJson(delivery.payload)},
                            {"subject", BytesToJson(delivery.subject)},
                            {"redelivered", delivery.redelivered}});
    }
    return {{"kind", "read"}, {"deliveries", deliveries}, {"error", BytesToJson(r.error)}};
  }
  Json operator()(const verdict::Disk&) const { return {{"kind", "disk"}}; }
  Json operator()(const verdict::Crashed& c) const { return Because("crashed", c.how); }
  Json operator()(const verdict::Answered& a) const {
    return {{"kind", "answered"}, {"error", BytesToJson(a.error)}};
  }
  Json operator()(const verdict::Reply& r) const {
    return {{"kind", "reply"},
            {"bytes", BytesToJson(r.bytes)},
            {"answered", r.answered},
            {"closed", r.closed}};
  }
  Json operator()(const verdict::Undecided& u) const { return Because("undecided", u.why); }
  Json operator()(const verdict::TimedOut& t) const { return Because("timed-out", t.why); }
  Json operator()(const verdict::Violated& v) const { return Because("violated", v.why); }
  Json operator()(const verdict::Unimplemented& u) const { return Because("unimplemented", u.why); }

  static Json Because(const char* kind, const std::string& why) {
    return {{"kind", kind}, {"why", BytesToJson(why)}};
  }
};

verdict::Read ReadFrom(const Json& json) {
  verdict::Read read;
  for (const Json& item : json.at("deliveries")) {
    read.deliveries.push_back({item.at("sequence"), BytesFrom(item.at("payload")),
                               BytesFrom(item.at("subject")), item.at("redelivered")});
  }
  read.error = BytesFrom(json.at("error"));
  return read;
}

verdict::Started StartedFrom(const Json& json) {
  verdict::Started started{json.at("ok"), BytesFrom(json.at("refusal"))};
  if (json.contains("exit")) started.exit_code = json.at("exit").get<int>();
  return started;
}

verdict::Outcome OutcomeFrom(const Json& json) {
  const std::string kind = json.at("kind");
  if (kind == "done" || kind == "disk") return verdict::Done{};
  if (kind == "started") return StartedFrom(json);
  if (kind == "published") return verdict::Published{json.at("acked"), BytesFrom(json.at("error"))};
  if (kind == "read") return ReadFrom(json);
  if (kind == "answered") return verdict::Answered{BytesFrom(json.at("error"))};
  if (kind == "reply")
    return verdict::Reply{BytesFrom(json.at("bytes")), json.at("answered"), json.at("closed")};
  const std::string why = BytesFrom(json.at("why"));
  if (kind == "crashed") return verdict::Crashed{why};
  if (kind == "undecided") return verdict::Undecided{why};
  if (kind == "timed-out") return verdict::TimedOut{why};
  if (kind == "violated") return verdict::Violated{why};
  return verdict::Unimplemented{why};
}

}  // namespace

Json BytesToJson(const std::string& bytes) {
  try {
    (void)Json(bytes).dump();  // throws on what is not UTF-8
    return bytes;
  } catch (const Json::exception&) {
    return {{"hex", ToHex(AsBytes(bytes))}};
  }
}

Json ToJson(const verdict::Observation& seen) {
  Json json = {{"outcome", std::visit(Shower{}, seen.outcome)}, {"log", Json::array()}};
  for (const verdict::LogLine& line : seen.log)
    json["log"].push_back({BytesToJson(line.level), BytesToJson(line.text)});
  return json;
}

Result<verdict::Observation> ObservationFrom(const Json& document) {
  try {
    verdict::Observation seen;
    seen.outcome = OutcomeFrom(document.at("outcome"));
    for (const Json& line : document.at("log"))
      seen.log.push_back({BytesFrom(line.at(0)), BytesFrom(line.at(1))});
    return seen;
  } catch (const std::exception& error) {
    return Status(Code::kInvalid, std::string("not an observation: ") + error.what());
  }
}

}  // namespace atrest::runner
