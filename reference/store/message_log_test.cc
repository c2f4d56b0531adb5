#include "reference/store/message_log.h"

#include <gmock/gmock.h>

#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MessageLogTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  // Messages whose accounted size is 90 bytes.
  static constexpr size_t k90Bytes = 90 - 40 - 2 - 5 - 2 - 10;
};

// The bytes of standalone.md 1.6.
TEST_F(MessageLogTest, WritesTheExampleOfTheSpecification) {
  Open();
  clock_.Set(0x18ea25c999b32363);
  Put(1, "hi");
  ASSERT_TRUE(Messages().Flush().ok());
  EXPECT_EQ(Hex("foo/msgs.1.dat"),
            "01000000"
            "15000000"
            "6d81a0dd"
            "0801"
            "1203666f6f"
            "22026869"
            "28e3c6cccd99b989f518");
  EXPECT_EQ(Hex("foo/msgs.1.idx"),
            "01000000"
            "0100000000000000"
            "0400000000000000"
            "6323b399c925ea18"
            "15000000"
            "f1fb89f4");
}

TEST_F(MessageLogTest, AnEmptyChannel) {
  Open();
  EXPECT_EQ(State(), "0..0 0/0");
  EXPECT_EQ(Messages().FirstMessage().value(), nullptr);
  EXPECT_EQ(Messages().SequenceFromTimestamp(0).value(), 0u);
  EXPECT_TRUE(Messages().Flush().ok());
  EXPECT_THAT(Names(), ElementsAre("subs.dat"));
}

TEST_F(MessageLogTest, BuffersUntilFlushed) {
  Open();
  Put(1, "a");
  Put(2, "b");
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u);
  EXPECT_EQ(Get(2), "b");
  ASSERT_TRUE(Messages().Flush().ok());
  EXPECT_EQ(Slices(), "1: 1-2");
  Put(3, "c");
  Kill();
  Open();
  EXPECT_EQ(State(), "1..2 2/120");
}

TEST_F(MessageLogTest, WhatIsFlushedIsSynced) {
  Open();
  PutUpTo(3);
  const Bytes data = File("foo/msgs.1.dat");
  files_.LoseUnsynced();
  EXPECT_EQ(File("foo/msgs.1.dat"), data);
  EXPECT_EQ(Slices(), "1: 1-3");
}

TEST_F(MessageLogTest, WithoutSyncOnlyAutoSyncDoes) {
  options_.sync = false;
  Open();
  PutUpTo(3);
  Pass(60);
  PutUpTo(4);
  files_.LoseUnsynced();
  EXPECT_EQ(Slices(), "1: 1-3");
}

TEST_F(MessageLogTest, TheBufferGrowsAndIsWrittenWhenFull) {
  Open();
  // 512 bytes hold four of these records; the fifth makes the buffer grow, after a flush with
  // index.
  for (uint64_t i = 1; i <= 5; ++i) Put(i, std::string(90, 'x'));
  EXPECT_EQ(Slices(), "1: 1-4");
  // A record larger than the largest buffer goes straight to the file.
  Put(6, std::string(3 << 20, 'x'));
  EXPECT_EQ(Slices(), "1: 1-6");
}

TEST_F(MessageLogTest, WithoutABufferAllIsWrittenThrough) {
  options_.buffer_size = 0;
  Open();
  Put(1, "a");
  Put(2, "");
  Kill();
  Open();
  EXPECT_EQ(State(), "1..2 2/117");
  EXPECT_EQ(Get(2), "");
  EXPECT_EQ(Messages().Lookup(2).value()->data, std::nullopt);
}

TEST_F(MessageLogTest, AnIdleBufferShrinks) {
  Open();
  for (uint64_t i = 1; i <= 5; ++i) Put(i, std::string(90, 'x'));
  EXPECT_LT(Size("foo/msgs.1.dat"), 500u);
  Pass(5);
  Pass(5);
  // Halving flushes the data file, but leaves the index alone.
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u + 5 * (8 + 2 + 5 + 2 + 90 + 10));
  EXPECT_EQ(Slices(), "1: 1-4");
  EXPECT_EQ(Get(5), std::string(90, 'x'));
}

