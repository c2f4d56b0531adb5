// The requests and responses of STAN, the streaming protocol above NATS: each message as a struct,
// encoded and decoded. Not for the message of a channel (msg_proto.h), and without judgement: which
// fields a server insists on is its own concern. Specification: wire.md 2.1.
// Zero values are not written, so a response without error is 0 bytes. Unknown fields are passed
// over.
// Errors: decoding fails with kCorrupt and the texts of proto.h, which reach log lines.
// Threads: the structs are values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::wire {

struct StanPubMsg {
  std::string client_id;
  std::string guid;
  std::string subject;  // the channel
  std::string reply;
  // Absent and present-but-empty differ here as in Message::data; encoding writes neither.
  std::optional<Bytes> data;
  Bytes conn_id;
  Bytes sha256;  // servers ignore it
  friend bool operator==(const StanPubMsg&, const StanPubMsg&) = default;
};

struct StanPubAck {
  std::string guid;
  std::string error;
  friend bool operator==(const StanPubAck&, const StanPubAck&) = default;
};

struct StanAck {
  std::string subject;  // the channel
  uint64_t sequence = 0;
  friend bool operator==(const StanAck&, const StanAck&) = default;
};

struct StanConnectRequest {
  std::string client_id;
  std::string heartbeat_inbox;
  int32_t protocol = 0;
  Bytes conn_id;
  int32_t ping_interval = 0;  // may be negative
  int32_t ping_max_out = 0;
  friend bool operator==(const StanConnectRequest&, const StanConnectRequest&) = default;
};

struct StanConnectResponse {
  std::string pub_prefix;
  std::string sub_requests;
  std::string unsub_requests;
  std::string close_requests;
  std::string error;
  std::string sub_close_requests;
  std::string ping_requests;
  int32_t ping_interval = 0;
  int32_t ping_max_out = 0;
  int32_t protocol = 0;
  std::string public_key;  // no server sets it
  friend bool operator==(const StanConnectResponse&, const StanConnectResponse&) = default;
};

struct StanPing {
  Bytes conn_id;
  friend bool operator==(const StanPing&, const StanPing&) = default;
};

struct StanPingResponse {
  std::string error;
  friend bool operator==(const StanPingResponse&, const StanPingResponse&) = default;
};

// Any other number may be decoded as well, and is kept.
enum class StanStartPosition : int32_t {
  kNewOnly = 0,
  kLastReceived = 1,
  kTimeDeltaStart = 2,
  kSequenceStart = 3,
  kFirst = 4,
};

struct StanSubscriptionRequest {
  std::string client_id;
  std::string subject;  // the channel
  std::string queue_group;
  std::string inbox;
  int32_t max_in_flight = 0;
  int32_t ack_wait_s = 0;
  std::string durable_name;
  StanStartPosition start_position = StanStartPosition::kNewOnly;
  uint64_t start_sequence = 0;
  int64_t start_time_delta_ns = 0;
  friend bool operator==(const StanSubscriptionRequest&, const StanSubscriptionRequest&) = default;
};

struct StanSubscriptionResponse {
  std::string ack_inbox;
  std::string error;
  friend bool operator==(const StanSubscriptionResponse&,
                         const StanSubscriptionResponse&) = default;
};

// To unsubscribe, and to close a subscription, which differ by the NATS subject alone.
struct StanUnsubscribeRequest {
  std::string client_id;
  std::string subject;  // the channel
  std::string inbox;    // the ack inbox, or the inbox of delivery
  std::string durable_name;
  friend bool operator==(const StanUnsubscribeRequest&, const StanUnsubscribeRequest&) = default;
};

struct StanCloseRequest {
  std::string client_id;
  friend bool operator==(const StanCloseRequest&, const StanCloseRequest&) = default;
};

struct StanCloseResponse {
  std::string error;
  friend bool operator==(const StanCloseResponse&, const StanCloseResponse&) = default;
};

// Any other number may be decoded as well, and is kept.
enum class StanCtrlType : int32_t {
  kFtHeartbeat = 3,
  kPartitioning = 4,
};

// From server to server.
struct StanCtrlMsg {
  StanCtrlType type{};
  std::string server_id;
  std::optional<Bytes> data;  // as StanPubMsg::data
  std::string ref_id;
  friend bool operator==(const StanCtrlMsg&, const StanCtrlMsg&) = default;
};

// Appends MESSAGE to TO. MESSAGE is one of the structs above, as is that of DecodeStan.
template <typename M>
void EncodeStan(const M& message, Bytes& to);
template <typename M>
Result<M> DecodeStan(ByteView encoded);
// The same into MESSAGE, a new one, where it matters what was read before a failure: the fields
// that came before it are set. Of StanPubMsg and StanConnectRequest.
template <typename M>
Status DecodeStanInto(ByteView encoded, M& message);

}  // namespace atrest::wire
