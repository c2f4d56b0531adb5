// Subscription requests: the rows of wire.md 2.7 but queue groups, and of 2.10.
#include "reference/stan/subscribing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class Subscribers : public StanFixture, public testing::Test {
 protected:
  void SetUp() override {
    Open();
    Connect("c");
    log_.Take();
  }
  // What a new subscription gets at once.
  std::string From(Start start, uint64_t sequence = 0, int64_t delta_ns = 0) {
    const std::string inbox = "from" + std::to_string(++count_);
    EXPECT_EQ(
        Subscribe({.inbox = inbox, .start = start, .sequence = sequence, .delta_ns = delta_ns}),
        "");
    return Got(inbox);
  }
  int count_ = 0;
};

TEST_F(Subscribers, RequestsThatAreRefused) {
  struct Row {
    Sub sub;
    std::string error;
    std::string line;
  };
  const std::string from = " in subscription request from _STAN.sub.test-cluster";
  const std::vector<Row> rows = {
      {{.client = ""}, "stan: clientID missing", "ERR Missing ClientID" + from},
      {{.ack_wait_s = 0},
       "stan: invalid ack wait time, should be >= 1s",
       "ERR [Client:c] Invalid AckWait (0)" + from},
      {{.max_in_flight = -1},
       "stan: invalid MaxInflight, should be >= 1",
       "ERR [Client:c] Invalid MaxInflight (-1)" + from},
      {{.start = static_cast<Start>(5)},
       "stan: invalid start position",
       "ERR [Client:c] Invalid StartPosition (5)" + from},
      {{.channel = "a.*"},
       "stan: invalid subject",
       "ERR [Client:c] Invalid channel \"a.*\"" + from},
      {{.client = "nobody"}, "stan: unknown clientID", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Subscribe(row.sub), row.error);
    const auto lines = Logged();
    EXPECT_EQ(lines.empty() ? "" : lines.at(0), row.line);
  }
  const auto answers = Ask("_STAN.sub.test-cluster", *FromHex("ff"));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(wire::DecodeStan<wire::StanSubscriptionResponse>(answers[0]).value().error,
            "stan: invalid subscription request");
  EXPECT_THAT(Logged(), ElementsAre("ERR Invalid Subscription request from "
                                    "_STAN.sub.test-cluster: unexpected EOF"));
  EXPECT_THAT(server_->ChannelNames(), IsEmpty());
}

TEST_F(Subscribers, TheResponseIsSentBeforeMessages) {
  PublishMany(1);
  Tell("_STAN.sub.test-cluster", Encoded(SubRequest({.inbox = "i"})));
  ASSERT_EQ(bus_.sent.size(), 2U);
  EXPECT_EQ(bus_.sent[0].subject, "reply");
  EXPECT_EQ(bus_.sent[1].subject, "i");
}

TEST_F(Subscribers, EachHasAnAckInboxOfItsOwn) {
  Subscribe({.inbox = "i"});
  Subscribe({.inbox = "i"});
  const auto view = *server_->FindChannel("foo");
  ASSERT_EQ(view.subscriptions.size(), 2U);
  EXPECT_NE(view.subscriptions[0].ack_inbox, view.subscriptions[1].ack_inbox);
  EXPECT_EQ(view.subscriptions[0].ack_inbox.size(), 7U + 22U);
}

TEST_F(Subscribers, TooMany) {
  limits_.all.max_subscriptions = 1;
  Open();
  EXPECT_EQ(Subscribe({.inbox = "i"}), "");
  log_.Take();
  EXPECT_EQ(Subscribe({.inbox = "j"}), "too many subscriptions per channel");
  EXPECT_THAT(Logged(),
              ElementsAre("ERR Unable to store subscription [c:j] on [foo]: too many "
                          "subscriptions per channel",
                          "ERR Unable to add subscription for foo: too many subscriptions per "
                          "channel",
                          "ERR Unable to create subscription on \"foo\": too many subscriptions "
                          "per channel"));
  EXPECT_EQ(server_->SubscriptionCount(), 1U);
  EXPECT_EQ(server_->FindClient("c")->subscriptions.size(), 1U);
}

