#include "reference/raftlog/bolt_page.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace atrest::raftlog {
namespace {

uint64_t Fnv1a64(ByteView bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

Status Corrupt(std::string message) { return Status(Code::kCorrupt, std::move(message)); }

uint16_t LoadLe16(const uint8_t* from) {
  return static_cast<uint16_t>(from[0] | static_cast<unsigned>(from[1]) << 8);
}

void StoreLe16(uint8_t* to, uint16_t value) {
  to[0] = static_cast<uint8_t>(value);
  to[1] = static_cast<uint8_t>(value >> 8);
}

void EncodePageHeader(const PageHeader& header, std::span<uint8_t> page) {
  StoreLe64(&page[0], header.id);
  StoreLe16(&page[8], header.flags);
  StoreLe16(&page[10], header.count);
  StoreLe32(&page[12], header.overflow);
}

// Copies KEY_SIZE and then VALUE_SIZE bytes at AT of PAGE into ELEMENT.
Status CopyElement(ByteView page, uint64_t at, uint64_t key_size, uint64_t value_size,
                   Element& element) {
  if (at + key_size + value_size > page.size()) {
    return Corrupt("panic: an element reaches behind the end of its page");
  }
  if (key_size == 0) return Corrupt("panic: assertion failed: read: zero-length inode key");
  const ByteView key = page.subspan(static_cast<size_t>(at), static_cast<size_t>(key_size));
  const ByteView value =
      page.subspan(static_cast<size_t>(at + key_size), static_cast<size_t>(value_size));
  element.key = AsText(key);
  element.value.assign(value.begin(), value.end());
  return Status();
}

Status DecodeElement(ByteView page, size_t at, bool leaf, Element& element) {
  const uint8_t* from = &page[at];
  if (leaf) {
    element.flags = LoadLe32(from);
    return CopyElement(page, at + LoadLe32(from + 4), LoadLe32(from + 8), LoadLe32(from + 12),
                       element);
  }
  element.child = LoadLe64(from + 8);
  return CopyElement(page, at + LoadLe32(from), LoadLe32(from + 4), 0, element);
}

void EncodeElement(const Element& element, bool leaf, size_t at, size_t data,
                   std::span<uint8_t> page) {
  uint8_t* to = &page[at];
  const auto offset = static_cast<uint32_t>(data - at);
  const auto key_size = static_cast<uint32_t>(element.key.size());
  if (leaf) {
    StoreLe32(to, element.flags);
    StoreLe32(to + 4, offset);
    StoreLe32(to + 8, key_size);
    StoreLe32(to + 12, static_cast<uint32_t>(element.value.size()));
  } else {
    StoreLe32(to, offset);
    StoreLe32(to + 4, key_size);
    StoreLe64(to + 8, element.child);
  }
  std::copy_n(AsBytes(element.key).data(), element.key.size(), page.data() + data);
  std::copy_n(element.value.data(), element.value.size(), page.data() + data + key_size);
}

}  // namespace

PageHeader DecodePageHeader(ByteView page) {
  ATREST_CHECK(page.size() >= kPageHeaderSize);
  return {LoadLe64(&page[0]), LoadLe16(&page[8]), LoadLe16(&page[10]), LoadLe32(&page[12])};
}

std::string PageTypeName(uint16_t flags) {
  if ((flags & kBranchPage) != 0) return "branch";
  if ((flags & kLeafPage) != 0) return "leaf";
  if ((flags & kMetaPage) != 0) return "meta";
  if ((flags & kFreelistPage) != 0) return "freelist";
  char text[16];
  std::snprintf(text, sizeof text, "unknown<%02x>", unsigned{flags});
  return text;
}

Result<Meta> DecodeMeta(ByteView page) {
  if (page.size() < kPageHeaderSize + kMetaSize) return Corrupt("invalid database");
  const ByteView meta = page.subspan(kPageHeaderSize, kMetaSize);
  if (LoadLe32(&meta[0]) != kBoltMagic) return Corrupt("invalid database");
  if (LoadLe32(&meta[4]) != kBoltVersion) return Corrupt("version mismatch");
  if (LoadLe64(&meta[kMetaChecksumAt]) != Fnv1a64(meta.first(kMetaChecksumAt))) {
    return Corrupt("checksum error");
  }
  return Meta{LoadLe32(&meta[8]),  LoadLe64(&meta[16]), LoadLe64(&meta[24]),
              LoadLe64(&meta[32]), LoadLe64(&meta[40]), LoadLe64(&meta[48])};
}

void EncodeMeta(const Meta& meta, std::span<uint8_t> page) {
  ATREST_CHECK(page.size() >= kPageHeaderSize + kMetaSize);
  EncodePageHeader({meta.transaction % kMetaPages, kMetaPage, 0, 0}, page);
  uint8_t* to = &page[kPageHeaderSize];
  StoreLe32(to, kBoltMagic);
  StoreLe32(to + 4, kBoltVersion);
  StoreLe32(to + 8, meta.page_size);
  StoreLe64(to + 16, meta.root);
  StoreLe64(to + 24, meta.root_sequence);
  StoreLe64(to + 32, meta.freelist);
  StoreLe64(to + 40, meta.high_water);
  StoreLe64(to + 48, meta.transaction);
  StoreLe64(to + kMetaChecksumAt, Fnv1a64({to, kMetaChecksumAt}));
}

size_t EncodedSize(const Element& element) {
  return kElementSize + element.key.size() + element.value.size();
}

size_t EncodedSize(const Node& node) {
  size_t size = kPageHeaderSize;
  for (const Element& element : node.elements) size += EncodedSize(element);
  return size;
}

Result<Node> DecodeNode(ByteView page) {
  if (page.size() < kPageHeaderSize) return Corrupt("panic: a node is shorter than its header");
  const PageHeader header = DecodePageHeader(page);
  if (header.flags != kBranchPage && header.flags != kLeafPage) {
    return Corrupt("panic: not a node: " + PageTypeName(header.flags));
  }
  if (kPageHeaderSize + header.count * kElementSize > page.size()) {
    return Corrupt("panic: a node has more elements than its page holds");
  }
  Node node;
  node.leaf = header.flags == kLeafPage;
  node.elements.resize(header.count);
  size_t at = kPageHeaderSize;
  for (Element& element : node.elements) {
    ATREST_TRY(DecodeElement(page, at, node.leaf, element));
    at += kElementSize;
  }
  return node;
}

void EncodeNode(const Node& node, PageId id, uint32_t overflow, std::span<uint8_t> page) {
  ATREST_CHECK(node.elements.size() < 0xFFFF && page.size() >= EncodedSize(node));
  const auto count = static_cast<uint16_t>(node.elements.size());
  EncodePageHeader({id, node.leaf ? kLeafPage : kBranchPage, count, overflow}, page);
  size_t at = kPageHeaderSize;
  size_t data = kPageHeaderSize + count * kElementSize;
  for (const Element& element : node.elements) {
    EncodeElement(element, node.leaf, at, data, page);
    at += kElementSize;
    data += element.key.size() + element.value.size();
  }
}

Result<std::vector<PageId>> DecodeFreelist(ByteView page) {
  if (page.size() < kPageHeaderSize) return Corrupt("panic: a freelist is shorter than its header");
  const PageHeader header = DecodePageHeader(page);
  if ((header.flags & kFreelistPage) == 0) {
    return Corrupt("panic: invalid freelist page: " + std::to_string(header.id) +
                   ", page type is " + PageTypeName(header.flags));
  }
  ByteView body = page.subspan(kPageHeaderSize);
  uint64_t count = header.count;
  if (header.count == kFreelistCountInBody && body.size() >= 8) {
    count = LoadLe64(&body[0]);
    body = body.subspan(8);
  }
  if (count > body.size() / 8) return Corrupt("panic: a freelist is longer than its page");
  std::vector<PageId> ids(static_cast<size_t>(count));
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = LoadLe64(&body[8 * i]);
  return ids;
}

size_t EncodedFreelistSize(size_t count) {
  return kPageHeaderSize + 8 * (count < kFreelistCountInBody ? count : count + 1);
}

void EncodeFreelist(const std::vector<PageId>& ids, PageId id, uint32_t overflow,
                    std::span<uint8_t> page) {
  ATREST_CHECK(page.size() >= EncodedFreelistSize(ids.size()));
  const bool in_body = ids.size() >= kFreelistCountInBody;
  const auto count = in_body ? kFreelistCountInBody : static_cast<uint16_t>(ids.size());
  EncodePageHeader({id, kFreelistPage, count, overflow}, page);
  size_t at = kPageHeaderSize;
  const auto put = [&](uint64_t value) {
    StoreLe64(&page[at], value);
    at += 8;
  };
  if (in_body) put(ids.size());
  for (const PageId free : ids) put(free);
}

Result<BucketValue> DecodeBucket(ByteView value) {
  if (value.size() < kBucketHeaderSize)
    return Corrupt("panic: a bucket is shorter than its header");
  BucketValue bucket;
  bucket.root = LoadLe64(&value[0]);
  bucket.sequence = LoadLe64(&value[8]);
  if (bucket.root != 0) return bucket;
  auto node = DecodeNode(value.subspan(kBucketHeaderSize));
  if (!node.ok()) return node.status();
  if (!node.value().leaf) return Corrupt("panic: an inline bucket is no leaf");
  bucket.inline_node = std::move(node).value();
  return bucket;
}

Bytes EncodeBucket(const BucketValue& bucket) {
  const bool is_inline = bucket.root == 0;
  Bytes value(kBucketHeaderSize + (is_inline ? EncodedSize(bucket.inline_node) : 0));
  StoreLe64(&value[0], bucket.root);
  StoreLe64(&value[8], bucket.sequence);
  if (is_inline) {
    EncodeNode(bucket.inline_node, 0, 0, std::span<uint8_t>(value).subspan(kBucketHeaderSize));
  }
  return value;
}

}  // namespace atrest::raftlog
