#include "reference/store/memory_store.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/env/fixed_env.h"
#include "reference/store/limit_warning.h"

namespace atrest::store {
namespace {

// A memory store with one channel, "foo".
class MemoryStoreTest : public ::testing::Test {
 protected:
  void Open(const StoreLimits& limits) {
    store_ = MakeMemoryStore(clock_, log_, limits);
    messages_ = store_->CreateChannel("foo").value()->messages.get();
  }

  // Every message of these tests encodes to 20 bytes: 2 sequence, 5 subject, 7 data, 6 time.
  void Put(uint64_t sequence, int64_t timestamp_ns) {
    Message message;
    message.sequence = sequence;
    message.subject = "foo";
    message.data.emplace(ToBytes("hello"));
    message.timestamp_ns = kTime + timestamp_ns;
    ASSERT_TRUE(messages_->Store(message).ok());
  }
  void PutUpTo(uint64_t last) {
    for (uint64_t i = messages_->LastSequence() + 1; i <= last; ++i) Put(i, 0);
  }

  // "first..last count/bytes"
  std::string State() const {
    const MessageCounts counts = messages_->Counts();
    return std::to_string(messages_->FirstSequence()) + ".." +
           std::to_string(messages_->LastSequence()) + " " + std::to_string(counts.count) + "/" +
           std::to_string(counts.bytes);
  }

  static constexpr int64_t kTime = int64_t{1} << 30;

