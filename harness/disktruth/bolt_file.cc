#include "harness/disktruth/bolt_file.h"

#include <algorithm>
#include <bit>

namespace atrest::disktruth {
namespace {

constexpr uint32_t kMagic = 0xED0CDAED;
constexpr uint32_t kVersion = 2;
constexpr size_t kPageHeaderBytes = 16;
constexpr size_t kMetaBytes = 64;
constexpr size_t kElementBytes = 16;
constexpr size_t kBucketHeaderBytes = 16;
constexpr uint32_t kPageSizeMin = 512;
constexpr uint32_t kPageSizeMax = 1 << 16;
constexpr uint16_t kBranch = 0x01;
constexpr uint16_t kLeaf = 0x02;
constexpr uint16_t kMeta = 0x04;
constexpr uint16_t kFreelist = 0x10;
constexpr uint32_t kIsBucket = 1;
constexpr uint64_t kNoFreelist = UINT64_MAX;
constexpr size_t kKeyMax = 32768;

uint16_t LoadLe16(const uint8_t* from) { return static_cast<uint16_t>(from[0] | from[1] << 8); }

uint64_t Fnv1a(ByteView bytes) {
  uint64_t value = 0xcbf29ce484222325;
  for (const uint8_t byte : bytes) value = (value ^ byte) * 0x100000001b3;
  return value;
}

BoltMeta MetaAt(ByteView file, uint64_t offset) {
  BoltMeta meta;
  if (offset + kPageHeaderBytes + kMetaBytes > file.size()) return meta;
  const ByteView body = file.subspan(offset + kPageHeaderBytes, kMetaBytes);
  const uint8_t* at = body.data();
  if (LoadLe32(at) != kMagic || LoadLe32(at + 4) != kVersion) return meta;
  if (LoadLe64(at + 56) != Fnv1a(body.first(56))) return meta;
  meta = {true,
          LoadLe32(at + 8),
          LoadLe64(at + 16),
          LoadLe64(at + 32),
          LoadLe64(at + 40),
          LoadLe64(at + 48)};
  const bool is_sane = std::has_single_bit(meta.page_size) && meta.page_size >= kPageSizeMin &&
                       meta.page_size <= kPageSizeMax;
  meta.is_whole = is_sane;
  return meta;
}

// A page with its overflow, or an inline one. Offsets of damage are of the file.
struct Page {
  uint64_t offset = 0;
  ByteView bytes;
  uint16_t flags = 0;
  uint16_t count = 0;
};

struct Element {
  uint32_t flags = 0;
  uint64_t child = 0;
  ByteView key;
  ByteView value;
};

class Reader {
 public:
  Reader(ByteView file, BoltFile& into) : file_(file), into_(into), items_left_(file.size() / 8) {}

  void Read();

 private:
  struct Bucket {
    std::string name;
    ByteView value;
    uint64_t offset = 0;
  };

  void ReadMetas();
  void Damage(uint64_t offset, std::string what) {
    into_.damages.push_back({offset, std::move(what)});
  }
  bool PageAt(uint64_t id, Page& page);
  bool ElementAt(const Page& page, size_t number, Element& element);
  void ReadTree(uint64_t root, std::vector<BoltPair>* pairs, std::vector<Bucket>* buckets);
  void ReadLeaf(const Page& page, std::vector<BoltPair>* pairs, std::vector<Bucket>* buckets);
  void ReadBucket(const Bucket& bucket);
  void ReadFreelist();
  void CollectUnused();
  uint64_t OffsetOf(ByteView part) const {
    return static_cast<uint64_t>(part.data() - file_.data());
  }

