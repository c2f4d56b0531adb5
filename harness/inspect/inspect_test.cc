// What is found in whole stores: layout, replay of journals, nonce reuse, and the JSON form.
#include "harness/inspect/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/inspect/inspect_json.h"
#include "harness/inspect/test_store.h"
#include "reference/crypto/envelope.h"

namespace atrest::inspect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class InspectTest : public ::testing::Test, protected TestStore {
 protected:
  // DATA sealed for channel foo under KEY, with a nonce that counts from COUNTER.
  static Bytes Sealed(const std::string& key, uint64_t counter, std::string_view data = "hello",
                      crypto::Cipher cipher = crypto::Cipher::kAes) {
    crypto::Envelope envelope(cipher, crypto::DeriveChannelKey(crypto::Secret(AsBytes(key)), "foo"),
                              crypto::NonceSequence({1, 2, 3, 4}, counter));
    return envelope.Seal(AsBytes(data));
  }
};

TEST_F(InspectTest, AnEmptyDirectory) {
  EXPECT_EQ(PrintJson(Look()),
            "{\n \"format\": \"atrest-inspect-1\",\n \"server\": null,\n \"clients\": [],\n"
            " \"channels\": [],\n \"nonce_reuse\": [],\n \"damage\": [],\n"
            " \"other_files\": []\n}\n");
}

TEST_F(InspectTest, ADirectoryThatIsNotThere) {
  const auto found = Inspect(files_, "nowhere", {});
  EXPECT_EQ(found.status().code(), Code::kNotFound);
}

TEST_F(InspectTest, FilesThatAreNotOfTheFormat) {
  PutSlice(1);
  for (const char* name :
       {".rootdir.lck", ".truncate.lck", "server.dat.bak", "foo/msgs.2.idx", "foo/msgs.01.dat",
        "foo/msgs.0.dat", "foo/msgs.9223372036854775808.dat", "foo/msgs.x.dat", "foo/msgs..dat",
        "foo/msgs.dat", "foo/clients.dat", "foo/deep/er/msgs.1.dat", "bar/.rootdir.lck"}) {
    Put(name, {});
  }
  Put("foo/msgs.9223372036854775807.dat", Header());
  const Inspection found = Look();
  EXPECT_THAT(found.other_files,
              ElementsAre("bar/.rootdir.lck", "foo/clients.dat", "foo/deep/er/msgs.1.dat",
                          "foo/msgs..dat", "foo/msgs.0.dat", "foo/msgs.01.dat", "foo/msgs.2.idx",
                          "foo/msgs.9223372036854775808.dat", "foo/msgs.dat", "foo/msgs.x.dat",
                          "server.dat.bak"));
  EXPECT_THAT(found.damage, IsEmpty());
  ASSERT_EQ(found.channels.size(), 2u);
  EXPECT_EQ(found.channels[0].name, "bar");
  EXPECT_EQ(found.channels[1].slices.back().number, 9223372036854775807u);
}

TEST_F(InspectTest, SlicesAreInOrderOfTheirNumbers) {
  Put("foo/msgs.10.dat", Join({Header(), MessageRecord(3)}));
  Put("foo/msgs.9.dat", Join({Header(), MessageRecord(1), MessageRecord(2)}));
  EXPECT_THAT(LookForSequences(), ElementsAre(1, 2, 3));
}

TEST_F(InspectTest, SubscriptionsAreReplayed) {
  using store::SubscriptionUpdate;
  store::SubscriptionState one, two;
  one.id = 1;
  one.last_sent = 1;
  two.id = 2;
  two.client_id = "c";
  const auto update = [](uint8_t type, uint64_t id, uint64_t sequence) {
    return Typed(type, Encoded(SubscriptionUpdate{id, sequence}));
  };
  Put("foo/subs.dat",
      Join({Header(), update(5, 1, 9), Typed(1, Encoded(one)), update(5, 1, 3), update(5, 1, 2),
            update(4, 1, 3), update(4, 1, 7), Typed(2, Encoded(two)), update(5, 2, 1)}));
  auto subscriptions = Look().channels.at(0).subscriptions;
  ASSERT_EQ(subscriptions.size(), 2u);
  EXPECT_THAT(subscriptions[0].pending, ElementsAre(2));
  EXPECT_EQ(subscriptions[0].state.last_sent, 3u);
  EXPECT_EQ(subscriptions[1].state.client_id, "c");
  // An update keeps what is pending, a new record does not; a delete ends it all.
  const Bytes so_far = env::ReadWhole(files_, "d/foo/subs.dat", 1 << 20).value();
  Put("foo/subs.dat", Join({so_far, Typed(2, Encoded(one)), Typed(1, Encoded(two))}));
  subscriptions = Look().channels[0].subscriptions;
  EXPECT_THAT(subscriptions[0].pending, ElementsAre(2));
  EXPECT_EQ(subscriptions[0].state.last_sent, 1u);
  EXPECT_THAT(subscriptions[1].pending, IsEmpty());
  Put("foo/subs.dat", Join({so_far, update(3, 1, 0), update(5, 1, 5)}));
  EXPECT_EQ(Look().channels[0].subscriptions.size(), 1u);
}