  env::FixedClock clock_{kTime};
  LogBuffer log_;
  std::unique_ptr<Store> store_;
  MessageStore* messages_ = nullptr;
};

TEST_F(MemoryStoreTest, AnEmptyChannel) {
  Open({});
  EXPECT_EQ(store_->Name(), "MEMORY");
  EXPECT_FALSE(store_->Recover().value().has_value());
  EXPECT_EQ(State(), "0..0 0/0");
  EXPECT_EQ(messages_->FirstMessage().value(), nullptr);
  EXPECT_EQ(messages_->LastMessage().value(), nullptr);
  EXPECT_EQ(messages_->SequenceFromTimestamp(0).value(), 0u);
}

TEST_F(MemoryStoreTest, FindsWhatWasStored) {
  Open({});
  PutUpTo(3);
  EXPECT_EQ(State(), "1..3 3/60");
  EXPECT_EQ(messages_->Lookup(2).value()->sequence, 2u);
  EXPECT_EQ(messages_->Lookup(4).value(), nullptr);
  EXPECT_EQ(messages_->FirstMessage().value()->sequence, 1u);
  EXPECT_EQ(messages_->LastMessage().value()->sequence, 3u);
}

TEST_F(MemoryStoreTest, ASequenceThatIsNotNewIsIgnored) {
  Open({});
  PutUpTo(3);
  Put(2, 5);
  Put(3, 5);
  Put(0, 5);
  EXPECT_EQ(State(), "1..3 3/60");
  EXPECT_EQ(messages_->Lookup(2).value()->timestamp_ns, kTime);
}

TEST_F(MemoryStoreTest, TheCountLimitDropsTheOldestAndWarnsOnce) {
  StoreLimits limits;
  limits.all.max_messages = 3;
  Open(limits);
  PutUpTo(5);
  EXPECT_EQ(State(), "3..5 3/60");
  EXPECT_EQ(messages_->Lookup(2).value(), nullptr);
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_EQ(log_.lines()[0].level, LogLevel::kWarning);
  EXPECT_EQ(log_.lines()[0].text,
            "Reached limits for store \"foo\" (msgs=3/3 bytes=60 B/976.56 MB), dropping old "
            "messages to make room for new ones");
}

TEST_F(MemoryStoreTest, TheByteLimitLeavesTheLastMessage) {
  StoreLimits limits;
  limits.all.max_bytes = 45;
  Open(limits);
  PutUpTo(3);
  EXPECT_EQ(State(), "2..3 2/40");
  limits.all.max_bytes = 1;
  Open(limits);
  PutUpTo(3);
  EXPECT_EQ(State(), "3..3 1/20");
}

TEST_F(MemoryStoreTest, ZeroIsNoLimit) {
  StoreLimits limits;
  limits.all.max_messages = limits.all.max_bytes = limits.max_channels = 0;
  limits.all.max_subscriptions = 0;
  Open(limits);
  PutUpTo(100);
  EXPECT_EQ(State(), "1..100 100/2000");
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(MemoryStoreTest, MessagesExpireAtTheirAge) {
  StoreLimits limits;
  limits.all.max_age_ns = 10;
  Open(limits);
  Put(1, 0);
  Put(2, 5);
  clock_.Set(kTime + 9);
  store_->Tick();
  EXPECT_EQ(State(), "1..2 2/40");
  clock_.Set(kTime + 10);
  store_->Tick();
  EXPECT_EQ(State(), "2..2 1/20");
  clock_.Set(kTime + 15);
  store_->Tick();
  EXPECT_EQ(State(), "3..2 0/0");
  EXPECT_EQ(messages_->LastMessage().value(), nullptr);
  EXPECT_EQ(messages_->SequenceFromTimestamp(0).value(), 3u);
  Put(3, 15);
  EXPECT_EQ(State(), "3..3 1/20");
}

TEST_F(MemoryStoreTest, WhatIsDueHasExpiredBeforeAnybodyLooks) {
  StoreLimits limits;
  limits.all.max_age_ns = 10;
  Open(limits);
  Put(1, 0);
  Put(2, 5);
  clock_.Set(kTime + 10);  // and no Tick
  EXPECT_EQ(messages_->Lookup(1).value(), nullptr);
  EXPECT_EQ(messages_->FirstMessage().value()->sequence, 2u);
  EXPECT_EQ(State(), "2..2 1/20");
}

TEST_F(MemoryStoreTest, EveryQuestionFindsWhatIsDueGone) {
  StoreLimits limits;
  limits.all.max_age_ns = 1;
  const auto after = [&](auto&& ask) {
    clock_.Set(kTime);
    Open(limits);
    Put(1, 0);
    clock_.Set(kTime + 1);  // and no Tick
    return ask();
  };
  EXPECT_EQ(after([&] { return messages_->FirstSequence(); }), 2u);
  EXPECT_EQ(after([&] { return messages_->Counts().count; }), 0u);
  EXPECT_EQ(after([&] { return messages_->Lookup(1).value(); }), nullptr);
  EXPECT_EQ(after([&] { return messages_->SequenceFromTimestamp(kTime).value(); }), 2u);
}

TEST_F(MemoryStoreTest, WhatHasExpiredMakesRoom) {
  StoreLimits limits;
  limits.all.max_age_ns = 10;
  limits.all.max_messages = 2;
  Open(limits);
  Put(1, 0);
  Put(2, 0);
  clock_.Set(kTime + 10);
  Put(3, 10);
  EXPECT_EQ(State(), "3..3 1/20");
  EXPECT_TRUE(log_.lines().empty()) << "no limit was reached";
}

TEST_F(MemoryStoreTest, AGapGoesWithTheMessagesBeforeIt) {
  StoreLimits limits;
  limits.all.max_age_ns = 10;
  Open(limits);
  Put(1, 0);
  Put(4, 5);
  clock_.Set(kTime + 10);
  EXPECT_EQ(State(), "4..4 1/20");
}

TEST_F(MemoryStoreTest, TimesLeadToSequences) {
  Open({});
  for (const auto& [sequence, time] :
       {std::pair<uint64_t, int64_t>{1, 0}, {2, 10}, {3, 10}, {4, 20}, {5, 30}, {6, 30}}) {
    Put(sequence, time);
  }
  const auto from = [&](int64_t time) {
    return messages_->SequenceFromTimestamp(kTime + time).value();
  };
  EXPECT_EQ(from(-1), 1u);
  EXPECT_EQ(from(0), 1u);
  EXPECT_EQ(from(1), 2u);
  EXPECT_EQ(from(10), 2u);
  EXPECT_EQ(from(11), 4u);
  EXPECT_EQ(from(21), 5u);
  // The last of the two that share the last time.
  EXPECT_EQ(from(30), 6u);
  EXPECT_EQ(from(31), 7u);
}

TEST_F(MemoryStoreTest, OfOneTimeTheFirstCounts) {
  Open({});
  PutUpTo(3);
  EXPECT_EQ(messages_->SequenceFromTimestamp(kTime).value(), 1u);
}

TEST_F(MemoryStoreTest, OneIsALimit) {
  StoreLimits limits;
  limits.max_channels = 1;
  limits.all.max_subscriptions = 1;
  Open(limits);
  EXPECT_EQ(store_->CreateChannel("bar").status().message(), "too many channels");
  SubscriptionState state;
  EXPECT_TRUE(store_->FindChannel("foo")->subscriptions->Create(state).ok());
  EXPECT_EQ(store_->FindChannel("foo")->subscriptions->Create(state).message(),
            "too many subscriptions per channel");
}

TEST_F(MemoryStoreTest, AGapIsNotFilled) {
  StoreLimits limits;
  limits.all.max_messages = 2;
  Open(limits);
  Put(1, 0);
  Put(4, 0);
  EXPECT_EQ(State(), "1..4 2/40");
  EXPECT_EQ(messages_->Lookup(2).value(), nullptr);
  Put(5, 0);
  EXPECT_EQ(State(), "2..5 2/40");
}

TEST_F(MemoryStoreTest, EmptyBeginsAgain) {
  StoreLimits limits;
  limits.all.max_messages = 1;
  Open(limits);
  PutUpTo(2);
  ASSERT_TRUE(messages_->Empty().ok());
  EXPECT_EQ(State(), "0..0 0/0");
  PutUpTo(2);
  EXPECT_EQ(State(), "2..2 1/20");
  EXPECT_EQ(log_.lines().size(), 2u);
}

TEST_F(MemoryStoreTest, ChannelsAreLimitedAndUnique) {
  StoreLimits limits;
  limits.max_channels = 2;
  limits.per_channel["bar"].max_messages = 1;
  Open(limits);
  EXPECT_EQ(store_->CreateChannel("foo").status().message(), "already exists");
  messages_ = store_->CreateChannel("bar").value()->messages.get();
  PutUpTo(2);
  EXPECT_EQ(State(), "2..2 1/20");
  EXPECT_EQ(store_->CreateChannel("baz").status().message(), "too many channels");
  // That a name is taken is looked at first.
  EXPECT_EQ(store_->CreateChannel("foo").status().message(), "already exists");
  EXPECT_TRUE(store_->DeleteChannel("foo").ok());
  EXPECT_EQ(store_->FindChannel("foo"), nullptr);
  EXPECT_EQ(store_->DeleteChannel("foo").message(), "not found");
  EXPECT_TRUE(store_->CreateChannel("baz").ok());
  EXPECT_NE(store_->FindChannel("baz"), nullptr);
  EXPECT_TRUE(store_->Close().ok());
}

TEST_F(MemoryStoreTest, SubscriptionsAreCountedAndNumbered) {
  StoreLimits limits;
  limits.all.max_subscriptions = 2;
  Open(limits);
  SubscriptionStore& subscriptions = *store_->FindChannel("foo")->subscriptions;
  SubscriptionState state;
  ASSERT_TRUE(subscriptions.Create(state).ok());
  EXPECT_EQ(state.id, 1u);
  ASSERT_TRUE(subscriptions.Create(state).ok());
  EXPECT_EQ(state.id, 2u);
  EXPECT_EQ(subscriptions.Create(state).message(), "too many subscriptions per channel");
  ASSERT_TRUE(subscriptions.Delete(2).ok());
  ASSERT_TRUE(subscriptions.Create(state).ok());
  EXPECT_EQ(state.id, 3u);
  EXPECT_TRUE(subscriptions.AddPending(3, 1).ok());
  EXPECT_TRUE(subscriptions.AckPending(3, 1).ok());
}

// Any schedule of stores against a plain list.
RC_GTEST_PROP(MemoryStoreProperty, LimitsKeepTheNewest, (const std::vector<uint8_t>& steps)) {
  env::FixedClock clock;
  LogBuffer log;
  StoreLimits limits;
  limits.all.max_messages = 5;
  limits.all.max_bytes = 100;
  const std::unique_ptr<Store> store = MakeMemoryStore(clock, log, limits);
  MessageStore& messages = *store->CreateChannel("c").value()->messages;
  std::vector<Message> kept;
  for (const uint8_t step : steps) {
    Message message;
    message.sequence = messages.LastSequence() + 1;
    message.data.emplace(Bytes(step % 64, step));
    kept.push_back(message);
    RC_ASSERT(messages.Store(message).ok());
  }
  uint64_t bytes = 0;
  size_t count = 0;
  while (count < kept.size() && count < 5) {
    const uint64_t more = EncodedSize(kept[kept.size() - 1 - count]);
    if (count > 0 && bytes + more > 100) break;
    bytes += more;
    ++count;
  }
  RC_ASSERT(messages.Counts().count == count);
  RC_ASSERT(messages.Counts().bytes == bytes);
  for (const Message& message : kept) {
    const MessagePtr found = messages.Lookup(message.sequence).value();
    RC_ASSERT((found != nullptr) == (message.sequence + count > kept.size()));
    if (found != nullptr) RC_ASSERT(*found == message);
  }
}

TEST(LimitWarningTest, SizesForPeople) {
  EXPECT_EQ(FriendlyBytes(0), "0 B");
  EXPECT_EQ(FriendlyBytes(1023), "1023 B");
  EXPECT_EQ(FriendlyBytes(1024), "1.00 KB");
  EXPECT_EQ(FriendlyBytes(1536), "1.50 KB");
  EXPECT_EQ(FriendlyBytes(1024 * 1024), "1.00 MB");
  EXPECT_EQ(FriendlyBytes(1'024'000'000), "976.56 MB");
  EXPECT_EQ(FriendlyBytes(uint64_t{5} << 40), "5.00 TB");
  EXPECT_EQ(FriendlyBytes((uint64_t{1} << 63) - 1), "8.00 EB");
}

TEST_F(MemoryStoreTest, ZeroSubscriptionsIsNoLimit) {
  StoreLimits limits;
  limits.all.max_subscriptions = 0;
  Open(limits);
  for (uint64_t i = 1; i <= 3; ++i) {
    SubscriptionState one;
    EXPECT_TRUE(store_->FindChannel("foo")->subscriptions->Create(one).ok());
    EXPECT_EQ(one.id, i);
  }
}

}  // namespace
}  // namespace atrest::store
