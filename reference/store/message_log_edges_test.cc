// Corners of a channel's messages: the reads that a lookup costs, what is cached, gaps, slices
// that overlap, and index records that are missing.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "reference/store/file_store_fixture.h"
#include "reference/store/record.h"

namespace atrest::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MessageLogEdgesTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  // Removes index record NUMBER (from 0) of slice 1.
  void DropIndexRecord(size_t number) {
    Bytes index = File("foo/msgs.1.idx");
    const auto at = index.begin() + static_cast<std::ptrdiff_t>(4 + 32 * number);
    index.erase(at, at + 32);
    SetFile("foo/msgs.1.idx", index);
  }
  // Index record NUMBER (from 0) of slice 1 leads to OFFSET, with a right checksum.
  void SetOffset(size_t number, uint64_t offset) {
    const Crc32 crc(Crc32::kIeee);
    Bytes index = File("foo/msgs.1.idx");
    IndexEntry entry = *ParseIndexRecord(&index[4 + 32 * number], crc, true).value();
    entry.offset = offset;
    Bytes record;
    AppendIndexRecord(entry, crc, record);
    std::copy(record.begin(), record.end(),
              index.begin() + static_cast<std::ptrdiff_t>(4 + 32 * number));
    SetFile("foo/msgs.1.idx", index);
  }
  // Every byte of slice NUMBER's data that holds 'x' is another.
  void Damage(int number) {
    const std::string name = "foo/msgs." + std::to_string(number) + ".dat";
    Bytes bytes = File(name);
    for (uint8_t& byte : bytes) {
      if (byte == 'x') byte = 'y';
    }
    SetFile(name, bytes);
  }
  // Which of 1..LAST are in memory, once the files are damaged.
  std::string Cached(uint64_t last) {
    for (int i = 1; i <= 30; ++i) {
      if (Exists("foo/msgs." + std::to_string(i) + ".dat")) Damage(i);
    }
    std::string all;
    for (uint64_t i = 1; i <= last; ++i) {
      if (!Get(i).starts_with("error")) all += (all.empty() ? "" : " ") + std::to_string(i);
    }
    return all;
  }
};

TEST_F(MessageLogEdgesTest, SlicesByBytesAlone) {
  options_.slice_max_bytes = 2 * (24 + 40);
  Open();
  PutUpTo(5);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-4, 3: 5-5") << "full when it has just so many";
}

TEST_F(MessageLogEdgesTest, SlicesByCountAlone) {
  options_.slice_max_bytes = 0;
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(5);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-4, 3: 5-5");
}

TEST_F(MessageLogEdgesTest, SlicesByAgeAlone) {
  options_.slice_max_bytes = 0;
  options_.slice_max_age_ns = 3 * kSecond;
  Open();
  PutUpTo(1);
  Pass(2);
  PutUpTo(2);
  Pass(1);
  PutUpTo(3);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-3");
}

TEST_F(MessageLogEdgesTest, ASliceThatIsFullIsSynced) {
  options_.slice_max_messages = 1;
  options_.sync = true;
  Open();
  Put(1, "one");
  const uint64_t whole = 4 + 8 + 22;
  Put(2, "two");
  LoseWhatIsNotSynced();
  EXPECT_EQ(Size("foo/msgs.1.dat"), whole);
  EXPECT_EQ(Size("foo/msgs.1.idx"), 4u + 32);
}

TEST_F(MessageLogEdgesTest, WithoutAnyLimitThereIsOneSlice) {
  options_.slice_max_bytes = 0;
  Open();
  PutUpTo(30);
  Pass(1000);
  PutUpTo(31);
  EXPECT_EQ(Slices(), "1: 1-31");
}

