#include "reference/raftlog/bolt_check.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace atrest::raftlog {
namespace {

// Of buckets in buckets. The server's are one deep.
constexpr int kBucketDepthMax = 16;

std::string StackText(const std::vector<PageId>& stack) {
  std::string text;
  for (const PageId id : stack) text += (text.empty() ? "" : " ") + std::to_string(id);
  return "[" + text + "]";
}

Status Objection(const std::string& what) {
  return Status(Code::kCorrupt,
                "panic: freepages: failed to get all reachable pages (" + what + ")");
}

class Walk {
 public:
  Walk(const Meta& meta, const PageLoader& load) : meta_(meta), load_(load) {}

  Status Bucket(PageId root, int depth);
  std::set<PageId> TakeReachable() { return std::move(reachable_); }

 private:
  // What the keys of a subtree must lie between.
  struct Bounds {
    std::optional<std::string_view> least;  // may be equal
    std::optional<std::string_view> limit;  // must be less
  };

  Status Pages(PageId id);
  Status Claim(PageId id, uint32_t overflow);
  Status Keys(PageId id, const Bounds& bounds);
  Status Order(PageId id, const Node& node, size_t index, const Bounds& bounds) const;
  Status InnerBuckets(PageId id, int depth);

  const Meta& meta_;
  const PageLoader& load_;
  std::set<PageId> reachable_;
  std::vector<PageId> stack_;
};

Status Walk::Bucket(PageId root, int depth) {
  if (depth > kBucketDepthMax) return Objection("buckets are nested too deeply");
  ATREST_TRY(Pages(root));
  ATREST_TRY(Keys(root, {}));
  return InnerBuckets(root, depth);
}

Status Walk::Claim(PageId id, uint32_t overflow) {
  if (id + overflow >= meta_.high_water) {
    return Objection("page " + std::to_string(id) + ": out of bounds: " +
                     std::to_string(meta_.high_water) + " (stack: " + StackText(stack_) + ")");
  }
  for (uint64_t i = 0; i <= overflow; ++i) {
    if (!reachable_.insert(id + i).second) {
      return Objection("page " + std::to_string(id + i) +
                       ": multiple references (stack: " + StackText(stack_) + ")");
    }
  }
  return Status();
}

Status Walk::Pages(PageId id) {
  if (stack_.size() >= kTreeDepthMax) return Objection("a tree is too deep");
  const auto page = load_(id);
  if (!page.ok()) return page.status();
  stack_.push_back(id);
  ATREST_TRY(Claim(id, page.value().overflow));
  const Node& node = *page.value().node;
  if (!node.leaf) {
    for (const Element& element : node.elements) ATREST_TRY(Pages(element.child));
  }
  stack_.pop_back();
  return Status();
}

Status Walk::Order(PageId id, const Node& node, size_t index, const Bounds& bounds) const {
  const std::string_view key = node.elements[index].key;
  const auto fail = [&](const std::string& why, std::string_view other) {
    const std::string where = "key[" + std::to_string(index) + "]=(hex)" + ToHex(AsBytes(key)) +
                              " on " + (node.leaf ? "leaf" : "branch") + " page(" +
                              std::to_string(id) + ")";
    return Objection(where + " " + why + " " + ToHex(AsBytes(other)));
  };
  if (index == 0 && bounds.least && *bounds.least > key) {
    return fail("needs to be >= the key in the ancestor", *bounds.least);
  }
  if (index > 0 && node.elements[index - 1].key >= key) {
    return fail("needs to be > previous element", node.elements[index - 1].key);
  }
  if (bounds.limit && key >= *bounds.limit) {
    return fail("needs to be < than key of the next element in ancestor", *bounds.limit);
  }
  return Status();
}

// Pages() has been here, so the tree is one and not too deep.
Status Walk::Keys(PageId id, const Bounds& bounds) {
  const auto page = load_(id);
  if (!page.ok()) return page.status();
  const Node& node = *page.value().node;
  for (size_t i = 0; i < node.elements.size(); ++i) {
    ATREST_TRY(Order(id, node, i, bounds));
    if (node.leaf) continue;
    const bool is_last = i + 1 == node.elements.size();
    ATREST_TRY(
        Keys(node.elements[i].child,
             {node.elements[i].key,
              is_last ? bounds.limit : std::optional<std::string_view>(node.elements[i + 1].key)}));
  }
  return Status();
}

Status Walk::InnerBuckets(PageId id, int depth) {
  const auto page = load_(id);
  if (!page.ok()) return page.status();
  for (const Element& element : page.value().node->elements) {
    if (!page.value().node->leaf) {
      ATREST_TRY(InnerBuckets(element.child, depth));
    } else if ((element.flags & kBucketFlag) != 0) {
      const auto bucket = DecodeBucket(element.value);
      if (!bucket.ok()) return bucket.status();
      if (bucket.value().root != 0) ATREST_TRY(Bucket(bucket.value().root, depth + 1));
    }
  }
  return Status();
}

}  // namespace

Result<std::set<PageId>> ReachablePages(const Meta& meta, const PageLoader& load) {
  Walk walk(meta, load);
  ATREST_TRY(walk.Bucket(meta.root, 0));
  return walk.TakeReachable();
}

}  // namespace atrest::raftlog
