// The messages of STAN against library protobuf, which nobody here wrote: what either writes the
// other reads, of each message. How the two differ on damaged bytes is proto_library_test.cc's.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/wire/stan_messages.pb.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::wire {
namespace {

std::string Text() { return *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127)); }

std::string Text(const Bytes& bytes) { return std::string(AsText(bytes)); }

Bytes Blob() { return *rc::gen::arbitrary<Bytes>(); }

// Present and empty data is not written, so it would not come back.
std::optional<Bytes> Data() {
  Bytes data = Blob();
  if (data.empty()) return std::nullopt;
  return data;
}

// Small and large values alike, as all byte lengths of a varint matter.
template <typename T>
T Number() {
  const auto bits = *rc::gen::arbitrary<uint64_t>();
  return static_cast<T>(bits >> *rc::gen::inRange(0, 64));
}

void Make(StanPubMsg& ours, test::PubMsg& library) {
  ours = {Text(), Text(), Text(), Text(), Data(), Blob(), Blob()};
  library.set_clientid(ours.client_id);
  library.set_guid(ours.guid);
  library.set_subject(ours.subject);
  library.set_reply(ours.reply);
  library.set_data(Text(ours.data.value_or(Bytes())));
  library.set_connid(Text(ours.conn_id));
  library.set_sha256(Text(ours.sha256));
}

void Make(StanPubAck& ours, test::PubAck& library) {
  ours = {Text(), Text()};
  library.set_guid(ours.guid);
  library.set_error(ours.error);
}

void Make(StanAck& ours, test::Ack& library) {
  ours = {Text(), Number<uint64_t>()};
  library.set_subject(ours.subject);
  library.set_sequence(ours.sequence);
}

void Make(StanConnectRequest& ours, test::ConnectRequest& library) {
  ours = {Text(), Text(), Number<int32_t>(), Blob(), Number<int32_t>(), Number<int32_t>()};
  library.set_clientid(ours.client_id);
  library.set_heartbeatinbox(ours.heartbeat_inbox);
  library.set_protocol(ours.protocol);
  library.set_connid(Text(ours.conn_id));
  library.set_pinginterval(ours.ping_interval);
  library.set_pingmaxout(ours.ping_max_out);
}

void Make(StanConnectResponse& ours, test::ConnectResponse& library) {
  ours = {Text(),
          Text(),
          Text(),
          Text(),
          Text(),
          Text(),
          Text(),
          Number<int32_t>(),
          Number<int32_t>(),
          Number<int32_t>(),
          Text()};
  library.set_pubprefix(ours.pub_prefix);
  library.set_subrequests(ours.sub_requests);
  library.set_unsubrequests(ours.unsub_requests);
  library.set_closerequests(ours.close_requests);
  library.set_error(ours.error);
  library.set_subcloserequests(ours.sub_close_requests);
  library.set_pingrequests(ours.ping_requests);
  library.set_pinginterval(ours.ping_interval);
  library.set_pingmaxout(ours.ping_max_out);
  library.set_protocol(ours.protocol);
  library.set_publickey(ours.public_key);
}

void Make(StanPing& ours, test::Ping& library) {
  ours = {Blob()};
  library.set_connid(Text(ours.conn_id));
}

void Make(StanPingResponse& ours, test::PingResponse& library) {
  ours = {Text()};
  library.set_error(ours.error);
}

void Make(StanSubscriptionRequest& ours, test::SubscriptionRequest& library) {
  ours.client_id = Text();
  ours.subject = Text();
  ours.queue_group = Text();
  ours.inbox = Text();
  ours.max_in_flight = Number<int32_t>();
  ours.ack_wait_s = Number<int32_t>();
  ours.durable_name = Text();
  ours.start_position = static_cast<StanStartPosition>(Number<int32_t>());
  ours.start_sequence = Number<uint64_t>();
  ours.start_time_delta_ns = Number<int64_t>();
  library.set_clientid(ours.client_id);
  library.set_subject(ours.subject);
  library.set_qgroup(ours.queue_group);
  library.set_inbox(ours.inbox);
  library.set_maxinflight(ours.max_in_flight);
  library.set_ackwaitinsecs(ours.ack_wait_s);
  library.set_durablename(ours.durable_name);
  library.set_startposition(
      static_cast<test::StartPosition>(static_cast<int32_t>(ours.start_position)));
  library.set_startsequence(ours.start_sequence);
  library.set_starttimedelta(ours.start_time_delta_ns);
}

