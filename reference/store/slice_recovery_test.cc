// The steps of standalone.md 1.7 and the rows of its table 1.8, on a channel of five messages.
#include "reference/store/slice_recovery.h"

#include <gmock/gmock.h>

#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kData[] = "foo/msgs.1.dat";
constexpr char kIndex[] = "foo/msgs.1.idx";
constexpr char kCutLine[] =
    "Verification of last message for file \"d/foo/msgs.1.dat\" failed: unable to read last "
    "record: unexpected EOF";

std::string WithIndexError(const std::string& why) {
  return "Error with index file \"d/foo/msgs.1.idx\": " + why +
         ". Truncating and recovering from data file";
}

std::string Refused(const std::string& why, const std::string& file = kIndex) {
  return "unable to recover message store for [foo](file: \"" + file + "\"): " + why;
}

class SliceRecoveryTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  // Records of 33 bytes: header 8, sequence 2, subject 5, data 7 and time 11.
  static constexpr size_t kRecord = 8 + 2 + 5 + 7 + 10;

  void SetUp() override {
    Open();
    for (const char* data : {"one..", "two..", "three", "four.", "five."}) {
      Put(Messages().LastSequence() + 1, data);
    }
    Close();
    data_ = File(kData);
    index_ = File(kIndex);
    ASSERT_EQ(data_.size(), 4 + 5 * kRecord);
    ASSERT_EQ(index_.size(), 4u + 5 * 32);
  }
  // What lookups of 1, 2... give, up to the last sequence.
  std::vector<std::string> All() {
    std::vector<std::string> all;
    for (uint64_t i = 1; i <= Messages().LastSequence(); ++i) all.push_back(Get(i));
    return all;
  }
  void ExpectAllFive() {
    EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four.", "five."));
    EXPECT_EQ(File(kData), data_);
    EXPECT_EQ(File(kIndex), index_);
  }

  Bytes data_;
  Bytes index_;
};

TEST_F(SliceRecoveryTest, NothingWrong) {
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_EQ(State(), "1..5 5/" + std::to_string(5 * (kRecord - 8 + 40)));
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, IndexDeleted) {
  Remove(kIndex);
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, ARebuiltIndexIsSynced) {
  Remove(kIndex);
  Open();
  files_.LoseUnsynced();
  EXPECT_EQ(File(kIndex), index_);
}

TEST_F(SliceRecoveryTest, IndexHeaderOnly) {
  CutBy(kIndex, 5 * 32);
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, IndexCut) {
  CutBy(kIndex, 5);
  Open();
  EXPECT_THAT(Logged(), ElementsAre(WithIndexError("unexpected EOF")));
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, IndexBitFlip) {
  Flip(kIndex, 4 + 2 * 32 + 3);
  const Crc32 crc(Crc32::kIeee);
  const Bytes flipped = File(kIndex);
  const uint32_t computed = crc.Of(ByteView(flipped).subspan(4 + 2 * 32, 28));
  Open();
  EXPECT_THAT(Logged(), ElementsAre(WithIndexError("corrupted data, expected crc to be " +
                                                   Hex32(LoadLe32(&flipped[4 + 2 * 32 + 28])) +
                                                   ", got " + Hex32(computed))));
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, IndexBitFlipUnchecked) {
  options_.check_crc = false;
  Flip(kIndex, 4 + 2 * 32 + 16);
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
}

TEST_F(SliceRecoveryTest, IndexLacksTheLastRecord) {
  CutBy(kIndex, 32);
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four."));
  PutUpTo(5);
  EXPECT_EQ(Size(kData), data_.size() + kRecord);
  Open();
  EXPECT_EQ(Get(5), "xxxxx");
  // Reading ahead takes records to be adjacent, and so finds the dead one where its size is the
  // right one, as the real server does.
  Open();
  EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four.", "five."));
  options_.assume_adjacent = false;
  Open();
  EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four.", "xxxxx"));
  options_.assume_adjacent = true;
  options_.read_buffer_size = 0;
  Open();
  EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four.", "xxxxx"));
}

TEST_F(SliceRecoveryTest, IndexEmptyFile) {
  SetFile(kIndex, {});
  EXPECT_EQ(Refusal(), Refused("unable to verify file version: EOF"));
  EXPECT_EQ(Size(kIndex), 0u);
}

TEST_F(SliceRecoveryTest, DataEmptyFile) {
  SetFile(kData, {});
  EXPECT_EQ(Refusal(), Refused("unable to verify file version: EOF", kData));
}