TEST_F(InspectTest, KeysOpenWhatTheySealed) {
  keys_ = {crypto::Secret(AsBytes("a")), crypto::Secret(AsBytes("b")),
           crypto::Secret(AsBytes("a"))};
  options_.keep_payloads = true;
  Put("foo/msgs.1.dat",
      Join({Header(), MessageRecord(1, Sealed("a", 1)), MessageRecord(2, Sealed("c", 2)),
            MessageRecord(3, Sealed("b", 3, "", crypto::Cipher::kChaCha)),
            MessageRecord(4, Bytes(28, 1)), MessageRecord(5, Bytes{})}));
  const auto messages = Look().channels.at(0).messages;
  EXPECT_THAT(messages[0].opened_by, ElementsAre(1, 3));
  EXPECT_EQ(messages[0].payload, ToBytes("hello"));
  EXPECT_EQ(ToHex(messages[0].nonce), "010203040000000000000001");
  EXPECT_THAT(messages[1].opened_by, IsEmpty());
  EXPECT_EQ(messages[1].payload, std::nullopt);
  EXPECT_THAT(messages[2].opened_by, ElementsAre(2));
  EXPECT_EQ(messages[2].plaintext_size, 0u);
  EXPECT_EQ(messages[3].cipher, std::nullopt);
  EXPECT_EQ(messages[3].payload, Bytes(28, 1));
  EXPECT_EQ(messages[4].data_size, std::nullopt);
  EXPECT_EQ(messages[4].payload, Bytes());
}

TEST_F(InspectTest, NoncesThatAreReused) {
  keys_ = {crypto::Secret(AsBytes("a"))};
  const Bytes first = Sealed("a", 1);
  const Bytes aes = Sealed("x", 7);
  Put("foo/msgs.1.dat", Join({Header(), MessageRecord(1, first), MessageRecord(2, Sealed("x", 1)),
                              MessageRecord(3, aes), MessageRecord(4, Sealed("a", 2))}));
  Put("foo/msgs.2.dat",
      Join({Header(), MessageRecord(5, aes), MessageRecord(6, Sealed("a", 1, "other")),
            MessageRecord(7, Sealed("a", 2, "hello", crypto::Cipher::kChaCha))}));
  const auto reuse = Look().nonce_reuse;
  ASSERT_EQ(reuse.size(), 2u);
  EXPECT_EQ(reuse[0].key, 1u);
  EXPECT_FALSE(reuse[0].same_bytes);
  ASSERT_EQ(reuse[0].at.size(), 2u);
  EXPECT_EQ(reuse[0].at[0].sequence, 1u);
  EXPECT_EQ(reuse[0].at[1].slice, 2u);
  EXPECT_EQ(reuse[0].at[1].sequence, 6u);
  EXPECT_EQ(reuse[1].key, std::nullopt);
  EXPECT_TRUE(reuse[1].same_bytes);
  EXPECT_EQ(reuse[1].at[0].sequence, 3u);
}

TEST_F(InspectTest, AnotherPolynomial) {
  options_.crc_polynomial = 0x82F63B78;
  Bytes data = Header();
  store::AppendRecord(Encoded(MakeMessage(1)), Crc32(options_.crc_polynomial), data);
  Put("foo/msgs.1.dat", data);
  EXPECT_THAT(LookForDamage(), IsEmpty());
  options_ = {};
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.dat crc 4+24"));
}

// The whole shape once, in the order of INSPECT.md.
TEST_F(InspectTest, TheJsonForm) {
  keys_ = {crypto::Secret(AsBytes("a"))};
  options_.keep_payloads = true;
  store::ClientInfo client;
  client.id = "c\xFF";
  client.connection_id = {0xAB};
  Put("clients.dat", Join({Header(), Typed(1, Encoded(client))}));
  Put("foo/msgs.1.dat", Join({Header(), MessageRecord(1, Sealed("a", 1, "hi"))}));
  EXPECT_EQ(PrintJson(Look()), R"({
 "format": "atrest-inspect-1",
 "server": null,
 "clients": [
  {
   "id": "c)"
                               "\uFFFD"
                               R"(",
   "heartbeat_inbox": "",
   "connection_id": "ab",
   "protocol": 0,
   "ping_interval_s": 0,
   "ping_max_out": 0
  }
 ],
 "channels": [
  {
   "name": "foo",
   "slices": [
    {
     "number": 1,
     "data_size": 58,
     "index_size": null,
     "records": 1,
     "index_records": 0,
     "data_padding": 0,
     "index_padding": 0
    }
   ],
   "messages": [
    {
     "slice": 1,
     "offset": 4,
     "record_size": 46,
     "sequence": 1,
     "subject": "foo",
     "reply": "",
     "timestamp_ns": 1073741824,
     "data_size": 31,
     "crc_ok": true,
     "index": "missing",
     "cipher": "AES",
     "nonce": "010203040000000000000001",
     "opened_by": [
      1
     ],
     "plaintext_size": 2,
     "payload": "6869"
    }
   ],
   "subscriptions": []
  }
 ],
 "nonce_reuse": [],
 "damage": [],
 "other_files": []
}
)");
}

}  // namespace
}  // namespace atrest::inspect
