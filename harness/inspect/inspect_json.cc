#include "harness/inspect/inspect_json.h"

#include "harness/inspect/json_parts.h"
#include "harness/inspect/kind_names.h"

namespace atrest::inspect {
namespace {

Json Server(const store::ServerInfo& server) {
  return Json{
      {"cluster_id", TextJson(server.cluster_id)},   {"discovery", TextJson(server.discovery)},
      {"publish", TextJson(server.publish)},         {"subscribe", TextJson(server.subscribe)},
      {"unsubscribe", TextJson(server.unsubscribe)}, {"close", TextJson(server.close)},
      {"sub_close", TextJson(server.sub_close)},     {"acks_subs", TextJson(server.acks_subs)},
      {"node_id", TextJson(server.node_id)}};
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
            {"subject", TextJson(message.subject)},
            {"reply", TextJson(message.reply)},
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

// Large arrays are assigned, which moves them: an initializer list would copy all of them.
Json ChannelJson(const Channel& channel, bool with_payloads) {
  const auto message = [&](const StoredMessage& it) { return MessageJson(it, with_payloads); };
  Json json;
  json["name"] = TextJson(channel.name);
  json["slices"] = ArrayJson(channel.slices, SliceJson);
  json["messages"] = ArrayJson(channel.messages, message);
  json["subscriptions"] = ArrayJson(channel.subscriptions, SubscriptionJson);
  return json;
}

Json PlaceJson(const Place& place) {
  return Json{{"slice", place.slice}, {"offset", place.offset}, {"sequence", place.sequence}};
}

Json ReuseJson(const NonceReuse& reuse) {
  return Json{{"channel", TextJson(reuse.channel)},   {"cipher", crypto::CipherName(reuse.cipher)},
              {"nonce", ToHex(reuse.nonce)},          {"key", OrNull(reuse.key)},
              {"at", ArrayJson(reuse.at, PlaceJson)}, {"same_bytes", reuse.same_bytes}};
}

Json DamageJson(const Damage& damage) {
  return Json{{"file", TextJson(damage.file)},
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
  json["clients"] = ArrayJson(inspection.clients, ClientJson);
  json["channels"] = ArrayJson(inspection.channels, channel);
  json["nonce_reuse"] = ArrayJson(inspection.nonce_reuse, ReuseJson);
  json["damage"] = ArrayJson(inspection.damage, DamageJson);
  json["other_files"] = ArrayJson(inspection.other_files, TextJson);
  return json.dump(1) + "\n";
}

}  // namespace atrest::inspect
