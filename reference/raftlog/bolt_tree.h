// The tree of one bucket while a write transaction changes it: the nodes that were touched are
// copied into memory, changed there, balanced at the end and written to new pages. Where nodes are
// split, merged and placed follows the real server's rules (FORMAT.md), so that the same changes
// give the same pages; where those rules leave the order open (several nodes that became too
// small), it is that of the keys.
// Not for reading what is committed: bolt_db.h.
// Ownership: the pager is borrowed and has an open transaction while a tree is changed.
// Errors: those of loading a page (bolt_pager.h), and "incompatible value" (kInvalid) for a key
// that is a bucket. After an error the transaction can only be rolled back.
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/raftlog/bolt_pager.h"

namespace atrest::raftlog {

// The index of the child of BRANCH that KEY belongs to. REQUIRES: it has children.
size_t ChildIndex(const Node& branch, std::string_view key);
// The index of the first element whose key is not below KEY.
size_t LowerBound(const Node& node, std::string_view key);

class BoltTree {
 public:
  // The tree at ROOT.
  BoltTree(BoltPager& pager, PageId root) : pager_(pager), root_page_(root) {}
  // An inline bucket, or a new one.
  BoltTree(BoltPager& pager, Node inline_node);

  // Adds, or replaces the value. REQUIRES: key is not empty and at most kKeySizeMax bytes.
  Status Put(std::string_view key, Bytes value, uint32_t flags = 0);
  // Ok if KEY does not exist.
  Status Delete(std::string_view key);

  bool changed() const { return changed_; }
  // Merges nodes that became too small. Before Spill or TakeInline.
  Status Rebalance();
  // The only node, if there is just one and it is small enough to be an inline bucket; the pages of
  // the tree are freed then. REQUIRES: changed().
  std::optional<Node> TakeInline();
  // Stages all touched nodes; the id of the root. REQUIRES: changed().
  Result<PageId> Spill();

 private:
  // A node in memory. Children that were not touched are page ids alone.
  struct Working {
    Node node;
    PageId page = 0;  // 0: was never written
    uint64_t pages = 0;
    bool unbalanced = false;
    std::vector<std::unique_ptr<Working>> children;  // of a branch: as many as it has elements
  };

  Status LoadRoot();
  Result<std::unique_ptr<Working>> LoadWorking(PageId id);
  Status LoadChild(Working& parent, size_t index);
  Result<Working*> FindLeaf(std::string_view key);
  bool IsSmall(const Working& working) const;
  Status RebalanceChildren(Working& parent);
  Status MergeChild(Working& parent, size_t index);
  void RemoveChild(Working& parent, size_t index);
  Status CollapseRoot();
  void FreePagesOf(const Working& working);
  std::vector<Working> Split(Working whole) const;
  size_t SplitIndex(const Node& node) const;
  Element Place(Working& working);
  std::vector<Element> SpillNode(Working& working);
  void SpillChildren(Working& parent);

  BoltPager& pager_;
  PageId root_page_ = 0;
  std::unique_ptr<Working> root_;  // null: not touched
  bool changed_ = false;
};

}  // namespace atrest::raftlog
