#include "harness/inspect/json_parts.h"

#include "reference/base/utf8.h"

namespace atrest::inspect {

Json TextJson(std::string_view bytes) { return ReplaceBadUtf8(bytes); }

Json ClientJson(const store::ClientInfo& client) {
  return Json{{"id", TextJson(client.id)},
              {"heartbeat_inbox", TextJson(client.heartbeat_inbox)},
              {"connection_id", ToHex(client.connection_id)},
              {"protocol", client.protocol},
              {"ping_interval_s", client.ping_interval_s},
              {"ping_max_out", client.ping_max_out}};
}

Json SubscriptionJson(const store::RecoveredSubscription& subscription) {
  const store::SubscriptionState& state = subscription.state;
  Json json{{"id", state.id},
            {"client_id", TextJson(state.client_id)},
            {"queue_group", TextJson(state.queue_group)},
            {"inbox", TextJson(state.inbox)},
            {"ack_inbox", TextJson(state.ack_inbox)},
            {"max_in_flight", state.max_in_flight},
            {"ack_wait_s", state.ack_wait_s},
            {"durable_name", TextJson(state.durable_name)},
            {"last_sent", state.last_sent},
            {"durable", state.is_durable},
            {"closed", state.is_closed},
            {"pending", Json::array()}};
  for (const uint64_t sequence : subscription.pending) json["pending"].push_back(sequence);
  return json;
}

}  // namespace atrest::inspect
