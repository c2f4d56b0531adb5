// Delivery of new messages and acks: wire.md 2.8, standalone.md 3.0.
#include "reference/stan/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Deliveries : public StanFixture, public testing::Test {
 protected:
  void SetUp() override {
    Open();
    Connect("c");
  }
};

TEST_F(Deliveries, AFirstDeliveryIsNotMarked) {
  PublishMany(1);
  Subscribe({.inbox = "i"});
  const auto message = wire::DecodeMessage(bus_.Take("i").at(0)).value();
  EXPECT_FALSE(message.redelivered);
  EXPECT_EQ(message.redelivery_count, 0U);
  EXPECT_EQ(message.subject, "foo");
  EXPECT_GT(message.timestamp_ns, kStart);
}

TEST_F(Deliveries, MaxInFlightStallsAndAcksGoOn) {
  PublishMany(5);
  Subscribe({.inbox = "i", .max_in_flight = 2});
  EXPECT_EQ(Got("i"), "1:1 2:2");
  EXPECT_TRUE(server_->FindChannel("foo")->subscriptions.at(0).is_stalled);
  Publish("foo", "6");
  EXPECT_EQ(Got("i"), "");
  Ack("i", 2);
  EXPECT_EQ(Got("i"), "3:3");
  Ack("i", 2);
  EXPECT_EQ(Got("i"), "") << "it was not pending any more";
}

TEST_F(Deliveries, AcksThatMeanNothing) {
  PublishMany(1);
  Subscribe({.inbox = "i"});
  log_.Take();
  Ack("i", 77);
  const std::string ack_inbox = server_->FindChannel("foo")->subscriptions.at(0).ack_inbox;
  bus_.Deliver(ack_inbox, "", *FromHex("0aff"));
  bus_.Deliver(ack_inbox, "", Encoded(wire::StanAck{.subject = "zzz", .sequence = 2}));
  Drain();
  EXPECT_THAT(Logged(), ElementsAre("ERR Unable to unmarshal Ack: unexpected EOF",
                                    "ERR Unable to process ack seq=2, channel zzz not found"));
  EXPECT_EQ(server_->FindChannel("foo")->subscriptions.at(0).pending_count, 1U);
}

TEST_F(Deliveries, AnAckThatNamesAnotherChannelIsLost) {
  PublishMany(1);
  PublishMany(1, "bar");
  Subscribe({.inbox = "i"});
  const std::string ack_inbox = server_->FindChannel("foo")->subscriptions.at(0).ack_inbox;
  bus_.Deliver(ack_inbox, "", Encoded(wire::StanAck{.subject = "bar", .sequence = 1}));
  Drain();
  EXPECT_EQ(server_->FindChannel("foo")->subscriptions.at(0).pending_count, 1U);
}

TEST_F(Deliveries, RemovedMessagesAreJumpedOver) {
  limits_.all.max_messages = 3;
  Open();
  PublishMany(3);
  Subscribe({.inbox = "i", .max_in_flight = 1});
  EXPECT_EQ(Got("i"), "1:1");
  for (const char* data : {"4", "5", "6", "7"}) Publish("foo", data);
  Ack("i", 1);
  EXPECT_EQ(Got("i"), "5:5");
}

TEST_F(Deliveries, GapsArePassedOverInSilence) {
  file_options_.slice_max_messages = 1;
  Open();
  PublishMany(6);
  Stop();
  for (const char* file : {"d/foo/msgs.3.dat", "d/foo/msgs.3.idx", "d/foo/msgs.4.dat"}) {
    ASSERT_TRUE(files_.Remove(file).ok());
  }
  Open();
  log_.Take();
  Subscribe({.inbox = "i"});
  Subscribe({.inbox = "q", .group = "g"});
  EXPECT_EQ(Got("i"), "1:1 2:2 5:5 6:6");
  EXPECT_EQ(Got("q"), "1:1 2:2 5:5 6:6");
  EXPECT_THAT(Logged(), IsEmpty());
}