TEST_F(SliceRecoveryTest, Versions) {
  SetFile(kData, *FromHex("02000000"));
  EXPECT_EQ(Refusal(), Refused("unsupported file version: 2 (supports [1..1])", kData));
  SetFile(kData, *FromHex("00000000"));
  EXPECT_EQ(Refusal(), Refused("unsupported file version: 0 (supports [1..1])", kData));
  SetFile(kData, *FromHex("0100"));
  EXPECT_EQ(Refusal(), Refused("unable to verify file version: unexpected EOF", kData));
}

TEST_F(SliceRecoveryTest, DataDeleted) {
  Remove(kData);
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_EQ(State(), "0..0 0/0");
  // The index is taken up where it ends, so the stale records come first.
  PutUpTo(1, 4);
  EXPECT_EQ(Get(1), "xxxx");
  Pass(2);
  EXPECT_EQ(Get(1), "error: unexpected EOF");
  EXPECT_EQ(Size(kIndex), 4u + 6 * 32);
}

TEST_F(SliceRecoveryTest, DataAndIndexDeleted) {
  Remove(kData);
  Remove(kIndex);
  Open();
  EXPECT_EQ(State(), "0..0 0/0");
  PutUpTo(1);
  EXPECT_EQ(Get(1), "xxxxx");
}

TEST_F(SliceRecoveryTest, DataLacksTheLastRecord) {
  CutBy(kData, kRecord);
  Open();
  const std::string why =
      "Verification of last message for file \"d/foo/msgs.1.dat\" failed: unable to read last "
      "record: EOF";
  EXPECT_THAT(Logged(), ElementsAre(why, WithIndexError(why)));
  EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four."));
  EXPECT_EQ(Size(kIndex), 4u + 4 * 32);
}

TEST_F(SliceRecoveryTest, DataCutInTheLastPayload) {
  CutBy(kData, 5);
  EXPECT_EQ(Refusal(), Refused("unexpected EOF"));
  EXPECT_FALSE(Exists(kIndex));
  const std::vector<std::string> lines = Logged();
  ASSERT_EQ(lines.size(), 14u);
  EXPECT_EQ(lines[0], kCutLine);
  EXPECT_EQ(lines[1], WithIndexError(kCutLine));
  EXPECT_EQ(lines[2], "Unexpected EOF for file \"d/foo/msgs.1.dat\"");
  EXPECT_EQ(lines[4],
            "Restart with the ContinueOnUnexpectedEOF flag to truncate this file to this "
            "offset: 132.");
  EXPECT_EQ(lines[6], "Record header:");
  EXPECT_EQ(lines[9], " Size: 24");
  EXPECT_EQ(
      lines[12],
      "08 05 12 03 66 6f 6f 22 05 66 69 76 65 2e 28 80 80 a8 b1    - ....foo\".five.(\x80\x80..");
  EXPECT_EQ(lines[13], "record payload expected to be 24 bytes, only read 19");
  // The second start has no index to complain about.
  EXPECT_EQ(Refusal(), Refused("unexpected EOF"));
  EXPECT_EQ(Logged()[0], lines[2]);
  EXPECT_EQ(File(kData).size(), data_.size() - 5);
}

TEST_F(SliceRecoveryTest, DataCutInTheLastHeader) {
  CutBy(kData, kRecord - 3);
  EXPECT_EQ(Refusal(), Refused("unexpected EOF"));
  EXPECT_EQ(Logged().back(), "record header expected to be 8 bytes, only read 3");
}

TEST_F(SliceRecoveryTest, DataCutBehindTheLastHeader) {
  CutBy(kData, kRecord - 8);
  Open();
  EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four."));
  EXPECT_EQ(Size(kData), data_.size() - kRecord + 8) << "the header stays";
}

TEST_F(SliceRecoveryTest, ATornTailRepaired) {
  options_.truncate_unexpected_eof = true;
  CutBy(kData, 5);
  Open();
  const std::vector<std::string> lines = Logged();
  EXPECT_EQ(lines[2], "Unexpected EOF for file \"d/foo/msgs.1.dat\"");
  EXPECT_EQ(lines[3], "Record header:");
  EXPECT_EQ(lines[lines.size() - 2], "File \"d/foo/msgs.1.dat\" has been truncated to offset: 132");
  EXPECT_EQ(lines.back(), "Recovery resumes...");
  EXPECT_THAT(All(), ElementsAre("one..", "two..", "three", "four."));
  EXPECT_EQ(Size(kData), 132u);
}