void Make(StanSubscriptionResponse& ours, test::SubscriptionResponse& library) {
  ours = {Text(), Text()};
  library.set_ackinbox(ours.ack_inbox);
  library.set_error(ours.error);
}

void Make(StanUnsubscribeRequest& ours, test::UnsubscribeRequest& library) {
  ours = {Text(), Text(), Text(), Text()};
  library.set_clientid(ours.client_id);
  library.set_subject(ours.subject);
  library.set_inbox(ours.inbox);
  library.set_durablename(ours.durable_name);
}

void Make(StanCloseRequest& ours, test::CloseRequest& library) {
  ours = {Text()};
  library.set_clientid(ours.client_id);
}

void Make(StanCloseResponse& ours, test::CloseResponse& library) {
  ours = {Text()};
  library.set_error(ours.error);
}

void Make(StanCtrlMsg& ours, test::CtrlMsg& library) {
  ours = {static_cast<StanCtrlType>(Number<int32_t>()), Text(), Data(), Text()};
  library.set_msgtype(static_cast<test::CtrlMsg::Type>(static_cast<int32_t>(ours.type)));
  library.set_serverid(ours.server_id);
  library.set_data(Text(ours.data.value_or(Bytes())));
  library.set_refid(ours.ref_id);
}

template <typename M, typename Library>
void ExpectSame() {
  M ours;
  Library library;
  Make(ours, library);
  const std::string expected = library.SerializeAsString();
  Bytes encoded;
  EncodeStan(ours, encoded);
  RC_ASSERT(Text(encoded) == expected);
  const Result<M> decoded = DecodeStan<M>(AsBytes(expected));
  RC_ASSERT(decoded.ok());
  RC_ASSERT(decoded.value() == ours);
}

#define ATREST_SAME_AS_LIBRARY(message) \
  RC_GTEST_PROP(StanLibraryTest, message, ()) { ExpectSame<Stan##message, test::message>(); }

ATREST_SAME_AS_LIBRARY(PubMsg)
ATREST_SAME_AS_LIBRARY(PubAck)
ATREST_SAME_AS_LIBRARY(Ack)
ATREST_SAME_AS_LIBRARY(ConnectRequest)
ATREST_SAME_AS_LIBRARY(ConnectResponse)
ATREST_SAME_AS_LIBRARY(Ping)
ATREST_SAME_AS_LIBRARY(PingResponse)
ATREST_SAME_AS_LIBRARY(SubscriptionRequest)
ATREST_SAME_AS_LIBRARY(SubscriptionResponse)
ATREST_SAME_AS_LIBRARY(UnsubscribeRequest)
ATREST_SAME_AS_LIBRARY(CloseRequest)
ATREST_SAME_AS_LIBRARY(CloseResponse)
ATREST_SAME_AS_LIBRARY(CtrlMsg)

// What decodes encodes again to what decodes to the same; nothing crashes.
template <typename M>
void ExpectStable(ByteView bytes) {
  const Result<M> decoded = DecodeStan<M>(bytes);
  if (!decoded.ok()) {
    RC_ASSERT(decoded.status().code() == Code::kCorrupt);
    return;
  }
  Bytes encoded;
  EncodeStan(decoded.value(), encoded);
  const Result<M> again = DecodeStan<M>(encoded);
  RC_ASSERT(again.ok());
  Bytes same;
  EncodeStan(again.value(), same);
  RC_ASSERT(same == encoded);
}

RC_GTEST_PROP(StanLibraryTest, AnyBytesAreRefusedOrStable, ()) {
  Bytes bytes = Blob();
  if (*rc::gen::arbitrary<bool>()) {
    StanSubscriptionRequest ours;
    test::SubscriptionRequest library;
    Make(ours, library);
    bytes.clear();
    EncodeStan(ours, bytes);
    if (!bytes.empty()) {
      bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<uint8_t>();
    }
  }
  ExpectStable<StanPubMsg>(bytes);
  ExpectStable<StanConnectRequest>(bytes);
  ExpectStable<StanSubscriptionRequest>(bytes);
  ExpectStable<StanUnsubscribeRequest>(bytes);
  ExpectStable<StanAck>(bytes);
  ExpectStable<StanCtrlMsg>(bytes);
}

}  // namespace
}  // namespace atrest::wire
