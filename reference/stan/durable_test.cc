// Durables: what they remember, and what subs.dat tells of them. Specification: wire.md 2.7, 2.10.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;

class Durables : public StanFixture, public testing::Test {
 protected:
  void SetUp() override {
    Open();
    Connect("c");
  }
};

// The order of records that was measured on the real server.
TEST_F(Durables, RecordsOfALife) {
  const Sub durable = {.inbox = "i", .durable = "d"};
  Subscribe(durable);
  PublishMany(3);
  Ack("i", 1);
  Publish("foo", "4");
  CloseSub("i");
  Subscribe(durable);
  Unsubscribe("i");
  EXPECT_EQ(Records(), "1 5 5 5 4 5 2 2 3");
}

TEST_F(Durables, ResumeRedeliversInOrderAndThenGoesOn) {
  PublishMany(4);
  Subscribe({.inbox = "i", .durable = "d", .max_in_flight = 3});
  EXPECT_EQ(Got("i"), "1:1 2:2 3:3");
  Ack("i", 2);
  EXPECT_EQ(Got("i"), "4:4");
  EXPECT_EQ(CloseSub("i"), "");
  Publish("foo", "5");
  Subscribe({.inbox = "j", .durable = "d", .max_in_flight = 4, .start = Start::kNewOnly});
  EXPECT_EQ(Got("j"), "1:1*1 3:3*1 4:4*1 5:5");
  const auto view = server_->FindChannel("foo")->subscriptions.at(0);
  EXPECT_EQ(view.last_sent, 5U);
  EXPECT_EQ(view.max_in_flight, 4);
  EXPECT_TRUE(view.is_stalled);
}

TEST_F(Durables, ResumeWaitsForWhoIsFarBehind) {
  PublishMany(3);
  Subscribe({.inbox = "i", .durable = "d"});
  EXPECT_EQ(Got("i"), "1:1 2:2 3:3");
  CloseSub("i");
  bus_.windows["j"] = 2;
  Subscribe({.inbox = "j", .durable = "d"});
  EXPECT_FALSE(server_->HasQueued());
  Publish("foo", "4");
  EXPECT_EQ(Got("j"), "1:1*1 2:2*1");
  Drain();
  EXPECT_EQ(Got("j"), "3:3*1 4:4");
}

TEST_F(Durables, OneAtATime) {
  Subscribe({.inbox = "i", .durable = "d"});
  log_.Take();
  EXPECT_EQ(Subscribe({.inbox = "j", .durable = "d"}), "stan: duplicate durable registration");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:c] Duplicate durable subscription registration",
                                    "ERR Unable to create subscription on \"foo\": stan: duplicate "
                                    "durable registration"));
}

TEST_F(Durables, ClientAndChannelArePartOfTheName) {
  Connect("other");
  EXPECT_EQ(Subscribe({.inbox = "i", .durable = "d"}), "");
  EXPECT_EQ(Subscribe({.inbox = "j", .client = "other", .durable = "d"}), "");
  EXPECT_EQ(Subscribe({.inbox = "k", .channel = "bar", .durable = "d"}), "");
  EXPECT_EQ(Subscribe({.inbox = "l", .durable = "a:b"}), "");
}

TEST_F(Durables, AnOfflineOneCannotBeUnsubscribed) {
  Subscribe({.inbox = "i", .durable = "d"});
  CloseSub("i");
  EXPECT_EQ(Unsubscribe("i"), "stan: invalid subscription");
}

TEST_F(Durables, AfterUnsubscribeTheNameStartsAnew) {
  PublishMany(2);
  Subscribe({.inbox = "i", .durable = "d"});
  Unsubscribe("i");
  Subscribe({.inbox = "j", .durable = "d", .start = Start::kLastReceived});
  EXPECT_EQ(Got("j"), "2:2");
}

TEST_F(Durables, ClosingTheConnectionSuspendsThem) {
  PublishMany(1);
  Subscribe({.inbox = "i", .durable = "d"});
  Subscribe({.inbox = "j"});
  Close("c");
  EXPECT_EQ(Records(), "1 5 1 5 2 3");
  EXPECT_EQ(server_->SubscriptionCount(), 1U);
  const auto view = server_->FindChannel("foo")->subscriptions.at(0);
  EXPECT_TRUE(view.is_offline);
  EXPECT_EQ(view.client_id, "c");
  EXPECT_EQ(view.pending_count, 1U);
  Publish("foo", "2", "c");
  Connect("c");
  Publish("foo", "2");
  Subscribe({.inbox = "k", .durable = "d"});
  EXPECT_EQ(Got("k"), "1:1*1 2:2");
}

TEST_F(Durables, SurviveRestartsOfflineAndActive) {
  PublishMany(1);
  Subscribe({.inbox = "i", .durable = "off"});
  Subscribe({.inbox = "j", .durable = "on"});
  Ack("j", 1);
  CloseSub("i");
  Stop();
  Open();
  EXPECT_EQ(server_->SubscriptionCount(), 2U);
  Publish("foo", "2");
  EXPECT_EQ(Got("j"), "2:2");
  Subscribe({.inbox = "k", .durable = "off"});
  EXPECT_EQ(Got("k"), "1:1*1 2:2");
  EXPECT_EQ(Subscribe({.inbox = "l", .durable = "on"}), "stan: duplicate durable registration");
}

TEST_F(Durables, OfAClientThatIsNotRecoveredAreOffline) {
  PublishMany(1);
  Subscribe({.inbox = "i", .durable = "d"});
  Kill();
  ASSERT_TRUE(files_.Remove("d/clients.dat").ok());
  Open();
  EXPECT_TRUE(server_->FindChannel("foo")->subscriptions.at(0).is_offline);
  Connect("c");
  Subscribe({.inbox = "j", .durable = "d"});
  EXPECT_EQ(Got("j"), "1:1*1");
}

TEST_F(Durables, WhatWasAckedToTheOldInboxAfterARestartCounts) {
  PublishMany(2);
  Subscribe({.inbox = "i", .durable = "d", .ack_wait_s = 3});
  Open();
  Ack("i", 1);
  Pass(3 * kSecond);
  EXPECT_EQ(Got("i"), "2:2*1");
}

// What was only buffered is lost with the process: it is sent once more as if it were new.
TEST_F(Durables, AKillForgetsWhatWasBuffered) {
  file_options_.buffer_size = 2 * 1024 * 1024;
  Open();
  PublishMany(2);
  Subscribe({.inbox = "i", .durable = "d"});
  EXPECT_EQ(Got("i"), "1:1 2:2");
  Open();
  EXPECT_EQ(Got("i"), "1:1 2:2");
}

}  // namespace
}  // namespace atrest::stan