TEST_F(MessageLogEdgesTest, AQuarterOfEachLimit) {
  options_.slice_max_bytes = 0;
  limits_.all.max_messages = 9;
  Open();
  PutUpTo(5);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-4, 3: 5-5");
  ASSERT_TRUE(files_.RemoveAll("d").ok());
  limits_.all.max_messages = 3;
  Open();
  PutUpTo(2);
  EXPECT_EQ(Slices(), "1: 1-1, 2: 2-2") << "at least one message";
  ASSERT_TRUE(files_.RemoveAll("d").ok());
  limits_.all.max_messages = 0;
  limits_.all.max_bytes = 3;
  Open();
  PutUpTo(1);
  EXPECT_EQ(Slices(), "1: 1-1");
  PutUpTo(2);
  EXPECT_EQ(Slices(), "2: 2-2") << "at least a byte";
  ASSERT_TRUE(files_.RemoveAll("d").ok());
  limits_.all.max_bytes = 8 * (24 + 40) + 1;
  Open();
  PutUpTo(5);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-4, 3: 5-5");
  ASSERT_TRUE(files_.RemoveAll("d").ok());
  limits_.all.max_bytes = 0;
  limits_.all.max_age_ns = 3 * kSecond;
  Open();
  PutUpTo(1);
  clock_.Advance(kSecond / 2);
  store_->Tick();
  PutUpTo(2);
  clock_.Advance(kSecond / 2);
  store_->Tick();
  PutUpTo(3);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-3") << "at least a second";
}

TEST_F(MessageLogEdgesTest, GapsAcrossAFlushAreReadBack) {
  options_.read_buffer_size = 0;
  Open();
  PutUpTo(1);
  Put(2, "two");
  Put(6, "six");
  Put(9, "nine");
  ASSERT_TRUE(Messages().Flush().ok());
  const std::string state = State();
  for (int i = 0; i < 2; ++i) {
    Pass(2);
    EXPECT_EQ(Get(2), "two");
    for (const uint64_t missing : {3, 4, 5, 7, 8}) EXPECT_EQ(Get(missing), "") << missing;
    EXPECT_EQ(Get(6), "six");
    EXPECT_EQ(Get(9), "nine");
    EXPECT_EQ(State(), state);
    Open();
  }
  EXPECT_EQ(State().substr(0, 6), "1..9 9");
}

TEST_F(MessageLogEdgesTest, TheFirstMessageMayHaveAnySequence) {
  Open();
  Put(5, "five");
  EXPECT_EQ(State().substr(0, 6), "5..5 1");
  Put(7, "seven");
  EXPECT_EQ(State().substr(0, 6), "5..7 3");
}

TEST_F(MessageLogEdgesTest, ReadingAheadStopsWhereItsBudgetEnds) {
  // A record has 24 bytes and its header 8.
  for (const auto& [budget, cached] : std::vector<std::pair<size_t, std::string>>{
           {1, "2"}, {63, "2"}, {64, "2 3"}, {95, "2 3"}, {96, "2 3 4"}, {320, "2 3 4 5 6 7 8"}}) {
    options_.read_buffer_size = budget;
    Open();
    PutUpTo(8);
    Pass(2);
    EXPECT_EQ(Get(2), "xxxxx");
    EXPECT_EQ(Cached(8), cached) << budget;
    ASSERT_TRUE(files_.RemoveAll("d").ok());
  }
}

TEST_F(MessageLogEdgesTest, LargeMessagesAreReadOneByOne) {
  options_.read_buffer_size = 100;
  Open();
  PutUpTo(3, 200);
  Pass(2);
  EXPECT_EQ(Get(1), std::string(200, 'x'));
  EXPECT_EQ(Cached(3), "1") << "the first is always read";
}

TEST_F(MessageLogEdgesTest, WithoutReadingAheadOneIsCached) {
  options_.read_buffer_size = 0;
  Open();
  PutUpTo(4);
  Pass(2);
  EXPECT_EQ(Get(2), "xxxxx");
  EXPECT_EQ(Get(4), "xxxxx");
  EXPECT_EQ(Cached(4), "2 4");
}

