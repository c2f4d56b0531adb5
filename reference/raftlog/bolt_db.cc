#include "reference/raftlog/bolt_db.h"

#include <algorithm>
#include <utility>

namespace atrest::raftlog {
namespace {

Status Damaged() { return Status(Code::kCorrupt, "panic: a tree is too deep or has no leaves"); }

Status NoBucket() { return Status(Code::kNotFound, "bucket not found"); }

}  // namespace

Result<std::unique_ptr<BoltDb>> BoltDb::Open(env::FileSystem& files, const std::string& path,
                                             const BoltOptions& options) {
  auto pager = BoltPager::Open(files, path, options);
  if (!pager.ok()) return pager.status();
  return std::unique_ptr<BoltDb>(new BoltDb(std::move(pager).value()));
}

Result<NodePtr> BoltDb::FindLeaf(NodePtr node, std::string_view key) {
  for (int depth = 0; !node->leaf; ++depth) {
    if (depth == kTreeDepthMax || node->elements.empty()) return Damaged();
    const auto page = pager_->Load(node->elements[ChildIndex(*node, key)].child);
    if (!page.ok()) return page.status();
    node = page.value().node;
  }
  return node;
}

Result<std::optional<BucketValue>> BoltDb::FindBucket(std::string_view name) {
  const auto root = pager_->Load(pager_->meta().root);
  if (!root.ok()) return root.status();
  const auto leaf = FindLeaf(root.value().node, name);
  if (!leaf.ok()) return leaf.status();
  const std::vector<Element>& elements = leaf.value()->elements;
  const size_t at = LowerBound(*leaf.value(), name);
  if (at == elements.size() || elements[at].key != name ||
      (elements[at].flags & kBucketFlag) == 0) {
    return std::optional<BucketValue>();
  }
  auto bucket = DecodeBucket(elements[at].value);
  if (!bucket.ok()) return bucket.status();
  return std::optional<BucketValue>(std::move(bucket).value());
}

Result<NodePtr> BoltDb::RootOf(std::string_view bucket) {
  auto found = FindBucket(bucket);
  if (!found.ok()) return found.status();
  if (!found.value()) return NoBucket();
  if (found.value()->root == 0) {
    return NodePtr(std::make_shared<const Node>(std::move(found.value()->inline_node)));
  }
  const auto page = pager_->Load(found.value()->root);
  if (!page.ok()) return page.status();
  return page.value().node;
}

Result<std::optional<Bytes>> BoltDb::Get(std::string_view bucket, std::string_view key) {
  const auto root = RootOf(bucket);
  if (!root.ok()) return root.status();
  const auto leaf = FindLeaf(root.value(), key);
  if (!leaf.ok()) return leaf.status();
  const std::vector<Element>& elements = leaf.value()->elements;
  const size_t at = LowerBound(*leaf.value(), key);
  if (at == elements.size() || elements[at].key != key || elements[at].flags != 0) {
    return std::optional<Bytes>();
  }
  return std::optional<Bytes>(elements[at].value);
}

// A leaf without elements is only ever the root: transactions remove others.
Result<std::optional<std::string>> BoltDb::EdgeKey(std::string_view bucket, bool last) {
  const auto root = RootOf(bucket);
  if (!root.ok()) return root.status();
  NodePtr node = root.value();
  for (int depth = 0; !node->leaf; ++depth) {
    if (depth == kTreeDepthMax || node->elements.empty()) return Damaged();
    const auto page = pager_->Load((last ? node->elements.back() : node->elements.front()).child);
    if (!page.ok()) return page.status();
    node = page.value().node;
  }
  if (node->elements.empty()) return std::optional<std::string>();
  return std::optional<std::string>((last ? node->elements.back() : node->elements.front()).key);
}

Result<std::optional<std::string>> BoltDb::FirstKey(std::string_view bucket) {
  return EdgeKey(bucket, false);
}

Result<std::optional<std::string>> BoltDb::LastKey(std::string_view bucket) {
  return EdgeKey(bucket, true);
}

Result<bool> BoltDb::VisitNode(const Node& node, std::string_view from, int depth,
                               const std::function<bool(const Element&)>& visitor) {
  if (depth == kTreeDepthMax) return Damaged();
  const size_t first = node.elements.empty() ? 0
                       : node.leaf           ? LowerBound(node, from)
                                             : ChildIndex(node, from);
  for (size_t i = first; i < node.elements.size(); ++i) {
    bool goes_on = true;
    if (node.leaf) {
      goes_on = visitor(node.elements[i]);
    } else {
      const auto page = pager_->Load(node.elements[i].child);
      if (!page.ok()) return page.status();
      const auto inner = VisitNode(*page.value().node, from, depth + 1, visitor);
      if (!inner.ok()) return inner.status();
      goes_on = inner.value();
    }
    if (!goes_on) return false;
  }
  return true;
}

Status BoltDb::Visit(std::string_view bucket, std::string_view from, const Visitor& visitor) {
  const auto root = RootOf(bucket);
  if (!root.ok()) return root.status();
  const auto visit = [&](const Element& element) {
    return element.flags != 0 || visitor(element.key, element.value);
  };
  return VisitNode(*root.value(), from, 0, visit).status();
}

Result<std::vector<std::string>> BoltDb::BucketNames() {
  const auto root = pager_->Load(pager_->meta().root);
  if (!root.ok()) return root.status();
  std::vector<std::string> names;
  const auto visit = [&](const Element& element) {
    if ((element.flags & kBucketFlag) != 0) names.push_back(element.key);
    return true;
  };
  ATREST_TRY(VisitNode(*root.value().node, "", 0, visit).status());
  return names;
}

Result<BoltTransaction> BoltDb::Begin() {
  ATREST_TRY(pager_->Begin());
  return BoltTransaction(*this);
}

BoltTransaction::BoltTransaction(BoltDb& db)
    : db_(&db), root_(*db.pager_, db.pager_->meta().root) {}

BoltTransaction::BoltTransaction(BoltTransaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)),
      root_(std::move(other.root_)),
      buckets_(std::move(other.buckets_)) {}

