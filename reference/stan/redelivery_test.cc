// Redelivery: wire.md 2.9, standalone.md 3.12.
#include "reference/stan/redelivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class Redeliveries : public StanFixture, public testing::Test {
 protected:
  void SetUp() override {
    Open();
    Connect("c");
    log_.Take();
  }
};

// As measured: the second message was sent 0.45 s after the first, and stays that far behind.
TEST_F(Redeliveries, EachMessageHasItsOwnTime) {
  Subscribe({.inbox = "i", .ack_wait_s = 1});
  Publish("foo", "1");
  Pass(450 * kMs);
  Publish("foo", "2");
  EXPECT_EQ(Got("i"), "1:1 2:2");
  for (const char* count : {"*1", "*2", "*3"}) {
    Pass(550 * kMs);
    EXPECT_EQ(Got("i"), std::string("1:1") + count);
    Pass(450 * kMs);
    EXPECT_EQ(Got("i"), std::string("2:2") + count);
  }
}

TEST_F(Redeliveries, WhatIsWithinFifteenMillisecondsGoesTogether) {
  Subscribe({.inbox = "i", .ack_wait_s = 1});
  Publish("foo", "1");
  Pass(15 * kMs);
  Publish("foo", "2");
  Pass(1 * kMs);
  Publish("foo", "3");
  Got("i");
  Pass(984 * kMs);
  EXPECT_EQ(Got("i"), "1:1*1 2:2*1");
  Pass(16 * kMs);
  EXPECT_EQ(Got("i"), "3:3*1");
}

TEST_F(Redeliveries, WhoIsFarBehindIsWaitedFor) {
  Subscribe({.inbox = "i", .ack_wait_s = 1});
  PublishMany(3);
  EXPECT_EQ(Got("i"), "1:1 2:2 3:3");
  bus_.windows["i"] = 2;
  Pass(kSecond);
  EXPECT_EQ(Got("i"), "1:1*1 2:2*1");
  Pass(100 * kMs);
  EXPECT_EQ(Got("i"), "3:3*1");
  Pass(kSecond - 100 * kMs);
  EXPECT_EQ(Got("i"), "1:1*2 2:2*2") << "their times are as if nothing had been waited for";
  bus_.windows["i"] = 0;
  Pass(kSecond);
  EXPECT_EQ(Got("i"), "");
  bus_.windows.clear();
  Pass(100 * kMs);
  EXPECT_EQ(Got("i"), "3:3*2 1:1*3 2:2*3");
}

TEST_F(Redeliveries, MaxInFlightDoesNotMatter) {
  PublishMany(3);
  Subscribe({.inbox = "i", .max_in_flight = 2, .ack_wait_s = 1});
  EXPECT_EQ(Got("i"), "1:1 2:2");
  Pass(kSecond);
  EXPECT_EQ(Got("i"), "1:1*1 2:2*1");
  EXPECT_EQ(Records(), "1 5 5") << "what is sent again is not recorded again";
}

TEST_F(Redeliveries, AnAckClearsTheCount) {
  Subscribe({.inbox = "i", .ack_wait_s = 1});
  PublishMany(1);
  Pass(2 * kSecond);
  EXPECT_EQ(Got("i"), "1:1 1:1*1 1:1*2");
  Ack("i", 1);
  Pass(5 * kSecond);
  EXPECT_EQ(Got("i"), "");
}

TEST_F(Redeliveries, ASilentClientIsSpared) {
  options_.heartbeat_interval_ns = kSecond;
  options_.heartbeat_timeout_ns = 100 * kMs;
  options_.debug = true;
  Open();
  Subscribe({.inbox = "i", .ack_wait_s = 2});
  PublishMany(1);
  Got("i");
  bus_.alive.clear();
  log_.Take();
  Pass(2 * kSecond);
  EXPECT_EQ(Got("i"), "");
  EXPECT_THAT(Logged(), Contains("DBG [Client:c] Skipping redelivery to subid=1 due to missed "
                                 "client heartbeat"));
  Publish("foo", "2");
  EXPECT_EQ(Got("i"), "2:2") << "new messages are sent all the same";
  bus_.alive.insert("hb.c");
  Pass(2 * kSecond);
  EXPECT_EQ(Got("i"), "1:1*1 2:2*1");
}

TEST_F(Redeliveries, MessagesThatAreGoneAreAcked) {
  limits_.all.max_messages = 1;
  Open();
  Subscribe({.inbox = "i", .ack_wait_s = 1});
  PublishMany(2);
  EXPECT_EQ(Got("i"), "1:1 2:2");
  Pass(kSecond);
  EXPECT_EQ(Got("i"), "2:2*1");
  EXPECT_EQ(Records(), "1 5 5 4");
}

TEST_F(Redeliveries, AfterARestartOldOnesComeAtOnceAndYoungOnesInTime) {
  Subscribe({.inbox = "i", .ack_wait_s = 3});
  Publish("foo", "old");
  Pass(2 * kSecond);
  Publish("foo", "young");
  Got("i");
  clock_.Advance(1500 * kMs);
  Open();
  EXPECT_EQ(Got("i"), "1:old*1");
  Publish("foo", "new");
  EXPECT_EQ(Got("i"), "3:new");
  const int64_t young_ns = kStart + 250 * kMs + 5 * kSecond;
  Pass(young_ns - clock_.NowNs() - 1);
  EXPECT_EQ(Got("i"), "");
  Pass(1);
  EXPECT_EQ(Got("i"), "2:young*1");
}