TEST_F(MessageLogEdgesTest, WhatIsUnflushedIsCachedWhenItIsRead) {
  Open();
  Put(1, "xa");
  Put(2, "xb");
  Pass(2);
  EXPECT_EQ(Get(1), "xa");
  ASSERT_TRUE(Messages().Flush().ok());
  EXPECT_EQ(Cached(2), "1");
}

TEST_F(MessageLogEdgesTest, TheCacheIsEmptiedEachSecond) {
  Open();
  PutUpTo(2);
  Damage(1);
  clock_.Advance(kSecond - 1);
  store_->Tick();
  EXPECT_EQ(Get(1), "xxxxx");
  clock_.Advance(1);
  store_->Tick();
  EXPECT_EQ(Get(2).substr(0, 5), "error");
}

TEST_F(MessageLogEdgesTest, FirstAndLastAreKeptInMemory) {
  Open();
  PutUpTo(3);
  Pass(2);
  Cached(0);
  Damage(1);
  EXPECT_EQ(AsText(Messages().FirstMessage().value()->payload()), "xxxxx");
  EXPECT_EQ(AsText(Messages().LastMessage().value()->payload()), "xxxxx");
  EXPECT_EQ(Messages().SequenceFromTimestamp(kStart).value(), 1u);
}

TEST_F(MessageLogEdgesTest, FirstAndLastAreReadOnce) {
  Open();
  PutUpTo(3);
  Open();
  EXPECT_NE(Messages().FirstMessage().value(), nullptr);
  EXPECT_NE(Messages().LastMessage().value(), nullptr);
  Pass(2);
  Damage(1);
  EXPECT_EQ(AsText(Messages().FirstMessage().value()->payload()), "xxxxx");
  EXPECT_EQ(AsText(Messages().LastMessage().value()->payload()), "xxxxx");
}

TEST_F(MessageLogEdgesTest, TheLastMessageOfAFilledGap) {
  Open();
  PutUpTo(1);
  Put(4, "four");
  EXPECT_EQ(AsText(Messages().LastMessage().value()->payload()), "four");
  EXPECT_EQ(AsText(Messages().FirstMessage().value()->payload()), "xxxxx");
}

TEST_F(MessageLogEdgesTest, TimesInAnyStateOfTheCache) {
  options_.slice_max_messages = 3;
  Open();
  for (uint64_t i = 1; i <= 8; ++i) {
    Put(i, "x");
    clock_.Advance(10);
  }
  ASSERT_TRUE(Messages().Flush().ok());
  for (int i = 0; i < 2; ++i) {
    for (int64_t at = -1; at <= 71; ++at) {
      const uint64_t expected = at <= 0 ? 1 : at > 70 ? 9 : static_cast<uint64_t>(at + 9) / 10 + 1;
      EXPECT_EQ(Messages().SequenceFromTimestamp(kStart + at).value(), expected) << at;
    }
    Open();
  }
}

TEST_F(MessageLogEdgesTest, ATimeThatSeveralHave) {
  options_.slice_max_messages = 4;
  Open();
  PutUpTo(6);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Messages().SequenceFromTimestamp(kStart).value(), 1u) << "the first";
    EXPECT_EQ(Messages().SequenceFromTimestamp(kStart + 1).value(), 7u);
    Open();
  }
  clock_.Advance(10);
  Put(7, "x");
  clock_.Advance(10);
  Put(8, "x");
  Put(9, "x");
  ASSERT_TRUE(Messages().Flush().ok());
  EXPECT_EQ(Messages().SequenceFromTimestamp(kStart + 20).value(), 9u) << "the last";
  Open();
  EXPECT_EQ(Messages().SequenceFromTimestamp(kStart + 5).value(), 7u);
  EXPECT_EQ(Messages().SequenceFromTimestamp(kStart + 20).value(), 8u) << "its slice's last";
}

