// What monitoring shows.
#include "reference/stan/view_of.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::ElementsAre;

class Views : public StanFixture, public testing::Test {};

TEST_F(Views, OfClientsAndChannels) {
  Open();
  Connect("c");
  Connect("b");
  PublishMany(3);
  Subscribe({.inbox = "i", .max_in_flight = 2, .ack_wait_s = 7});
  Subscribe({.inbox = "j", .durable = "d"});
  Subscribe({.inbox = "k", .client = "b", .group = "g", .durable = "d"});
  CloseSub("j");
  CloseSub("k", "b");
  EXPECT_THAT(server_->ClientIds(), ElementsAre("b", "c"));
  EXPECT_EQ(server_->ClientCount(), 2U);
  EXPECT_EQ(server_->ChannelCount(), 1U);
  EXPECT_EQ(server_->SubscriptionCount(), 3U);
  const ClientView client = *server_->FindClient("c");
  EXPECT_EQ(client.heartbeat_inbox, "hb.c");
  ASSERT_EQ(client.subscriptions.size(), 1U);
  EXPECT_EQ(client.subscriptions[0].channel, "foo");
  const ChannelView channel = *server_->FindChannel("foo");
  EXPECT_EQ(channel.messages, 3U);
  EXPECT_EQ(channel.bytes, store_->FindChannel("foo")->messages->Counts().bytes);
  EXPECT_EQ(channel.first_sequence, 1U);
  EXPECT_EQ(channel.last_sequence, 3U);
  ASSERT_EQ(channel.subscriptions.size(), 3U);
  const SubscriptionView& active = channel.subscriptions[0];
  EXPECT_EQ(active.client_id, "c");
  EXPECT_EQ(active.inbox, "i");
  EXPECT_EQ(active.max_in_flight, 2);
  EXPECT_EQ(active.ack_wait_s, 7);
  EXPECT_EQ(active.last_sent, 2U);
  EXPECT_EQ(active.pending_count, 2U);
  EXPECT_TRUE(active.is_stalled);
  EXPECT_FALSE(active.is_offline);
  EXPECT_TRUE(channel.subscriptions[1].is_offline);
  EXPECT_EQ(channel.subscriptions[1].durable_name, "d");
  EXPECT_TRUE(channel.subscriptions[2].is_offline);
  EXPECT_EQ(channel.subscriptions[2].queue_group, "d:g");
  EXPECT_EQ(channel.subscriptions[2].client_id, "b");
  EXPECT_FALSE(server_->FindClient("nobody").has_value());
  EXPECT_FALSE(server_->FindChannel("nothing").has_value());
  Stop();
  EXPECT_FALSE(server_->FindClient("c").has_value());
  EXPECT_FALSE(server_->FindChannel("foo").has_value());
}

}  // namespace
}  // namespace atrest::stan