TEST_F(Redeliveries, NewOnesWaitForTheFirstPassAfterARestart) {
  Subscribe({.inbox = "i", .max_in_flight = 2, .ack_wait_s = 1});
  PublishMany(3);
  Got("i");
  clock_.Advance(5 * kSecond);
  ASSERT_TRUE(TryOpen().ok());
  Publish("foo", "4");
  EXPECT_EQ(Got("i"), "");
  Pass(0);
  EXPECT_EQ(Got("i"), "1:1*1 2:2*1");
  Ack("i", 1);
  EXPECT_EQ(Got("i"), "3:3");
}

TEST_F(Redeliveries, TraceLines) {
  options_.trace = true;
  Open();
  Subscribe({.inbox = "i", .durable = "d", .ack_wait_s = 1});
  Publish("foo", "1");
  Pass(100 * kMs);
  Publish("foo", "2");
  log_.Take();
  Pass(900 * kMs);
  EXPECT_THAT(Logged(),
              ElementsAre("TRC [Client:c] Redelivering msg to subid=1, subject=foo, seq=1",
                          "TRC [Client:c] Redelivery for subid=1, skipping seq=2"));
  CloseSub("i");
  Subscribe({.inbox = "i", .durable = "d"});
  EXPECT_THAT(Logged(),
              ElementsAre("TRC [Client:c] Redelivering to subid=1, seq=1",
                          "TRC [Client:c] Redelivering msg to subid=1, subject=foo, seq=1",
                          "TRC [Client:c] Redelivering to subid=1, seq=2",
                          "TRC [Client:c] Redelivering msg to subid=1, subject=foo, seq=2"));
}

class WrongKey : public Redeliveries {
 protected:
  void SetUp() override {
    key_ = "right";
    Redeliveries::SetUp();
  }
  static constexpr char kWhy[] = "cipher: message authentication failed";
  std::string Failed(int sequence) {
    return "ERR Error getting message for redelivery subid=1, seq=" + std::to_string(sequence) +
           ", err=" + kWhy;
  }
};

TEST_F(WrongKey, NewSubscriptionsStopAtWhatTheyCannotRead) {
  PublishMany(2);
  Stop();
  key_ = "wrong";
  Open();
  log_.Take();
  EXPECT_EQ(Subscribe({.inbox = "i"}), "");
  EXPECT_EQ(Got("i"), "");
  EXPECT_THAT(Logged(),
              ElementsAre(std::string("ERR Error looking up message foo:1 (") + kWhy + ")"));
  EXPECT_EQ(Publish("foo", "3"), "");
  EXPECT_EQ(Logged().size(), 1U);
  Subscribe({.inbox = "j", .start = Start::kSequenceStart, .sequence = 3});
  EXPECT_EQ(Got("j"), "3:3");
  Stop();
  key_ = "right";
  Open();
  Subscribe({.inbox = "k"});
  EXPECT_EQ(Got("k"), "1:1 2:2");
}

TEST_F(WrongKey, PendingIsTriedAgainAndDoesNotBlock) {
  Subscribe({.inbox = "i", .durable = "d", .ack_wait_s = 2});
  PublishMany(2);
  Got("i");
  Stop();
  key_ = "wrong";
  Open();
  std::vector<std::string> lines = Logged();
  EXPECT_EQ(std::vector<std::string>(lines.end() - 2, lines.end()),
            (std::vector<std::string>{Failed(1), Failed(2)}));
  Publish("foo", "3");
  EXPECT_EQ(Got("i"), "3:3");
  Ack("i", 3);
  Logged();
  Pass(2 * kSecond);
  EXPECT_THAT(Logged(), ElementsAre(Failed(1), Failed(2)));
  EXPECT_EQ(server_->FindChannel("foo")->subscriptions.at(0).pending_count, 2U);
  Stop();
  key_ = "right";
  Open();
  EXPECT_EQ(Got("i"), "1:1*1 2:2*1");
}

TEST_F(WrongKey, AtTheStartItIsTriedTwiceIfOthersCanBeRead) {
  Subscribe({.inbox = "i", .ack_wait_s = 1});
  Publish("foo", "1");
  Publish("foo", "");
  Got("i");
  Stop();
  key_ = "wrong";
  clock_.Advance(5 * kSecond);
  Open();
  size_t count = 0;
  for (const std::string& line : Logged()) count += line == Failed(1) ? 1 : 0;
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(Got("i"), "2:*1");
}

TEST_F(WrongKey, PendingThatFillsTheSubscriptionStopsIt) {
  Subscribe({.inbox = "i", .durable = "d", .max_in_flight = 1, .ack_wait_s = 1});
  PublishMany(1);
  Got("i");
  Stop();
  key_ = "wrong";
  Open();
  log_.Take();
  EXPECT_EQ(Publish("foo", "2"), "");
  EXPECT_EQ(Got("i"), "");
  EXPECT_THAT(Logged(), IsEmpty());
  Pass(kSecond);
  EXPECT_THAT(Logged(), ElementsAre(Failed(1)));
  EXPECT_TRUE(server_->FindChannel("foo")->subscriptions.at(0).is_stalled);
}

}  // namespace
}  // namespace atrest::stan
