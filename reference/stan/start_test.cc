// The start: recovery, the question for another server, the subjects. Specification: standalone.md
// 1.3, wire.md 2.12 and 3.1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/recovery.h"
#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

using Phase = StreamingServer::Phase;

class Starting : public StanFixture, public testing::Test {
 protected:
  // A server that has asked its question.
  void Begin() {
    store_ = store::MakeMemoryStore(clock_, log_, limits_);
    server_ = std::make_unique<StreamingServer>(
        options_, *store_, bus_, log_, [this](std::span<uint8_t> into) { entropy_.Fill(into); });
    ASSERT_TRUE(server_->Start(clock_.NowNs()).ok());
    ASSERT_EQ(bus_.sent.size(), 1U);
  }
  // Somebody answers what was sent last.
  void Answer(ByteView payload, bool no_responders = false) {
    const std::string reply = bus_.sent.back().reply;
    bus_.sent.clear();
    bus_.Deliver(reply, "", payload, no_responders);
    Drain();
  }
};

TEST_F(Starting, AFreshStore) {
  options_.debug = true;
  Open();
  EXPECT_THAT(Logged(), ElementsAre("INF Recovering the state...", "INF No recovered state",
                                    "DBG Did not detect another server instance",
                                    "DBG Discover subject:           _STAN.discover.test-cluster",
                                    "DBG Publish subject:            _STAN.pub.test-cluster.>",
                                    "DBG Subscribe subject:          _STAN.sub.test-cluster",
                                    "DBG Subscription Close subject: _STAN.subclose.test-cluster",
                                    "DBG Unsubscribe subject:        _STAN.unsub.test-cluster",
                                    "DBG Close subject:              _STAN.close.test-cluster"));
  EXPECT_EQ(env::ReadWhole(files_, "d/server.dat", 1000).value().size(), 208U);
  EXPECT_EQ(server_->server_id().size(), 22U);
}

TEST_F(Starting, ARecoveredStore) {
  Open();
  Connect("c");
  Publish("foo", "x");
  Publish("bar", "x");
  Stop();
  Open();
  EXPECT_THAT(Logged(), ElementsAre("INF Recovering the state...", "INF Recovered 2 channel(s)"));
  EXPECT_THAT(server_->ClientIds(), ElementsAre("c"));
  EXPECT_EQ(server_->FindChannel("foo")->messages, 1U);
}

TEST_F(Starting, ChannelsWithoutServerInformation) {
  Open();
  Connect("c");
  Publish("foo", "x");
  Stop();
  ASSERT_TRUE(files_.Remove("d/server.dat").ok());
  Open();
  EXPECT_THAT(Logged(),
              ElementsAre("INF Recovering the state...",
                          "WRN Server information was not recovered, however channels are present. "
                          "Will initialize server and restart recovery!",
                          "INF Recovering the state...", "INF Recovered 1 channel(s)"));
  EXPECT_EQ(server_->FindChannel("foo")->messages, 1U);
}

TEST_F(Starting, AnotherClusterId) {
  Open();
  Stop();
  options_.cluster_id = "other";
  EXPECT_EQ(TryOpen().message(),
            "cluster ID \"other\" does not match recovered value of \"test-cluster\"");
}

TEST_F(Starting, AStoreThatCannotBeRecovered) {
  Open();
  Stop();
  Bytes bytes = env::ReadWhole(files_, "d/server.dat", 1000).value();
  bytes.push_back(0);
  ASSERT_TRUE(env::WriteWhole(files_, "d/server.dat", bytes).ok());
  EXPECT_EQ(TryOpen().message(),
            "unable to recover server file \"d/server.dat\": incorrect file size, expected 208 "
            "bytes, got 209 bytes");
}

TEST_F(Starting, AStoreOfAnOldServerLearnsItsCloseSubject) {
  Open();
  store::ServerInfo info = store::MakeServerInfo("test-cluster");
  info.sub_close.clear();
  ASSERT_TRUE(store_->Init(info).ok());
  Open();
  EXPECT_EQ(server_->info().sub_close, "_STAN.subclose.test-cluster");
  EXPECT_EQ(env::ReadWhole(files_, "d/server.dat", 1000).value().size(), 208U);
}

