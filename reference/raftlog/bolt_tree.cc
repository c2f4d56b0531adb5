#include "reference/raftlog/bolt_tree.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace atrest::raftlog {
namespace {

constexpr size_t kKeysPerPageMin = 2;
// Parts of a page: where a split puts the boundary, what is too small to stand alone, what may be
// an inline bucket.
constexpr size_t kSplitDivisor = 2;
constexpr size_t kSmallDivisor = 4;
constexpr size_t kInlineDivisor = 4;

}  // namespace

size_t LowerBound(const Node& node, std::string_view key) {
  const auto at = std::ranges::lower_bound(
      node.elements, key, {}, [](const Element& e) -> std::string_view { return e.key; });
  return static_cast<size_t>(at - node.elements.begin());
}

size_t ChildIndex(const Node& branch, std::string_view key) {
  const size_t at = LowerBound(branch, key);
  if (at < branch.elements.size() && branch.elements[at].key == key) return at;
  return at == 0 ? 0 : at - 1;
}

BoltTree::BoltTree(BoltPager& pager, Node inline_node)
    : pager_(pager), root_(std::make_unique<Working>()) {
  root_->node = std::move(inline_node);
}

Result<std::unique_ptr<BoltTree::Working>> BoltTree::LoadWorking(PageId id) {
  const auto page = pager_.Load(id);
  if (!page.ok()) return page.status();
  auto working = std::make_unique<Working>();
  working->node = *page.value().node;
  working->page = id;
  working->pages = uint64_t{page.value().overflow} + 1;
  if (!working->node.leaf) working->children.resize(working->node.elements.size());
  return working;
}

Status BoltTree::LoadRoot() {
  if (root_ != nullptr) return Status();
  auto loaded = LoadWorking(root_page_);
  if (!loaded.ok()) return loaded.status();
  root_ = std::move(loaded).value();
  return Status();
}

Status BoltTree::LoadChild(Working& parent, size_t index) {
  if (parent.children[index] != nullptr) return Status();
  auto loaded = LoadWorking(parent.node.elements[index].child);
  if (!loaded.ok()) return loaded.status();
  parent.children[index] = std::move(loaded).value();
  return Status();
}

Result<BoltTree::Working*> BoltTree::FindLeaf(std::string_view key) {
  ATREST_TRY(LoadRoot());
  Working* at = root_.get();
  for (int depth = 0; !at->node.leaf; ++depth) {
    if (depth == kTreeDepthMax || at->node.elements.empty()) {
      return Status(Code::kCorrupt, "panic: a branch page without children, or too deep");
    }
    const size_t index = ChildIndex(at->node, key);
    ATREST_TRY(LoadChild(*at, index));
    at = at->children[index].get();
  }
  return at;
}

Status BoltTree::Put(std::string_view key, Bytes value, uint32_t flags) {
  ATREST_CHECK(!key.empty() && key.size() <= kKeySizeMax);
  const auto leaf = FindLeaf(key);
  if (!leaf.ok()) return leaf.status();
  std::vector<Element>& elements = leaf.value()->node.elements;
  const size_t at = LowerBound(leaf.value()->node, key);
  if (at == elements.size() || elements[at].key != key) {
    elements.insert(elements.begin() + static_cast<ptrdiff_t>(at),
                    Element{0, 0, std::string(key), {}});
  } else if (elements[at].flags != flags) {
    return Status(Code::kInvalid, "incompatible value");
  }
  elements[at].flags = flags;
  elements[at].value = std::move(value);
  changed_ = true;
  return Status();
}

Status BoltTree::Delete(std::string_view key) {
  const auto leaf = FindLeaf(key);
  if (!leaf.ok()) return leaf.status();
  std::vector<Element>& elements = leaf.value()->node.elements;
  const size_t at = LowerBound(leaf.value()->node, key);
  if (at == elements.size() || elements[at].key != key) return Status();
  if ((elements[at].flags & kBucketFlag) != 0) return Status(Code::kInvalid, "incompatible value");
  elements.erase(elements.begin() + static_cast<ptrdiff_t>(at));
  leaf.value()->unbalanced = true;
  changed_ = true;
  return Status();
}

void BoltTree::FreePagesOf(const Working& working) {
  if (working.page != 0) pager_.Free(working.page, working.pages);
}

bool BoltTree::IsSmall(const Working& working) const {
  const size_t keys_min = working.node.leaf ? 1 : 2;
  return EncodedSize(working.node) <= pager_.meta().page_size / kSmallDivisor ||
         working.node.elements.size() <= keys_min;
}

Status BoltTree::Rebalance() {
  if (root_ == nullptr) return Status();
  ATREST_TRY(RebalanceChildren(*root_));
  return CollapseRoot();
}

// Children first, all of them: what a merge takes over from a sibling is balanced then.
Status BoltTree::RebalanceChildren(Working& parent) {
  for (auto& child : parent.children) {
    if (child != nullptr) ATREST_TRY(RebalanceChildren(*child));
  }
  for (size_t i = 0; i < parent.children.size();) {
    Working* child = parent.children[i].get();
    const bool is_due = child != nullptr && std::exchange(child->unbalanced, false);
    const bool is_empty = is_due && child->node.elements.empty();
    if (is_empty) {
      RemoveChild(parent, i);
    } else if (is_due && IsSmall(*child) && parent.children.size() > 1) {
      ATREST_TRY(MergeChild(parent, i));
    } else {
      ++i;
    }
  }
  return Status();
}

