// The records of server.dat, clients.dat and subs.dat: bytes of the real server, and what library
// protobuf makes of the same values.
#include "reference/store/journal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "reference/base/crc32.h"
#include "reference/wire/store_records.pb.h"

namespace atrest::store {
namespace {

template <typename T>
Bytes Encoded(const T& value) {
  Bytes bytes;
  Encode(value, bytes);
  return bytes;
}

// The fields of ENCODED, each shorter than 128 bytes, from the last to the first: protobuf allows
// any order.
Bytes Reversed(const Bytes& encoded) {
  std::vector<Bytes> fields;
  for (size_t at = 0; at < encoded.size();) {
    size_t end = at + 2;
    if ((encoded[at] & 7) == 2) end += encoded[at + 1];
    while ((encoded[at] & 7) == 0 && (encoded[end - 1] & 0x80) != 0) ++end;
    fields.emplace_back(encoded.begin() + static_cast<std::ptrdiff_t>(at),
                        encoded.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  Bytes all;
  for (size_t i = fields.size(); i > 0; --i) Append(all, fields[i - 1]);
  return all;
}

TEST(JournalTest, FieldsMayComeInAnyOrder) {
  ServerInfo server = MakeServerInfo("test-cluster");
  server.node_id = "node";
  EXPECT_EQ(DecodeServerInfo(Reversed(Encoded(server))).value(), server);
  const ClientInfo client{"client", "inbox", ToBytes("connection"), 1, 5, 3};
  EXPECT_EQ(DecodeClientInfo(Reversed(Encoded(client))).value(), client);
  SubscriptionState subscription;
  subscription.id = 300;
  subscription.client_id = "client";
  subscription.queue_group = "group";
  subscription.inbox = "inbox";
  subscription.ack_inbox = "acks";
  subscription.max_in_flight = 1024;
  subscription.ack_wait_s = 30;
  subscription.durable_name = "durable";
  subscription.last_sent = 7;
  subscription.is_durable = subscription.is_closed = true;
  EXPECT_EQ(DecodeSubscriptionState(Reversed(Encoded(subscription))).value(), subscription);
  const SubscriptionUpdate update{300, 7};
  const auto decoded = DecodeSubscriptionUpdate(Reversed(Encoded(update)));
  EXPECT_EQ(decoded.value().id, update.id);
  EXPECT_EQ(decoded.value().sequence, update.sequence);
}

// Specification, standalone.md 1.3: size and checksum of the record of every "test-cluster".
TEST(JournalTest, ServerInfoOfTheSpecification) {
  const Bytes encoded = Encoded(MakeServerInfo("test-cluster"));
  EXPECT_EQ(encoded.size(), 196u);
  EXPECT_EQ(Hex32(Crc32(Crc32::kIeee).Of(encoded)), "0xff8728f4");
  const Result<ServerInfo> decoded = DecodeServerInfo(encoded);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value(), MakeServerInfo("test-cluster"));
  EXPECT_EQ(decoded.value().acks_subs, "_STAN.ack.test-cluster");
}

// The first record of clients.dat in fixtures/stores/subscriptions.
TEST(JournalTest, ClientInfoOfTheRealServer) {
  const Bytes stored = FromHex(
                           "0a0a7375622d636c69656e74121d5f494e424f582e46425431374159464f5550575339"
                           "37375538413933371a1646425431374159464f55505753393737553841394944200128"
                           "053003")
                           .value();
  const Result<ClientInfo> client = DecodeClientInfo(stored);
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(client.value().id, "sub-client");
  EXPECT_EQ(client.value().heartbeat_inbox, "_INBOX.FBT17AYFOUPWS977U8A937");
  EXPECT_EQ(AsText(client.value().connection_id), "FBT17AYFOUPWS977U8A9ID");
  EXPECT_EQ(client.value().protocol, 1);
  EXPECT_EQ(client.value().ping_interval_s, 5);
  EXPECT_EQ(client.value().ping_max_out, 3);
  EXPECT_EQ(Encoded(client.value()), stored);
}

TEST(JournalTest, ClientDelete) {
  Bytes encoded;
  EncodeClientDelete("sub-client", encoded);
  EXPECT_EQ(ToHex(encoded), "0a0a7375622d636c69656e74");
  EXPECT_EQ(DecodeClientDelete(encoded).value(), "sub-client");
}

// The second update record of subs.dat in fixtures/stores/subscriptions: a durable that was closed.
TEST(JournalTest, SubscriptionOfTheRealServer) {
  const Bytes stored =
      FromHex(
          "0802120a7375622d636c69656e74221d5f494e424f582e46425431374159464f555057533937375538414"
          "24d372a1d5f494e424f582e6f4e59684d64644947666d483255736e574562386569308080013801420b64"
          "75722d70656e64696e67480450015801")
          .value();
  const Result<SubscriptionState> decoded = DecodeSubscriptionState(stored);
  ASSERT_TRUE(decoded.ok());
  const SubscriptionState& subscription = decoded.value();
  EXPECT_EQ(subscription.id, 2u);
  EXPECT_EQ(subscription.client_id, "sub-client");
  EXPECT_EQ(subscription.queue_group, "");
  EXPECT_EQ(subscription.inbox, "_INBOX.FBT17AYFOUPWS977U8ABM7");
  EXPECT_EQ(subscription.ack_inbox, "_INBOX.oNYhMddIGfmH2UsnWEb8ei");
  EXPECT_EQ(subscription.max_in_flight, 16384);
  EXPECT_EQ(subscription.ack_wait_s, 1);
  EXPECT_EQ(subscription.durable_name, "dur-pending");
  EXPECT_EQ(subscription.last_sent, 4u);
  EXPECT_TRUE(subscription.is_durable);
  EXPECT_TRUE(subscription.is_closed);
  EXPECT_EQ(Encoded(subscription), stored);
}

// Specification, standalone.md 1.5: the payload of its records of type 4 and 5, and its checksum.
TEST(JournalTest, PendingAndAckOfTheSpecification) {
  const Bytes encoded = Encoded(SubscriptionUpdate{1, 1});
  EXPECT_EQ(ToHex(encoded), "08011001");
  EXPECT_EQ(Crc32(Crc32::kIeee).Of(encoded), 0xd8f7bf03);
  EXPECT_EQ(DecodeSubscriptionUpdate(encoded).value().sequence, 1u);
  // A delete record has the id alone; a sequence would be an unknown field.
  EXPECT_EQ(DecodeSubscriptionDelete(encoded).value().id, 1u);
  EXPECT_EQ(DecodeSubscriptionDelete(encoded).value().sequence, 0u);
}

TEST(JournalTest, ErrorsNameTheMessage) {
  const Bytes end_group = {0x0c};
  const auto text = [](const auto& result) { return result.status().message(); };
  constexpr char kTail[] = ": wiretype end group for non-group";
  EXPECT_EQ(text(DecodeServerInfo(end_group)), std::string("proto: ServerInfo") + kTail);
  EXPECT_EQ(text(DecodeClientInfo(end_group)), std::string("proto: ClientInfo") + kTail);
  EXPECT_EQ(text(DecodeClientDelete(end_group)), std::string("proto: ClientDelete") + kTail);
  EXPECT_EQ(text(DecodeSubscriptionState(end_group)), std::string("proto: SubState") + kTail);
  EXPECT_EQ(text(DecodeSubscriptionUpdate(end_group)),
            std::string("proto: SubStateUpdate") + kTail);
  EXPECT_EQ(text(DecodeSubscriptionDelete(end_group)),
            std::string("proto: SubStateDelete") + kTail);
}

// Each field under every wire type but its own: the texts carry the upstream field names.
TEST(JournalTest, ErrorsNameTheField) {
  const auto wrong = [](uint32_t field, auto decode) {
    const Bytes tag = {static_cast<uint8_t>(field << 3 | 5)};
    return decode(ByteView(tag)).status().message();
  };
  const std::string prefix = "proto: wrong wireType = 5 for field ";
  const char* server[] = {"ClusterID", "Discovery", "Publish",  "Subscribe", "Unsubscribe",
                          "Close",     "SubClose",  "AcksSubs", "NodeID"};
  for (uint32_t i = 0; i < 9; ++i) EXPECT_EQ(wrong(i + 1, DecodeServerInfo), prefix + server[i]);
  const char* client[] = {"ID", "HbInbox", "ConnID", "Protocol", "PingInterval", "PingMaxOut"};
  for (uint32_t i = 0; i < 6; ++i) EXPECT_EQ(wrong(i + 1, DecodeClientInfo), prefix + client[i]);
  const char* subscription[] = {"ID",       "ClientID",    "QGroup",        "Inbox",
                                "AckInbox", "MaxInFlight", "AckWaitInSecs", "DurableName",
                                "LastSent", "IsDurable",   "IsClosed"};
  for (uint32_t i = 0; i < 11; ++i) {
    EXPECT_EQ(wrong(i + 1, DecodeSubscriptionState), prefix + subscription[i]);
  }
  EXPECT_EQ(wrong(1, DecodeClientDelete), prefix + "ID");
  EXPECT_EQ(wrong(1, DecodeSubscriptionDelete), prefix + "ID");
  EXPECT_EQ(wrong(1, DecodeSubscriptionUpdate), prefix + "ID");
  EXPECT_EQ(wrong(2, DecodeSubscriptionUpdate), prefix + "Seqno");
}

std::string AnyText() {
  return *rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7F));
}

RC_GTEST_PROP(JournalTest, ServerInfoIsAsTheLibraryWritesIt, ()) {
  ServerInfo server;
  test::ServerInfo library;
  library.set_clusterid(server.cluster_id = AnyText());
  library.set_discovery(server.discovery = AnyText());
  library.set_publish(server.publish = AnyText());
  library.set_subscribe(server.subscribe = AnyText());
  library.set_unsubscribe(server.unsubscribe = AnyText());
  library.set_close(server.close = AnyText());
  library.set_subclose(server.sub_close = AnyText());
  library.set_ackssubs(server.acks_subs = AnyText());
  library.set_nodeid(server.node_id = AnyText());
  RC_ASSERT(Encoded(server) == ToBytes(library.SerializeAsString()));
  RC_ASSERT(DecodeServerInfo(Encoded(server)).value() == server);
}

RC_GTEST_PROP(JournalTest, ClientInfoIsAsTheLibraryWritesIt, ()) {
  ClientInfo client;
  test::ClientInfo library;
  library.set_id(client.id = AnyText());
  library.set_hbinbox(client.heartbeat_inbox = AnyText());
  client.connection_id = *rc::gen::arbitrary<Bytes>();
  library.set_connid(std::string(AsText(client.connection_id)));
  library.set_protocol(client.protocol = *rc::gen::arbitrary<int32_t>());
  library.set_pinginterval(client.ping_interval_s = *rc::gen::arbitrary<int32_t>());
  library.set_pingmaxout(client.ping_max_out = *rc::gen::arbitrary<int32_t>());
  RC_ASSERT(Encoded(client) == ToBytes(library.SerializeAsString()));
  RC_ASSERT(DecodeClientInfo(Encoded(client)).value() == client);
}

RC_GTEST_PROP(JournalTest, SubscriptionIsAsTheLibraryWritesIt, ()) {
  SubscriptionState subscription;
  test::SubState library;
  library.set_id(subscription.id = *rc::gen::arbitrary<uint64_t>());
  library.set_clientid(subscription.client_id = AnyText());
  library.set_qgroup(subscription.queue_group = AnyText());
  library.set_inbox(subscription.inbox = AnyText());
  library.set_ackinbox(subscription.ack_inbox = AnyText());
  library.set_maxinflight(subscription.max_in_flight = *rc::gen::arbitrary<int32_t>());
  library.set_ackwaitinsecs(subscription.ack_wait_s = *rc::gen::arbitrary<int32_t>());
  library.set_durablename(subscription.durable_name = AnyText());
  library.set_lastsent(subscription.last_sent = *rc::gen::arbitrary<uint64_t>());
  library.set_isdurable(subscription.is_durable = *rc::gen::arbitrary<bool>());
  library.set_isclosed(subscription.is_closed = *rc::gen::arbitrary<bool>());
  RC_ASSERT(Encoded(subscription) == ToBytes(library.SerializeAsString()));
  RC_ASSERT(DecodeSubscriptionState(Encoded(subscription)).value() == subscription);
}

RC_GTEST_PROP(JournalTest, UpdatesAreAsTheLibraryWritesThem, (uint64_t id, uint64_t sequence)) {
  test::SubStateUpdate library;
  library.set_id(id);
  library.set_seqno(sequence);
  RC_ASSERT(Encoded(SubscriptionUpdate{id, sequence}) == ToBytes(library.SerializeAsString()));
}

}  // namespace
}  // namespace atrest::store