TEST_F(MessageLogTest, ASequenceThatIsNotNewIsIgnored) {
  Open();
  PutUpTo(2);
  Put(2, "again");
  Put(1, "again");
  EXPECT_EQ(State(), "1..2 2/" + std::to_string(2 * (24 + 40)));
  EXPECT_EQ(Get(2), "xxxxx");
}

TEST_F(MessageLogTest, AGapIsFilledWithEmptyMessages) {
  Open();
  Put(3, "a");
  Put(6, "b");
  ASSERT_TRUE(Messages().Flush().ok());
  for (int reopened = 0; reopened < 2; ++reopened) {
    EXPECT_EQ(State(), "3..6 4/234");
    EXPECT_EQ(Get(2), "(none)");
    EXPECT_EQ(Get(4), "");
    EXPECT_EQ(Messages().Lookup(5).value()->subject, "foo");
    EXPECT_EQ(Messages().Lookup(5).value()->timestamp_ns, kStart);
    EXPECT_EQ(Get(6), "b");
    Open();
  }
}

TEST_F(MessageLogTest, SlicesByCount) {
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(5);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-4, 3: 5-5");
  Open();
  PutUpTo(6);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-4, 3: 5-6");
  for (uint64_t i = 1; i <= 6; ++i) EXPECT_EQ(Get(i), "xxxxx");
}

TEST_F(MessageLogTest, SlicesByBytes) {
  options_.slice_max_bytes = 200;
  Open();
  PutUpTo(7, k90Bytes);
  EXPECT_EQ(State(), "1..7 7/630");
  EXPECT_EQ(Slices(), "1: 1-3, 2: 4-6, 3: 7-7");
}

TEST_F(MessageLogTest, SlicesByAgeOfTheBackgroundClock) {
  options_.slice_max_age_ns = 2 * kSecond;
  Open();
  PutUpTo(1);
  clock_.Advance(3 * kSecond);
  PutUpTo(2);
  EXPECT_EQ(Slices(), "1: 1-2") << "the background task has not run";
  store_->Tick();
  PutUpTo(3);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-3");
}

TEST_F(MessageLogTest, SlicesByAQuarterOfTheChannelsLimits) {
  options_.slice_max_bytes = 0;
  limits_.all.max_messages = 4;
  Open();
  PutUpTo(10);
  EXPECT_EQ(Slices(), "7: 7-7, 8: 8-8, 9: 9-9, 10: 10-10");
  EXPECT_EQ(State(), "7..10 4/256");
  PutUpTo(11);
  EXPECT_EQ(Slices(), "8: 8-8, 9: 9-9, 10: 10-10, 11: 11-11");
}

// os.ReadDir order: msgs.10 before msgs.2. The last slice by number is the one written.
TEST_F(MessageLogTest, ElevenSlicesComeBackInOrder) {
  options_.slice_max_messages = 1;
  Open();
  PutUpTo(11);
  Open();
  EXPECT_EQ(State(), "1..11 11/704");
  PutUpTo(12);
  EXPECT_THAT(Slices(), HasSubstr("11: 11-11, 12: 12-12"));
  for (uint64_t i = 1; i <= 12; ++i) EXPECT_EQ(Get(i), "xxxxx");
}

TEST_F(MessageLogTest, AMissingSliceIsTolerated) {
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(6);
  Close();
  Remove("foo/msgs.2.dat");
  Remove("foo/msgs.2.idx");
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_EQ(State(), "1..6 4/256");
  EXPECT_EQ(Get(2), "xxxxx");
  EXPECT_EQ(Get(3), "(none)");
  EXPECT_EQ(Get(5), "xxxxx");
}

TEST_F(MessageLogTest, LimitsRemoveLogicallyAndWarnOnce) {
  limits_.all.max_messages = 3;
  limits_.all.max_bytes = 1'024'000'000;
  Open();
  PutUpTo(7, k90Bytes);
  EXPECT_EQ(State(), "5..7 3/270");
  EXPECT_THAT(Logged(), ElementsAre("Reached limits for store \"foo\" (msgs=3/3 bytes=270 "
                                    "B/976.56 MB), dropping old messages to make room for new "
                                    "ones"));
  EXPECT_EQ(Slices(), "1: 1-7");
  EXPECT_EQ(Get(4), "(none)");
  Open();
  EXPECT_EQ(State(), "5..7 3/270");
  EXPECT_THAT(Logged(), IsEmpty());
}

