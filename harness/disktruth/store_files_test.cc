// Records of messages as a killed process leaves them.
#include "harness/disktruth/store_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace atrest::disktruth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Stray::Kind;

constexpr uint64_t kFirst = 4;  // behind the version

// Of channel "c", with a payload of 40 bytes of TEXT.
Bytes Record(uint8_t sequence, char text) {
  Bytes payload = {0x08, sequence, 0x12, 1, 'c', 0x22, 40};
  payload.insert(payload.end(), 40, static_cast<uint8_t>(text));
  Bytes record(8);
  StoreLe32(record.data(), static_cast<uint32_t>(payload.size()));
  StoreLe32(record.data() + 4, Checksum()(payload));
  record.insert(record.end(), payload.begin(), payload.end());
  return record;
}

class StoreFilesTest : public testing::Test {
 protected:
  void Add(const Bytes& bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); }
  std::vector<uint64_t> Sequences(const DataFile& data) {
    std::vector<uint64_t> sequences;
    for (const StoredRecord& record : data.records) sequences.push_back(record.sequence);
    return sequences;
  }
  std::vector<Kind> Strays(const DataFile& data) {
    std::vector<Kind> kinds;
    for (const Stray& stray : data.strays) kinds.push_back(stray.kind);
    return kinds;
  }
  Bytes file = {1, 0, 0, 0};
  const uint64_t size = Record(1, 'x').size();
};

TEST_F(StoreFilesTest, TornRecordIsPassedOverToWhereTheIndexGoesOn) {
  Bytes torn = Record(2, 't');
  torn.resize(20);  // its size says that it reaches into the next
  Add(Record(1, 'x'));
  Add(torn);
  Add(Record(2, 'y'));
  Add(Record(3, 'z'));
  const uint64_t behind = kFirst + size + torn.size();
  DataFile data;
  ReadRecords(file, Checksum(), {kFirst, behind, behind + size}, data);
  EXPECT_THAT(Sequences(data), ElementsAre(1, 2, 3));
  EXPECT_THAT(Strays(data), ElementsAre(Kind::kGarbage));
  EXPECT_EQ(data.strays[0].offset, kFirst + size);
  EXPECT_EQ(data.strays[0].bytes, torn.size());
}

// Until the index names what was written behind it, nobody knows where that begins.
TEST_F(StoreFilesTest, WhatIsBehindATornRecordIsReadOnceTheIndexHasIt) {
  Bytes torn = Record(2, 't');
  torn.resize(20);
  Add(Record(1, 'x'));
  Add(torn);
  Add(Record(2, 'y'));
  DataFile data;
  ReadRecords(file, Checksum(), {kFirst}, data);
  EXPECT_THAT(Sequences(data), ElementsAre(1));
  EXPECT_THAT(Strays(data), ElementsAre(Kind::kTorn));
  EXPECT_EQ(data.end, kFirst + size);
  data.strays.clear();
  ReadRecords(file, Checksum(), {kFirst, kFirst + size + torn.size()}, data);
  EXPECT_THAT(Sequences(data), ElementsAre(1, 2));
  EXPECT_THAT(Strays(data), ElementsAre(Kind::kGarbage));
}

TEST_F(StoreFilesTest, IndexedRecordWithAnotherChecksumIsDamaged) {
  Add(Record(1, 'x'));
  Add(Record(2, 'y'));
  file[kFirst + 20] ^= 1;
  DataFile data;
  ReadRecords(file, Checksum(), {kFirst, kFirst + size}, data);
  EXPECT_THAT(Strays(data), ElementsAre(Kind::kChecksum));
  ASSERT_EQ(data.records.size(), 2U);
  EXPECT_FALSE(data.records[0].whole);
  EXPECT_EQ(data.records[1].sequence, 2U);
  DataFile without_index;
  ReadRecords(file, Checksum(), {}, without_index);
  EXPECT_THAT(Strays(without_index), ElementsAre(Kind::kChecksum));
}

TEST_F(StoreFilesTest, WholeRecordThatTheIndexLacksIsRead) {
  Add(Record(1, 'x'));
  Add(Record(2, 'y'));
  DataFile data;
  ReadRecords(file, Checksum(), {kFirst}, data);
  EXPECT_THAT(Sequences(data), ElementsAre(1, 2));
  EXPECT_THAT(data.strays, IsEmpty());
}

}  // namespace
}  // namespace atrest::disktruth
