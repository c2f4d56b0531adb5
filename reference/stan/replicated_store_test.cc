// The store of a node: messages and server information pass through, clients and subscriptions do
// not.
#include "reference/stan/replicated_store.h"

#include <gtest/gtest.h>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/store/file_store.h"
#include "reference/store/memory_store.h"

namespace atrest::stan {
namespace {

class ReplicatedStoreTest : public testing::Test {
 protected:
  std::unique_ptr<store::Store> OpenFiles() {
    auto opened = store::FileStore::Open({files_, clock_, entropy_}, log_, "d", limits_, {});
    ATREST_CHECK(opened.ok());
    return std::move(opened).value();
  }

  env::MemFileSystem files_;
  env::FixedClock clock_{1};
  env::SeededEntropy entropy_{1};
  LogBuffer log_;
  store::StoreLimits limits_;
};

TEST_F(ReplicatedStoreTest, MessagesPassThrough) {
  const auto below = store::MakeMemoryStore(clock_, log_, limits_);
  const auto store = MakeReplicatedStore(*below, limits_);
  EXPECT_EQ(store->Name(), "RAFT_MEMORY");
  store::Channel* channel = store->CreateChannel("foo").value();
  wire::Message message;
  message.sequence = 1;
  message.subject = "foo";
  ASSERT_TRUE(channel->messages->Store(message).ok());
  EXPECT_EQ(below->FindChannel("foo")->messages->LastSequence(), 1U);
  EXPECT_EQ(channel->messages->LastMessage().value()->subject, "foo");
  EXPECT_EQ(store->FindChannel("foo"), channel);
  ASSERT_TRUE(store->DeleteChannel("foo").ok());
  EXPECT_EQ(store->FindChannel("foo"), nullptr);
  EXPECT_EQ(below->FindChannel("foo"), nullptr);
}

TEST_F(ReplicatedStoreTest, ASubscriptionKeepsTheIdThatItComesWith) {
  limits_.all.max_subscriptions = 2;
  const auto below = store::MakeMemoryStore(clock_, log_, limits_);
  const auto store = MakeReplicatedStore(*below, limits_);
  store::SubscriptionStore& subscriptions = *store->CreateChannel("foo").value()->subscriptions;
  store::SubscriptionState one;
  one.id = 7;
  ASSERT_TRUE(subscriptions.Create(one).ok());
  EXPECT_EQ(one.id, 7U);
  store::SubscriptionState other;
  ASSERT_TRUE(subscriptions.Create(other).ok());
  EXPECT_EQ(other.id, 8U);
  store::SubscriptionState third;
  EXPECT_EQ(subscriptions.Create(third).message(), "too many subscriptions per channel");
  // One that is there already is not counted again.
  EXPECT_TRUE(subscriptions.Create(one).ok());
  ASSERT_TRUE(subscriptions.Delete(8).ok());
  ASSERT_TRUE(subscriptions.Create(third).ok());
  EXPECT_EQ(third.id, 9U);
}

TEST_F(ReplicatedStoreTest, WhatAStandaloneServerLeftOfClientsIsPassedOver) {
  {
    const auto below = OpenFiles();
    ASSERT_TRUE(below->Recover().ok());
    ASSERT_TRUE(below->Init(store::MakeServerInfo("test-cluster")).ok());
    store::ClientInfo client;
    client.id = "c";
    ASSERT_TRUE(below->AddClient(client).ok());
    store::SubscriptionState state;
    state.client_id = "c";
    ASSERT_TRUE(below->CreateChannel("foo").value()->subscriptions->Create(state).ok());
    ASSERT_TRUE(below->Close().ok());
  }
  const auto below = OpenFiles();
  const auto store = MakeReplicatedStore(*below, limits_);
  const auto recovered = store->Recover();
  ASSERT_TRUE(recovered.ok());
  EXPECT_TRUE(recovered.value()->clients.empty());
  const store::RecoveredChannel& foo = recovered.value()->channels.at("foo");
  EXPECT_TRUE(foo.subscriptions.empty());
  store::SubscriptionState next;
  ASSERT_TRUE(foo.channel->subscriptions->Create(next).ok());
  EXPECT_EQ(next.id, 2U);
}

}  // namespace
}  // namespace atrest::stan
