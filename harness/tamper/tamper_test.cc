#include "harness/tamper/tamper.h"

#include <gtest/gtest.h>

#include "harness/scenario/loader.h"
#include "harness/tamper/record_bytes.h"
#include "reference/env/mem_file_system.h"

namespace atrest::tamper {
namespace {

// Two records with data "hi" and "yo", from the description of the format: version, then size,
// CRC-32 and payload (sequence, subject "foo", data, timestamp 1) of each. The first is the
// specification's example but for the timestamp.
constexpr char kFile[] =
    "01000000"
    "0d000000"
    "00000000"
    "0801"
    "1203666f6f"
    "22026869"
    "2801"
    "0d000000"
    "00000000"
    "0802"
    "1203666f6f"
    "2202796f"
    "2801";

class TamperTest : public testing::Test {
 protected:
  TamperTest() {
    Bytes file = FromHex(kFile).value();
    for (const uint64_t number : {1u, 2u}) RepairChecksum(file, FindRecord(file, number).value());
    EXPECT_TRUE(files_.MakeDirectories("/d/foo").ok());
    EXPECT_TRUE(env::WriteWhole(files_, "/d/foo/m", file).ok());
    before_ = file;
  }
  Status Do(const std::string& operations) {
    return Apply(scenario::LoadTamperOperations("test", operations).value(), "/d", files_);
  }
  Bytes File(const std::string& path = "/d/foo/m") {
    return env::ReadWhole(files_, path, 1000).value();
  }
  std::string Data(uint64_t number) {
    const Bytes file = File();
    const Range data = FindRecord(file, number)->data;
    return std::string(AsText(ByteView(file).subspan(data.offset, data.size)));
  }

  env::MemFileSystem files_;
  Bytes before_;
};

TEST_F(TamperTest, BytesOfAFile) {
  ASSERT_TRUE(Do(R"([{"op": "flip", "file": "foo/m", "at": -1, "xor": 3}])").ok());
  EXPECT_EQ(File().back(), before_.back() ^ 3);
  ASSERT_TRUE(Do(R"([{"op": "truncate", "file": "foo/m", "by": 2},
             {"op": "append", "file": "foo/m", "hex": "ab"}])")
                  .ok());
  EXPECT_EQ(File().size(), before_.size() - 1);
  ASSERT_TRUE(Do(R"([{"op": "truncate", "file": "foo/m", "size": 4}])").ok());
  EXPECT_EQ(ToHex(File()), "01000000");
}

TEST_F(TamperTest, Names) {
  ASSERT_TRUE(
      Do(R"([{"op": "mkdir", "file": "bar"}, {"op": "rename", "file": "foo/m", "to": "bar/m"}])")
          .ok());
  EXPECT_EQ(File("/d/bar/m"), before_);
  ASSERT_TRUE(Do(R"([{"op": "remove", "file": "bar/m"}])").ok());
  EXPECT_FALSE(files_.Exists("/d/bar/m"));
}

TEST_F(TamperTest, RecordsWithAndWithoutARightChecksum) {
  ASSERT_TRUE(Do(R"([{"op": "record", "file": "foo/m", "record": 2, "from": "data", "offset": 0,
              "set": 89}])")
                  .ok());
  EXPECT_EQ(Data(2), "Yo");
  const Bytes broken = File();
  Bytes repaired = broken;
  RepairChecksum(repaired, FindRecord(repaired, 2).value());
  EXPECT_NE(repaired, broken);
  ASSERT_TRUE(Do(R"([{"op": "record", "file": "foo/m", "record": 2, "offset": -1, "xor": 0,
              "repairCrc": true}])")
                  .ok());
  EXPECT_EQ(File(), repaired);
}

TEST_F(TamperTest, DataOfTwoRecords) {
  ASSERT_TRUE(Do(R"([{"op": "swapData", "file": "foo/m", "a": 1, "b": 2}])").ok());
  EXPECT_EQ(Data(1) + Data(2), "yohi");
  ASSERT_TRUE(Do(R"([{"op": "copyData", "file": "foo/m", "a": 1, "b": 2}])").ok());
  EXPECT_EQ(Data(1) + Data(2), "yoyo");
}

TEST_F(TamperTest, WholeRecords) {
  ASSERT_TRUE(Do(R"([{"op": "swapRecords", "file": "foo/m", "a": 1, "b": 2}])").ok());
  EXPECT_EQ(Data(1) + Data(2), "yohi");
  Bytes repaired = File();
  for (const uint64_t number : {1u, 2u})
    RepairChecksum(repaired, FindRecord(repaired, number).value());
  EXPECT_EQ(File(), repaired);
  ASSERT_TRUE(Do(R"([{"op": "removeRecord", "file": "foo/m", "record": 1}])").ok());
  EXPECT_EQ(Data(1), "hi");
  EXPECT_FALSE(FindRecord(File(), 2).has_value());
}

TEST_F(TamperTest, ACopyThatAnotherNodeHasKept) {
  ASSERT_TRUE(Do(R"([{"op": "save", "file": "foo", "copy": "x"}])").ok());
  const std::string take = R"([{"op": "restore", "file": "foo", "copy": "x", "node": "d"}])";
  const auto operations = scenario::LoadTamperOperations("test", take).value();
  ASSERT_TRUE(Apply(operations, "/e", files_).ok());
  EXPECT_EQ(File("/e/foo/m"), before_);
  EXPECT_EQ(Do(R"([{"op": "restore", "file": "foo", "copy": "x", "node": "e"}])").message(),
            "cannot tamper with foo: no copy \"x\"");
}

TEST_F(TamperTest, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(Do(R"([{"op": "flip", "file": "foo/m", "at": 999, "xor": 1}])").message(),
            "cannot tamper with foo/m: position 999 is outside");
  EXPECT_EQ(
      Do(R"([{"op": "record", "file": "foo/m", "record": 3, "offset": 0, "xor": 1}])").message(),
      "cannot tamper with foo/m: no record 3");
  EXPECT_FALSE(Do(R"([{"op": "truncate", "file": "foo/m", "by": 999}])").ok());
  EXPECT_FALSE(Do(R"([{"op": "remove", "file": "foo/none"}])").ok());
  EXPECT_EQ(Do(R"([{"op": "removeRecord", "file": "foo/m", "record": 3}])").message(),
            "cannot tamper with foo/m: no record 3");
  EXPECT_FALSE(Do(R"([{"op": "swapRecords", "file": "foo/m", "a": 1, "b": 3}])").ok());
  EXPECT_FALSE(Do(R"([{"op": "emptyBucket", "file": "foo/m", "bucket": "logs"}])").ok());
  EXPECT_EQ(File(), before_);
}

// The specification's example record (standalone.md 1.6): its checksum is that of the real server.
TEST(RecordBytesTest, TheChecksumIsTheRealServers) {
  Bytes file = FromHex(
                   "0100000015000000000000000801"
                   "1203666f6f"
                   "22026869"
                   "28e3c6cccd99b989f518")
                   .value();
  RepairChecksum(file, FindRecord(file, 1).value());
  EXPECT_EQ(ToHex(ByteView(file).subspan(8, 4)), "6d81a0dd");
}

}  // namespace
}  // namespace atrest::tamper
