#include "harness/inspect/inspect_json.h"

#include <nlohmann/json.hpp>

#include "harness/inspect/kind_names.h"
#include "reference/base/utf8.h"

namespace atrest::inspect {
namespace {

using Json = nlohmann::ordered_json;

Json Text(std::string_view bytes) { return ReplaceBadUtf8(bytes); }

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <typename T, typename ToJson>
Json Array(const std::vector<T>& values, ToJson to_json) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(to_json(value));
  return array;
}

Json Server(const store::ServerInfo& server) {
  return Json{{"cluster_id", Text(server.cluster_id)},   {"discovery", Text(server.discovery)},
              {"publish", Text(server.publish)},         {"subscribe", Text(server.subscribe)},
              {"unsubscribe", Text(server.unsubscribe)}, {"close", Text(server.close)},
              {"sub_close", Text(server.sub_close)},     {"acks_subs", Text(server.acks_subs)},
              {"node_id", Text(server.node_id)}};
}

Json Client(const store::ClientInfo& client) {
  return Json{{"id", Text(client.id)},
              {"heartbeat_inbox", Text(client.heartbeat_inbox)},
              {"connection_id", ToHex(client.connection_id)},
              {"protocol", client.protocol},
              {"ping_interval_s", client.ping_interval_s},
              {"ping_max_out", client.ping_max_out}};
}

Json SliceJson(const Slice& slice) {
  return Json{{"number", slice.number},
              {"data_size", slice.data_size},
              {"index_size", OrNull(slice.index_size)},
              {"records", slice.records},
              {"index_records", slice.index_records},
              {"data_padding", slice.data_padding},
              {"index_padding", slice.index_padding}};
}

Json MessageJson(const StoredMessage& message, bool with_payload) {
  const bool sealed = message.cipher.has_value();
  Json json{{"slice", message.place.slice},
            {"offset", message.place.offset},
            {"record_size", message.record_size},
            {"sequence", message.place.sequence},
            {"subject", Text(message.subject)},
            {"reply", Text(message.reply)},
            {"timestamp_ns", message.timestamp_ns},
            {"data_size", OrNull(message.data_size)},
            {"crc_ok", message.crc_ok},
            {"index", NameOf(message.index)},
            {"cipher", sealed ? Json(crypto::CipherName(*message.cipher)) : Json(nullptr)},
            {"nonce", sealed ? Json(ToHex(message.nonce)) : Json(nullptr)},
            {"opened_by", Json::array()},
            {"plaintext_size", OrNull(message.plaintext_size)}};
  for (const KeyNumber key : message.opened_by) json["opened_by"].push_back(key);
  if (with_payload) json["payload"] = message.payload ? Json(ToHex(*message.payload)) : Json();
  return json;
}

Json SubscriptionJson(const store::RecoveredSubscription& subscription) {
  const store::SubscriptionState& state = subscription.state;
  Json json{{"id", state.id},
            {"client_id", Text(state.client_id)},
            {"queue_group", Text(state.queue_group)},
            {"inbox", Text(state.inbox)},
            {"ack_inbox", Text(state.ack_inbox)},
            {"max_in_flight", state.max_in_flight},
            {"ack_wait_s", state.ack_wait_s},
            {"durable_name", Text(state.durable_name)},
            {"last_sent", state.last_sent},
            {"durable", state.is_durable},
            {"closed", state.is_closed},
            {"pending", Json::array()}};
  for (const uint64_t sequence : subscription.pending) json["pending"].push_back(sequence);
  return json;
}

// Large arrays are assigned, which moves them: an initializer list would copy all of them.
Json ChannelJson(const Channel& channel, bool with_payloads) {
  const auto message = [&](const StoredMessage& it) { return MessageJson(it, with_payloads); };
  Json json;
  json["name"] = Text(channel.name);
  json["slices"] = Array(channel.slices, SliceJson);
  json["messages"] = Array(channel.messages, message);
  json["subscriptions"] = Array(channel.subscriptions, SubscriptionJson);
  return json;
}

Json PlaceJson(const Place& place) {
  return Json{{"slice", place.slice}, {"offset", place.offset}, {"sequence", place.sequence}};
}

Json ReuseJson(const NonceReuse& reuse) {
  return Json{{"channel", Text(reuse.channel)},   {"cipher", crypto::CipherName(reuse.cipher)},
              {"nonce", ToHex(reuse.nonce)},      {"key", OrNull(reuse.key)},
              {"at", Array(reuse.at, PlaceJson)}, {"same_bytes", reuse.same_bytes}};
}

Json DamageJson(const Damage& damage) {
  return Json{{"file", Text(damage.file)},
              {"offset", damage.offset},
              {"bytes", damage.bytes},
              {"kind", NameOf(damage.kind)},
              {"why", damage.why}};
}

}  // namespace

std::string PrintJson(const Inspection& inspection) {
  const auto channel = [&](const Channel& it) { return ChannelJson(it, inspection.payloads_kept); };
  Json json;
  json["format"] = "atrest-inspect-1";
  json["server"] = inspection.server ? Server(*inspection.server) : Json(nullptr);
  json["clients"] = Array(inspection.clients, Client);
  json["channels"] = Array(inspection.channels, channel);
  json["nonce_reuse"] = Array(inspection.nonce_reuse, ReuseJson);
  json["damage"] = Array(inspection.damage, DamageJson);
  json["other_files"] = Array(inspection.other_files, Text);
  return json.dump(1) + "\n";
}

}  // namespace atrest::inspect
