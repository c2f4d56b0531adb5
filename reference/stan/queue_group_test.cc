// Queue groups: who gets what, members that leave, durable groups. Specification: wire.md 2.7, 2.9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class QueueGroups : public StanFixture, public testing::Test {
 protected:
  void SetUp() override {
    Open();
    Connect("c");
    Connect("e");
  }
  Sub Member(const std::string& inbox, int32_t max_in_flight = 1000) {
    return {.inbox = inbox, .group = "g", .max_in_flight = max_in_flight, .ack_wait_s = 3};
  }
  Sub DurableMember(const std::string& inbox) {
    return {.inbox = inbox, .group = "g", .durable = "d", .ack_wait_s = 3};
  }
};

// 3 members with room for 3 messages each, 12 messages: as measured on the real server.
TEST_F(QueueGroups, MembersTakeTurnsUntilAllAreFull) {
  for (const char* inbox : {"m1", "m2", "m3"}) Subscribe(Member(inbox, 3));
  PublishMany(12);
  EXPECT_EQ(Got("m1"), "1:1 4:4 7:7");
  EXPECT_EQ(Got("m2"), "2:2 5:5 8:8");
  EXPECT_EQ(Got("m3"), "3:3 6:6 9:9");
  Ack("m2", 2);
  EXPECT_EQ(Got("m2"), "10:10");
  Ack("m1", 1);
  EXPECT_EQ(Got("m1"), "11:11");
  EXPECT_EQ(Got("m3"), "");
}

TEST_F(QueueGroups, LaterMembersHaveNoStartPosition) {
  PublishMany(2);
  Subscribe(Member("m1"));
  EXPECT_EQ(Got("m1"), "1:1 2:2");
  Subscribe(Member("m2"));
  EXPECT_EQ(Got("m2"), "");
}

TEST_F(QueueGroups, APlainGroupAndADurableOneAreTwo) {
  PublishMany(1);
  Subscribe(Member("m1"));
  Subscribe(DurableMember("d1"));
  EXPECT_EQ(Got("m1"), "1:1");
  EXPECT_EQ(Got("d1"), "1:1");
}

TEST_F(QueueGroups, DurableNamesWithAColon) {
  log_.Take();
  const std::string error =
      "stan: durable name of a durable queue subscriber can't contain the character ':'";
  EXPECT_EQ(Subscribe({.inbox = "i", .group = "g", .durable = "a:b"}), error);
  EXPECT_THAT(Logged(),
              ElementsAre("INF Channel \"foo\" has been created",
                          "ERR [Client:c] Invalid DurableName (\"a:b\") for queue subscriber from "
                          "foo",
                          "ERR Unable to create subscription on \"foo\": " + error));
  EXPECT_EQ(Subscribe({.inbox = "i", .group = "a:b"}), "");
}

TEST_F(QueueGroups, WhatALeavingMemberHadGoesToTheOthers) {
  Subscribe(Member("m1"));
  Subscribe(Member("m2"));
  Subscribe(Member("m3"));
  PublishMany(6);
  Got("m2");
  Got("m3");
  EXPECT_EQ(CloseSub("m1"), "");
  Pass(100 * kMs - 1);
  EXPECT_EQ(Got("m2") + Got("m3"), "");
  Pass(1);
  // They are dealt out in turn; that a member is free is seen to when they are sent.
  EXPECT_EQ(Got("m2") + " " + Got("m3"), "1:1*1 4:4*1");
}

TEST_F(QueueGroups, RecordsOfAMemberThatLeaves) {
  Subscribe(Member("m1"));
  Subscribe(Member("m2"));
  PublishMany(2);
  CloseSub("m1");
  EXPECT_EQ(Records(), "1 1 5 5 3 5");
  CloseSub("m2");
  EXPECT_EQ(Records(), "1 1 5 5 3 5 3 3") << "the last one's is written twice";
}

// The group's position was known by the leaver's record alone.
TEST_F(QueueGroups, TheGroupsPositionIsHandedOver) {
  Subscribe(DurableMember("m1"));
  Subscribe(DurableMember("m2"));
  PublishMany(2);
  Ack("m2", 2);
  CloseSub("m2");
  EXPECT_EQ(Records(), "1 1 5 5 4 3 2");
  Ack("m1", 1);
  Stop();
  Open();
  Publish("foo", "3");
  EXPECT_EQ(Got("m1"), "3:3");
}

TEST_F(QueueGroups, TheLastMemberTakesAPlainGroupWithIt) {
  PublishMany(2);
  Subscribe(Member("m1"));
  CloseSub("m1");
  Subscribe(Member("m2"));
  EXPECT_EQ(Got("m2"), "1:1 2:2");
}

TEST_F(QueueGroups, ADurableGroupWithoutMembersRemembers) {
  PublishMany(2);
  Subscribe(DurableMember("m1"));
  Ack("m1", 1);
  CloseSub("m1");
  EXPECT_EQ(Records(), "1 5 5 4 2");
  EXPECT_EQ(server_->SubscriptionCount(), 1U);
  Publish("foo", "3");
  auto other = DurableMember("m2");
  other.client = "e";
  Subscribe(other);
  EXPECT_EQ(Got("m2"), "2:2*1 3:3");
  EXPECT_EQ(server_->FindChannel("foo")->subscriptions.size(), 1U);
}

