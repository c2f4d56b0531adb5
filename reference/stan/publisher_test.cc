// Publishing: the rows of wire.md 2.6.
#include "reference/stan/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kInvalid[] = "stan: invalid publish request";

class Publishing : public StanFixture, public testing::Test {
 protected:
  void SetUp() override {
    Open();
    Connect("c");
    log_.Take();
  }
  // Queues one without flushing.
  void Queue(const wire::StanPubMsg& message, const std::string& reply = "acks") {
    bus_.Deliver("_STAN.pub.test-cluster." + message.subject, reply, Encoded(message));
    while (!bus_.incoming.empty()) {
      const FakeBus::Queued in = std::move(bus_.incoming.front());
      bus_.incoming.pop_front();
      server_->OnMessage(clock_.NowNs(), {in.handle, in.subject, in.reply, in.payload, false});
    }
  }
  std::string ErrorOf(const Bytes& answer) {
    return wire::DecodeStan<wire::StanPubAck>(answer).value().error;
  }
};

TEST_F(Publishing, TheAckNamesTheMessage) {
  const auto message = PubMsg("foo", "x");
  const auto ack = AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message);
  EXPECT_EQ(ack, (wire::StanPubAck{.guid = message.guid, .error = ""}));
  EXPECT_THAT(Logged(), ElementsAre("INF Channel \"foo\" has been created"));
}

TEST_F(Publishing, TheChannelIsTheOneInTheMessage) {
  AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.bar", PubMsg("foo", "x"));
  EXPECT_THAT(server_->ChannelNames(), ElementsAre("foo"));
}

TEST_F(Publishing, MessagesThatCannotBeRead) {
  // Fields that came before the damage count.
  const auto answers = Ask("_STAN.pub.test-cluster.foo", *FromHex("12016722"));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(wire::DecodeStan<wire::StanPubAck>(answers[0]).value(),
            (wire::StanPubAck{.guid = "g", .error = kInvalid}));
  EXPECT_THAT(Logged(), ElementsAre("ERR Unable to unmarshal PubMsg: unexpected EOF"));
  EXPECT_EQ(server_->traffic().in_messages, 0U);
}

TEST_F(Publishing, ControlMessagesOfOldServersAreIgnored) {
  wire::StanCtrlMsg control;
  control.type = wire::StanCtrlType::kPartitioning;
  EXPECT_THAT(Ask("_STAN.pub.test-cluster.foo", Encoded(control)), IsEmpty());
  EXPECT_THAT(Logged(), IsEmpty());
}

TEST_F(Publishing, ChannelNames) {
  for (const char* name : {"", ".a", "a.", "a..b", "a/b", "a*", "a.>", "*", ">"}) {
    EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.x", PubMsg(name, "x")).error,
              kInvalid)
        << name;
  }
  for (const char* name : {"a", "a.b", "a b", "\xC3\xA9", "a-b_c:d"}) {
    EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.x", PubMsg(name, "x")).error, "")
        << name;
  }
}

TEST_F(Publishing, WhatIsInvalidIsLoggedWhole) {
  auto message = PubMsg("foo.*", "x");
  message.guid = "g\n\"";
  message.data = *FromHex("7800ff");
  EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.x", message).error, kInvalid);
  EXPECT_THAT(Logged(), ElementsAre("ERR Received invalid client publish message clientID:\"c\" "
                                    "guid:\"g\\n\\\"\" subject:\"foo.*\" data:\"x\\000\\377\" "
                                    "connID:\"conn-c\" "));
}

TEST_F(Publishing, AMessageNeedsAGuid) {
  auto message = PubMsg("foo", "x");
  message.guid.clear();
  EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message).error, kInvalid);
}

TEST_F(Publishing, TheConnectionAloneSaysWhoItIs) {
  auto message = PubMsg("foo", "x");
  message.client_id = "whoever";
  EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message).error, "");
  message.conn_id = ToBytes("other");
  message.client_id = "c";
  EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message).error, kInvalid);
  message.conn_id.clear();
  EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message).error, "");
  message.client_id = "nobody";
  EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message).error, kInvalid);
}

TEST_F(Publishing, CaseAloneDoesNotMakeAChannel) {
  EXPECT_EQ(Publish("AbC", "x"), "");
  log_.Take();
  const std::string error =
      "rejecting channel \"abc\" because channel \"AbC\" alreay exists (different cases not "
      "allowed)";
  EXPECT_EQ(Publish("abc", "x"), error);
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:c] Error processing message for subject "
                                    "\"_STAN.pub.test-cluster.abc\": " +
                                    error));
}

TEST_F(Publishing, ChannelsThatCannotBeMade) {
  limits_.max_channels = 1;
  Open();
  EXPECT_EQ(Publish("foo", "x"), "");
  log_.Take();
  EXPECT_EQ(Publish("bar", "x"), "too many channels");
  EXPECT_THAT(Logged(), ElementsAre("ERR Creating channel \"bar\" failed: too many channels",
                                    "ERR [Client:c] Error processing message for subject "
                                    "\"_STAN.pub.test-cluster.bar\": too many channels"));
}