  ByteView file_;
  BoltFile& into_;
  uint64_t page_size_ = 0;
  uint64_t pages_ = 0;         // that the file has and the meta counts
  std::vector<bool> reached_;  // by page
  uint64_t items_left_;        // crafted inline buckets may share bytes: a bound on all elements
};

void Reader::ReadMetas() {
  into_.metas[0] = MetaAt(file_, 0);
  // Without the first one nothing says how large pages are: the sizes there are, are tried.
  if (into_.metas[0].is_whole) {
    into_.metas[1] = MetaAt(file_, into_.metas[0].page_size);
  } else {
    for (uint64_t size = kPageSizeMin; size <= kPageSizeMax; size *= 2) {
      const BoltMeta found = MetaAt(file_, size);
      if (found.is_whole && found.page_size == size) into_.metas[1] = found;
    }
  }
  for (size_t number = 0; number < into_.metas.size(); ++number) {
    BoltMeta& meta = into_.metas[number];
    if (!meta.is_whole) {
      Damage(0, "meta " + std::to_string(number) + " is not whole");
    } else if (into_.meta == nullptr || meta.transaction > into_.meta->transaction) {
      into_.meta = &meta;
    }
  }
}

bool Reader::PageAt(uint64_t id, Page& page) {
  const uint64_t offset = id * page_size_;
  if (id < 2 || id >= pages_) {
    Damage(0, "page " + std::to_string(id) + " is outside the file");
    return false;
  }
  const uint8_t* header = file_.data() + offset;
  const uint64_t overflow = LoadLe32(header + 12);
  if (LoadLe64(header) != id) {
    Damage(offset, "the page has the id of another");
    return false;
  }
  if (overflow >= pages_ - id) {
    Damage(offset, "the page overflows the file");
    return false;
  }
  for (uint64_t at = id; at <= id + overflow; ++at) {
    if (reached_[at]) {
      Damage(offset, "the page is reached twice");
      return false;
    }
  }
  std::fill_n(reached_.begin() + static_cast<std::ptrdiff_t>(id), overflow + 1, true);
  page = {offset, file_.subspan(offset, (overflow + 1) * page_size_), LoadLe16(header + 8),
          LoadLe16(header + 10)};
  return true;
}

bool Reader::ElementAt(const Page& page, size_t number, Element& element) {
  const uint64_t begin = kPageHeaderBytes + number * kElementBytes;
  const uint64_t room = page.bytes.size();
  if (items_left_ == 0 || begin + kElementBytes > room) return false;
  --items_left_;
  const uint8_t* at = page.bytes.data() + begin;
  const bool is_leaf = page.flags == kLeaf;
  const uint64_t position = begin + LoadLe32(is_leaf ? at + 4 : at);
  const uint64_t key_size = LoadLe32(is_leaf ? at + 8 : at + 4);
  const uint64_t value_size = is_leaf ? LoadLe32(at + 12) : 0;
  if (key_size > kKeyMax || position + key_size + value_size > room) return false;
  element.flags = is_leaf ? LoadLe32(at) : 0;
  element.child = is_leaf ? 0 : LoadLe64(at + 8);
  element.key = page.bytes.subspan(position, key_size);
  element.value = page.bytes.subspan(position + key_size, value_size);
  return true;
}

// Depth first by a stack of pages, so that pairs come in the order of their keys.
void Reader::ReadTree(uint64_t root, std::vector<BoltPair>* pairs, std::vector<Bucket>* buckets) {
  std::vector<uint64_t> pending = {root};
  while (!pending.empty()) {
    const uint64_t id = pending.back();
    pending.pop_back();
    Page page;
    if (!PageAt(id, page)) continue;
    if (page.flags == kLeaf) {
      ReadLeaf(page, pairs, buckets);
      continue;
    }
    if (page.flags != kBranch) {
      Damage(page.offset, "the page is neither branch nor leaf");
      continue;
    }
    std::vector<uint64_t> children;
    for (size_t number = 0; number < page.count; ++number) {
      Element element;
      if (!ElementAt(page, number, element)) {
        Damage(page.offset, "element " + std::to_string(number) + " is outside its page");
        break;
      }
      children.push_back(element.child);
    }
    pending.insert(pending.end(), children.rbegin(), children.rend());
  }
}

void Reader::ReadLeaf(const Page& page, std::vector<BoltPair>* pairs,
                      std::vector<Bucket>* buckets) {
  for (size_t number = 0; number < page.count; ++number) {
    Element element;
    if (!ElementAt(page, number, element)) {
      Damage(page.offset, "element " + std::to_string(number) + " is outside its page");
      return;
    }
    const bool is_bucket = element.flags == kIsBucket;
    if ((!is_bucket && element.flags != 0) || is_bucket != (buckets != nullptr)) {
      Damage(page.offset, "element " + std::to_string(number) + " is of a wrong kind");
      continue;
    }
    if (is_bucket) {
      buckets->push_back(
          {std::string(AsText(element.key)), element.value, OffsetOf(element.value)});
      continue;
    }
    const bool ascends =
        pairs->empty() || std::ranges::lexicographical_compare(pairs->back().key, element.key);
    if (!ascends) Damage(page.offset, "element " + std::to_string(number) + " is out of order");
    pairs->push_back({element.key, element.value});
  }
}

void Reader::ReadBucket(const Bucket& bucket) {
  std::vector<BoltPair>& pairs = into_.buckets[bucket.name];
  if (bucket.value.size() < kBucketHeaderBytes || !pairs.empty()) {
    Damage(bucket.offset, "no bucket could be read");
    return;
  }
  const uint64_t root = LoadLe64(bucket.value.data());
  if (root != 0) {
    ReadTree(root, &pairs, nullptr);
    return;
  }
  const ByteView inline_page = bucket.value.subspan(kBucketHeaderBytes);
  if (inline_page.size() < kPageHeaderBytes || LoadLe16(inline_page.data() + 8) != kLeaf) {
    Damage(bucket.offset, "the bucket has no page");
    return;
  }
  ReadLeaf(
      {bucket.offset + kBucketHeaderBytes, inline_page, kLeaf, LoadLe16(inline_page.data() + 10)},
      &pairs, nullptr);
  const ByteView last = pairs.empty() ? inline_page.first(kPageHeaderBytes) : pairs.back().value;
  if (OffsetOf(last) + last.size() != bucket.offset + bucket.value.size()) {
    Damage(bucket.offset, "the bucket is larger than what it holds");
  }
}

// A stored freelist takes pages of its own; what it says is not needed, as what nothing reaches is
// free.
void Reader::ReadFreelist() {
  if (into_.meta->freelist == kNoFreelist) return;
  Page page;
  if (PageAt(into_.meta->freelist, page) && page.flags != kFreelist) {
    Damage(page.offset, "the freelist's page is none");
  }
}

void Reader::CollectUnused() {
  const uint64_t all = file_.size() / page_size_;
  for (uint64_t id = 2; id < all; ++id) {
    if (id < pages_ && reached_[id]) continue;
    const uint64_t offset = id * page_size_;
    if (!into_.unused.empty() && into_.unused.back().offset + into_.unused.back().size == offset) {
      into_.unused.back().size += page_size_;
    } else {
      into_.unused.push_back({offset, page_size_});
    }
  }
}

void Reader::Read() {
  ReadMetas();
  if (into_.meta == nullptr) return;
  page_size_ = into_.meta->page_size;
  pages_ = std::min<uint64_t>(into_.meta->high_water, file_.size() / page_size_);
  reached_.assign(pages_, false);
  if (into_.meta->high_water > pages_) {
    Damage(file_.size(), "the file ends before its high-water mark");
  }
  for (uint64_t id = 0; id < 2 && id < pages_; ++id) {
    const uint8_t* header = file_.data() + id * page_size_;
    if (into_.metas[id].is_whole && (LoadLe64(header) != id || LoadLe64(header + 8) != kMeta)) {
      Damage(id * page_size_, "the meta's page is none");
    }
  }
  std::vector<Bucket> buckets;
  ReadTree(into_.meta->root, nullptr, &buckets);
  for (const Bucket& bucket : buckets) ReadBucket(bucket);
  ReadFreelist();
  CollectUnused();
}

}  // namespace

bool BoltFile::IsUnused(uint64_t offset) const {
  const auto behind = std::ranges::upper_bound(unused, offset, {}, &UnusedPages::offset);
  if (behind == unused.begin()) return false;
  const UnusedPages& before = *(behind - 1);
  return offset - before.offset < before.size;
}

void ReadBoltFile(ByteView file, BoltFile& into) { Reader(file, into).Read(); }

}  // namespace atrest::disktruth