BoltTransaction::~BoltTransaction() {
  if (db_ != nullptr) db_->pager_->Rollback();
}

Result<BoltTree*> BoltTransaction::Find(std::string_view name) {
  const auto known = buckets_.find(name);
  if (known != buckets_.end()) return &known->second.tree;
  auto found = db_->FindBucket(name);
  if (!found.ok()) return found.status();
  if (!found.value()) return NoBucket();
  BucketValue& value = *found.value();
  BoltTree tree = value.root != 0 ? BoltTree(*db_->pager_, value.root)
                                  : BoltTree(*db_->pager_, std::move(value.inline_node));
  const auto added = buckets_.emplace(name, Bucket{std::move(tree), value.sequence});
  return &added.first->second.tree;
}

Status BoltTransaction::CreateBucketIfNotExists(std::string_view name) {
  const auto found = Find(name);
  if (found.ok()) return Status();
  if (found.status().code() != Code::kNotFound) return found.status();
  ATREST_TRY(root_.Put(name, EncodeBucket({}), kBucketFlag));
  buckets_.emplace(name, Bucket{BoltTree(*db_->pager_, Node{}), 0});
  return Status();
}

Status BoltTransaction::Put(std::string_view bucket, std::string_view key, Bytes value) {
  const auto tree = Find(bucket);
  if (!tree.ok()) return tree.status();
  return tree.value()->Put(key, std::move(value));
}

Status BoltTransaction::Delete(std::string_view bucket, std::string_view key) {
  const auto tree = Find(bucket);
  if (!tree.ok()) return tree.status();
  return tree.value()->Delete(key);
}

Status BoltTransaction::StageBucket(const std::string& name, Bucket& bucket) {
  ATREST_TRY(bucket.tree.Rebalance());
  BucketValue value;
  value.sequence = bucket.sequence;
  if (auto inlined = bucket.tree.TakeInline()) {
    value.inline_node = std::move(*inlined);
  } else {
    const auto root = bucket.tree.Spill();
    if (!root.ok()) return root.status();
    value.root = root.value();
  }
  return root_.Put(name, EncodeBucket(value), kBucketFlag);
}

Result<PageId> BoltTransaction::StageAll() {
  for (auto& [name, bucket] : buckets_) {
    if (bucket.tree.changed()) ATREST_TRY(StageBucket(name, bucket));
  }
  if (!root_.changed()) return db_->pager_->meta().root;
  return root_.Spill();
}

Status BoltTransaction::Commit() {
  ATREST_CHECK(db_ != nullptr);
  const auto root = StageAll();
  BoltPager& pager = *std::exchange(db_, nullptr)->pager_;
  if (!root.ok()) {
    pager.Rollback();
    return root.status();
  }
  return pager.Commit(root.value());
}

}  // namespace atrest::raftlog