void BoltTree::RemoveChild(Working& parent, size_t index) {
  FreePagesOf(*parent.children[index]);
  parent.children.erase(parent.children.begin() + static_cast<ptrdiff_t>(index));
  parent.node.elements.erase(parent.node.elements.begin() + static_cast<ptrdiff_t>(index));
  parent.unbalanced = true;
}

// The child and its left sibling, or its right one if it is the first, become one node, which may
// be split again when it is written.
Status BoltTree::MergeChild(Working& parent, size_t index) {
  const size_t left = index == 0 ? 0 : index - 1;
  ATREST_TRY(LoadChild(parent, left));
  ATREST_TRY(LoadChild(parent, left + 1));
  Working& into = *parent.children[left];
  Working& from = *parent.children[left + 1];
  if (into.node.leaf != from.node.leaf) {
    return Status(Code::kCorrupt, "panic: a leaf page beside a branch page");
  }
  std::ranges::move(from.node.elements, std::back_inserter(into.node.elements));
  std::ranges::move(from.children, std::back_inserter(into.children));
  RemoveChild(parent, left + 1);
  return Status();
}

// The root keeps its page, so that it is freed when the root is written.
Status BoltTree::CollapseRoot() {
  while (!root_->node.leaf && root_->node.elements.size() == 1) {
    ATREST_TRY(LoadChild(*root_, 0));
    const std::unique_ptr<Working> child = std::move(root_->children[0]);
    FreePagesOf(*child);
    root_->node = std::move(child->node);
    root_->children = std::move(child->children);
  }
  if (root_->node.elements.empty()) root_->node.leaf = true;
  return Status();
}

std::optional<Node> BoltTree::TakeInline() {
  ATREST_CHECK(changed_);
  const Node& node = root_->node;
  const auto is_bucket = [](const Element& e) { return (e.flags & kBucketFlag) != 0; };
  if (!node.leaf || EncodedSize(node) > pager_.meta().page_size / kInlineDivisor ||
      std::ranges::any_of(node.elements, is_bucket)) {
    return std::nullopt;
  }
  FreePagesOf(*root_);
  return std::move(root_->node);
}

// The number of elements that go to the first page.
size_t BoltTree::SplitIndex(const Node& node) const {
  const size_t threshold = pager_.meta().page_size / kSplitDivisor;
  size_t size = kPageHeaderSize;
  size_t index = 0;
  for (size_t i = 0; i + kKeysPerPageMin < node.elements.size(); ++i) {
    index = i;
    const size_t more = EncodedSize(node.elements[i]);
    if (index >= kKeysPerPageMin && size + more > threshold) break;
    size += more;
  }
  return index;
}

// The parts keep the first one's page, which they replace.
std::vector<BoltTree::Working> BoltTree::Split(Working whole) const {
  std::vector<Working> parts;
  while (whole.node.elements.size() > 2 * kKeysPerPageMin &&
         EncodedSize(whole.node) >= pager_.meta().page_size) {
    const auto at = static_cast<ptrdiff_t>(SplitIndex(whole.node));
    Working rest;
    rest.node.leaf = whole.node.leaf;
    rest.node.elements.assign(std::move_iterator(whole.node.elements.begin() + at),
                              std::move_iterator(whole.node.elements.end()));
    whole.node.elements.resize(static_cast<size_t>(at));
    parts.push_back(std::move(whole));
    whole = std::move(rest);
  }
  parts.push_back(std::move(whole));
  return parts;
}

// Stages a node of its final size; what its parent says of it.
Element BoltTree::Place(Working& working) {
  FreePagesOf(working);
  const size_t page_size = pager_.meta().page_size;
  const uint64_t count = (EncodedSize(working.node) + page_size - 1) / page_size;
  const PageId id = pager_.Allocate(count);
  Element element;
  element.child = id;
  if (!working.node.elements.empty()) element.key = working.node.elements.front().key;
  pager_.Stage(id, count, std::move(working.node));
  return element;
}

std::vector<Element> BoltTree::SpillNode(Working& working) {
  SpillChildren(working);
  working.children.clear();
  std::vector<Element> placed;
  for (Working& part : Split(std::move(working))) placed.push_back(Place(part));
  return placed;
}

void BoltTree::SpillChildren(Working& parent) {
  if (parent.node.leaf) return;
  std::vector<Element> elements;
  elements.reserve(parent.children.size() + 1);
  for (size_t i = 0; i < parent.children.size(); ++i) {
    if (parent.children[i] == nullptr) {
      elements.push_back(std::move(parent.node.elements[i]));
    } else {
      std::ranges::move(SpillNode(*parent.children[i]), std::back_inserter(elements));
    }
  }
  parent.node.elements = std::move(elements);
}

Result<PageId> BoltTree::Spill() {
  ATREST_CHECK(changed_);
  std::vector<Element> placed = SpillNode(*root_);
  while (placed.size() > 1) {
    Working above;
    above.node.leaf = false;
    above.node.elements = std::move(placed);
    above.children.resize(above.node.elements.size());
    placed = SpillNode(above);
  }
  return placed.front().child;
}

}  // namespace atrest::raftlog
