#include "harness/inspect/raft_pages.h"

#include <algorithm>
#include <set>
#include <utility>

namespace atrest::inspect {
namespace {

using raftlog::Element;
using raftlog::Meta;
using raftlog::Node;
using raftlog::PageId;

bool IsPageSize(uint32_t size) {
  return size >= raftlog::kPageSizeMin && size <= raftlog::kPageSizeMax && (size & (size - 1)) == 0;
}

std::optional<Meta> MetaAt(ByteView file, uint64_t offset) {
  if (offset >= file.size()) return std::nullopt;
  const auto meta = raftlog::DecodeMeta(file.subspan(static_cast<size_t>(offset)));
  if (!meta.ok() || !IsPageSize(meta.value().page_size)) return std::nullopt;
  return meta.value();
}

std::array<std::optional<Meta>, 2> Metas(ByteView file) {
  const auto first = MetaAt(file, 0);
  if (first) return {first, MetaAt(file, first->page_size)};
  std::optional<Meta> second;
  for (uint64_t size = raftlog::kPageSizeMin; size <= raftlog::kPageSizeMax && !second; size *= 2) {
    second = MetaAt(file, size);
  }
  return {first, second};
}

struct ReadNode {
  uint64_t pages = 0;
  Node node;
};

class Walk {
 public:
  Walk(ByteView file, const std::string& file_name, const Meta& meta, RaftPages& into)
      : file_(file), file_name_(file_name), meta_(meta), into_(into) {}

  void Run();

 private:
  Result<Bytes> Pages(PageId id, uint64_t count) const;
  Result<ReadNode> Read(PageId id) const;
  Result<ReadNode> Reach(PageId id, int depth);
  void Leaves(PageId id, int depth, std::vector<LocatedElement>& to);
  std::vector<LocatedElement> Bucket(const LocatedElement& located);
  void FreeLeaves();
  void AddDamage(PageId page, const std::string& why) {
    into_.damage.push_back({file_name_, page, "page " + std::to_string(page) + ": " + why});
  }

  ByteView file_;
  const std::string& file_name_;
  const Meta meta_;
  RaftPages& into_;
  std::set<PageId> reached_;
};

Status Bad(std::string why) { return Status(Code::kCorrupt, std::move(why)); }

Result<Bytes> Walk::Pages(PageId id, uint64_t count) const {
  if (id < raftlog::kMetaPages || id >= meta_.high_water || count > meta_.high_water - id) {
    return Bad("it is not among the pages of the file");
  }
  const uint64_t pages_in_file = (file_.size() + meta_.page_size - 1) / meta_.page_size;
  if (id + count > pages_in_file) return Bad("it lies behind the end of the file");
  const ByteView rest = file_.subspan(static_cast<size_t>(id * meta_.page_size));
  const auto size = static_cast<size_t>(count * meta_.page_size);
  const ByteView there = rest.first(std::min(size, rest.size()));
  Bytes pages(there.begin(), there.end());
  pages.resize(size);
  return pages;
}

Result<ReadNode> Walk::Read(PageId id) const {
  auto bytes = Pages(id, 1);
  if (!bytes.ok()) return bytes.status();
  const raftlog::PageHeader header = raftlog::DecodePageHeader(bytes.value());
  if (header.id != id) return Bad("it says that it is page " + std::to_string(header.id));
  const uint64_t count = uint64_t{header.overflow} + 1;
  if (count > 1) bytes = Pages(id, count);
  if (!bytes.ok()) return bytes.status();
  auto node = raftlog::DecodeNode(bytes.value());
  if (!node.ok()) return node.status();
  return ReadNode{count, std::move(node).value()};
}

Result<ReadNode> Walk::Reach(PageId id, int depth) {
  if (depth > raftlog::kTreeDepthMax) return Bad("it is too deep");
  auto read = Read(id);
  if (!read.ok()) return read;
  const PageId end = id + read.value().pages;
  const auto next = reached_.lower_bound(id);
  if (next != reached_.end() && *next < end) return Bad("it is reached twice");
  for (PageId page = id; page < end; ++page) reached_.insert(page);
  return read;
}

void Walk::Leaves(PageId id, int depth, std::vector<LocatedElement>& to) {
  auto reached = Reach(id, depth);
  if (!reached.ok()) return AddDamage(id, reached.status().message());
  Node& node = reached.value().node;
  for (Element& element : node.elements) {
    if (node.leaf) {
      to.push_back({id, std::move(element)});
    } else {
      Leaves(element.child, depth + 1, to);
    }
  }
}

std::vector<LocatedElement> Walk::Bucket(const LocatedElement& located) {
  std::vector<LocatedElement> elements;
  auto bucket = raftlog::DecodeBucket(located.element.value);
  if (!bucket.ok()) {
    AddDamage(located.page, bucket.status().message());
  } else if (bucket.value().root != 0) {
    Leaves(bucket.value().root, 1, elements);
  } else {
    for (Element& element : bucket.value().inline_node.elements) {
      elements.push_back({located.page, std::move(element)});
    }
  }
  return elements;
}

void Walk::FreeLeaves() {
  if (meta_.freelist != raftlog::kNoFreelist) reached_.insert(meta_.freelist);
  const PageId end = std::min<PageId>(meta_.high_water, file_.size() / meta_.page_size + 1);
  for (PageId id = raftlog::kMetaPages; id < end; ++id) {
    if (reached_.contains(id)) continue;
    auto read = Read(id);
    if (!read.ok() || !read.value().node.leaf) continue;
    into_.free_leaves.push_back({id, std::move(read.value().node.elements)});
  }
}

void Walk::Run() {
  std::vector<LocatedElement> top;
  Leaves(meta_.root, 1, top);
  for (const LocatedElement& located : top) {
    if ((located.element.flags & raftlog::kBucketFlag) == 0) continue;
    into_.buckets[located.element.key] = Bucket(located);
  }
  FreeLeaves();
}

}  // namespace

RaftPages ReadRaftPages(ByteView file, const std::string& file_name) {
  RaftPages pages;
  pages.metas = Metas(file);
  const auto& [first, second] = pages.metas;
  if (!first && !second) {
    pages.damage.push_back({file_name, std::nullopt, "no meta page is good"});
    return pages;
  }
  const bool is_second = !first || (second && second->transaction > first->transaction);
  Walk(file, file_name, is_second ? *second : *first, pages).Run();
  return pages;
}

}  // namespace atrest::inspect
