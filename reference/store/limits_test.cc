// Which limits a channel has: wire.md 2.11.
#include "reference/store/limits.h"

#include <gtest/gtest.h>

namespace atrest::store {
namespace {

TEST(StoreLimits, TheMostSpecificNameThatMatchesCounts) {
  StoreLimits limits;
  limits.all.max_messages = 1;
  limits.per_channel[">"].max_messages = 2;
  limits.per_channel["a.>"].max_messages = 3;
  limits.per_channel["a.*"].max_messages = 4;
  limits.per_channel["*.b"].max_messages = 5;
  limits.per_channel["a.b"].max_messages = 6;
  EXPECT_EQ(limits.For("a.b").max_messages, 6u);
  EXPECT_EQ(limits.For("a.c").max_messages, 4u);
  EXPECT_EQ(limits.For("a.b.c").max_messages, 3u);
  EXPECT_EQ(limits.For("c.b").max_messages, 5u);
  EXPECT_EQ(limits.For("c").max_messages, 2u);
}

TEST(StoreLimits, WithoutAMatchTheGlobalsCount) {
  StoreLimits limits;
  limits.per_channel["a.*"].max_messages = 4;
  EXPECT_EQ(limits.For("a").max_messages, limits.all.max_messages);
}

TEST(StoreLimits, SpecificityGoesTokenByToken) {
  EXPECT_TRUE(IsMoreSpecific("a.>", "*.b"));
  EXPECT_TRUE(IsMoreSpecific("a.*.c", "a.*.>"));
  EXPECT_FALSE(IsMoreSpecific("a.*", "a.*"));
  EXPECT_FALSE(IsMoreSpecific(">", "*"));
  EXPECT_TRUE(IsMoreSpecific("*", ">"));
  EXPECT_TRUE(IsMoreSpecific("a", "*"));
  EXPECT_FALSE(IsMoreSpecific("*", "a"));
}

}  // namespace
}  // namespace atrest::store
