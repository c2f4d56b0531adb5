// The streaming server's side of the embedded broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/broker/broker_fixture.h"

namespace atrest::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(BrokerLocalTest, MessagesOfClientsAreQueued) {
  TestBroker test;
  Link& link = test.broker.local();
  ASSERT_TRUE(link.Subscribe(7, "_STAN.pub.C.>").ok());
  ASSERT_TRUE(link.Subscribe(8, "_STAN.sub.C").ok());
  const ConnectionId id = test.ConnectModern();
  test.Send(id, "PUB _STAN.pub.C.foo _INBOX.1 3\r\nabc\r\nHPUB _STAN.sub.C 2 5\r\nhhabc\r\n");
  test.Send(id, "PUB _STAN.pub.C 0\r\n\r\n");
  EXPECT_THAT(test.Local(), ElementsAre("7 _STAN.pub.C.foo _INBOX.1 abc", "8 _STAN.sub.C  abc"));
  EXPECT_THAT(test.Local(), IsEmpty());
}

TEST(BrokerLocalTest, SeveralSubscriptionsAndOutsideOnesSeeTheSame) {
  TestBroker test;
  Link& link = test.broker.local();
  ASSERT_TRUE(link.Subscribe(1, "a.*").ok());
  ASSERT_TRUE(link.Subscribe(2, "a.b").ok());
  const ConnectionId id = test.Connect();
  test.Send(id, "SUB a.> 9\r\n");
  EXPECT_EQ(test.Ask(id, "PUB a.b 1\r\nx\r\n"), "MSG a.b 9 1\r\nx\r\n");
  EXPECT_THAT(test.Local(), testing::UnorderedElementsAre("1 a.b  x", "2 a.b  x"));
}

TEST(BrokerLocalTest, PublishReachesClientsAndItself) {
  TestBroker test;
  Link& link = test.broker.local();
  const ConnectionId id = test.Connect();
  test.Send(id, "SUB a 1\r\n");
  ASSERT_TRUE(link.Subscribe(3, "a").ok());
  ASSERT_TRUE(link.Publish("a", "r", AsBytes("hello")).ok());
  EXPECT_EQ(test.Output(id), "MSG a 1 r 5\r\nhello\r\n");
  EXPECT_THAT(test.Local(), ElementsAre("3 a r hello"));
}

TEST(BrokerLocalTest, WhoHasHalfOfWhatMayWaitIsCongested) {
  BrokerOptions options;
  options.max_pending_bytes = 1'000;
  TestBroker test(options);
  Link& link = test.broker.local();
  const ConnectionId plain = test.Connect();
  const ConnectionId member = test.Connect();
  test.Send(plain, "SUB a 1\r\n");
  test.Send(member, "SUB a.* q 1\r\n");
  for (const char* subject : {"a", "a.b"}) {
    ASSERT_TRUE(link.Publish(subject, "", Bytes(400)).ok());
    EXPECT_FALSE(link.IsCongested(subject));
    ASSERT_TRUE(link.Publish(subject, "", Bytes(100)).ok());
    EXPECT_TRUE(link.IsCongested(subject));
    EXPECT_FALSE(link.IsCongested("b"));
  }
  test.reads = false;
  test.Collect();
  EXPECT_TRUE(link.IsCongested("a")) << "it is with the system's buffers only once it is written";
  test.broker.Written(test.now, plain, 100);
  EXPECT_FALSE(link.IsCongested("a"));
  test.broker.Closed(test.now, member);
  EXPECT_FALSE(link.IsCongested("a.b"));
}

TEST(BrokerLocalTest, ARequestThatNobodyGets) {
  TestBroker test;
  Link& link = test.broker.local();
  ASSERT_TRUE(link.Subscribe(4, "_INBOX.x.*").ok());
  ASSERT_TRUE(link.Publish("nobody", "_INBOX.x.12", {}).ok());
  EXPECT_THAT(test.Local(), ElementsAre("4 _INBOX.x.12  503"));
  ASSERT_TRUE(link.Publish("nobody", "_INBOX.y", {}).ok());
  ASSERT_TRUE(link.Publish("nobody", "", {}).ok());
  EXPECT_THAT(test.Local(), IsEmpty());
}

