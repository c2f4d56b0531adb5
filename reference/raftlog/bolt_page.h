// The pages of a bolt database file, decoded from bytes and encoded into them: metas, nodes (branch
// and leaf pages), freelists, and the values of buckets. Specification: cluster.md 1.1; grammar:
// FORMAT.md. Not for deciding which page is read or where one is written: bolt_pager.h.
// Decoding looks at no byte outside what it is given, and copies.
// Errors: kCorrupt. Where the real server has a text of its own it is that one; texts that begin
// with "panic: " are for what makes the real server panic or read outside its mapping (exit 2).
// Threads: pure functions; the structs are values.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/raftlog/bolt_format.h"

namespace atrest::raftlog {

struct PageHeader {
  PageId id = 0;
  uint16_t flags = 0;
  uint16_t count = 0;
  uint32_t overflow = 0;  // how many further pages belong to this one
};

// REQUIRES: page.size() >= kPageHeaderSize.
PageHeader DecodePageHeader(ByteView page);
// "branch", "leaf", "meta", "freelist", "unknown<08>".
std::string PageTypeName(uint16_t flags);

struct Meta {
  uint32_t page_size = kDefaultPageSize;
  PageId root = 0;  // of the top bucket
  uint64_t root_sequence = 0;
  PageId freelist = kNoFreelist;
  PageId high_water = 0;  // the first page id that was never allocated
  uint64_t transaction = 0;
  friend bool operator==(const Meta&, const Meta&) = default;
};

// "invalid database", "version mismatch" or "checksum error". PAGE may be any part of the page that
// holds the meta; a shorter one is an "invalid database".
Result<Meta> DecodeMeta(ByteView page);
// Into PAGE, which is zero. REQUIRES: page.size() >= kPageHeaderSize + kMetaSize.
void EncodeMeta(const Meta& meta, std::span<uint8_t> page);

// One of a node's elements: a key and its value in a leaf, or the first key of a child in a branch.
struct Element {
  uint32_t flags = 0;  // leaf: kBucketFlag or 0
  PageId child = 0;    // branch
  std::string key;
  Bytes value;  // leaf
};

// A branch or leaf page.
struct Node {
  bool leaf = true;
  std::vector<Element> elements;  // sorted by key
};
using NodePtr = std::shared_ptr<const Node>;

// The bytes that NODE takes in a page, header included.
size_t EncodedSize(const Node& node);
size_t EncodedSize(const Element& element);
// PAGE: the page with its overflow pages, or an inline bucket's image.
Result<Node> DecodeNode(ByteView page);
// Into PAGE, which is zero. REQUIRES: page.size() >= EncodedSize(node); fewer than 65535 elements.
void EncodeNode(const Node& node, PageId id, uint32_t overflow, std::span<uint8_t> page);

// The ids of a freelist page, in the order in which they are stored.
Result<std::vector<PageId>> DecodeFreelist(ByteView page);
size_t EncodedFreelistSize(size_t count);
// Into PAGE, which is zero. REQUIRES: page.size() >= EncodedFreelistSize(ids.size()).
void EncodeFreelist(const std::vector<PageId>& ids, PageId id, uint32_t overflow,
                    std::span<uint8_t> page);

// What the value of an element with kBucketFlag says.
struct BucketValue {
  PageId root = 0;  // 0: the bucket is inline
  uint64_t sequence = 0;
  Node inline_node;  // where it is inline
};

Result<BucketValue> DecodeBucket(ByteView value);
Bytes EncodeBucket(const BucketValue& bucket);

}  // namespace atrest::raftlog
