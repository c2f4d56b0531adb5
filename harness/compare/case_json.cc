#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/compare/case.h"
#include "harness/scenario/loader.h"
#include "reference/base/bytes.h"
#include "reference/base/utf8.h"

namespace atrest::compare {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kRepeatMin = 16;

bool IsUtf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(std::string_view(text).substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

Json PayloadJson(const std::string& bytes) {
  const bool is_one_character =
      bytes.size() >= kRepeatMin && bytes.find_first_not_of(bytes[0]) == std::string::npos;
  if (is_one_character && static_cast<unsigned char>(bytes[0]) < 0x80)
    return {{"repeat", Json::array({bytes.substr(0, 1), bytes.size()})}};
  if (IsUtf8(bytes)) return bytes;
  return {{"hex", ToHex(AsBytes(bytes))}};
}

template <typename T>
void Put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

Json LimitsJson(const scenario::ChannelLimits& limits) {
  Json json = Json::object();
  Put(json, "max_messages", limits.max_messages);
  Put(json, "max_bytes", limits.max_bytes);
  Put(json, "max_age_ms", limits.max_age_ms);
  Put(json, "max_subscriptions", limits.max_subscriptions);
  Put(json, "max_inactivity_ms", limits.max_inactivity_ms);
  return json;
}

Json SettingsJson(const scenario::Settings& settings) {
  Json json = Json::object();
  Put(json, "encrypt", settings.encrypt);
  Put(json, "cipher", settings.cipher);
  Put(json, "key", settings.key_variable);
  Put(json, "key_option", settings.key_option);
  if (settings.store != "file") json["store"] = settings.store;
  Put(json, "max_messages", settings.max_messages);
  Put(json, "max_bytes", settings.max_bytes);
  Put(json, "max_age_ms", settings.max_age_ms);
  Put(json, "slice_max_messages", settings.slice_max_messages);
  Put(json, "slice_max_bytes", settings.slice_max_bytes);
  Put(json, "buffer_size", settings.buffer_size);
  Put(json, "read_buffer_size", settings.read_buffer_size);
  Put(json, "check_crc", settings.check_crc);
  Put(json, "crc_polynomial", settings.crc_polynomial);
  Put(json, "truncate_bad_eof", settings.truncate_bad_eof);
  Put(json, "cluster_id", settings.cluster_id);
  Put(json, "max_channels", settings.max_channels);
  Put(json, "max_subscriptions", settings.max_subscriptions);
  Put(json, "max_inactivity_ms", settings.max_inactivity_ms);
  for (const auto& [name, limits] : settings.channels) json["channels"][name] = LimitsJson(limits);
  if (!settings.arguments.empty()) json["arguments"] = settings.arguments;
  Put(json, "config", settings.config);
  return json;
}

struct OperationJson {
  Json operator()(const scenario::FlipByte& op) const {
    return {{"op", "flip"}, {"file", op.file}, {"at", op.at}, {"xor", op.mask}};
  }
  Json operator()(const scenario::Truncate& op) const {
    Json json = {{"op", "truncate"}, {"file", op.file}};
    Put(json, "size", op.size);
    Put(json, "by", op.by);
    return json;
  }
  Json operator()(const scenario::AppendBytes& op) const {
    return {{"op", "append"}, {"file", op.file}, {"hex", ToHex(AsBytes(op.bytes))}};
  }
  Json operator()(const scenario::RemoveFile& op) const {
    return {{"op", "remove"}, {"file", op.file}};
  }
  Json operator()(const scenario::RenameFile& op) const {
    return {{"op", "rename"}, {"file", op.file}, {"to", op.to}};
  }
  Json operator()(const scenario::MakeDirectory& op) const {
    return {{"op", "mkdir"}, {"file", op.file}};
  }
  Json operator()(const scenario::ChangeRecord& op) const {
    Json json = {{"op", "record"}, {"file", op.file}, {"record", op.record}};
    if (op.from_data) json["from"] = "data";
    json["offset"] = op.offset;
    Put(json, "set", op.set);
    Put(json, "xor", op.flip);
    if (op.repair_crc) json["repairCrc"] = true;
    return json;
  }
  Json operator()(const scenario::SwapData& op) const {
    return {{"op", "swapData"}, {"file", op.file}, {"a", op.a}, {"b", op.b}};
  }
  Json operator()(const scenario::CopyData& op) const {
    return {{"op", "copyData"}, {"file", op.file}, {"a", op.a}, {"b", op.b}};
  }
};

Json ReadFromJson(const scenario::Read& read) {
  using From = scenario::Read::From;
  if (read.from == From::kSequence) return read.sequence;
  return read.from == From::kFirst ? "first" : read.from == From::kLast ? "last" : "new";
}

Json SubscribeFromJson(const scenario::Subscribe& subscribe) {
  using From = scenario::Subscribe::From;
  if (subscribe.from == From::kSequence) return subscribe.sequence;
  if (subscribe.from == From::kTimeDelta) return {{"ago_ms", subscribe.time_delta_ms}};
  if (subscribe.from == From::kNew) return "new";
  return subscribe.from == From::kFirst ? "first" : "last";
}

struct ClientStepJson {
  Json operator()(const scenario::Connect& s) const {
    return {{"connect", {{"client", s.client}}}};
  }
  Json operator()(const scenario::Disconnect& s) const {
    return {{"disconnect", {{"client", s.client}}}};
  }
  Json operator()(const scenario::Vanish& s) const { return {{"vanish", {{"client", s.client}}}}; }
  Json operator()(const scenario::Subscribe& s) const {
    Json json = {{"client", s.client}, {"name", s.name}, {"channel", s.channel}};
    json["from"] = SubscribeFromJson(s);
    if (!s.durable.empty()) json["durable"] = s.durable;
    if (!s.queue.empty()) json["queue"] = s.queue;
    json["max_in_flight"] = s.max_in_flight;
    json["ack_wait_s"] = s.ack_wait_s;
    if (s.manual_acks) json["acks"] = "manual";
    return {{"subscribe", json}};
  }
  Json operator()(const scenario::Receive& s) const {
    return {{"receive", {{"subscription", s.subscription}}}};
  }
  Json operator()(const scenario::Ack& s) const {
    return {{"ack", {{"subscription", s.subscription}, {"sequences", s.sequences}}}};
  }
  Json operator()(const scenario::CloseSubscription& s) const {
    return {{"close", {{"subscription", s.subscription}}}};
  }
  Json operator()(const scenario::Unsubscribe& s) const {
    return {{"unsubscribe", {{"subscription", s.subscription}}}};
  }
  Json operator()(const scenario::Request& s) const {
    return {{"request", {{"subject", s.subject}, {"payload", PayloadJson(s.payload)}}}};
  }
  Json operator()(const scenario::Raw& s) const {
    return {{"raw", {{"bytes", PayloadJson(s.bytes)}}}};
  }
};

struct ActionJson {
  Json operator()(const scenario::UseGolden& s) const { return {{"golden", s.name}}; }
  Json operator()(const scenario::Start& s) const { return {{"start", SettingsJson(s.settings)}}; }
  Json operator()(const scenario::Publish& s) const {
    Json json = {{"channel", s.channel}, {"payloads", Json::array()}};
    for (const std::string& payload : s.payloads) json["payloads"].push_back(PayloadJson(payload));
    if (!s.client.empty()) json["client"] = s.client;
    return {{"publish", json}};
  }
  Json operator()(const scenario::Read& s) const {
    Json json = {{"channel", s.channel}, {"from", ReadFromJson(s)}};
    if (s.max != UINT64_MAX) json["max"] = s.max;
    return {{"read", json}};
  }
  Json operator()(const scenario::Stop&) const { return {{"stop", Json::object()}}; }
  Json operator()(const scenario::Kill&) const { return {{"kill", Json::object()}}; }
  Json operator()(const scenario::Wait& s) const { return {{"wait", {{"ms", s.ms}}}}; }
  Json operator()(const scenario::Tamper& s) const {
    Json operations = Json::array();
    for (const auto& operation : s.operations)
      operations.push_back(std::visit(OperationJson{}, operation));
    return {{"tamper", operations}};
  }
  Json operator()(const scenario::Inspect& s) const {
    Json json = {{"keys", s.keys}, {"texts", Json::array()}};
    for (const std::string& text : s.texts) json["texts"].push_back(PayloadJson(text));
    return {{"inspect", json}};
  }
  Json operator()(const scenario::ClientStep& s) const { return std::visit(ClientStepJson{}, s); }
};

bool NeedsFormat(const scenario::Action& action) {
  return std::holds_alternative<scenario::UseGolden>(action) ||
         std::holds_alternative<scenario::Tamper>(action) ||
         std::holds_alternative<scenario::Inspect>(action);
}

bool IsForAProgram(const scenario::Settings& settings) {
  return settings.max_channels || settings.max_subscriptions || settings.max_inactivity_ms ||
         !settings.channels.empty() || !settings.arguments.empty() || settings.config;
}

// What the scenario loader asks of a target for these steps, by its own rules.
std::set<std::string> NeedsOf(const Case& one) {
  std::set<std::string> needs;
  for (const Step& step : one.steps) {
    if (const auto* start = std::get_if<scenario::Start>(&step.action)) {
      needs.insert(start->settings.store);
      if (IsForAProgram(start->settings)) needs.insert("program");
    }
    if (const auto* client = std::get_if<scenario::ClientStep>(&step.action)) {
      const bool raw = std::holds_alternative<scenario::Request>(*client) ||
                       std::holds_alternative<scenario::Raw>(*client);
      needs.insert(raw ? "raw" : "client");
    }
    const auto* publish = std::get_if<scenario::Publish>(&step.action);
    if (publish != nullptr && !publish->client.empty()) needs.insert("client");
    if (std::holds_alternative<scenario::Kill>(step.action)) needs.insert("kill");
    if (NeedsFormat(step.action)) needs.insert("format:stan-file-1");
  }
  return needs;
}

Status Refuse(const std::string& file, const std::string& why) {
  return Status(Code::kInvalid, file + ": " + why);
}

// The member "compare" put into ONE, whose steps have been read.
Status Adopt(const std::string& file, const Json& compare, Case& one) {
  const auto seed = compare.find("seed");
  const auto exchange = compare.find("exchange");
  const bool typed = seed != compare.end() && seed->is_number_unsigned() &&
                     exchange != compare.end() && exchange->is_array();
  if (!typed) return Refuse(file, "/compare: \"seed\" and \"exchange\" are expected");
  one.seed = seed->get<uint64_t>();
  for (const Json& item : *exchange) {
    const bool names_a_start =
        item.is_number_unsigned() && item.get<uint64_t>() < one.steps.size() &&
        std::holds_alternative<scenario::Start>(one.steps[item.get<uint64_t>()].action);
    if (!names_a_start)
      return Refuse(file, "/compare/exchange: the numbers of starts are expected");
    one.steps[item.get<uint64_t>()].exchange = true;
  }
  return Status();
}

}  // namespace

std::string PrintCase(const Case& one, const std::string& title, const std::string& requirement) {
  Json json = {{"title", title},
               {"suite", "conformance"},
               {"level", "MUST"},
               {"requirement", {requirement}},
               {"needs", NeedsOf(one)}};
  json["compare"] = {{"seed", one.seed}, {"exchange", Json::array()}};
  json["keys"] = Json::object();
  for (const auto& [name, bytes] : one.keys) json["keys"][name] = PayloadJson(bytes);
  json["steps"] = Json::array();
  for (size_t i = 0; i < one.steps.size(); ++i) {
    if (one.steps[i].exchange) json["compare"]["exchange"].push_back(i);
    json["steps"].push_back(std::visit(ActionJson{}, one.steps[i].action));
  }
  json["expect"] = "model";
  return json.dump(2) + "\n";
}

Result<Case> LoadCase(const std::string& file, std::string_view json,
                      std::string_view requirements) {
  const auto known = scenario::Requirements::Parse("the register of requirements", requirements);
  if (!known.ok()) return known.status();
  Json document = Json::parse(json, nullptr, false);
  if (!document.is_object()) return Refuse(file, "a JSON object is expected");
  const auto compare = document.find("compare");
  const Json own = compare == document.end() ? Json() : *compare;
  if (compare != document.end()) document.erase("compare");
  const auto loaded = scenario::LoadScenario(file, "replay", document.dump(), known.value());
  if (!loaded.ok()) return loaded.status();
  Case one;
  one.keys = loaded.value().keys;
  for (const scenario::Step& step : loaded.value().steps) one.steps.push_back({step.action});
  const Status adopted = own.is_null() ? Status() : Adopt(file, own, one);
  if (!adopted.ok()) return adopted;
  return one;
}

}  // namespace atrest::compare
