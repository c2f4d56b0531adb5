// Every kind of damage of INSPECT.md, and what is still read behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/inspect/test_store.h"

namespace atrest::inspect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DamageTest : public ::testing::Test, protected TestStore {};

TEST_F(DamageTest, AWholeSliceHasNone) {
  PutSlice(3);
  EXPECT_THAT(LookForDamage(), IsEmpty());
  const Inspection found = Look();
  const Slice& slice = found.channels.at(0).slices.at(0);
  EXPECT_EQ(slice.data_size, OffsetOf(4));
  EXPECT_EQ(slice.index_size, 4u + 3 * 32);
  EXPECT_EQ(slice.records, 3u);
  EXPECT_EQ(slice.index_records, 3u);
  for (const StoredMessage& message : found.channels[0].messages) {
    EXPECT_TRUE(message.crc_ok);
    EXPECT_EQ(message.index, IndexState::kAgrees);
  }
}

TEST_F(DamageTest, Version) {
  PutSlice(2);
  Put("server.dat", {});
  Put("clients.dat", {1, 0, 0});
  Put("foo/subs.dat", {2, 0, 0, 0, 9, 9});
  Flip("foo/msgs.1.dat", 0);
  EXPECT_THAT(LookForDamage(),
              ElementsAre("clients.dat version 0+3", "foo/msgs.1.dat version 0+52",
                          "foo/msgs.1.idx index 4+32", "foo/msgs.1.idx index 36+32",
                          "foo/subs.dat version 0+6", "server.dat version 0+0"));
  EXPECT_THAT(LookForSequences(), IsEmpty());
}

TEST_F(DamageTest, AFileOfAVersionWordIsWhole) {
  for (const char* name : {"server.dat", "clients.dat", "foo/subs.dat", "foo/msgs.1.dat"}) {
    Put(name, Header());
  }
  EXPECT_THAT(LookForDamage(), IsEmpty());
  EXPECT_EQ(Look().server, std::nullopt);
}

TEST_F(DamageTest, AWrongChecksumHidesNothing) {
  PutSlice(3);
  Flip("foo/msgs.1.dat", OffsetOf(2) + 20);
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.dat crc 28+24"));
  const Inspection found = Look();
  ASSERT_EQ(found.channels[0].messages.size(), 3u);
  EXPECT_FALSE(found.channels[0].messages[1].crc_ok);
}

TEST_F(DamageTest, ARecordThatIsNoMessage) {
  Put("foo/msgs.1.dat", Join({Header(), Untyped(Bytes{0xFF}), MessageRecord(2)}));
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.dat undecodable 4+9"));
  EXPECT_THAT(LookForSequences(), ElementsAre(2));
  EXPECT_EQ(Look().channels[0].slices[0].records, 2u);
  // With a wrong checksum too, that is the damage.
  Flip("foo/msgs.1.dat", 12);
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.dat crc 4+9"));
}

TEST_F(DamageTest, ATornTail) {
  PutSlice(2);
  Cut("foo/msgs.1.dat", OffsetOf(3) - 1);
  EXPECT_THAT(LookForDamage(),
              ElementsAre("foo/msgs.1.dat truncated 28+23", "foo/msgs.1.idx index 36+32"));
  Cut("foo/msgs.1.dat", OffsetOf(2) + 7);
  EXPECT_THAT(LookForDamage(),
              ElementsAre("foo/msgs.1.dat truncated 28+7", "foo/msgs.1.idx index 36+32"));
  EXPECT_THAT(LookForSequences(), ElementsAre(1));
}

TEST_F(DamageTest, TheIndexLeadsBehindARecordThatDoesNotFit) {
  PutSlice(4);
  Flip("foo/msgs.1.dat", OffsetOf(2) + 3);  // a size of 16 MiB
  EXPECT_THAT(LookForDamage(),
              ElementsAre("foo/msgs.1.dat truncated 28+24", "foo/msgs.1.idx index 36+32"));
  EXPECT_THAT(LookForSequences(), ElementsAre(1, 3, 4));
}