TEST_F(MessageLogEdgesTest, TimesOfAChannelThatHasRunOut) {
  limits_.all.max_age_ns = 10 * kSecond;
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(3);
  Pass(10);
  EXPECT_EQ(State().substr(0, 6), "4..3 0");
  EXPECT_EQ(Messages().SequenceFromTimestamp(kStart).value(), 4u);
  EXPECT_EQ(Messages().LastMessage().value(), nullptr);
  EXPECT_EQ(Messages().FirstMessage().value(), nullptr);
  PutUpTo(4);
  EXPECT_EQ(Messages().SequenceFromTimestamp(kStart).value(), 4u);
  EXPECT_EQ(Slices(), "2: 3-4") << "the only slice stays, even when it has run out";
  EXPECT_EQ(State().substr(0, 6), "4..4 1");
  Pass(10);
  PutUpTo(5);
  EXPECT_EQ(Slices(), "3: 5-5") << "it goes when the next is begun";
  EXPECT_EQ(State().substr(0, 6), "5..5 1");
  EXPECT_EQ(Get(5), "xxxxx");
}

TEST_F(MessageLogEdgesTest, ExpiryIsSetByTheOldestThatIsLeft) {
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(1);
  Pass(4);
  PutUpTo(2);
  Pass(5);
  EXPECT_EQ(State().substr(0, 6), "1..2 2");
  Pass(1);
  EXPECT_EQ(State().substr(0, 6), "2..2 1");
  Pass(3);
  EXPECT_EQ(State().substr(0, 6), "2..2 1");
  Pass(1);
  EXPECT_EQ(State().substr(0, 6), "3..2 0");
  PutUpTo(3);
  Pass(9);
  EXPECT_EQ(State().substr(0, 6), "3..3 1");
  Pass(1);
  EXPECT_EQ(State().substr(0, 6), "4..3 0");
}

TEST_F(MessageLogEdgesTest, AClockThatWasSetBack) {
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(1);
  Close();
  clock_.Advance(-100 * kSecond);
  Open();
  Pass(109);
  EXPECT_EQ(State().substr(0, 6), "1..1 1") << "ten seconds from the message's own time";
  Pass(1);
  EXPECT_EQ(State().substr(0, 6), "2..1 0");
}

TEST_F(MessageLogEdgesTest, AnIndexRecordThatIsMissingIsSkippedInExpiry) {
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(4);
  Close();
  DropIndexRecord(0);
  DropIndexRecord(0);
  Open();
  EXPECT_EQ(State().substr(0, 6), "3..4 2");
  Pass(10);
  EXPECT_EQ(State().substr(0, 6), "5..4 0");
}

TEST_F(MessageLogEdgesTest, AnIndexRecordThatIsMissingInTheMiddle) {
  limits_.all.max_messages = 4;
  options_.slice_max_messages = 10;
  Open();
  PutUpTo(4);
  Close();
  DropIndexRecord(1);
  Open();
  EXPECT_EQ(State(), "1..4 3/192");
  EXPECT_EQ(Get(2), "(none)");
  EXPECT_EQ(Get(3), "xxxxx");
  EXPECT_EQ(Get(4), "xxxxx");
  PutUpTo(6);
  EXPECT_EQ(State(), "2..6 4/256");
  PutUpTo(7);
  EXPECT_EQ(State(), "4..7 4/256") << "what is missing goes with the next that is there";
  EXPECT_EQ(Get(4), "xxxxx");
  PutUpTo(8);
  EXPECT_EQ(State(), "5..8 4/256");
}

TEST_F(MessageLogEdgesTest, ASliceWhoseIndexIsGoneGoesAsAWhole) {
  limits_.all.max_messages = 6;
  options_.slice_max_messages = 3;
  Open();
  PutUpTo(7);
  EXPECT_EQ(State(), "2..7 6/384");
  SetFile("foo/msgs.1.idx", *FromHex("01000000"));
  PutUpTo(8);
  EXPECT_EQ(State(), "4..8 5/320");
  EXPECT_FALSE(Exists("foo/msgs.1.dat"));
  EXPECT_EQ(AsText(Messages().FirstMessage().value()->payload()), "xxxxx");
  EXPECT_EQ(AsText(Messages().LastMessage().value()->payload()), "xxxxx");
  PutUpTo(10);
  EXPECT_EQ(State(), "5..10 6/384") << "the next slice is counted as ever";
}