TEST_F(Subscribers, AChannelThatCannotBeMade) {
  limits_.max_channels = 1;
  Open();
  Publish("bar", "x");
  log_.Take();
  EXPECT_EQ(Subscribe({.inbox = "i"}), "too many channels");
  EXPECT_THAT(Logged(),
              ElementsAre("ERR Creating channel \"foo\" failed: too many channels",
                          "ERR Unable to create subscription on \"foo\": too many channels"));
}

TEST_F(Subscribers, AnEmptyInboxIsAcceptedAndGetsNothing) {
  PublishMany(1);
  log_.Take();
  EXPECT_EQ(Subscribe({.inbox = ""}), "");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:c] Failed sending to subid=1, subject=foo, seq=1, "
                                    "err=nats: invalid subject"));
  Publish("foo", "2");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:c] Failed sending to subid=1, subject=foo, seq=1, "
                                    "err=nats: invalid subject"));
}

TEST_F(Subscribers, StartPositionsOfAChannelWithMessages) {
  for (int i = 1; i <= 5; ++i) {
    Publish("foo", std::to_string(i));
    Pass(kSecond);
  }
  EXPECT_EQ(From(Start::kNewOnly), "");
  EXPECT_EQ(From(Start::kLastReceived), "5:5");
  EXPECT_EQ(From(Start::kFirst), "1:1 2:2 3:3 4:4 5:5");
  EXPECT_EQ(From(Start::kSequenceStart, 0), "1:1 2:2 3:3 4:4 5:5");
  EXPECT_EQ(From(Start::kSequenceStart, 4), "4:4 5:5");
  EXPECT_EQ(From(Start::kSequenceStart, 6), "");
  EXPECT_EQ(From(Start::kSequenceStart, 1000), "");
  EXPECT_EQ(From(Start::kTimeDeltaStart, 0, 2 * kSecond), "4:4 5:5");
  EXPECT_EQ(From(Start::kTimeDeltaStart, 0, 2 * kSecond - 1), "5:5");
  EXPECT_EQ(From(Start::kTimeDeltaStart, 0, INT64_MAX), "1:1 2:2 3:3 4:4 5:5");
  EXPECT_EQ(From(Start::kTimeDeltaStart, 0, -kSecond), "");
  Publish("foo", "6");
  for (int i = 1; i <= count_; ++i) EXPECT_EQ(Got("from" + std::to_string(i)), "6:6") << i;
}

TEST_F(Subscribers, StartPositionsOfAnEmptyChannel) {
  From(Start::kNewOnly);
  From(Start::kLastReceived);
  From(Start::kFirst);
  From(Start::kSequenceStart, 0);
  From(Start::kSequenceStart, 7);
  From(Start::kTimeDeltaStart, 0, kSecond);
  Publish("foo", "1");
  for (int i = 1; i <= count_; ++i) EXPECT_EQ(Got("from" + std::to_string(i)), "1:1") << i;
}

TEST_F(Subscribers, StartPositionsBehindRemovedMessages) {
  limits_.all.max_messages = 2;
  Open();
  PublishMany(5);
  EXPECT_EQ(From(Start::kFirst), "4:4 5:5");
  EXPECT_EQ(From(Start::kSequenceStart, 1), "4:4 5:5");
  EXPECT_EQ(From(Start::kTimeDeltaStart, 0, kSecond), "4:4 5:5");
}

TEST_F(Subscribers, StartPositionsAfterAllHasExpired) {
  limits_.all.max_age_ns = kSecond;
  Open();
  PublishMany(4);
  Pass(3 * kSecond);
  From(Start::kFirst);
  From(Start::kLastReceived);
  Publish("foo", "5");
  EXPECT_EQ(Got("from1"), "5:5");
  EXPECT_EQ(Got("from2"), "5:5");
}