TEST_F(Publishing, AFailedMessageTakesNoSequence) {
  EXPECT_EQ(Publish("foo", "1"), "");
  bool fails = true;
  file_options_.slice_max_messages = 1;
  Open();
  files_.SetFaultHook([&](const env::Mutation&) {
    return fails ? env::Fault::Fail(Status(Code::kIo, "no space left")) : env::Fault();
  });
  EXPECT_NE(Publish("foo", "2"), "");
  fails = false;
  EXPECT_EQ(Publish("foo", "3"), "");
  Subscribe({.inbox = "i"});
  EXPECT_EQ(Got("i"), "1:1 2:3");
}

TEST_F(Publishing, AcksComeInTheOrderOfArrival) {
  Queue(PubMsg("b", "1"), "first");
  Queue(PubMsg("a", "2"), "second");
  Queue(PubMsg("b", "3"), "third");
  EXPECT_TRUE(server_->HasQueued());
  EXPECT_TRUE(bus_.sent.empty());
  server_->Flush(clock_.NowNs());
  std::vector<std::string> replies;
  for (const auto& sent : bus_.sent) replies.push_back(sent.subject);
  EXPECT_THAT(replies, ElementsAre("first", "second", "third"));
}

TEST_F(Publishing, SubscribersHaveItBeforeThePublisherIsTold) {
  Subscribe({.inbox = "i"});
  Queue(PubMsg("foo", "1"));
  server_->Flush(clock_.NowNs());
  ASSERT_EQ(bus_.sent.size(), 2U);
  EXPECT_EQ(bus_.sent[0].subject, "i");
  EXPECT_EQ(bus_.sent[1].subject, "acks");
}

TEST_F(Publishing, EachBatchIsFlushedBeforeTheNextIsStored) {
  options_.io_batch_messages = 2;
  Open();
  Subscribe({.inbox = "i"});
  for (const char* data : {"1", "2", "3"}) Queue(PubMsg("foo", data));
  server_->Flush(clock_.NowNs());
  std::vector<std::string> order;
  for (const auto& sent : bus_.sent) order.push_back(sent.subject);
  EXPECT_THAT(order, ElementsAre("i", "i", "acks", "acks", "i", "acks"));
}

TEST_F(Publishing, WhatCameBeforeARequestIsStoredBeforeIt) {
  Queue(PubMsg("foo", "old"));
  Subscribe({.inbox = "i", .start = Start::kNewOnly});
  EXPECT_EQ(Got("i"), "");
  Queue(PubMsg("foo", "last"));
  EXPECT_EQ(Unsubscribe("i"), "");
  EXPECT_EQ(Got("i"), "2:last");
}

TEST_F(Publishing, TimesNeverGoBack) {
  Subscribe({.inbox = "i"});
  Publish("foo", "1");
  clock_.Advance(-5 * kSecond);
  Publish("foo", "2");
  const auto got = bus_.Take("i");
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(wire::DecodeMessage(got[0]).value().timestamp_ns,
            wire::DecodeMessage(got[1]).value().timestamp_ns);
}

TEST_F(Publishing, ReplySubjectsAndEmptyPayloadsAreKept) {
  auto message = PubMsg("foo", "");
  message.reply = "answer.here";
  AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message);
  Subscribe({.inbox = "i"});
  const auto got = bus_.Take("i");
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(wire::DecodeMessage(got[0]).value().reply, "answer.here");
  EXPECT_TRUE(wire::DecodeMessage(got[0]).value().payload().empty());
}

TEST_F(Publishing, AStoreThatCannotBeFlushedEndsTheServer) {
  EXPECT_EQ(Publish("foo", "1"), "");
  files_.SetFaultHook([&](const env::Mutation& operation) {
    return operation.kind == env::Mutation::Kind::kSync
               ? env::Fault::Fail(Status(Code::kIo, "input/output error"))
               : env::Fault();
  });
  Queue(PubMsg("foo", "2"));
  server_->Flush(clock_.NowNs());
  EXPECT_EQ(server_->phase(), StreamingServer::Phase::kFailed);
  EXPECT_EQ(server_->failure().message(), "unable to flush msg store: input/output error");
  EXPECT_THAT(bus_.Take("acks"), IsEmpty());
}

TEST_F(Publishing, TraceLines) {
  options_.trace = options_.debug = true;
  Open();
  Subscribe({.inbox = "i"});
  log_.Take();
  auto message = PubMsg("foo", "1");
  message.guid = "G";
  AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message);
  Ack("i", 1);
  EXPECT_THAT(Logged(),
              ElementsAre("TRC [Client:c] Received message from publisher subj=foo guid=G",
                          "TRC [Client:c] Delivering msg to subid=1, subject=foo, seq=1",
                          "TRC [Client:c] Acking Publisher subj=foo guid=G",
                          "TRC [Client:c] Processing ack for subid=1, subject=foo, seq=1"));
}

TEST_F(Publishing, TrafficIsCounted) {
  Subscribe({.inbox = "i"});
  const auto message = PubMsg("foo", "12345");
  AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message);
  EXPECT_EQ(server_->traffic().in_messages, 1U);
  EXPECT_EQ(server_->traffic().in_bytes, Encoded(message).size());
  EXPECT_EQ(server_->traffic().out_messages, 1U);
  EXPECT_EQ(server_->traffic().out_bytes, bus_.Take("i").at(0).size());
}

}  // namespace
}  // namespace atrest::stan
