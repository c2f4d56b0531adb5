// Raft entries, operations and configurations that a test makes, read back; and what is none.
#include "harness/disktruth/raft_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/disktruth/doctored_node.h"

namespace atrest::disktruth {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(RaftRecordsTest, EntriesOfAllSizes) {
  for (const size_t size : std::vector<size_t>{0, 1, 31, 32, 65535, 65536, 200000}) {
    DoctoredEntry made;
    made.index = 1 + size * size;
    made.term = size;
    made.data = Bytes(size, 'd');
    Bytes bytes = made.Encoded();
    const auto entry = ReadRaftEntry(bytes);
    ASSERT_TRUE(entry.has_value()) << size;
    EXPECT_EQ(entry->index, made.index);
    EXPECT_EQ(entry->term, made.term);
    EXPECT_EQ(entry->type, EntryType::kCommand);
    EXPECT_EQ(entry->data.size(), size);
    EXPECT_EQ(entry->size, bytes.size());
    EXPECT_EQ(entry->at, made.at);
  }
}

TEST(RaftRecordsTest, TimesInEveryForm) {
  const Bytes made = DoctoredEntry().Encoded();
  const size_t begin = 12;  // behind the first name
  const auto with = [&](const std::string& hex) {
    Bytes bytes(made.begin(), made.begin() + begin);
    Append(bytes, *FromHex(hex));
    Append(bytes, ByteView(made).subspan(begin + 9));
    return ReadRaftEntry(bytes);
  };
  EXPECT_EQ(with("c0")->at, std::nullopt);
  EXPECT_EQ(with("a400000007")->at, (EntryTime{7, 0}));
  EXPECT_EQ(with("a8db3809bc6b01f1bb")->at, (EntryTime{1795289531, 919470703}));
  EXPECT_EQ(with("ac00000005ffffffffffffffff")->at, (EntryTime{-1, 5}));
  EXPECT_EQ(with("a3000000"), std::nullopt);
  EXPECT_EQ(with("ac3b9aca00ffffffffffffffff"), std::nullopt);
}

TEST(RaftRecordsTest, EntriesAreFoundAnywhere) {
  DoctoredEntry made;
  Bytes bytes = ToBytes(
      "\x86\xaa"
      "AppendedAt and then something else");
  made.index = 7;
  Append(bytes, made.Encoded());
  made.index = 8;
  Append(bytes, made.Encoded());
  const auto found = FindRaftEntries(bytes);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].entry.index, 7U);
  EXPECT_EQ(found[1].entry.index, 8U);
  EXPECT_EQ(bytes[found[1].offset], 0x86);
  bytes.pop_back();
  EXPECT_THAT(FindRaftEntries(bytes), SizeIs(1));
}

TEST(RaftRecordsTest, Operations) {
  const Bytes publish = PublishOperation({{1, "foo", "one", 11}, {2, "foo", "two", 12}}, 4);
  const auto operation = ReadOperation(publish);
  ASSERT_TRUE(operation.has_value());
  EXPECT_EQ(operation->operation, Operation::kPublish);
  EXPECT_EQ(operation->channel_id, 4U);
  ASSERT_THAT(operation->messages, SizeIs(2));
  EXPECT_EQ(operation->messages[1].sequence, 2U);
  EXPECT_EQ(operation->messages[1].channel, "foo");
  EXPECT_EQ(AsText(operation->messages[1].payload), "two");
  EXPECT_EQ(operation->messages[1].timestamp, 12);
  const auto disconnect = ReadOperation(*FromHex("080742040a026d65"));
  ASSERT_TRUE(disconnect.has_value());
  EXPECT_EQ(disconnect->operation, Operation::kDisconnect);
  EXPECT_THAT(disconnect->messages, IsEmpty());
}

TEST(RaftRecordsTest, SealedDataIsNoOperation) {
  EXPECT_EQ(ReadOperation(*FromHex("01f17746ac0000000000000002")), std::nullopt);
  EXPECT_EQ(ReadOperation(*FromHex("02f17746ac0000000000000002")), std::nullopt);
}

TEST(RaftRecordsTest, AConfigurationIsASetOfServers) {
  const Bytes first = Configuration({"a", "b"});
  const Bytes second = Configuration({"b", "a"});
  EXPECT_FALSE(Equal(first, second));
  EXPECT_EQ(ReadConfiguration(first), ReadConfiguration(second));
  EXPECT_THAT(ReadConfiguration(first).value(), SizeIs(2));
  EXPECT_NE(ReadConfiguration(first), ReadConfiguration(Configuration({"a", "c"})));
  EXPECT_EQ(ReadConfiguration(ByteView(first).first(first.size() - 1)), std::nullopt);
}

}  // namespace
}  // namespace atrest::disktruth