TEST_F(QueueGroups, ADurableGroupSurvivesARestartWithoutMembers) {
  PublishMany(2);
  Subscribe(DurableMember("m1"));
  Ack("m1", 1);
  CloseSub("m1");
  Stop();
  Open();
  Subscribe(DurableMember("m2"));
  EXPECT_EQ(Got("m2"), "2:2*1");
}

TEST_F(QueueGroups, UnsubscribingTheLastMemberEndsADurableGroup) {
  PublishMany(1);
  Subscribe(DurableMember("m1"));
  Subscribe(DurableMember("m2"));
  EXPECT_EQ(Unsubscribe("m1"), "");
  EXPECT_EQ(server_->SubscriptionCount(), 1U);
  EXPECT_EQ(Unsubscribe("m2"), "");
  EXPECT_EQ(server_->SubscriptionCount(), 0U);
  EXPECT_EQ(Records(), "1 5 1 5 3 3");
  Subscribe(DurableMember("m3"));
  EXPECT_EQ(Got("m3"), "1:1");
}

TEST_F(QueueGroups, AnAckMayComeToAnotherMember) {
  Subscribe(Member("m1"));
  Subscribe(Member("m2"));
  PublishMany(1);
  Ack("m2", 1);
  Pass(10 * kSecond);
  EXPECT_EQ(Got("m1"), "1:1");
  EXPECT_EQ(Got("m2"), "");
}

TEST_F(QueueGroups, RedeliveryAlternates) {
  Subscribe(Member("m1"));
  Subscribe(Member("m2"));
  PublishMany(1);
  EXPECT_EQ(Got("m1"), "1:1");
  Pass(3 * kSecond);
  EXPECT_EQ(Got("m2"), "1:1*1");
  Pass(3 * kSecond);
  EXPECT_EQ(Got("m1"), "1:1*2");
  EXPECT_EQ(Got("m2"), "");
  EXPECT_EQ(Records(), "1 1 5 5 4 5 4");
}

TEST_F(QueueGroups, AMemberWhoseClientIsSilentIsAvoided) {
  options_.heartbeat_interval_ns = kSecond;
  options_.heartbeat_timeout_ns = 100 * kMs;
  Open();
  Subscribe(Member("m1"));
  auto other = Member("m2");
  other.client = "e";
  Subscribe(other);
  bus_.alive.erase("hb.c");
  Pass(1100 * kMs);
  PublishMany(3);
  EXPECT_EQ(Got("m1"), "");
  EXPECT_EQ(Got("m2"), "1:1 2:2 3:3");
}

TEST_F(QueueGroups, AtTheStartEachMemberGetsWhatItHad) {
  Subscribe(Member("m1"));
  Subscribe(Member("m2"));
  PublishMany(4);
  Got("m1");
  Got("m2");
  clock_.Advance(10 * kSecond);
  Open();
  EXPECT_EQ(Got("m1"), "1:1*1 3:3*1");
  EXPECT_EQ(Got("m2"), "2:2*1 4:4*1");
  Publish("foo", "5");
  EXPECT_EQ(Got("m1") + Got("m2"), "5:5");
}

TEST_F(QueueGroups, GhostsAreNotRecovered) {
  Subscribe(DurableMember("m1"));
  Kill();
  ASSERT_TRUE(files_.Remove("d/clients.dat").ok());
  Open();
  EXPECT_THAT(Logged(),
              Contains("WRN Not recovering ghost durable queue subscriber: [c]:[d:g] subject=foo "
                       "inbox=m1"));
  EXPECT_EQ(server_->SubscriptionCount(), 0U);
}

TEST_F(QueueGroups, OfTwoShadowsTheOneThatWasFurtherStays) {
  Publish("foo", "1");
  store::SubscriptionState shadow;
  shadow.queue_group = "d:g";
  shadow.is_durable = true;
  store::SubscriptionStore& subs = *store_->FindChannel("foo")->subscriptions;
  shadow.last_sent = 1;
  ASSERT_TRUE(subs.Create(shadow).ok());
  shadow.last_sent = 0;
  ASSERT_TRUE(subs.Create(shadow).ok());
  Stop();
  Open();
  EXPECT_THAT(Logged(),
              Contains("WRN Duplicate shadow durable queue consumer (subid=2) for group \"d:g\""));
  Subscribe(DurableMember("m1"));
  EXPECT_EQ(Got("m1"), "");
  EXPECT_EQ(server_->FindChannel("foo")->subscriptions.at(0).last_sent, 1U);
}

TEST_F(QueueGroups, DebugLines) {
  options_.debug = true;
  Open();
  log_.Take();
  Subscribe(DurableMember("m1"));
  Subscribe(DurableMember("m2"));
  CloseSub("m1");
  CloseSub("m2");
  Subscribe(DurableMember("m3"));
  Unsubscribe("m3");
  const std::string of = "durable queue subscription, subject=foo, inbox=";
  EXPECT_THAT(Logged(),
              ElementsAre("INF Channel \"foo\" has been created",
                          "DBG [Client:c] Started new " + of +
                              "m1, queue=d:g, subid=1, sending from beginning, "
                              "seq=1",
                          "DBG [Client:c] Added member to " + of + "m2, queue=d:g, subid=2",
                          "DBG [Client:c] Removed member from " + of + "m1, queue=d:g, subid=1",
                          "DBG [Client:c] Suspended " + of + "m2, queue=d:g, subid=2",
                          "DBG [Client:c] Resumed " + of + "m3, queue=d:g, subid=2",
                          "DBG [Client:c] Removed " + of + "m3, queue=d:g, subid=2"));
}

}  // namespace
}  // namespace atrest::stan