TEST_F(MessageLogEdgesTest, AnIndexThatIsGoneDoesNotHoldUpExpiry) {
  limits_.all.max_age_ns = 10 * kSecond;
  options_.slice_max_messages = 3;
  Open();
  PutUpTo(5);
  Pass(2);
  SetFile("foo/msgs.1.idx", *FromHex("01000000"));
  SetFile("foo/msgs.2.idx", *FromHex("01000000"));
  Pass(8);
  EXPECT_EQ(State(), "6..5 0/0");
  EXPECT_THAT(Logged(), ElementsAre("Skip expiration of missing sequence 1 for channel \"foo\"",
                                    "Skip expiration of missing sequence 4 for channel \"foo\""));
  EXPECT_FALSE(Exists("foo/msgs.1.dat"));
  EXPECT_TRUE(Exists("foo/msgs.2.dat")) << "the last slice stays";
  EXPECT_EQ(Messages().LastMessage().value(), nullptr);
  EXPECT_EQ(Messages().FirstMessage().value(), nullptr);
  PutUpTo(6);
  EXPECT_EQ(State(), "6..6 1/64");
}

TEST_F(MessageLogEdgesTest, ExpiryThatFailedIsTriedAgainAfterFiveSeconds) {
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(2);
  Pass(2);
  const Bytes index = File("foo/msgs.1.idx");
  Flip("foo/msgs.1.idx", 4 + 20);
  Pass(8);
  EXPECT_EQ(State(), "1..2 2/128");
  EXPECT_THAT(Logged(), ElementsAre(HasSubstr("Error during expiration: corrupted data")));
  SetFile("foo/msgs.1.idx", index);
  clock_.Advance(5 * kSecond - 1);
  store_->Tick();
  EXPECT_EQ(State(), "1..2 2/128");
  clock_.Advance(1);
  store_->Tick();
  EXPECT_EQ(State(), "3..2 0/0");
  EXPECT_THAT(Logged(), IsEmpty());
}

TEST_F(MessageLogEdgesTest, SlicesThatOverlap) {
  options_.slice_max_messages = 3;
  Open();
  PutUpTo(6);
  Close();
  SetFile("foo/msgs.3.dat", File("foo/msgs.1.dat"));
  SetFile("foo/msgs.3.idx", File("foo/msgs.1.idx"));
  Remove("foo/msgs.1.dat");
  Remove("foo/msgs.1.idx");
  Open();
  EXPECT_EQ(State().substr(0, 6), "1..6 6");
  for (uint64_t i = 1; i <= 6; ++i) EXPECT_EQ(Get(i), "xxxxx") << i;
  SetFile("foo/msgs.1.dat", File("foo/msgs.2.dat"));
  SetFile("foo/msgs.1.idx", File("foo/msgs.2.idx"));
  SetFile("foo/msgs.2.dat", File("foo/msgs.3.dat"));
  SetFile("foo/msgs.2.idx", File("foo/msgs.3.idx"));
  Open();
  for (uint64_t i = 1; i <= 6; ++i) EXPECT_EQ(Get(i), "xxxxx") << i;
}

TEST_F(MessageLogEdgesTest, EmptyForgetsWhatIsBuffered) {
  limits_.all.max_messages = 3;
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(4);
  Put(5, "five");
  SetFile("foo/msgsx", AsBytes("kept"));
  SetFile("foo/note.txt", AsBytes("kept"));
  ASSERT_TRUE(Messages().Empty().ok());
  EXPECT_THAT(Names(), ElementsAre("msgsx", "note.txt", "subs.dat"));
  EXPECT_EQ(State(), "0..0 0/0");
  EXPECT_EQ(Messages().FirstMessage().value(), nullptr);
  EXPECT_EQ(Messages().LastMessage().value(), nullptr);
  EXPECT_THAT(Logged(), ElementsAre(HasSubstr("limit")));
  Put(1, "one");
  EXPECT_EQ(Get(1), "one");
  ASSERT_TRUE(Messages().Flush().ok());
  EXPECT_EQ(Slices(), "1: 1-1");
  Pass(2);
  EXPECT_EQ(Get(1), "one");
  PutUpTo(4);
  EXPECT_THAT(Logged(), ElementsAre(HasSubstr("limit"))) << "said again";
  Pass(2);
  EXPECT_EQ(Get(2), "xxxxx");
}

