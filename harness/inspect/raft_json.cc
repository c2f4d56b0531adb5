#include "harness/inspect/raft_json.h"

#include "harness/inspect/json_parts.h"
#include "harness/inspect/raft_operation_view.h"

namespace atrest::inspect {
namespace {

Json MetaJson(const std::optional<raftlog::Meta>& meta) {
  if (!meta) return nullptr;
  const bool has_freelist = meta->freelist != raftlog::kNoFreelist;
  return Json{{"page_size", meta->page_size},
              {"root", meta->root},
              {"freelist", has_freelist ? Json(meta->freelist) : Json(nullptr)},
              {"high_water", meta->high_water},
              {"transaction", meta->transaction}};
}

Json OperationJson(const raftlog::RaftOperation& operation) {
  const OperationView view = ViewOf(operation);
  return Json{{"type", view.type},
              {"channel", TextJson(view.channel)},
              {"channel_id", view.channel_id},
              {"client_id", TextJson(view.client_id)},
              {"inbox", TextJson(view.inbox)},
              {"ack_inbox", TextJson(view.ack_inbox)},
              {"queue_group", TextJson(view.queue_group)},
              {"durable_name", TextJson(view.durable_name)},
              {"subscription_id", view.subscription_id},
              {"sequences", view.sequences},
              {"payload_sizes", view.payload_sizes},
              {"sent", view.sent},
              {"acked", view.acked}};
}

Json EntryJson(const StoredEntry& entry, bool with_plaintext) {
  const raftlog::LogEntry& stored = entry.stored;
  Json json{{"index", stored.index},
            {"term", stored.term},
            {"type", raftlog::LogTypeName(stored.type)},
            {"appended_at", nullptr},
            {"data_size", stored.data.size()},
            {"cipher", entry.cipher ? Json(crypto::CipherName(*entry.cipher)) : Json(nullptr)},
            {"nonce", entry.cipher ? Json(ToHex(entry.nonce)) : Json(nullptr)},
            {"opened_by", entry.opened_by},
            {"plaintext_size", nullptr},
            {"operation", entry.operation ? OperationJson(*entry.operation) : Json(nullptr)}};
  if (stored.appended_at) {
    json["appended_at"] = {stored.appended_at->seconds, stored.appended_at->nanoseconds};
  }
  if (entry.cipher && entry.plaintext) json["plaintext_size"] = entry.plaintext->size();
  if (with_plaintext) json["plaintext"] = entry.plaintext ? Json(ToHex(*entry.plaintext)) : Json();
  return json;
}

Json ReuseJson(const RaftNonceReuse& reuse) {
  return Json{{"cipher", crypto::CipherName(reuse.cipher)},
              {"nonce", ToHex(reuse.nonce)},
              {"indexes", reuse.indexes}};
}

Json ChannelSnapshotJson(const raftlog::ChannelSnapshot& channel) {
  const auto subscription = [](const raftlog::SubscriptionSnapshot& it) {
    return SubscriptionJson({it.state, {it.pending.begin(), it.pending.end()}});
  };
  return Json{{"name", TextJson(channel.name)},
              {"first", channel.first},
              {"last", channel.last},
              {"next_subscription_id", channel.next_subscription_id},
              {"channel_id", channel.channel_id},
              {"subscriptions", ArrayJson(channel.subscriptions, subscription)}};
}

Json ServerJson(const raftlog::RaftServer& server) {
  return Json{{"suffrage", server.suffrage},
              {"id", TextJson(server.id)},
              {"address", TextJson(server.address)}};
}

Json SnapshotJson(const StoredSnapshot& snapshot) {
  Json json{{"name", TextJson(snapshot.name)},
            {"id", TextJson(snapshot.meta.id)},
            {"index", snapshot.meta.index},
            {"term", snapshot.meta.term},
            {"servers", ArrayJson(snapshot.meta.servers, ServerJson)},
            {"configuration_index", snapshot.meta.configuration_index},
            {"size", snapshot.meta.size},
            {"crc_ok", snapshot.crc_ok},
            {"clients", nullptr},
            {"channels", nullptr}};
  if (snapshot.state) {
    json["clients"] = ArrayJson(snapshot.state->clients, ClientJson);
    json["channels"] = ArrayJson(snapshot.state->channels, ChannelSnapshotJson);
  }
  return json;
}

}  // namespace

std::string PrintRaftJson(const RaftInspection& inspection) {
  const auto entry = [&](const StoredEntry& it) { return EntryJson(it, inspection.payloads_kept); };
  Json json;
  json["format"] = "atrest-inspect-raft-1";
  json["metas"] = Json::array({MetaJson(inspection.metas[0]), MetaJson(inspection.metas[1])});
  json["conf"] = ArrayJson(inspection.conf, [](const RaftValue& it) {
    return Json{{"name", TextJson(it.name)}, {"value", ToHex(it.value)}};
  });
  json["channels"] = ArrayJson(inspection.channels, [](const RaftChannelId& it) {
    return Json{{"name", TextJson(it.name)}, {"id", it.id}};
  });
  json["entries"] = ArrayJson(inspection.entries, entry);
  json["free_pages"] = ArrayJson(inspection.free_pages, [&](const RaftFreePage& it) {
    return Json{{"page", it.page}, {"entries", ArrayJson(it.entries, entry)}};
  });
  json["nonce_reuse"] = ArrayJson(inspection.nonce_reuse, ReuseJson);
  json["snapshots"] = ArrayJson(inspection.snapshots, SnapshotJson);
  json["damage"] = ArrayJson(inspection.damage, [](const RaftDamage& it) {
    return Json{{"file", TextJson(it.file)}, {"page", OrNull(it.page)}, {"why", it.why}};
  });
  return json.dump(1) + "\n";
}

}  // namespace atrest::inspect
