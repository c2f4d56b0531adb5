// A client's day: connect, publish, subscribe, receive, ack, close.
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

class Basic : public StanFixture, public testing::Test {};

TEST_F(Basic, WhatIsPublishedArrives) {
  Open();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "a"), "");
  EXPECT_EQ(Subscribe({.inbox = "i"}), "");
  EXPECT_EQ(Got("i"), "1:a");
  EXPECT_EQ(Publish("foo", "b"), "");
  EXPECT_EQ(Got("i"), "2:b");
  Ack("i", 1);
  Ack("i", 2);
  Pass(40 * kSecond);
  EXPECT_EQ(Got("i"), "");
  EXPECT_EQ(Unsubscribe("i"), "");
  EXPECT_EQ(Close("c"), "");
  EXPECT_EQ(Records(), "1 5 5 4 4 3");
  EXPECT_EQ(Records("clients.dat"), "1 2");
}

TEST_F(Basic, WhatIsNotAckedComesAgain) {
  Open();
  Connect("c");
  PublishMany(2);
  Subscribe({.inbox = "i", .ack_wait_s = 3});
  EXPECT_EQ(Got("i"), "1:1 2:2");
  Ack("i", 1);
  Pass(3 * kSecond);
  EXPECT_EQ(Got("i"), "2:2*1");
  Pass(3 * kSecond);
  EXPECT_EQ(Got("i"), "2:2*2");
}

TEST_F(Basic, MessagesSurviveAKill) {
  Open();
  Connect("c");
  PublishMany(2);
  Subscribe({.inbox = "i", .durable = "d"});
  Ack("i", 1);
  Open();
  EXPECT_EQ(Got("i"), "");
  Pass(30 * kSecond);
  EXPECT_EQ(Got("i"), "2:2*1");
  EXPECT_EQ(Publish("foo", "3"), "");
  EXPECT_EQ(Got("i"), "3:3");
}

}  // namespace
}  // namespace atrest::stan
