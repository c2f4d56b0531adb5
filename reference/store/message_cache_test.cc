#include "reference/store/message_cache.h"

#include <gtest/gtest.h>

#include <limits>

namespace atrest::store {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class MessageCacheTest : public ::testing::Test {
 protected:
  void Add(uint64_t sequence, int64_t since_ns) {
    Message message;
    message.sequence = sequence;
    cache_.Add(sequence, std::make_shared<const Message>(message), since_ns);
  }
  // Which of 1, 2, 3 are cached after eviction at NOW_NS; asking prolongs nothing that is to be
  // evicted at NOW_NS.
  std::string After(int64_t now_ns) {
    cache_.Evict(now_ns);
    std::string all;
    for (uint64_t i = 1; i <= 3; ++i) {
      if (cache_.Get(i, now_ns - kSecond) != nullptr) all += std::to_string(i);
    }
    return all;
  }

  MessageCache cache_;
};

TEST_F(MessageCacheTest, KeepsAMessageForASecond) {
  Add(1, 0);
  Add(2, kSecond / 2);
  EXPECT_EQ(After(kSecond - 1), "12");
  EXPECT_EQ(After(2 * kSecond), "");
}

TEST_F(MessageCacheTest, AUseProlongs) {
  Add(1, 0);
  Add(2, 0);
  EXPECT_NE(cache_.Get(1, kSecond / 2), nullptr);
  EXPECT_EQ(After(kSecond), "1");
  EXPECT_EQ(After(2 * kSecond), "");
}

TEST_F(MessageCacheTest, NothingExpiresBeforeWhatWasAddedEarlier) {
  Add(1, kSecond);
  Add(2, 0);
  EXPECT_EQ(After(kSecond), "12");
}

TEST_F(MessageCacheTest, AddingAgainReplaces) {
  Add(1, 0);
  Add(1, kSecond);
  EXPECT_EQ(After(kSecond), "1");
  cache_.Clear();
  EXPECT_EQ(After(0), "");
}

TEST_F(MessageCacheTest, WhatWasClearedExpiresNothing) {
  Add(1, 0);
  cache_.Clear();
  Add(1, kSecond);
  EXPECT_EQ(After(kSecond), "1");
}

TEST_F(MessageCacheTest, TimesAtTheEndOfTheRange) {
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  Add(1, kEnd);
  cache_.Evict(kEnd - 1);
  EXPECT_NE(cache_.Get(1, kEnd), nullptr);
  cache_.Evict(kEnd - 1);
  EXPECT_NE(cache_.Get(1, kEnd - kSecond), nullptr);
  cache_.Evict(kEnd);
  EXPECT_EQ(cache_.Get(1, kEnd), nullptr);
}

}  // namespace
}  // namespace atrest::store