TEST_F(SliceRecoveryTest, ABadChecksumIsNotRepaired) {
  options_.truncate_unexpected_eof = true;
  Flip(kData, data_.size() - 6);
  const std::string refusal = Refusal();
  EXPECT_THAT(refusal, ::testing::StartsWith(Refused("corrupted data, expected crc to be 0x")));
  EXPECT_EQ(Logged()[2], "Corrupted record in file \"d/foo/msgs.1.dat\": " +
                             refusal.substr(refusal.find("corrupted")));
}

TEST_F(SliceRecoveryTest, ZerosBehindBoth) {
  AppendHex(kData, std::string(80, '0'));
  AppendHex(kIndex, std::string(128, '0'));
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_EQ(Size(kIndex), index_.size());
  EXPECT_EQ(Size(kData), data_.size() + 40) << "padding of the data file stays";
  PutUpTo(6);
  EXPECT_EQ(Size(kData), data_.size() + 40 + kRecord);
  Open();
  EXPECT_EQ(Get(6), "xxxxx");
  // A lost index loses everything behind the zeros.
  Remove(kIndex);
  Open();
  EXPECT_EQ(Messages().LastSequence(), 5u);
  EXPECT_EQ(Size(kData), data_.size());
}

TEST_F(SliceRecoveryTest, ZerosBehindTheDataAndNoIndex) {
  AppendHex(kData, std::string(200, '0'));
  Remove(kIndex);
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, SevenZerosBehindTheDataAndNoIndex) {
  AppendHex(kData, std::string(14, '0'));
  Remove(kIndex);
  EXPECT_EQ(Refusal(), Refused("unexpected EOF"));
}

TEST_F(SliceRecoveryTest, GarbageBehindTheData) {
  AppendHex(kData, "040000000000000061626364");
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  PutUpTo(6);
  Open();
  EXPECT_EQ(Get(6), "xxxxx");
  Remove(kIndex);
  EXPECT_EQ(Refusal(), Refused("corrupted data, expected crc to be 0x00000000, got 0xed82cd11"));
  EXPECT_EQ(Logged()[0],
            "Corrupted record in file \"d/foo/msgs.1.dat\": corrupted data, expected crc to be "
            "0x00000000, got 0xed82cd11");
}

TEST_F(SliceRecoveryTest, TheLastSequenceMustAgree) {
  // The fifth index record takes the fourth's place, which has the same size.
  Bytes index = index_;
  IndexEntry entry = *ParseIndexRecord(&index[4 + 3 * 32], Crc32(Crc32::kIeee), true).value();
  entry.sequence = 5;
  index.resize(4 + 3 * 32);
  AppendIndexRecord(entry, Crc32(Crc32::kIeee), index);
  SetFile(kIndex, index);
  Open();
  const std::string why =
      "Verification of last message for file \"d/foo/msgs.1.dat\" failed: last message sequence "
      "in index is 5, data file is 4";
  EXPECT_THAT(Logged(), ElementsAre(why, WithIndexError(why)));
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, TheLastSizeMustAgree) {
  const Crc32 crc(Crc32::kIeee);
  Bytes index = index_;
  IndexEntry entry = *ParseIndexRecord(&index[4 + 4 * 32], crc, true).value();
  entry.size = 20;
  index.resize(4 + 4 * 32);
  AppendIndexRecord(entry, crc, index);
  SetFile(kIndex, index);
  Open();
  EXPECT_THAT(Logged()[0], ::testing::EndsWith("unable to read last record: expected record size "
                                               "to be 20 bytes, got 24 bytes"));
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, TheLastOffsetMustLeadToTheMessage) {
  const Crc32 crc(Crc32::kIeee);
  const auto logged = [&](uint64_t offset) {
    IndexEntry entry = *ParseIndexRecord(&index_[4 + 4 * 32], crc, true).value();
    entry.offset = offset;
    Bytes index = index_;
    index.resize(4 + 4 * 32);
    AppendIndexRecord(entry, crc, index);
    SetFile(kData, data_);
    SetFile(kIndex, index);
    Open();
    const std::string first = Logged().at(0);
    ExpectAllFive();
    return first.substr(first.find("failed: "));
  };
  EXPECT_EQ(logged(uint64_t{1} << 63), "failed: unable to set position to -9223372036854775808");
  EXPECT_EQ(logged(0),
            "failed: unable to read last record: expected record size to be 24 bytes, got 1 bytes");
  EXPECT_EQ(logged(uint64_t{1} << 40), "failed: unable to read last record: EOF");
}