// A process was killed within a write, and the next one appended behind what was there.
TEST_F(DamageTest, TheIndexLeadsBehindARecordThatWasTorn) {
  Bytes torn = MessageRecord(2);
  torn.resize(15);  // by its size it reaches into the next
  Put("foo/msgs.1.dat",
      Join({Header(), MessageRecord(1), torn, MessageRecord(2), MessageRecord(3)}));
  const uint64_t behind = OffsetOf(2) + torn.size();
  Put("foo/msgs.1.idx", Join({Header(), IndexRecordOf(1, OffsetOf(1)), IndexRecordOf(2, behind),
                              IndexRecordOf(3, behind + kRecordSize)}));
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.dat truncated 28+15"));
  EXPECT_THAT(LookForSequences(), ElementsAre(1, 2, 3));
}

TEST_F(DamageTest, WithoutAnIndexReadingEndsThere) {
  PutSlice(4);
  ASSERT_TRUE(files_.Remove("d/foo/msgs.1.idx").ok());
  Flip("foo/msgs.1.dat", OffsetOf(2) + 3);
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.dat truncated 28+72"));
  EXPECT_THAT(LookForSequences(), ElementsAre(1));
  EXPECT_EQ(Look().channels[0].slices[0].index_size, std::nullopt);
}

TEST_F(DamageTest, AnIndexThatLeadsNowhereIsNotFollowed) {
  Bytes cut = MessageRecord(1);
  cut[3] = 1;
  Put("foo/msgs.1.dat", Join({Header(), cut}));
  Put("foo/msgs.1.idx", Join({Header(), IndexRecordOf(1, 4), IndexRecordOf(2, 28),
                              IndexRecordOf(3, ~uint64_t{0}), IndexRecordOf(4, 0)}));
  EXPECT_THAT(LookForDamage(),
              ElementsAre("foo/msgs.1.dat truncated 4+24", "foo/msgs.1.idx index 4+32",
                          "foo/msgs.1.idx index 36+32", "foo/msgs.1.idx index 68+32",
                          "foo/msgs.1.idx index 100+32"));
}

TEST_F(DamageTest, ZerosAtTheEndArePadding) {
  Put("foo/msgs.1.dat", Join({Header(), MessageRecord(1), Zeros(100)}));
  Put("foo/msgs.1.idx", Join({Header(), IndexRecordOf(1, 4), Zeros(40)}));
  Put("clients.dat", Join({Header(), Zeros(8)}));
  EXPECT_THAT(LookForDamage(), IsEmpty());
  const Inspection found = Look();
  EXPECT_EQ(found.channels[0].slices[0].data_padding, 100u);
  EXPECT_EQ(found.channels[0].slices[0].index_padding, 40u);
}

TEST_F(DamageTest, FewerZerosThanAHeaderAreNot) {
  Put("foo/msgs.1.dat", Join({Header(), MessageRecord(1), Zeros(7)}));
  Put("foo/msgs.1.idx", Join({Header(), IndexRecordOf(1, 4), Zeros(31)}));
  EXPECT_THAT(LookForDamage(),
              ElementsAre("foo/msgs.1.dat truncated 28+7", "foo/msgs.1.idx index 36+31"));
}

TEST_F(DamageTest, ZerosFollowedByRecordsAreDamage) {
  Put("foo/msgs.1.dat", Join({Header(), Zeros(16), MessageRecord(1)}));
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.dat truncated 4+40"));
  Put("foo/msgs.1.idx", Join({Header(), Zeros(32), IndexRecordOf(1, 20)}));
  EXPECT_THAT(LookForDamage(),
              ElementsAre("foo/msgs.1.dat truncated 4+16", "foo/msgs.1.idx index 4+32"));
  EXPECT_THAT(LookForSequences(), ElementsAre(1));
}