TEST_F(Starting, NobodyAnswers) {
  Begin();
  EXPECT_EQ(bus_.sent[0].subject, "_STAN.discover.test-cluster");
  const auto asked = wire::DecodeStan<wire::StanConnectRequest>(bus_.sent[0].payload).value();
  EXPECT_EQ(asked.client_id, "test-cluster");
  EXPECT_EQ(asked.heartbeat_inbox.size(), 7U + 22U);
  Pass(250 * kMs - 1);
  EXPECT_EQ(server_->phase(), Phase::kStarting);
  EXPECT_EQ(bus_.patterns.size(), 1U) << "clients are not served yet";
  Pass(1);
  EXPECT_EQ(server_->phase(), Phase::kReady);
  EXPECT_EQ(bus_.patterns.size(), 8U);
}

TEST_F(Starting, NobodyListens) {
  Begin();
  Answer({}, /*no_responders=*/true);
  EXPECT_EQ(server_->phase(), Phase::kReady);
}

TEST_F(Starting, AnotherServerAnswers) {
  Begin();
  wire::StanConnectResponse response;
  response.close_requests = "_STAN.close.test-cluster";
  Answer(Encoded(response));
  ASSERT_EQ(bus_.sent.size(), 1U);
  EXPECT_EQ(bus_.sent[0].subject, "_STAN.close.test-cluster");
  EXPECT_EQ(bus_.sent[0].payload, Encoded(wire::StanCloseRequest{.client_id = "test-cluster"}));
  EXPECT_EQ(server_->phase(), Phase::kStarting);
  Answer({});
  EXPECT_EQ(server_->phase(), Phase::kFailed);
  EXPECT_EQ(server_->failure().message(),
            "discovered another streaming server with cluster ID \"test-cluster\"");
  EXPECT_EQ(server_->NextDeadlineNs(), std::nullopt);
}

TEST_F(Starting, AnotherServerRefuses) {
  Begin();
  wire::StanConnectResponse response;
  response.error = "stan: invalid clientID";
  Answer(Encoded(response));
  EXPECT_EQ(server_->failure().message(),
            "discovered another streaming server with cluster ID \"test-cluster\"");
}

TEST_F(Starting, SomethingElseAnswers) {
  Begin();
  Answer(*FromHex("ff"));
  EXPECT_EQ(server_->failure().message(),
            "unmarshall error while detecting another server instance: unexpected EOF");
}

TEST_F(Starting, SubjectsThatCannotBeSubscribed) {
  options_.cluster_id = "a b";
  EXPECT_EQ(TryOpen().message(), "could not subscribe to discover subject: nats: invalid subject");
}

TEST_F(Starting, TheDiscoverPrefix) {
  options_.discover_prefix = "_X";
  Open();
  EXPECT_EQ(server_->info().discovery, "_X.test-cluster");
  const auto response = AskFor<wire::StanConnectResponse>("_X.test-cluster", ConnectRequest("c"));
  EXPECT_EQ(response.ping_requests, "_X.test-cluster.pings");
}

TEST_F(Starting, NothingIsDoneBeforeItIsReadyOrAfterTheEnd) {
  Begin();
  bus_.Deliver("_STAN.discover.test-cluster", "reply", Encoded(ConnectRequest("c")));
  EXPECT_THAT(bus_.incoming, IsEmpty());
  Pass(250 * kMs);
  Connect("c");
  Stop();
  server_->OnMessage(clock_.NowNs(), {5, "_STAN.pub.test-cluster.foo", "reply", {}, false});
  server_->Flush(clock_.NowNs());
  server_->Tick(clock_.NowNs());
  EXPECT_EQ(server_->phase(), Phase::kStopped);
  EXPECT_EQ(server_->NextDeadlineNs(), std::nullopt);
}

TEST_F(Starting, StopKeepsWhatIsQueued) {
  Open();
  Connect("c");
  bus_.Deliver("_STAN.pub.test-cluster.foo", "reply", Encoded(PubMsg("foo", "x")));
  const FakeBus::Queued in = bus_.incoming.front();
  server_->OnMessage(clock_.NowNs(), {in.handle, in.subject, in.reply, in.payload, false});
  bus_.incoming.clear();
  Stop();
  Open();
  Subscribe({.inbox = "i"});
  EXPECT_EQ(Got("i"), "1:x");
}

}  // namespace
}  // namespace atrest::stan
