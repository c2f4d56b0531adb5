// The reader of bolt files against files made here byte by byte.
#include "harness/disktruth/bolt_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/disktruth/doctored_node.h"

namespace atrest::disktruth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> KeysOf(const BoltFile& file, const std::string& bucket) {
  std::vector<std::string> keys;
  const auto found = file.buckets.find(bucket);
  if (found == file.buckets.end()) return keys;
  for (const BoltPair& pair : found->second) keys.emplace_back(AsText(pair.key));
  return keys;
}

std::vector<std::string> Damages(const BoltFile& file) {
  std::vector<std::string> damages;
  for (const BoltDamage& damage : file.damages) damages.push_back(damage.what);
  return damages;
}

TEST(BoltFileTest, ReadsBucketsInOrder) {
  DoctoredBolt bolt;
  bolt.Put("logs", "b", "2");
  bolt.Put("logs", "a", std::string(10000, 'x'));
  bolt.Put("conf", "k", "v");
  const Bytes bytes = bolt.File();
  BoltFile file;
  ReadBoltFile(bytes, file);
  EXPECT_THAT(Damages(file), IsEmpty());
  EXPECT_THAT(KeysOf(file, "logs"), ElementsAre("a", "b"));
  EXPECT_EQ(file.buckets.at("logs")[0].value.size(), 10000U);
  EXPECT_THAT(KeysOf(file, "conf"), ElementsAre("k"));
}

TEST(BoltFileTest, WhatWasWrittenBeforeIsUnused) {
  DoctoredBolt bolt;
  bolt.Put("logs", "k", "old contents");
  bolt.Leave();
  bolt.Put("logs", "k", "new contents");
  const Bytes bytes = bolt.File();
  BoltFile file;
  ReadBoltFile(bytes, file);
  const std::string_view text = AsText(bytes);
  EXPECT_TRUE(file.IsUnused(text.find("old contents")));
  EXPECT_FALSE(file.IsUnused(text.find("new contents")));
  EXPECT_FALSE(file.IsUnused(0));
  EXPECT_FALSE(file.IsUnused(bytes.size()));
}

TEST(BoltFileTest, TheOlderMetaServesWhereTheNewerIsGone) {
  DoctoredBolt bolt;
  bolt.Put("logs", "k", "v");
  for (const size_t meta : {size_t{0}, size_t{1}}) {
    Bytes bytes = bolt.File();
    bytes[meta * 4096 + 20] ^= 1;
    BoltFile file;
    ReadBoltFile(bytes, file);
    EXPECT_THAT(Damages(file), ElementsAre("meta " + std::to_string(meta) + " is not whole"));
    EXPECT_THAT(KeysOf(file, "logs"), ElementsAre("k"));
  }
  Bytes bytes = bolt.File();
  bytes[20] ^= 1;
  bytes[4096 + 20] ^= 1;
  BoltFile file;
  ReadBoltFile(bytes, file);
  EXPECT_EQ(file.meta, nullptr);
  EXPECT_THAT(file.buckets, IsEmpty());
}

TEST(BoltFileTest, APageThatReachesItselfIsReadOnce) {
  DoctoredBolt bolt;
  bolt.Put("logs", "k", "v");
  Bytes bytes = bolt.File();
  // The root becomes a branch page whose child it is itself.
  BoltFile right;
  ReadBoltFile(bytes, right);
  uint8_t* page = bytes.data() + right.meta->root * 4096;
  const uint64_t root = right.meta->root;
  page[8] = 1;
  page[10] = 1;
  StoreLe32(page + 16, 16);
  StoreLe32(page + 20, 0);
  StoreLe64(page + 24, root);
  BoltFile file;
  ReadBoltFile(bytes, file);
  EXPECT_THAT(Damages(file), ElementsAre("the page is reached twice"));
}

TEST(BoltFileTest, NothingIsReadFromNothing) {
  for (const size_t size : std::vector<size_t>{0, 1, 4096, 8192, 100000}) {
    const Bytes bytes(size);
    BoltFile file;
    ReadBoltFile(bytes, file);
    EXPECT_EQ(file.meta, nullptr);
    EXPECT_EQ(file.damages.size(), 2U);
  }
}

}  // namespace
}  // namespace atrest::disktruth