TEST_F(Deliveries, LongStretchesAreSentInBursts) {
  use_files_ = false;
  Open();
  Connect("c");
  for (int i = 0; i < 10'000; ++i) {
    bus_.Deliver("_STAN.pub.test-cluster.foo", "", Encoded(PubMsg("foo", "x")));
  }
  Drain();
  bus_.Deliver("_STAN.sub.test-cluster", "",
               Encoded(SubRequest({.inbox = "i", .max_in_flight = 20'000})));
  while (!bus_.incoming.empty()) {
    const FakeBus::Queued in = std::move(bus_.incoming.front());
    bus_.incoming.pop_front();
    server_->OnMessage(clock_.NowNs(), {in.handle, in.subject, in.reply, in.payload, false});
  }
  server_->Flush(clock_.NowNs());
  const size_t first = bus_.Take("i").size();
  EXPECT_LT(first, 10'000U);
  EXPECT_TRUE(server_->HasQueued());
  Drain();
  EXPECT_EQ(first + bus_.Take("i").size(), 10'000U);
  EXPECT_FALSE(server_->HasQueued());
}

TEST_F(Deliveries, WhoIsFarBehindIsWaitedFor) {
  PublishMany(5);
  bus_.windows["i"] = 2;
  Subscribe({.inbox = "i"});
  EXPECT_FALSE(server_->HasQueued()) << "it would turn in circles";
  EXPECT_EQ(Publish("foo", "6"), "") << "publishers do not wait";
  EXPECT_EQ(Got("i"), "1:1 2:2");
  EXPECT_TRUE(server_->HasQueued());
  Drain();
  EXPECT_EQ(Got("i"), "3:3 4:4");
  Drain();
  EXPECT_EQ(Got("i"), "5:5 6:6");
  Drain();
  EXPECT_FALSE(server_->HasQueued());
}

TEST_F(Deliveries, AGroupWaitsForItsMembers) {
  PublishMany(1);
  Subscribe({.inbox = "a", .group = "g"});
  Subscribe({.inbox = "b", .group = "g"});
  EXPECT_EQ(Got("a"), "1:1");
  bus_.windows["a"] = 0;
  PublishMany(2);
  EXPECT_EQ(Got("a") + Got("b"), "");
  Unsubscribe("a");
  Drain();
  EXPECT_EQ(Got("b"), "2:1 3:2");
}

TEST_F(Deliveries, WhoIsFarBehindAndGoneIsForgotten) {
  PublishMany(2);
  bus_.windows["i"] = 1;
  Subscribe({.inbox = "i"});
  EXPECT_EQ(Unsubscribe("i"), "");
  Drain();
  EXPECT_EQ(Got("i"), "1:1");
  EXPECT_FALSE(server_->HasQueued());
}

TEST_F(Deliveries, WhatDoesNotFitStopsTheSubscription) {
  Publish("foo", std::string(100, 'x'));
  Publish("foo", "2");
  bus_.max_payload = 90;
  log_.Take();
  Subscribe({.inbox = "i"});
  EXPECT_EQ(Got("i"), "");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:c] Failed sending to subid=1, subject=foo, seq=1, "
                                    "err=nats: maximum payload exceeded"));
}

TEST_F(Deliveries, WhatCannotBeReadStopsTheSubscriptionAndIsTriedAtEachTrigger) {
  PublishMany(3);
  Stop();
  Bytes bytes = env::ReadWhole(files_, "d/foo/msgs.1.dat", 1 << 20).value();
  const size_t record = (bytes.size() - 4) / 3;
  bytes[4 + record + 12] ^= 1;
  ASSERT_TRUE(env::WriteWhole(files_, "d/foo/msgs.1.dat", bytes).ok());
  Open();
  log_.Take();
  Subscribe({.inbox = "i"});
  EXPECT_EQ(Got("i"), "1:1");
  auto lines = Logged();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].substr(0, 35), "ERR Error looking up message foo:2 ");
  Publish("foo", "4");
  Publish("foo", "5");
  EXPECT_EQ(Got("i"), "");
  EXPECT_EQ(Logged(), (std::vector<std::string>{lines[0], lines[0]}));
  Pass(5 * kSecond);
  EXPECT_THAT(Logged(), IsEmpty());
  Subscribe({.inbox = "j", .start = Start::kSequenceStart, .sequence = 3});
  EXPECT_EQ(Got("j"), "3:3 4:4 5:5");
}

TEST_F(Deliveries, PendingThatCannotBeRecordedIsSentAgainAsNew) {
  Subscribe({.inbox = "i"});
  bool fails = true;
  files_.SetFaultHook([&](const env::Mutation& mutation) {
    return fails && mutation.path == "d/foo/subs.dat"
               ? env::Fault::Fail(Status(Code::kIo, "no space left"))
               : env::Fault();
  });
  log_.Take();
  PublishMany(1);
  EXPECT_EQ(Got("i"), "1:1");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:c] Unable to add pending message to subid=1, "
                                    "subject=foo, seq=1, err=no space left"));
  fails = false;
  Publish("foo", "2");
  EXPECT_EQ(Got("i"), "1:1 2:2");
}

}  // namespace
}  // namespace atrest::stan
