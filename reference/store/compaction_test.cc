// When journals are compacted: predicted from nothing but the sizes of records, through restarts.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "reference/base/random.h"
#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

constexpr uint64_t kMinSize = 90;

class CompactionTest : public ::testing::TestWithParam<uint64_t>, protected FileStoreFixture {
 protected:
  void SetUp() override {
    options_.buffer_size = 0;
    options_.compact_min_file_size = kMinSize;
    options_.compact_interval_ns = 0;
    Open();
  }
  // Compacted is a journal of at least kMinSize bytes of records, at least half of them obsolete.
  bool IsDue() const {
    const uint64_t share = records_ == 0 ? 100 : obsolete_ * 100 / records_;
    return size_ >= kMinSize && share >= 50;
  }

  Random random_{GetParam()};
  uint64_t size_ = 0;
  uint64_t records_ = 0;
  uint64_t obsolete_ = 0;
  int compactions_ = 0;
};

class SubscriptionCompactionTest : public CompactionTest {
 protected:
  // What an operation made of the file, and whether it was to be compacted.
  void Check(bool may_compact) {
    const uint64_t written = Size("foo/subs.dat") - 4;
    if (may_compact && IsDue()) {
      records_ = live_.size();
      for (const auto& [id, pending] : live_) records_ += pending.size();
      obsolete_ = 0;
      ++compactions_;
      EXPECT_LE(written, size_);
      EXPECT_EQ(written, SizeOfLive());
      size_ = written;
    }
    EXPECT_EQ(written, size_);
  }
  // The records of subscriptions "c": 13 bytes with their header, 3 more with a name, 2 with the
  // last that was sent; of pending messages 12.
  uint64_t SizeOfLive() const {
    uint64_t size = 0;
    for (const auto& [id, pending] : live_)
      size +=
          13 + (updated_.contains(id) ? 3 : 0) + (sent_.contains(id) ? 2 : 0) + 12 * pending.size();
    return size;
  }
  void Subscribe() {
    SubscriptionState subscription;
    subscription.client_id = "c";
    ASSERT_TRUE(Subscriptions().Create(subscription).ok());
    live_[subscription.id] = {};
    Count(13, 1, 0);
    Check(false);
  }
  void Update(uint64_t id) {
    SubscriptionState subscription;
    subscription.id = id;
    subscription.client_id = "c";
    subscription.durable_name = "D";
    ASSERT_TRUE(Subscriptions().Update(subscription).ok());
    updated_.insert(id);
    sent_.erase(id);
    Count(16, 1, 1);
    Check(false);
  }
  void Pending(uint64_t id, uint64_t sequence) {
    ASSERT_TRUE(Subscriptions().AddPending(id, sequence).ok());
    live_[id].insert(sequence);
    sent_.insert(id);
    Count(12, 1, 0);
    Check(false);
  }
  void Ack(uint64_t id) {
    const uint64_t sequence = *live_[id].begin();
    ASSERT_TRUE(Subscriptions().AckPending(id, sequence).ok());
    live_[id].erase(sequence);
    Count(12, 0, 1);
    Check(true);
  }
  void Unsubscribe(uint64_t id) {
    ASSERT_TRUE(Subscriptions().Delete(id).ok());
    Count(10, 0, 1 + live_[id].size());
    live_.erase(id);
    updated_.erase(id);
    sent_.erase(id);
    Check(true);
  }
  void Restart() {
    Open();
    ASSERT_EQ(state_.channels.at("foo").subscriptions.size(), live_.size());
    for (const RecoveredSubscription& one : state_.channels.at("foo").subscriptions) {
      EXPECT_EQ(one.pending, live_.at(one.state.id));
      EXPECT_EQ(one.state.durable_name, updated_.contains(one.state.id) ? "D" : "");
    }
  }
  void Count(uint64_t size, uint64_t records, uint64_t obsolete) {
    size_ += size;
    records_ += records;
    obsolete_ += obsolete;
  }

  std::map<uint64_t, std::set<uint64_t>> live_;
  std::set<uint64_t> updated_;
  std::set<uint64_t> sent_;
};

TEST_P(SubscriptionCompactionTest, ComesWhenHalfIsObsolete) {
  uint64_t sequence = 0;
  for (int i = 0; i < 300; ++i) {
    const uint64_t choice = random_.Below(10);
    if (live_.empty() || choice == 0) {
      if (live_.size() < 3 && !HasFatalFailure()) Subscribe();
      continue;
    }
    auto one = live_.begin();
    std::advance(one, static_cast<std::ptrdiff_t>(random_.Below(live_.size())));
    const uint64_t id = one->first;
    if (choice == 1) {
      Unsubscribe(id);
    } else if (choice == 2 && sequence < 100) {
      Update(id);
    } else if (choice == 3) {
      Restart();
    } else if (!one->second.empty() && (choice < 7 || sequence >= 120)) {
      Ack(id);
    } else if (sequence < 120) {
      Pending(id, ++sequence);
    }
    ASSERT_FALSE(HasFailure()) << "operation " << i;
  }
  EXPECT_GT(compactions_, 3);
}

class ClientCompactionTest : public CompactionTest {};