TEST(BrokerLocalTest, WhatIsUnsubscribedIsNotDelivered) {
  TestBroker test;
  Link& link = test.broker.local();
  ASSERT_TRUE(link.Subscribe(1, "a").ok());
  ASSERT_TRUE(link.Publish("a", "", {}).ok());
  link.Unsubscribe(1);
  link.Unsubscribe(1);
  EXPECT_THAT(test.Local(), IsEmpty());
  EXPECT_EQ(test.broker.subscriptions(), 0u);
}

TEST(BrokerLocalTest, Refusals) {
  BrokerOptions options;
  options.max_payload_bytes = 3;
  TestBroker test(options);
  Link& link = test.broker.local();
  EXPECT_EQ(link.Publish("", "", {}).message(), "nats: invalid subject");
  EXPECT_EQ(link.Publish("a b", "", {}).message(), "nats: invalid subject");
  EXPECT_EQ(link.Publish("a", "r\r\nPING", {}).message(), "nats: invalid subject");
  EXPECT_EQ(link.Subscribe(1, "a b").message(), "nats: invalid subject");
  EXPECT_EQ(link.Publish("a", "", AsBytes("abcd")).message(), "nats: maximum payload exceeded");
  EXPECT_EQ(link.Subscribe(1, "a..b").message(), "nats: invalid subject");
  EXPECT_TRUE(link.Publish("a", "", AsBytes("abc")).ok());
}

TEST(BrokerLocalTest, TheQueueIsHandedOverInParts) {
  TestBroker test;
  Link& link = test.broker.local();
  ASSERT_TRUE(link.Subscribe(1, "a").ok());
  for (const char* payload : {"1", "2", "3"}) {
    ASSERT_TRUE(link.Publish("a", "", AsBytes(payload)).ok());
  }
  EXPECT_TRUE(test.broker.DeliverLocal(test, 2));
  EXPECT_THAT(test.Local(), ElementsAre("1 a  3"));
}

// Answers each message on "a" with one on "b", until the tenth.
class Answering : public LinkHandler {
 public:
  explicit Answering(Link& link) : link_(link) {}
  void OnMessage(const LinkMessage& message) override {
    seen += std::string(message.subject) + std::string(AsText(message.payload)) + " ";
    if (++count_ > 10) return;
    const char* const to = message.subject == "a" ? "b" : "a";
    EXPECT_TRUE(link_.Publish(to, "", AsBytes(std::to_string(count_))).ok());
  }
  std::string seen;

 private:
  Link& link_;
  int count_ = 0;
};

TEST(BrokerLocalTest, AHandlerMayPublish) {
  TestBroker test;
  Link& link = test.broker.local();
  ASSERT_TRUE(link.Subscribe(1, "a").ok());
  ASSERT_TRUE(link.Subscribe(2, "b").ok());
  Answering handler(link);
  ASSERT_TRUE(link.Publish("a", "", AsBytes("0")).ok());
  EXPECT_FALSE(test.broker.DeliverLocal(handler, 100));
  EXPECT_EQ(handler.seen, "a0 b1 a2 b3 a4 b5 a6 b7 a8 b9 a10 ");
}

TEST(BrokerLocalTest, AFullQueueIsSaidOnce) {
  BrokerOptions options;
  options.local_queue_bytes = 1000;
  TestBroker test(options);
  Link& link = test.broker.local();
  ASSERT_TRUE(link.Subscribe(1, "a").ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(link.Publish("a", "", Bytes(400)).ok());
  EXPECT_THAT(test.Lines(),
              ElementsAre("ERR Messages for the streaming server are dropped: too many wait"));
  EXPECT_EQ(test.Local().size(), 2u);
  ASSERT_TRUE(link.Publish("a", "", Bytes(400)).ok());
  EXPECT_EQ(test.Local().size(), 1u);
}

}  // namespace
}  // namespace atrest::broker