TEST_F(Subscribers, DebugLinesNameTheStart) {
  options_.debug = true;
  Open();
  PublishMany(5);
  log_.Take();
  Subscribe({.inbox = "i", .durable = "d", .start = Start::kNewOnly});
  Subscribe({.inbox = "j", .start = Start::kLastReceived});
  Subscribe({.inbox = "k", .start = Start::kTimeDeltaStart, .delta_ns = -kSecond});
  Subscribe({.inbox = "l", .start = Start::kSequenceStart, .sequence = 3});
  Subscribe({.inbox = "m", .start = Start::kFirst});
  const std::string start = "DBG [Client:c] Started new ";
  EXPECT_THAT(
      Logged(),
      ElementsAre(
          start + "durable subscription, subject=foo, inbox=i, durable=d, subid=1, sending "
                  "new-only, seq=6",
          start + "subscription, subject=foo, inbox=j, subid=2, sending last message, seq=5",
          start + "subscription, subject=foo, inbox=k, subid=3, sending from time "
                  "time='2023-11-14 22:13:21.5 +0000 UTC' seq=6",
          start + "subscription, subject=foo, inbox=l, subid=4, sending from sequence, "
                  "asked_seq=3 actual_seq=3",
          start + "subscription, subject=foo, inbox=m, subid=5, sending from beginning, "
                  "seq=1"));
  CloseSub("i");
  Unsubscribe("j");
  Subscribe({.inbox = "i2", .durable = "d"});
  EXPECT_THAT(
      Logged(),
      ElementsAre("DBG [Client:c] Suspended durable subscription, subject=foo, inbox=i, "
                  "durable=d, subid=1",
                  "DBG [Client:c] Removed subscription, subject=foo, inbox=j, subid=2",
                  "DBG [Client:c] Resumed durable subscription, subject=foo, inbox=i2, durable=d, "
                  "subid=1"));
}

TEST_F(Subscribers, LeavingThatIsRefused) {
  const auto answers = Ask("_STAN.unsub.test-cluster", *FromHex("ff"));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(wire::DecodeStan<wire::StanSubscriptionResponse>(answers[0]).value().error,
            "stan: invalid unsubscribe request");
  EXPECT_THAT(Logged(), ElementsAre("ERR Invalid unsub request from _STAN.unsub.test-cluster"));
  EXPECT_EQ(Unsubscribe("x", "a", "zzz"), "stan: unknown channel");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:a] unsub request for unknown channel zzz"));
  Subscribe({.inbox = "i"});
  log_.Take();
  EXPECT_EQ(CloseSub("x", "a"), "stan: invalid subscription");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:a] sub close request for unknown inbox x"));
  EXPECT_EQ(Unsubscribe("i", "a"), "stan: unknown clientID");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:a] unsub request for unknown client"));
  Connect("other");
  EXPECT_EQ(Unsubscribe("i", "other"), "stan: unknown clientID");
  EXPECT_EQ(Unsubscribe("i"), "");
  EXPECT_EQ(Unsubscribe("i"), "stan: invalid subscription");
}

TEST_F(Subscribers, LeavingByTheInboxOfDelivery) {
  Subscribe({.inbox = "i"});
  wire::StanUnsubscribeRequest request;
  request.client_id = "c";
  request.subject = "foo";
  request.inbox = "i";
  EXPECT_THAT(Ask("_STAN.unsub.test-cluster", Encoded(request)), ElementsAre(Bytes()));
  EXPECT_EQ(server_->SubscriptionCount(), 0U);
  EXPECT_THAT(bus_.patterns.size(), 8U) << "no ack inbox is left";
}

TEST_F(Subscribers, WithoutReplySubjectNobodyIsTold) {
  bus_.Deliver("_STAN.sub.test-cluster", "", Encoded(SubRequest({.inbox = "i"})));
  Drain();
  EXPECT_EQ(server_->SubscriptionCount(), 1U);
  EXPECT_TRUE(bus_.sent.empty() || bus_.sent.back().subject != "");
}

TEST_F(Subscribers, TracesOfAReplacedDurable) {
  options_.replace_durable = true;
  Open();
  PublishMany(2);
  Subscribe({.inbox = "i", .durable = "d"});
  EXPECT_EQ(Got("i"), "1:1 2:2");
  EXPECT_EQ(Subscribe({.inbox = "j", .durable = "d"}), "");
  EXPECT_EQ(Got("j"), "1:1*1 2:2*1");
  Publish("foo", "3");
  EXPECT_EQ(Got("i"), "");
  EXPECT_EQ(Got("j"), "3:3");
}

}  // namespace
}  // namespace atrest::stan
