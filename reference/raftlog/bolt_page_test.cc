#include "reference/raftlog/bolt_page.h"

#include <gtest/gtest.h>

namespace atrest::raftlog {
namespace {

Bytes PageBytes(const Node& node, PageId id, size_t size = 4096) {
  Bytes page(size);
  EncodeNode(node, id, 0, page);
  return page;
}

Element Entry(const std::string& key, const std::string& value) {
  return {0, 0, key, ToBytes(value)};
}

// cluster.md 1.1: the metas of a file that the real server wrote.
TEST(BoltPageTest, MetasOfTheSpecification) {
  Bytes page(4096);
  EncodeMeta({4096, 5, 0, kNoFreelist, 6, 0x12}, page);
  EXPECT_EQ(LoadLe64(&page[kPageHeaderSize + kMetaChecksumAt]), 0xa51bb5a175cccf32u);
  EXPECT_EQ(page[0], 0);
  Bytes other(4096);
  EncodeMeta({4096, 4, 0, kNoFreelist, 6, 0x13}, other);
  EXPECT_EQ(LoadLe64(&other[kPageHeaderSize + kMetaChecksumAt]), 0x271549b52e5eddb2u);
  EXPECT_EQ(ToHex(ByteView(other).first(24)), "01000000000000000400000000000000edda0ced02000000");
  EXPECT_EQ(DecodeMeta(other).value(), (Meta{4096, 4, 0, kNoFreelist, 6, 0x13}));
}

TEST(BoltPageTest, MetasThatAreRefused) {
  Bytes page(4096);
  EncodeMeta({4096, 3, 0, 2, 4, 0}, page);
  const auto with = [&](size_t at) {
    Bytes changed = page;
    changed[at] ^= 1;
    return DecodeMeta(changed).status().message();
  };
  EXPECT_EQ(with(kPageHeaderSize), "invalid database");
  EXPECT_EQ(with(kPageHeaderSize + 4), "version mismatch");
  EXPECT_EQ(with(kPageHeaderSize + 16), "checksum error");
  EXPECT_EQ(with(kPageHeaderSize + kMetaChecksumAt), "checksum error");
  EXPECT_EQ(DecodeMeta(ByteView(page).first(79)).status().message(), "invalid database");
  EXPECT_TRUE(DecodeMeta(ByteView(page).first(80)).ok());
}

// cluster.md 1.1: the root page, and in it an inline bucket.
TEST(BoltPageTest, RootPageOfTheSpecification) {
  BucketValue channels;
  channels.inline_node.elements = {{0, 0, "foo", *FromHex("0000000000000004")}};
  const Bytes value = EncodeBucket(channels);
  EXPECT_EQ(ToHex(value),
            "00000000000000000000000000000000"
            "00000000000000000200010000000000"
            "00000000100000000300000008000000"
            "666f6f0000000000000004");
  Node root;
  root.elements = {{kBucketFlag, 0, "channels", value},
                   {kBucketFlag, 0, "conf", Bytes(0x8a)},
                   {kBucketFlag, 0, "logs", EncodeBucket({2, 0, {}})}};
  EXPECT_EQ(ToHex(ByteView(PageBytes(root, 4)).first(0x40)),
            "04000000000000000200030000000000"
            "0100000030000000080000003b000000"
            "0100000063000000040000008a000000"
            "01000000e10000000400000010000000");
}

TEST(BoltPageTest, NodesComeBack) {
  Node leaf;
  leaf.elements = {Entry("a", "1"), Entry("b", ""), {kBucketFlag, 0, "c", Bytes(16)}};
  const Node read = DecodeNode(PageBytes(leaf, 7)).value();
  ASSERT_EQ(read.elements.size(), 3u);
  EXPECT_TRUE(read.leaf);
  EXPECT_EQ(read.elements[0].value, ToBytes("1"));
  EXPECT_EQ(read.elements[2].flags, kBucketFlag);
  Node branch;
  branch.leaf = false;
  branch.elements = {{0, 9, "a", {}}, {0, 11, "m", {}}};
  const Node again = DecodeNode(PageBytes(branch, 8)).value();
  EXPECT_FALSE(again.leaf);
  EXPECT_EQ(again.elements[1].key, "m");
  EXPECT_EQ(again.elements[1].child, 11u);
  EXPECT_EQ(EncodedSize(branch), 16u + 2 * 17);
}

// A size in an element must not lead outside the page, however large it is.
TEST(BoltPageTest, NothingOutsideAPageIsRead) {
  Node leaf;
  leaf.elements = {Entry("key", "value")};
  for (const size_t field : std::initializer_list<size_t>{4, 8, 12}) {
    Bytes page = PageBytes(leaf, 7, 64);
    StoreLe32(&page[kPageHeaderSize + field], 0xFFFFFFFF);
    EXPECT_EQ(DecodeNode(page).status().message(),
              "panic: an element reaches behind the end of its page");
  }
  Bytes page = PageBytes(leaf, 7, 64);
  page[10] = 4;
  EXPECT_EQ(DecodeNode(page).status().message(),
            "panic: a node has more elements than its page holds");
  page[10] = 1;
  StoreLe32(&page[kPageHeaderSize + 8], 0);
  EXPECT_EQ(DecodeNode(page).status().message(),
            "panic: assertion failed: read: zero-length inode key");
  EXPECT_FALSE(DecodeNode(ByteView(page).first(15)).ok());
}

TEST(BoltPageTest, PagesThatAreNoNodes) {
  Bytes page(64);
  page[8] = 0x10;
  EXPECT_EQ(DecodeNode(page).status().message(), "panic: not a node: freelist");
  page[8] = 0x08;
  EXPECT_EQ(DecodeNode(page).status().message(), "panic: not a node: unknown<08>");
  page[8] = 0x03;
  EXPECT_FALSE(DecodeNode(page).ok());
}

TEST(BoltPageTest, FreelistsCountInHeaderOrBody) {
  for (const size_t count : std::initializer_list<size_t>{0, 1, 65534, 65535, 70000}) {
    std::vector<PageId> ids(count);
    for (size_t i = 0; i < count; ++i) ids[i] = 2 + 3 * i;
    Bytes page(EncodedFreelistSize(count));
    EncodeFreelist(ids, 2, 0, page);
    EXPECT_EQ(DecodePageHeader(page).count, std::min<size_t>(count, 0xFFFF));
    EXPECT_EQ(page.size(), 16 + 8 * (count + (count >= 0xFFFF ? 1 : 0)));
    EXPECT_EQ(DecodeFreelist(page).value(), ids);
    if (count > 0) {
      EXPECT_FALSE(DecodeFreelist(ByteView(page).first(page.size() - 1)).ok());
    }
  }
  EXPECT_EQ(DecodeFreelist(PageBytes({}, 5)).status().message(),
            "panic: invalid freelist page: 5, page type is leaf");
}

TEST(BoltPageTest, BucketsThatAreRefused) {
  EXPECT_FALSE(DecodeBucket(Bytes(15)).ok());
  EXPECT_FALSE(DecodeBucket(Bytes(16)).ok()) << "inline without a page";
  EXPECT_EQ(DecodeBucket(EncodeBucket({5, 9, {}})).value().sequence, 9u);
}

}  // namespace
}  // namespace atrest::raftlog