TEST_F(DamageTest, TheIndexIsCompared) {
  Put("foo/msgs.1.dat",
      Join({Header(), MessageRecord(1), MessageRecord(2), MessageRecord(3), MessageRecord(4)}));
  Bytes wrong_checksum = IndexRecordOf(4, OffsetOf(4));
  wrong_checksum[31] ^= 1;
  // Of two records for one offset the last counts.
  Put("foo/msgs.1.idx",
      Join({Header(), IndexRecordOf(9, OffsetOf(1)), IndexRecordOf(1, OffsetOf(1)),
            IndexRecordOf(2, OffsetOf(2)), IndexRecordOf(2, OffsetOf(2), 15), wrong_checksum}));
  const Inspection found = Look();
  const std::vector<StoredMessage>& messages = found.channels[0].messages;
  EXPECT_EQ(messages[0].index, IndexState::kAgrees);
  EXPECT_EQ(messages[1].index, IndexState::kDiffers);
  EXPECT_EQ(messages[2].index, IndexState::kMissing);
  EXPECT_EQ(messages[3].index, IndexState::kMissing);
  EXPECT_THAT(LookForDamage(), ElementsAre("foo/msgs.1.idx index 132+32"));
}

TEST_F(DamageTest, WhateverFollowsTheServerRecord) {
  const Bytes record = Untyped(Encoded(store::MakeServerInfo("c")));
  const std::string behind = "server.dat trailing " + std::to_string(4 + record.size()) + "+";
  for (const Bytes& tail : {Zeros(1), Zeros(8), record}) {
    Put("server.dat", Join({Header(), record, tail}));
    EXPECT_THAT(LookForDamage(), ElementsAre(behind + std::to_string(tail.size())));
    EXPECT_EQ(Look().server, store::MakeServerInfo("c"));
  }
  Flip("server.dat", 20);
  EXPECT_EQ(LookForDamage().size(), 2u);
  EXPECT_EQ(Look().server, std::nullopt);
}

TEST_F(DamageTest, JournalsGoOnBehindBadRecords) {
  Bytes removed;
  store::EncodeClientDelete("a", removed);
  store::ClientInfo a, b;
  a.id = "a";
  b.id = "b";
  Put("clients.dat", Join({Header(), Typed(1, Encoded(a)), Typed(9, Bytes{}), Typed(1, Bytes{7}),
                           Typed(1, Encoded(b)), Typed(2, removed)}));
  EXPECT_THAT(LookForDamage(),
              ElementsAre("clients.dat type 15+8", "clients.dat undecodable 23+9"));
  EXPECT_THAT(Look().clients, ElementsAre(b));
  // A record whose checksum is wrong is not replayed: here, the delete.
  Flip("clients.dat", 4 + 11 + 8 + 9 + 11 + 8 + 2);
  EXPECT_THAT(Look().clients, ElementsAre(a, b));
}

TEST_F(DamageTest, AnyByteOfAnyFileMayBeWrong) {
  PutSlice(3);
  Put("server.dat", Join({Header(), Untyped(Encoded(store::MakeServerInfo("c")))}));
  Put("foo/subs.dat",
      Join({Header(), Typed(5, Encoded(store::SubscriptionUpdate{1, 2})), Zeros(16)}));
  for (const char* name : {"server.dat", "foo/msgs.1.dat", "foo/msgs.1.idx", "foo/subs.dat"}) {
    const Bytes good = env::ReadWhole(files_, std::string("d/") + name, 1 << 20).value();
    for (size_t at = 0; at < good.size(); ++at) {
      for (const uint8_t byte : Bytes{0x00, 0x7F, 0xFF}) {
        Bytes bad = good;
        bad[at] = byte;
        Put(name, bad);
        EXPECT_EQ(Look().damage.empty(), bad == good) << name << " " << at;
      }
      Put(name, Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(at)));
      Look();
    }
    Put(name, good);
  }
}

}  // namespace
}  // namespace atrest::inspect
