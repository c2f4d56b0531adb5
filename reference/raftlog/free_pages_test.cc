#include "reference/raftlog/free_pages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace atrest::raftlog {
namespace {

TEST(FreePagesTest, TakesTheLowestRunThatIsLongEnough) {
  FreePages free;
  EXPECT_TRUE(free.Add(10, 1));
  EXPECT_TRUE(free.Add(12, 3));
  EXPECT_TRUE(free.Add(20, 2));
  EXPECT_EQ(free.Take(2), 12u);
  EXPECT_EQ(free.Take(2), 20u);
  EXPECT_EQ(free.Take(2), std::nullopt);
  EXPECT_EQ(free.Take(1), 10u);
  EXPECT_EQ(free.Ids(), std::vector<PageId>{14});
}

TEST(FreePagesTest, RunsThatTouchAreOne) {
  FreePages free;
  EXPECT_TRUE(free.Add(5, 1));
  EXPECT_TRUE(free.Add(7, 1));
  EXPECT_TRUE(free.Add(6, 1));
  EXPECT_EQ(free.Take(3), 5u);
  EXPECT_EQ(free.size(), 0u);
}

TEST(FreePagesTest, APageIsFreeOnce) {
  FreePages free;
  EXPECT_TRUE(free.Add(5, 3));
  EXPECT_FALSE(free.Add(7, 2));
  EXPECT_FALSE(free.Add(3, 3));
  EXPECT_FALSE(free.Add(6, 1));
  EXPECT_EQ(free.size(), 3u);
}

RC_GTEST_PROP(FreePagesTest, IsTheSortedArrayOfTheRealServer, ()) {
  FreePages free;
  std::set<PageId> model;
  for (int step = 0; step < 200; ++step) {
    const auto count = *rc::gen::inRange<uint64_t>(1, 5);
    if (*rc::gen::arbitrary<bool>()) {
      const auto first = *rc::gen::inRange<PageId>(2, 60);
      bool is_new = true;
      for (PageId id = first; id < first + count; ++id) is_new = is_new && !model.contains(id);
      RC_ASSERT(free.Add(first, count) == is_new);
      for (PageId id = first; is_new && id < first + count; ++id) model.insert(id);
      continue;
    }
    const auto is_start = [&](PageId id) {
      for (PageId i = id; i < id + count; ++i) {
        if (!model.contains(i)) return false;
      }
      return true;
    };
    const auto expected = std::ranges::find_if(model, is_start);
    const auto taken = free.Take(count);
    RC_ASSERT(taken.has_value() == (expected != model.end()));
    if (!taken) continue;
    RC_ASSERT(*taken == *expected);
    for (PageId id = *taken; id < *taken + count; ++id) model.erase(id);
  }
  RC_ASSERT(free.Ids() == std::vector<PageId>(model.begin(), model.end()));
}

}  // namespace
}  // namespace atrest::raftlog