TEST_F(MessageLogEdgesTest, EmptyForgetsWhenMessagesWouldHaveExpired) {
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(1);
  ASSERT_TRUE(Messages().Empty().ok());
  Pass(20);
  EXPECT_EQ(State(), "0..0 0/0");
  PutUpTo(1);
  Pass(9);
  EXPECT_EQ(State().substr(0, 6), "1..1 1");
}

TEST_F(MessageLogEdgesTest, TheByteLimitMayBeReached) {
  limits_.all.max_bytes = 3 * 64;
  Open();
  PutUpTo(3);
  EXPECT_EQ(State(), "1..3 3/192");
  EXPECT_THAT(Logged(), IsEmpty());
  PutUpTo(4);
  EXPECT_EQ(State(), "2..4 3/192");
  limits_.all.max_bytes = 1;
  Open();
  EXPECT_EQ(State(), "4..4 1/64");
}

TEST_F(MessageLogEdgesTest, TheBufferDoublesAndHalves) {
  options_.auto_sync_ns = 0;
  Open();
  // 32 bytes each: 16 fill 512 exactly.
  for (uint64_t i = 1; i <= 16; ++i) Put(i, "xxxxx");
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u);
  Put(17, "xxxxx");
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u + 16 * 32);
  for (uint64_t i = 18; i <= 48; ++i) Put(i, "xxxxx");
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u + 16 * 32) << "32 fit 1024";
  Put(49, "xxxxx");
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u + 48 * 32);
  EXPECT_EQ(Slices(), "1: 1-48");
  Pass(4);
  Pass(1);
  Pass(4);
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u + 48 * 32);
  Pass(1);
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u + 49 * 32) << "idle twice";
}

TEST_F(MessageLogEdgesTest, NamesOfSlices) {
  options_.slice_max_messages = 1;
  Open();
  PutUpTo(2);
  Close();
  SetFile("foo/msgs.+2.dat", File("foo/msgs.2.dat"));
  Remove("foo/msgs.2.dat");
  Open();
  EXPECT_EQ(State().substr(0, 6), "1..2 2") << "a sign is read over";
  Close();
  SetFile("foo/msgs..dat", File("foo/msgs.1.dat"));
  EXPECT_THAT(Refusal(), HasSubstr("message log has an invalid name: msgs..dat"));
  Remove("foo/msgs..dat");
  SetFile("foo/msgs.3x.dat", File("foo/msgs.1.dat"));
  EXPECT_THAT(Refusal(), HasSubstr("message log has an invalid name: msgs.3x.dat"));
  Remove("foo/msgs.3x.dat");
  SetFile("foo/msgs.9223372036854775807.dat", File("foo/msgs.1.dat"));
  EXPECT_THAT(Refusal(), HasSubstr("invalid name"));
  Remove("foo/msgs.9223372036854775807.dat");
  SetFile("foo/msgs.dat", AsBytes("x"));
  Open();
  EXPECT_EQ(State().substr(0, 6), "1..2 2") << "that is no slice's name";
}

