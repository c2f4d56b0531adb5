#include "harness/scenario/print.h"

#include <nlohmann/json.hpp>

#include "harness/scenario/print_expectations.h"
#include "reference/base/bytes.h"

namespace atrest::scenario {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
void Put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

Json LimitsJson(const ChannelLimits& limits) {
  Json json = Json::object();
  Put(json, "max_messages", limits.max_messages);
  Put(json, "max_bytes", limits.max_bytes);
  Put(json, "max_age_ms", limits.max_age_ms);
  Put(json, "max_subscriptions", limits.max_subscriptions);
  Put(json, "max_inactivity_ms", limits.max_inactivity_ms);
  return json;
}

Json SettingsJson(const Settings& settings) {
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
  Put(json, "cluster_sync", settings.cluster_sync);
  Put(json, "cluster_peers", settings.cluster_peers);
  return json;
}

struct OperationJson {
  Json operator()(const FlipByte& op) const {
    return {{"op", "flip"}, {"file", op.file}, {"at", op.at}, {"xor", op.mask}};
  }
  Json operator()(const Truncate& op) const {
    Json json = {{"op", "truncate"}, {"file", op.file}};
    Put(json, "size", op.size);
    Put(json, "by", op.by);
    return json;
  }
  Json operator()(const AppendBytes& op) const {
    return {{"op", "append"}, {"file", op.file}, {"hex", ToHex(AsBytes(op.bytes))}};
  }
  Json operator()(const RemoveFile& op) const { return {{"op", "remove"}, {"file", op.file}}; }
  Json operator()(const RenameFile& op) const {
    return {{"op", "rename"}, {"file", op.file}, {"to", op.to}};
  }
  Json operator()(const MakeDirectory& op) const { return {{"op", "mkdir"}, {"file", op.file}}; }
  Json operator()(const ChangeRecord& op) const {
    Json json = {{"op", "record"}, {"file", op.file}, {"record", op.record}};
    if (op.from_data) json["from"] = "data";
    json["offset"] = op.offset;
    Put(json, "set", op.set);
    Put(json, "xor", op.flip);
    if (op.repair_crc) json["repairCrc"] = true;
    return json;
  }
  Json operator()(const SwapData& op) const {
    return {{"op", "swapData"}, {"file", op.file}, {"a", op.a}, {"b", op.b}};
  }
  Json operator()(const CopyData& op) const {
    return {{"op", "copyData"}, {"file", op.file}, {"a", op.a}, {"b", op.b}};
  }
  Json operator()(const FillData& op) const {
    return {{"op", "fillData"},
            {"file", op.file},
            {"record", op.record},
            {"bytes", PayloadJson(op.bytes)}};
  }
  Json operator()(const RemoveRecord& op) const {
    return {{"op", "removeRecord"}, {"file", op.file}, {"record", op.record}};
  }
  Json operator()(const SwapRecords& op) const {
    return {{"op", "swapRecords"}, {"file", op.file}, {"a", op.a}, {"b", op.b}};
  }
  Json operator()(const EmptyBucket& op) const {
    return {{"op", "emptyBucket"}, {"file", op.file}, {"bucket", op.bucket}};
  }
  Json operator()(const SaveCopy& op) const {
    return {{"op", "save"}, {"file", op.file}, {"copy", op.name}};
  }
  Json operator()(const RestoreCopy& op) const {
    Json json = {{"op", "restore"}, {"file", op.file}, {"copy", op.name}};
    if (!op.node.empty()) json["node"] = op.node;
    return json;
  }
};

Json ReadFromJson(const Read& read) {
  using From = Read::From;
  if (read.from == From::kSequence) return read.sequence;
  return read.from == From::kFirst ? "first" : read.from == From::kLast ? "last" : "new";
}

Json SubscribeFromJson(const Subscribe& subscribe) {
  using From = Subscribe::From;
  if (subscribe.from == From::kSequence) return subscribe.sequence;
  if (subscribe.from == From::kTimeDelta) return {{"ago_ms", subscribe.time_delta_ms}};
  if (subscribe.from == From::kNew) return "new";
  return subscribe.from == From::kFirst ? "first" : "last";
}

struct ClientStepJson {
  Json operator()(const Connect& s) const { return {{"connect", {{"client", s.client}}}}; }
  Json operator()(const Disconnect& s) const { return {{"disconnect", {{"client", s.client}}}}; }
  Json operator()(const Vanish& s) const { return {{"vanish", {{"client", s.client}}}}; }
  Json operator()(const Subscribe& s) const {
    Json json = {{"client", s.client}, {"name", s.name}, {"channel", s.channel}};
    json["from"] = SubscribeFromJson(s);
    if (!s.durable.empty()) json["durable"] = s.durable;
    if (!s.queue.empty()) json["queue"] = s.queue;
    json["max_in_flight"] = s.max_in_flight;
    json["ack_wait_s"] = s.ack_wait_s;
    if (s.manual_acks) json["acks"] = "manual";
    return {{"subscribe", json}};
  }
  Json operator()(const Receive& s) const {
    return {{"receive", {{"subscription", s.subscription}}}};
  }
  Json operator()(const Ack& s) const {
    return {{"ack", {{"subscription", s.subscription}, {"sequences", s.sequences}}}};
  }
  Json operator()(const CloseSubscription& s) const {
    return {{"close", {{"subscription", s.subscription}}}};
  }
  Json operator()(const Unsubscribe& s) const {
    return {{"unsubscribe", {{"subscription", s.subscription}}}};
  }
  Json operator()(const Request& s) const {
    return {{"request", {{"subject", s.subject}, {"payload", PayloadJson(s.payload)}}}};
  }
  Json operator()(const Raw& s) const { return {{"raw", {{"bytes", PayloadJson(s.bytes)}}}}; }
};

struct ActionJson {
  Json operator()(const UseGolden& s) const { return {{"golden", s.name}}; }
  Json operator()(const Start& s) const { return {{"start", SettingsJson(s.settings)}}; }
  Json operator()(const Publish& s) const {
    Json json = {{"channel", s.channel}, {"payloads", Json::array()}};
    for (const std::string& payload : s.payloads) json["payloads"].push_back(PayloadJson(payload));
    if (!s.client.empty()) json["client"] = s.client;
    if (s.explicit_empty) json["explicit_empty"] = true;
    return {{"publish", json}};
  }
  Json operator()(const Read& s) const {
    Json json = {{"channel", s.channel}, {"from", ReadFromJson(s)}};
    if (s.max != UINT64_MAX) json["max"] = s.max;
    return {{"read", json}};
  }
  Json operator()(const Stop&) const { return {{"stop", Json::object()}}; }
  Json operator()(const Kill& s) const {
    return {{"kill", s.power ? Json{{"power", true}} : Json::object()}};
  }
  Json operator()(const Wait& s) const { return {{"wait", {{"ms", s.ms}}}}; }
  Json operator()(const Interrupt& s) const {
    Json json = {{"at", s.at == Interrupt::At::kWrite ? "write" : "sync"},
                 {"count", s.count},
                 {"how", s.how == Interrupt::How::kKill ? "kill" : "full"}};
    if (s.writes != 0) json["writes"] = s.writes;
    return {{"interrupt", json}};
  }
  Json operator()(const Tamper& s) const {
    Json operations = Json::array();
    for (const auto& operation : s.operations)
      operations.push_back(std::visit(OperationJson{}, operation));
    return {{"tamper", operations}};
  }
  Json operator()(const Inspect& s) const {
    Json json = {{"keys", s.keys}, {"texts", Json::array()}};
    for (const std::string& text : s.texts) json["texts"].push_back(PayloadJson(text));
    return {{"inspect", json}};
  }
  Json operator()(const Elect&) const { return {{"elect", Json::object()}}; }
  Json operator()(const ClientStep& s) const { return std::visit(ClientStepJson{}, s); }
};

Json ClusterJson(const Cluster& cluster) {
  Json json = {{"nodes", cluster.nodes}};
  Put(json, "snapshot_entries", cluster.snapshot_entries);
  Put(json, "trailing_entries", cluster.trailing_entries);
  return json;
}

}  // namespace

std::string PrintScenario(const Scenario& scenario) {
  Json json = {{"title", scenario.title},
               {"requirement", scenario.requirements},
               {"suite", verdict::NameOf(scenario.suite)},
               {"level", verdict::NameOf(scenario.level)},
               {"needs", scenario.needs}};
  if (!scenario.keys.empty()) json["keys"] = Json::object();
  for (const auto& [name, bytes] : scenario.keys) json["keys"][name] = PayloadJson(bytes);
  if (scenario.cluster) json["cluster"] = ClusterJson(*scenario.cluster);
  json["steps"] = Json::array();
  for (const Step& step : scenario.steps) {
    json["steps"].push_back(std::visit(ActionJson{}, step.action));
    if (!step.node.empty()) json["steps"].back()["node"] = step.node;
    if (!step.label.empty()) json["steps"].back()["as"] = step.label;
  }
  json["expect"] = ExpectJson(scenario);
  return json.dump(2) + "\n";
}

}  // namespace atrest::scenario
