// What the journals of a file store say: who the server is (server.dat), which clients are
// connected (clients.dat), which subscriptions a channel has (subs.dat). Field numbers are those of
// the records on disk: specification, standalone.md 1.3 to 1.5. Reader and writer of the framing
// are in record.h.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::store {

struct ServerInfo {
  std::string cluster_id;   // 1
  std::string discovery;    // 2
  std::string publish;      // 3
  std::string subscribe;    // 4
  std::string unsubscribe;  // 5
  std::string close;        // 6
  std::string sub_close;    // 7
  std::string acks_subs;    // 8
  std::string node_id;      // 9, absent in standalone mode
  friend bool operator==(const ServerInfo&, const ServerInfo&) = default;
};

// The subjects that the real server gives a cluster id, e.g. "_STAN.pub.test-cluster".
ServerInfo MakeServerInfo(const std::string& cluster_id);

struct ClientInfo {
  std::string id;               // 1
  std::string heartbeat_inbox;  // 2
  Bytes connection_id;          // 3
  int32_t protocol = 0;         // 4
  int32_t ping_interval_s = 0;  // 5
  int32_t ping_max_out = 0;     // 6
  friend bool operator==(const ClientInfo&, const ClientInfo&) = default;
};

struct SubscriptionState {
  uint64_t id = 0;            // 1, given by the store
  std::string client_id;      // 2
  std::string queue_group;    // 3, "DURABLE:GROUP" for a durable queue group
  std::string inbox;          // 4
  std::string ack_inbox;      // 5
  int32_t max_in_flight = 0;  // 6
  int32_t ack_wait_s = 0;     // 7
  std::string durable_name;   // 8
  uint64_t last_sent = 0;     // 9
  bool is_durable = false;    // 10
  bool is_closed = false;     // 11
  friend bool operator==(const SubscriptionState&, const SubscriptionState&) = default;
};

// Persisted record types. Do not renumber.
enum class ClientRecord : uint8_t { kAdd = 1, kDelete = 2 };
enum class SubscriptionRecord : uint8_t {
  kNew = 1,
  kUpdate = 2,
  kDelete = 3,
  kAck = 4,
  kPending = 5
};

// Each appends its encoding to TO, or decodes one; decoding fails with kCorrupt and the texts of
// wire/proto.h.
void Encode(const ServerInfo& server, Bytes& to);
void Encode(const ClientInfo& client, Bytes& to);
void Encode(const SubscriptionState& subscription, Bytes& to);
Result<ServerInfo> DecodeServerInfo(ByteView encoded);
Result<ClientInfo> DecodeClientInfo(ByteView encoded);
Result<SubscriptionState> DecodeSubscriptionState(ByteView encoded);

// Payload of a client's delete record: {1 ID}.
void EncodeClientDelete(const std::string& id, Bytes& to);
Result<std::string> DecodeClientDelete(ByteView encoded);

// Payload of a subscription's delete {1 ID}, ack and pending {1 ID, 2 sequence} records.
struct SubscriptionUpdate {
  uint64_t id = 0;
  uint64_t sequence = 0;
};
void Encode(const SubscriptionUpdate& update, Bytes& to);
Result<SubscriptionUpdate> DecodeSubscriptionUpdate(ByteView encoded);
Result<SubscriptionUpdate> DecodeSubscriptionDelete(ByteView encoded);

}  // namespace atrest::store