TEST_F(MessageLogEdgesTest, AZeroRecordWhereAMessageWas) {
  options_.read_buffer_size = 0;
  Open();
  PutUpTo(3);
  Pass(2);
  Bytes data = File("foo/msgs.1.dat");
  std::fill(data.begin() + 4, data.begin() + 4 + 8, uint8_t{0});
  SetFile("foo/msgs.1.dat", data);
  EXPECT_EQ(Get(1), "error: end of file padded with zeros");
  data[4] = 24;
  SetFile("foo/msgs.1.dat", data);
  EXPECT_THAT(Get(1), HasSubstr("corrupted data, expected crc to be 0x0"));
  data[4] = 0;
  data[8] = 1;
  SetFile("foo/msgs.1.dat", data);
  EXPECT_EQ(Get(1), "error: expected size to be 24, got 0");
}

TEST_F(MessageLogEdgesTest, AnOffsetThatLeadsAstray) {
  for (const size_t ahead : {0, 2 << 20}) {
    options_.read_buffer_size = ahead;
    Open();
    PutUpTo(3);
    Pass(2);
    SetOffset(0, uint64_t{1} << 63);
    EXPECT_EQ(Get(1), "error: seek d/foo/msgs.1.dat: invalid argument");
    SetOffset(0, uint64_t{1} << 40);
    EXPECT_EQ(Get(1), "error: EOF");
    SetOffset(0, Size("foo/msgs.1.dat") - 3);
    EXPECT_EQ(Get(1), "error: unexpected EOF");
    SetOffset(0, 0);
    EXPECT_EQ(Get(1), "error: expected size to be 24, got 1") << "the version was read";
    EXPECT_EQ(Get(3), "xxxxx");
    ASSERT_TRUE(files_.RemoveAll("d").ok());
  }
}

TEST_F(MessageLogEdgesTest, ARecordThatIsNoMessage) {
  for (const size_t ahead : {0, 2 << 20}) {
    options_.read_buffer_size = ahead;
    Open();
    PutUpTo(3);
    Open();
    Bytes data = File("foo/msgs.1.dat");
    Bytes record;
    AppendRecord(Bytes(24, 0xff), Crc32(Crc32::kIeee), record);
    std::copy(record.begin(), record.end(), data.begin() + 4);
    SetFile("foo/msgs.1.dat", data);
    EXPECT_THAT(Get(1), HasSubstr("error: proto: "));
    EXPECT_THAT(Messages().FirstMessage().status().message(), HasSubstr("proto: "));
    EXPECT_EQ(Get(2), "xxxxx");
    EXPECT_THAT(Get(1), HasSubstr("error: proto: ")) << "it is not kept";
    ASSERT_TRUE(files_.RemoveAll("d").ok());
  }
}

TEST_F(MessageLogEdgesTest, AGapBehindTheVeryFirstMessage) {
  Open();
  Put(1, "one");
  Put(4, "four");
  ASSERT_TRUE(Messages().Flush().ok());
  EXPECT_EQ(State().substr(0, 6), "1..4 4");
  Pass(2);
  EXPECT_EQ(Get(2), "");
  EXPECT_EQ(Get(4), "four");
}

TEST_F(MessageLogEdgesTest, OneIsALimit) {
  options_.slice_max_bytes = 0;
  options_.slice_max_messages = 1;
  limits_.all.max_subscriptions = 1;
  Open();
  PutUpTo(2);
  EXPECT_EQ(Slices(), "1: 1-1, 2: 2-2");
  SubscriptionState one;
  EXPECT_TRUE(Subscriptions().Create(one).ok());
  EXPECT_FALSE(Subscriptions().Create(one).ok());
}

TEST_F(MessageLogEdgesTest, ZeroIsNoLimit) {
  limits_.all.max_messages = 0;
  limits_.all.max_bytes = 0;
  limits_.all.max_subscriptions = 0;
  Open();
  PutUpTo(5);
  EXPECT_EQ(State(), "1..5 5/320");
  EXPECT_THAT(Logged(), IsEmpty());
  for (uint64_t i = 1; i <= 3; ++i) {
    SubscriptionState one;
    EXPECT_TRUE(Subscriptions().Create(one).ok());
    EXPECT_EQ(one.id, i);
  }
}

}  // namespace
}  // namespace atrest::store
