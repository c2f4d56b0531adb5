#include "reference/raftlog/bolt_check.h"

#include <gtest/gtest.h>

#include <map>

namespace atrest::raftlog {
namespace {

class BoltCheckTest : public ::testing::Test {
 protected:
  BoltCheckTest() { meta_.high_water = 10; }

  void Leaf(PageId id, std::vector<std::string> keys, uint32_t overflow = 0) {
    Node node;
    for (std::string& key : keys) node.elements.push_back({0, 0, std::move(key), {}});
    pages_[id] = {std::make_shared<const Node>(std::move(node)), overflow};
  }
  void Branch(PageId id, std::vector<std::pair<std::string, PageId>> children) {
    Node node;
    node.leaf = false;
    for (auto& [key, child] : children) node.elements.push_back({0, child, key, {}});
    pages_[id] = {std::make_shared<const Node>(std::move(node)), 0};
  }
  void Bucket(PageId id, const std::string& name, PageId root) {
    Node node;
    node.elements.push_back({kBucketFlag, 0, name, EncodeBucket({root, 0, {}})});
    pages_[id] = {std::make_shared<const Node>(std::move(node)), 0};
  }

  // The pages that are reached, "2 3", or the objection without what all have in common.
  std::string Check(PageId root = 2) {
    meta_.root = root;
    const auto reached = ReachablePages(meta_, [this](PageId id) -> Result<Page> {
      const auto page = pages_.find(id);
      if (page == pages_.end()) return Status(Code::kCorrupt, "no page " + std::to_string(id));
      return page->second;
    });
    std::string text;
    if (reached.ok()) {
      for (const PageId id : reached.value()) {
        text += (text.empty() ? "" : " ") + std::to_string(id);
      }
      return text;
    }
    const std::string prefix = "panic: freepages: failed to get all reachable pages (";
    text = reached.status().message();
    return text.starts_with(prefix) ? text.substr(prefix.size(), text.size() - prefix.size() - 1)
                                    : text;
  }

  Meta meta_;
  std::map<PageId, Page> pages_;
};

TEST_F(BoltCheckTest, ReachesTreesBucketsAndOverflowPages) {
  Bucket(2, "logs", 3);
  Branch(3, {{"a", 4}, {"m", 7}});
  Leaf(4, {"a", "b"}, 2);
  Leaf(7, {"m"});
  EXPECT_EQ(Check(), "2 3 4 5 6 7");
}

TEST_F(BoltCheckTest, APageIsReachedOnce) {
  Branch(2, {{"a", 3}, {"m", 3}});
  Leaf(3, {"a"});
  EXPECT_EQ(Check(), "page 3: multiple references (stack: [2 3])");
  Branch(2, {{"a", 2}});
  EXPECT_EQ(Check(), "page 2: multiple references (stack: [2 2])");
  Branch(2, {{"a", 4}, {"m", 5}});
  Leaf(4, {"a"}, 1);
  Leaf(5, {"m"});
  EXPECT_EQ(Check(), "page 5: multiple references (stack: [2 5])");
  Bucket(2, "logs", 2);
  EXPECT_EQ(Check(), "page 2: multiple references (stack: [2])");
}

TEST_F(BoltCheckTest, PagesLieBelowTheHighWaterMark) {
  Branch(2, {{"a", 9}, {"m", 10}});
  Leaf(9, {"a"});
  Leaf(10, {"m"});
  EXPECT_EQ(Check(), "page 10: out of bounds: 10 (stack: [2 10])");
  Branch(2, {{"a", 9}});
  Leaf(9, {"a"}, 1);
  EXPECT_EQ(Check(), "page 9: out of bounds: 10 (stack: [2 9])");
  Branch(2, {{"a", 8}});
  EXPECT_EQ(Check(), "no page 8");
}

TEST_F(BoltCheckTest, KeysAreInOrder) {
  Leaf(2, {"b", "a"});
  EXPECT_EQ(Check(), "key[1]=(hex)61 on leaf page(2) needs to be > previous element 62");
  Leaf(2, {"a", "a"});
  EXPECT_EQ(Check(), "key[1]=(hex)61 on leaf page(2) needs to be > previous element 61");
  Branch(2, {{"c", 3}, {"m", 4}});
  Leaf(3, {"b"});
  Leaf(4, {"m"});
  EXPECT_EQ(Check(), "key[0]=(hex)62 on leaf page(3) needs to be >= the key in the ancestor 63");
  Leaf(3, {"c", "m"});
  EXPECT_EQ(Check(),
            "key[1]=(hex)6d on leaf page(3) needs to be < than key of the next element in "
            "ancestor 6d");
}

TEST_F(BoltCheckTest, DepthIsBounded) {
  meta_.high_water = 1000;
  for (PageId id = 2; id < 200; ++id) Branch(id, {{"a", id + 1}});
  Leaf(200, {"a"});
  EXPECT_EQ(Check(), "a tree is too deep");
  EXPECT_EQ(Check(140).substr(0, 7), "140 141");
  for (PageId id = 2; id < 200; ++id) Bucket(id, "b", id + 1);
  EXPECT_EQ(Check(), "buckets are nested too deeply");
}

}  // namespace
}  // namespace atrest::raftlog