TEST_P(ClientCompactionTest, ComesWhenHalfAreDeletions) {
  std::set<std::string> clients;
  uint64_t deletions = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string id(1, static_cast<char>('a' + random_.Below(6)));
    if (random_.Below(8) == 0) {
      Open();
      ASSERT_EQ(state_.clients.size(), clients.size());
    } else if (clients.contains(id)) {
      ASSERT_TRUE(store_->DeleteClient(id).ok());
      clients.erase(id);
      size_ += 8 + 3;
      ++deletions;
      if (size_ >= kMinSize && deletions * 100 / (deletions + clients.size()) >= 50) {
        size_ = clients.size() * (8 + 7);
        deletions = 0;
        ++compactions_;
      }
    } else {
      ASSERT_TRUE(store_->AddClient({.id = id, .heartbeat_inbox = "hb", .connection_id = {}}).ok());
      clients.insert(id);
      size_ += 8 + 7;
    }
    ASSERT_EQ(Size("clients.dat"), 4 + size_) << "operation " << i;
  }
  EXPECT_GT(compactions_, 3);
}

INSTANTIATE_TEST_SUITE_P(All, SubscriptionCompactionTest, ::testing::Values(1, 2, 3));
INSTANTIATE_TEST_SUITE_P(All, ClientCompactionTest, ::testing::Values(1, 2, 3));

class CompactionRulesTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  void Connect(const std::string& id) {
    ASSERT_TRUE(store_->AddClient({.id = id, .heartbeat_inbox = "hb", .connection_id = {}}).ok());
  }
};

TEST_F(CompactionRulesTest, OfClientsAgainAfterTheInterval) {
  options_.compact_min_file_size = 0;
  Open();
  const auto connect_and_leave = [&] {
    Connect("a");
    ASSERT_TRUE(store_->DeleteClient("a").ok());
  };
  connect_and_leave();
  EXPECT_EQ(Size("clients.dat"), 4u);
  Pass(299);
  connect_and_leave();
  EXPECT_GT(Size("clients.dat"), 4u);
  Pass(1);
  connect_and_leave();
  EXPECT_EQ(Size("clients.dat"), 4u);
}

TEST_F(CompactionRulesTest, WithoutAShareAnyDeletionCompacts) {
  options_.compact_min_file_size = 0;
  options_.compact_interval_ns = 0;
  options_.compact_fragmentation = 0;
  Open();
  for (int i = 0; i < 300; ++i) Connect("c" + std::to_string(i));
  const size_t size = Size("clients.dat");
  ASSERT_TRUE(store_->DeleteClient("c0").ok());
  EXPECT_LT(Size("clients.dat"), size);
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  for (uint64_t i = 1; i <= 300; ++i) ASSERT_TRUE(Subscriptions().AddPending(1, i).ok());
  ASSERT_TRUE(Subscriptions().Flush().ok());
  const size_t before = Size("foo/subs.dat");
  ASSERT_TRUE(Subscriptions().AckPending(1, 5).ok());
  EXPECT_LT(Size("foo/subs.dat"), before);
}

TEST_F(CompactionRulesTest, AShareOfOnePerCent) {
  options_.compact_min_file_size = 0;
  options_.compact_interval_ns = 0;
  options_.compact_fragmentation = 1;
  Open();
  for (int i = 0; i < 150; ++i) Connect("c" + std::to_string(i));
  const size_t size = Size("clients.dat");
  ASSERT_TRUE(store_->DeleteClient("c0").ok());
  EXPECT_GT(Size("clients.dat"), size) << "1 of 150";
  ASSERT_TRUE(store_->DeleteClient("c1").ok());
  EXPECT_LT(Size("clients.dat"), size) << "2 of 150";
}

TEST_F(CompactionRulesTest, ACompactedJournalIsSynced) {
  options_.compact_min_file_size = 0;
  Open();
  SubscriptionState one;
  SubscriptionState two;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  ASSERT_TRUE(Subscriptions().Create(two).ok());
  one.durable_name = "D";
  ASSERT_TRUE(Subscriptions().Update(one).ok());
  ASSERT_TRUE(Subscriptions().Delete(two.id).ok());
  LoseWhatIsNotSynced();
  Open();
  ASSERT_EQ(state_.channels.at("foo").subscriptions.size(), 1u);
  EXPECT_EQ(state_.channels.at("foo").subscriptions[0].state.durable_name, "D");
}

TEST_F(CompactionRulesTest, WhatIsWrittenBehindACompactionIsFlushed) {
  options_.compact_min_file_size = 0;
  Open();
  SubscriptionState one;
  SubscriptionState two;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  ASSERT_TRUE(Subscriptions().Create(two).ok());
  ASSERT_TRUE(Subscriptions().Delete(one.id).ok());
  ASSERT_TRUE(Subscriptions().AddPending(two.id, 7).ok());
  ASSERT_TRUE(Subscriptions().Flush().ok());
  LoseWhatIsNotSynced();
  Open();
  ASSERT_EQ(state_.channels.at("foo").subscriptions.size(), 1u);
  EXPECT_EQ(state_.channels.at("foo").subscriptions[0].pending, std::set<uint64_t>{7});
}

}  // namespace
}  // namespace atrest::store