TEST_F(MessageLogTest, LargerLimitsResurrectRemovedMessages) {
  limits_.all.max_messages = 3;
  Open();
  PutUpTo(7);
  limits_.all.max_messages = 100;
  Open();
  EXPECT_EQ(State(), "1..7 7/448");
  EXPECT_EQ(Get(1), "xxxxx");
}

TEST_F(MessageLogTest, TheByteLimitLeavesAtLeastOneMessage) {
  limits_.all.max_bytes = 100;
  Open();
  PutUpTo(1, 500);
  EXPECT_EQ(Messages().Counts().count, 1u);
  PutUpTo(2, 500);
  EXPECT_EQ(Messages().FirstSequence(), 2u);
}

TEST_F(MessageLogTest, LimitsBeforeTheFirstFlush) {
  limits_.all.max_messages = 2;
  Open();
  for (uint64_t i = 1; i <= 4; ++i) Put(i, "a");
  EXPECT_EQ(State(), "3..4 2/120");
  EXPECT_EQ(Get(3), "a");
}

TEST_F(MessageLogTest, MessagesExpire) {
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(1);
  Pass(4);
  PutUpTo(3);
  Pass(6);
  EXPECT_EQ(State(), "2..3 2/128");
  Pass(4);
  EXPECT_EQ(State(), "4..3 0/0");
  EXPECT_EQ(Messages().FirstMessage().value(), nullptr);
  EXPECT_EQ(Messages().SequenceFromTimestamp(0).value(), 4u);
  PutUpTo(4);
  EXPECT_EQ(State(), "4..4 1/64");
  EXPECT_EQ(Get(4), "xxxxx");
  Pass(10);
  EXPECT_EQ(State(), "5..4 0/0");
  EXPECT_EQ(Slices(), "1: 1-4") << "the only slice stays";
}

TEST_F(MessageLogTest, MessagesExpireWhileTheServerIsDown) {
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(2);
  clock_.Advance(10 * kSecond);
  Open();
  EXPECT_EQ(State(), "3..2 0/0");
  limits_.all.max_age_ns = 0;
  Open();
  EXPECT_EQ(State(), "1..2 2/128") << "the files still hold them";
}

TEST_F(MessageLogTest, ASliceGoesWithItsLastMessage) {
  options_.slice_max_messages = 2;
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  PutUpTo(3);
  Pass(10);
  EXPECT_EQ(Slices(), "2: 3-3");
  PutUpTo(5);
  EXPECT_EQ(Slices(), "2: 3-4, 3: 5-5");
}

