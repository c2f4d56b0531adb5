// Changes of Raft logs, on files that a test makes and the disk oracle reads.
#include "harness/tamper/log_bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/disktruth/bolt_file.h"
#include "harness/disktruth/doctored_node.h"
#include "harness/scenario/loader.h"
#include "harness/tamper/tamper.h"
#include "reference/env/mem_file_system.h"

namespace atrest::tamper {
namespace {

constexpr char kPath[] = "/d/r/raft.log";

std::string KeyOf(char index) { return std::string(7, '\0') + index; }

// A command with DATA; the index is its key alone.
std::string Command(const std::string& data) {
  const auto raw = [](const std::string& text) {
    return static_cast<char>(0xA0 + text.size()) + text;
  };
  const std::string nil(1, '\xC0');
  return '\x86' + raw("AppendedAt") + nil + raw("Data") + raw(data) + raw("Extensions") + nil +
         raw("Index") + '\x05' + raw("Term") + '\x02' + raw("Type") + std::string(1, '\0');
}

class LogBytesTest : public testing::Test {
 protected:
  LogBytesTest() {
    disktruth::DoctoredBolt bolt;
    for (const char index : {'\1', '\2', '\3'})
      bolt.Put("logs", KeyOf(index),
               Command(std::string("data ") + static_cast<char>('0' + index)));
    bolt.Put("conf", "CurrentTerm", "12345678");
    bolt.Put("channels", "foo", "12345678");
    EXPECT_TRUE(files_.MakeDirectories("/d/r").ok());
    EXPECT_TRUE(env::WriteWhole(files_, kPath, bolt.File()).ok());
  }
  Status Do(const std::string& operation) {
    return Apply(scenario::LoadTamperOperations("test", "[" + operation + "]").value(), "/d",
                 files_);
  }
  Bytes File() { return env::ReadWhole(files_, kPath, 1 << 20).value(); }
  // "1=data 1 ", for each entry of the log, and how much the oracle finds wrong with the file.
  std::string Log() {
    const Bytes file = File();
    disktruth::BoltFile database;
    disktruth::ReadBoltFile(file, database);
    std::string log;
    for (size_t i = 0; i < database.buckets["logs"].size(); ++i) {
      const disktruth::BoltPair& pair = database.buckets["logs"][i];
      const RecordPlace place = FindCommand(file, i + 1).value();
      log += std::to_string(pair.key.back()) + "=";
      log += AsText(ByteView(file).subspan(place.data.offset, place.data.size));
      log += ' ';
    }
    return log + std::to_string(database.damages.size());
  }
  size_t SizeOf(const std::string& bucket) {
    const Bytes file = File();
    disktruth::BoltFile database;
    disktruth::ReadBoltFile(file, database);
    EXPECT_TRUE(database.buckets.contains(bucket));
    return database.buckets[bucket].size();
  }

  env::MemFileSystem files_;
};

TEST_F(LogBytesTest, ACommandIsTakenOutAndTheOthersStay) {
  ASSERT_EQ(Log(), "1=data 1 2=data 2 3=data 3 0");
  ASSERT_TRUE(Do(R"({"op": "removeRecord", "file": "r/raft.log", "record": 2})").ok());
  EXPECT_EQ(Log(), "1=data 1 3=data 3 0");
  ASSERT_TRUE(Do(R"({"op": "removeRecord", "file": "r/raft.log", "record": 1})").ok());
  EXPECT_EQ(Log(), "3=data 3 0");
  ASSERT_TRUE(Do(R"({"op": "removeRecord", "file": "r/raft.log", "record": 1})").ok());
  EXPECT_EQ(Log(), "0");
  EXPECT_EQ(Do(R"({"op": "removeRecord", "file": "r/raft.log", "record": 1})").message(),
            "cannot tamper with r/raft.log: no record 1");
}

TEST_F(LogBytesTest, EntriesChangePlacesUnderTheirIndexes) {
  ASSERT_TRUE(Do(R"({"op": "swapRecords", "file": "r/raft.log", "a": 1, "b": 3})").ok());
  EXPECT_EQ(Log(), "1=data 3 2=data 2 3=data 1 0");
}

TEST_F(LogBytesTest, ABucketIsThereAndEmpty) {
  ASSERT_TRUE(Do(R"({"op": "emptyBucket", "file": "r/raft.log", "bucket": "logs"})").ok());
  EXPECT_EQ(Log(), "0");
  EXPECT_EQ(SizeOf("logs"), 0u);
  EXPECT_EQ(SizeOf("conf"), 1u);
  ASSERT_TRUE(Do(R"({"op": "emptyBucket", "file": "r/raft.log", "bucket": "conf"})").ok());
  EXPECT_EQ(SizeOf("conf"), 0u);
  EXPECT_EQ(SizeOf("channels"), 1u);
  EXPECT_EQ(Do(R"({"op": "emptyBucket", "file": "r/raft.log", "bucket": "none"})").message(),
            "cannot tamper with r/raft.log: no bucket \"none\"");
}

}  // namespace
}  // namespace atrest::tamper