TEST_F(SliceRecoveryTest, TheLastMessageMustBeOne) {
  const Crc32 crc(Crc32::kIeee);
  Bytes data = data_;
  data.resize(4 + 4 * kRecord);
  AppendRecord(Bytes(kRecord - 8, 0xff), crc, data);
  SetFile(kData, data);
  const std::string refusal = Refusal();
  EXPECT_THAT(Logged().at(0), ::testing::HasSubstr("failed: error decoding message: proto: "));
  EXPECT_THAT(refusal, ::testing::StartsWith(Refused("proto: "))) << "nor can it be indexed anew";
}

TEST_F(SliceRecoveryTest, AnIndexOfManyRecords) {
  Open();
  for (uint64_t i = 6; i <= 8200; ++i) Put(i, "more.");
  const std::string state = State();
  Close();
  const Bytes index = File(kIndex);
  Open();
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_EQ(State(), state);
  EXPECT_EQ(Get(8200), "more.");
  EXPECT_EQ(Get(4097), "more.");
  Remove(kIndex);
  Open();
  EXPECT_EQ(State(), state);
  EXPECT_EQ(File(kIndex), index) << "made again as it was";
}

TEST_F(SliceRecoveryTest, TheLastChecksumIsCheckedAlways) {
  options_.check_crc = false;
  Flip(kData, data_.size() - 15);
  Open();
  EXPECT_EQ(Logged().size(), 2u);
  EXPECT_EQ(Get(5), "give.");
}

TEST_F(SliceRecoveryTest, AMessageThatCannotBeDecodedIsNotDumped) {
  const Crc32 crc(Crc32::kIeee);
  Bytes data = data_;
  AppendRecord(*FromHex("08ffffffffffffffffffffff"), crc, data);
  SetFile(kData, data);
  Remove(kIndex);
  EXPECT_EQ(Refusal(), Refused("proto: integer overflow"));
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_FALSE(Exists(kIndex));
}

// The real server takes the index for the file that is at fault, and truncates it under its own
// writer.
TEST_F(SliceRecoveryTest, AnIndexWithoutRecordsIsBlamedForTheData) {
  SetFile(kIndex, *FromHex("01000000"));
  AppendHex(kData, std::string(40, '0'));
  EXPECT_EQ(Refusal(), Refused("write d/foo/msgs.1.idx: file already closed"));
  EXPECT_FALSE(Exists(kIndex));
  Open();
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, AnIndexWithoutRecordsIsDumpedForTheData) {
  SetFile(kIndex, *FromHex("01000000"));
  CutBy(kData, 5);
  EXPECT_EQ(Refusal(), Refused("unexpected EOF"));
  EXPECT_THAT(Logged(),
              ElementsAre("Unexpected EOF for file \"d/foo/msgs.1.idx\"",
                          "It is recommended that you make a copy of the whole datatstore \"d\".",
                          "Restart with the ContinueOnUnexpectedEOF flag to truncate this file to "
                          "this offset: 132.",
                          "Dataloss may occur. Details about the first corrupted record follows...",
                          "Record header:", " Bytes:",
                          "record header expected to be 8 bytes, only read 0"));
}

TEST_F(SliceRecoveryTest, InvalidNames) {
  SetFile("foo/msgs.x.dat", *FromHex("01000000"));
  EXPECT_EQ(Refusal(), Refused("message log has an invalid name: msgs.x.dat"));
  Remove("foo/msgs.x.dat");
  // Sorted before all others, so no file has been opened.
  SetFile("foo/msgs.-1.dat", *FromHex("01000000"));
  EXPECT_EQ(Refusal(), Refused("message log has an invalid name: msgs.-1.dat", ""));
  Remove("foo/msgs.-1.dat");
  SetFile("foo/msgs.01.dat", data_);
  EXPECT_EQ(Refusal(), Refused("message log has an invalid name: msgs.1.dat"));
  Remove("foo/msgs.01.dat");
  SetFile("foo/msgs.99999999999999999999.dat", data_);
  EXPECT_EQ(Refusal(), Refused("message log has an invalid name: msgs.99999999999999999999.dat"));
}

TEST_F(SliceRecoveryTest, OtherFilesAreNotLookedAt) {
  for (const char* name : {"foo/msgs.dat", "foo/msgs.7.idx", "foo/msgs.1.dat.bak", "foo/x"}) {
    SetFile(name, {});
  }
  Open();
  ExpectAllFive();
}

TEST_F(SliceRecoveryTest, ASliceWithoutMessagesIsIgnored) {
  SetFile("foo/msgs.2.dat", *FromHex("01000000"));
  Open();
  ExpectAllFive();
  PutUpTo(6);
  EXPECT_EQ(Size(kIndex), 4u + 6 * 32);
}

}  // namespace
}  // namespace atrest::store
