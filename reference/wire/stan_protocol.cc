#include "reference/wire/stan_protocol.h"

#include <string_view>
#include <tuple>

#include "reference/wire/proto.h"

namespace atrest::wire {
namespace {

// A field of message M: its number, its name in error texts and the member that holds it.
template <typename M, typename T>
struct Field {
  uint32_t number;
  std::string_view name;
  T M::*member;
};

template <typename M, typename T>
constexpr Field<M, T> F(uint32_t number, std::string_view name, T M::*member) {
  return {number, name, member};
}

// The name of a message in error texts, and its fields in ascending order of their numbers.
template <typename M>
struct Schema;

template <>
struct Schema<StanPubMsg> {
  static constexpr std::string_view kName = "PubMsg";
  static constexpr auto kFields =
      std::make_tuple(F(1, "ClientID", &StanPubMsg::client_id), F(2, "Guid", &StanPubMsg::guid),
                      F(3, "Subject", &StanPubMsg::subject), F(4, "Reply", &StanPubMsg::reply),
                      F(5, "Data", &StanPubMsg::data), F(6, "ConnID", &StanPubMsg::conn_id),
                      F(10, "Sha256", &StanPubMsg::sha256));
};

template <>
struct Schema<StanPubAck> {
  static constexpr std::string_view kName = "PubAck";
  static constexpr auto kFields =
      std::make_tuple(F(1, "Guid", &StanPubAck::guid), F(2, "Error", &StanPubAck::error));
};

template <>
struct Schema<StanAck> {
  static constexpr std::string_view kName = "Ack";
  static constexpr auto kFields =
      std::make_tuple(F(1, "Subject", &StanAck::subject), F(2, "Sequence", &StanAck::sequence));
};

template <>
struct Schema<StanConnectRequest> {
  static constexpr std::string_view kName = "ConnectRequest";
  static constexpr auto kFields = std::make_tuple(
      F(1, "ClientID", &StanConnectRequest::client_id),
      F(2, "HeartbeatInbox", &StanConnectRequest::heartbeat_inbox),
      F(3, "Protocol", &StanConnectRequest::protocol), F(4, "ConnID", &StanConnectRequest::conn_id),
      F(5, "PingInterval", &StanConnectRequest::ping_interval),
      F(6, "PingMaxOut", &StanConnectRequest::ping_max_out));
};

template <>
struct Schema<StanConnectResponse> {
  static constexpr std::string_view kName = "ConnectResponse";
  static constexpr auto kFields =
      std::make_tuple(F(1, "PubPrefix", &StanConnectResponse::pub_prefix),
                      F(2, "SubRequests", &StanConnectResponse::sub_requests),
                      F(3, "UnsubRequests", &StanConnectResponse::unsub_requests),
                      F(4, "CloseRequests", &StanConnectResponse::close_requests),
                      F(5, "Error", &StanConnectResponse::error),
                      F(6, "SubCloseRequests", &StanConnectResponse::sub_close_requests),
                      F(7, "PingRequests", &StanConnectResponse::ping_requests),
                      F(8, "PingInterval", &StanConnectResponse::ping_interval),
                      F(9, "PingMaxOut", &StanConnectResponse::ping_max_out),
                      F(10, "Protocol", &StanConnectResponse::protocol),
                      F(100, "PublicKey", &StanConnectResponse::public_key));
};

template <>
struct Schema<StanPing> {
  static constexpr std::string_view kName = "Ping";
  static constexpr auto kFields = std::make_tuple(F(1, "ConnID", &StanPing::conn_id));
};

template <>
struct Schema<StanPingResponse> {
  static constexpr std::string_view kName = "PingResponse";
  static constexpr auto kFields = std::make_tuple(F(1, "Error", &StanPingResponse::error));
};

template <>
struct Schema<StanSubscriptionRequest> {
  static constexpr std::string_view kName = "SubscriptionRequest";
  static constexpr auto kFields =
      std::make_tuple(F(1, "ClientID", &StanSubscriptionRequest::client_id),
                      F(2, "Subject", &StanSubscriptionRequest::subject),
                      F(3, "QGroup", &StanSubscriptionRequest::queue_group),
                      F(4, "Inbox", &StanSubscriptionRequest::inbox),
                      F(5, "MaxInFlight", &StanSubscriptionRequest::max_in_flight),
                      F(6, "AckWaitInSecs", &StanSubscriptionRequest::ack_wait_s),
                      F(7, "DurableName", &StanSubscriptionRequest::durable_name),
                      F(10, "StartPosition", &StanSubscriptionRequest::start_position),
                      F(11, "StartSequence", &StanSubscriptionRequest::start_sequence),
                      F(12, "StartTimeDelta", &StanSubscriptionRequest::start_time_delta_ns));
};

template <>
struct Schema<StanSubscriptionResponse> {
  static constexpr std::string_view kName = "SubscriptionResponse";
  static constexpr auto kFields =
      std::make_tuple(F(2, "AckInbox", &StanSubscriptionResponse::ack_inbox),
                      F(3, "Error", &StanSubscriptionResponse::error));
};

template <>
struct Schema<StanUnsubscribeRequest> {
  static constexpr std::string_view kName = "UnsubscribeRequest";
  static constexpr auto kFields =
      std::make_tuple(F(1, "ClientID", &StanUnsubscribeRequest::client_id),
                      F(2, "Subject", &StanUnsubscribeRequest::subject),
                      F(3, "Inbox", &StanUnsubscribeRequest::inbox),
                      F(4, "DurableName", &StanUnsubscribeRequest::durable_name));
};

template <>
struct Schema<StanCloseRequest> {
  static constexpr std::string_view kName = "CloseRequest";
  static constexpr auto kFields = std::make_tuple(F(1, "ClientID", &StanCloseRequest::client_id));
};

template <>
struct Schema<StanCloseResponse> {
  static constexpr std::string_view kName = "CloseResponse";
  static constexpr auto kFields = std::make_tuple(F(1, "Error", &StanCloseResponse::error));
};

template <>
struct Schema<StanCtrlMsg> {
  static constexpr std::string_view kName = "CtrlMsg";
  static constexpr auto kFields = std::make_tuple(
      F(1, "MsgType", &StanCtrlMsg::type), F(2, "ServerID", &StanCtrlMsg::server_id),
      F(3, "Data", &StanCtrlMsg::data), F(4, "RefID", &StanCtrlMsg::ref_id));
};

void Write(uint32_t field, const std::string& value, ProtoWriter& to) { to.String(field, value); }
void Write(uint32_t field, const Bytes& value, ProtoWriter& to) { to.Blob(field, value); }
void Write(uint32_t field, const std::optional<Bytes>& value, ProtoWriter& to) {
  if (value) to.Blob(field, *value);
}
void Write(uint32_t field, uint64_t value, ProtoWriter& to) { to.Uint64(field, value); }
void Write(uint32_t field, int64_t value, ProtoWriter& to) { to.Int64(field, value); }
void Write(uint32_t field, int32_t value, ProtoWriter& to) { to.Int32(field, value); }
void Write(uint32_t field, StanStartPosition value, ProtoWriter& to) {
  to.Int32(field, static_cast<int32_t>(value));
}
void Write(uint32_t field, StanCtrlType value, ProtoWriter& to) {
  to.Int32(field, static_cast<int32_t>(value));
}

void Read(ProtoReader& from, std::string_view name, std::string* value) {
  *value = from.String(name);
}
void Read(ProtoReader& from, std::string_view name, Bytes* value) {
  const ByteView blob = from.Blob(name);
  value->assign(blob.begin(), blob.end());
}
void Read(ProtoReader& from, std::string_view name, std::optional<Bytes>* value) {
  Read(from, name, &value->emplace());
}
void Read(ProtoReader& from, std::string_view name, uint64_t* value) { *value = from.Uint64(name); }
void Read(ProtoReader& from, std::string_view name, int64_t* value) { *value = from.Int64(name); }
void Read(ProtoReader& from, std::string_view name, int32_t* value) { *value = from.Int32(name); }
void Read(ProtoReader& from, std::string_view name, StanStartPosition* value) {
  *value = static_cast<StanStartPosition>(from.Int32(name));
}
void Read(ProtoReader& from, std::string_view name, StanCtrlType* value) {
  *value = static_cast<StanCtrlType>(from.Int32(name));
}

// Reads the reader's field into MESSAGE if it is FIELD.
template <typename M, typename T>
bool ReadIf(const Field<M, T>& field, ProtoReader& from, M& message) {
  if (field.number != from.field()) return false;
  Read(from, field.name, &(message.*field.member));
  return true;
}

}  // namespace

template <typename M>
void EncodeStan(const M& message, Bytes& to) {
  ProtoWriter writer(to);
  std::apply(
      [&](const auto&... field) { (Write(field.number, message.*field.member, writer), ...); },
      Schema<M>::kFields);
}

template <typename M>
Status DecodeStanInto(ByteView encoded, M& message) {
  ProtoReader reader(Schema<M>::kName, encoded);
  while (reader.Next()) {
    const bool is_known =
        std::apply([&](const auto&... field) { return (ReadIf(field, reader, message) || ...); },
                   Schema<M>::kFields);
    if (!is_known) reader.Skip();
  }
  return reader.status();
}

template <typename M>
Result<M> DecodeStan(ByteView encoded) {
  M message;
  ATREST_TRY(DecodeStanInto(encoded, message));
  return message;
}

template void EncodeStan(const StanPubMsg&, Bytes&);
template void EncodeStan(const StanPubAck&, Bytes&);
template void EncodeStan(const StanAck&, Bytes&);
template void EncodeStan(const StanConnectRequest&, Bytes&);
template void EncodeStan(const StanConnectResponse&, Bytes&);
template void EncodeStan(const StanPing&, Bytes&);
template void EncodeStan(const StanPingResponse&, Bytes&);
template void EncodeStan(const StanSubscriptionRequest&, Bytes&);
template void EncodeStan(const StanSubscriptionResponse&, Bytes&);
template void EncodeStan(const StanUnsubscribeRequest&, Bytes&);
template void EncodeStan(const StanCloseRequest&, Bytes&);
template void EncodeStan(const StanCloseResponse&, Bytes&);
template void EncodeStan(const StanCtrlMsg&, Bytes&);

template Status DecodeStanInto(ByteView, StanPubMsg&);
template Status DecodeStanInto(ByteView, StanConnectRequest&);

template Result<StanPubMsg> DecodeStan(ByteView);
template Result<StanPubAck> DecodeStan(ByteView);
template Result<StanAck> DecodeStan(ByteView);
template Result<StanConnectRequest> DecodeStan(ByteView);
template Result<StanConnectResponse> DecodeStan(ByteView);
template Result<StanPing> DecodeStan(ByteView);
template Result<StanPingResponse> DecodeStan(ByteView);
template Result<StanSubscriptionRequest> DecodeStan(ByteView);
template Result<StanSubscriptionResponse> DecodeStan(ByteView);
template Result<StanUnsubscribeRequest> DecodeStan(ByteView);
template Result<StanCloseRequest> DecodeStan(ByteView);
template Result<StanCloseResponse> DecodeStan(ByteView);
template Result<StanCtrlMsg> DecodeStan(ByteView);

}  // namespace atrest::wire