TEST_F(MessageLogTest, ManyMessagesExpireAtOnce) {
  options_.slice_max_messages = 1000;
  limits_.all.max_messages = 0;
  limits_.all.max_age_ns = 10 * kSecond;
  Open();
  for (uint64_t i = 1; i <= 50'000; ++i) Put(i, "");
  Pass(10);
  EXPECT_EQ(State(), "50001..50000 0/0");
  EXPECT_EQ(Names().size(), 3u);
}

TEST_F(MessageLogTest, DamageOnDiskIsHiddenForASecond) {
  options_.read_buffer_size = 0;
  Open();
  PutUpTo(2);
  Flip("foo/msgs.1.dat", 4 + 8 + 9);
  EXPECT_EQ(Get(1), "xxxxx");
  Pass(2);
  EXPECT_THAT(Get(1), HasSubstr("error: corrupted data, expected crc to be 0x"));
  EXPECT_EQ(Get(2), "xxxxx");
}

TEST_F(MessageLogTest, DamageUncheckedIsRead) {
  options_.check_crc = false;
  Open();
  PutUpTo(2);
  Flip("foo/msgs.1.dat", 4 + 8 + 9);
  Open();
  EXPECT_EQ(Get(1), "yxxxx");
}

TEST_F(MessageLogTest, ReadingAheadFillsTheCache) {
  Open();
  PutUpTo(4);
  Open();
  EXPECT_EQ(Get(1), "xxxxx");
  Flip("foo/msgs.1.dat", 4 + 32 + 8 + 9);
  EXPECT_EQ(Get(2), "xxxxx");
  Pass(2);
  EXPECT_THAT(Get(2), HasSubstr("error: "));
}

TEST_F(MessageLogTest, ADamagedMessageDoesNotHideTheOneBefore) {
  Open();
  PutUpTo(4);
  Close();
  Flip("foo/msgs.1.dat", 4 + 2 * 32 + 8 + 9);
  Open();
  EXPECT_EQ(Get(1), "xxxxx");
  EXPECT_EQ(Get(2), "xxxxx");
  EXPECT_THAT(Get(3), HasSubstr("error: corrupted data"));
  EXPECT_EQ(Get(4), "xxxxx");
}

// The size word of a record: reading ahead goes by the index alone.
TEST_F(MessageLogTest, AWrongSizeWordIsNoticedOnlyWithoutReadingAhead) {
  Open();
  PutUpTo(3);
  Close();
  Flip("foo/msgs.1.dat", 4 + 32, 1);
  Open();
  EXPECT_EQ(Get(2), "xxxxx");
  options_.read_buffer_size = 0;
  Open();
  EXPECT_EQ(Get(2), "error: expected size to be 24, got 25");
}

TEST_F(MessageLogTest, ReadAheadStopsAtItsBudget) {
  options_.read_buffer_size = 70;
  Open();
  PutUpTo(5);
  Open();
  EXPECT_EQ(Get(1), "xxxxx");
  Flip("foo/msgs.1.dat", 4 + 32 + 8 + 9);
  Flip("foo/msgs.1.dat", 4 + 2 * 32 + 8 + 9);
  EXPECT_EQ(Get(2), "xxxxx");
  EXPECT_THAT(Get(3), HasSubstr("error: "));
}

TEST_F(MessageLogTest, SequencesByTime) {
  options_.slice_max_messages = 3;
  Open();
  for (uint64_t i = 1; i <= 8; ++i) {
    PutUpTo(i);
    clock_.Advance(kSecond);
  }
  for (int reopened = 0; reopened < 2; ++reopened) {
    const auto at = [&](int64_t halves) {
      return Messages().SequenceFromTimestamp(kStart + halves * kSecond / 2).value();
    };
    EXPECT_EQ(at(-1), 1u);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(at(2 * i), 1u + static_cast<uint64_t>(i));
      EXPECT_EQ(at(2 * i + 1), 2u + static_cast<uint64_t>(i));
    }
    Open();
  }
}

TEST_F(MessageLogTest, FirstAndLastMessages) {
  limits_.all.max_messages = 2;
  Open();
  PutUpTo(3);
  EXPECT_EQ(Messages().FirstMessage().value()->sequence, 2u);
  EXPECT_EQ(Messages().LastMessage().value()->sequence, 3u);
  Open();
  EXPECT_EQ(Messages().FirstMessage().value()->sequence, 2u);
  EXPECT_EQ(Messages().LastMessage().value()->sequence, 3u);
}

TEST_F(MessageLogTest, EmptyStartsAgain) {
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(5);
  Put(6, "unflushed");
  ASSERT_TRUE(Messages().Empty().ok());
  EXPECT_THAT(Names(), ElementsAre("subs.dat"));
  EXPECT_EQ(State(), "0..0 0/0");
  EXPECT_EQ(Get(3), "(none)");
  PutUpTo(3);
  EXPECT_EQ(Slices(), "1: 1-2, 2: 3-3");
}

// An index whose sequences leap, as old servers could leave; limits must get past the gap.
TEST_F(MessageLogTest, LimitsPassAGapWithinASlice) {
  Open();
  PutUpTo(4);
  Close();
  const Crc32 crc(Crc32::kIeee);
  Bytes index = File("foo/msgs.1.idx");
  Bytes data = File("foo/msgs.1.dat");
  index.resize(4 + 2 * 32);
  data.resize(4 + 2 * 32);
  for (const uint64_t sequence : {uint64_t{1} << 40, (uint64_t{1} << 40) + 1}) {
    Message message;
    message.sequence = sequence;
    Bytes payload;
    wire::Encode(message, payload);
    AppendIndexRecord({sequence, data.size(), 0, static_cast<uint32_t>(payload.size())}, crc,
                      index);
    AppendRecord(payload, crc, data);
  }
  SetFile("foo/msgs.1.idx", index);
  SetFile("foo/msgs.1.dat", data);
  limits_.all.max_messages = 1;
  Open();
  EXPECT_EQ(State(), "1099511627777..1099511627777 1/47");
}

}  // namespace
}  // namespace atrest::store
