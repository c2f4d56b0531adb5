// Clients come and go: the rows of wire.md 2.3 to 2.5.
#include "reference/stan/connections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kDiscover[] = "_STAN.discover.test-cluster";
constexpr char kRegistered[] = "stan: clientID already registered";

class Connecting : public StanFixture, public testing::Test {
 protected:
  Connecting() {
    options_.debug = true;
    options_.heartbeat_interval_ns = kSecond;
    options_.heartbeat_timeout_ns = 200 * kMs;
    options_.heartbeat_fail_count = 2;
  }
  void SetUp() override {
    Open();
    log_.Take();
  }
  wire::StanConnectResponse ConnectAs(const wire::StanConnectRequest& request) {
    return AskFor<wire::StanConnectResponse>(kDiscover, request);
  }
  // A second client of that id asks; nobody is answered yet.
  void AskAgain(const std::string& id) {
    auto request = ConnectRequest(id);
    request.heartbeat_inbox = "hb2";
    request.conn_id = ToBytes("second");
    Tell(kDiscover, Encoded(request));
  }
  std::vector<std::string> Answers() {
    std::vector<std::string> errors;
    for (const Bytes& answer : bus_.Take("reply")) {
      errors.push_back(wire::DecodeStan<wire::StanConnectResponse>(answer).value().error);
    }
    return errors;
  }
  std::string Ping(const std::string& conn_id) {
    return AskFor<wire::StanPingResponse>("_STAN.discover.test-cluster.pings",
                                          wire::StanPing{.conn_id = ToBytes(conn_id)})
        .error;
  }
  bool IsConnected(const std::string& id) { return server_->FindClient(id).has_value(); }
  size_t Heartbeats(const std::string& id) { return bus_.Take("hb." + id).size(); }
};

TEST_F(Connecting, TheResponseNamesTheSubjects) {
  auto request = ConnectRequest("c");
  request.ping_interval = -50;
  request.ping_max_out = 7;
  const auto response = ConnectAs(request);
  EXPECT_EQ(response,
            (wire::StanConnectResponse{.pub_prefix = "_STAN.pub.test-cluster",
                                       .sub_requests = "_STAN.sub.test-cluster",
                                       .unsub_requests = "_STAN.unsub.test-cluster",
                                       .close_requests = "_STAN.close.test-cluster",
                                       .error = "",
                                       .sub_close_requests = "_STAN.subclose.test-cluster",
                                       .ping_requests = "_STAN.discover.test-cluster.pings",
                                       .ping_interval = -50,
                                       .ping_max_out = 7,
                                       .protocol = 1,
                                       .public_key = ""}));
  EXPECT_THAT(Logged(), ElementsAre("DBG [Client:c] Connected (Inbox=hb.c)"));
}

TEST_F(Connecting, OldClientsAreNotToldOfPings) {
  auto request = ConnectRequest("old");
  request.protocol = 0;
  request.ping_interval = 5;
  request.conn_id.clear();
  const auto response = ConnectAs(request);
  EXPECT_EQ(response.ping_requests, "");
  EXPECT_EQ(response.ping_interval, 0);
  EXPECT_EQ(response.protocol, 1);
  auto message = PubMsg("foo", "x", "old");
  message.conn_id.clear();
  EXPECT_EQ(AskFor<wire::StanPubAck>("_STAN.pub.test-cluster.foo", message).error, "");
}

TEST_F(Connecting, RequestsThatCannotBeRead) {
  const auto answers = Ask(kDiscover, *FromHex("0a0161ff"));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(wire::DecodeStan<wire::StanConnectResponse>(answers[0]).value().error,
            "stan: invalid connection request");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:?] Invalid conn request: ClientID=a, Inbox=, "
                                    "err=unexpected EOF"));
  auto request = ConnectRequest("c");
  request.heartbeat_inbox.clear();
  EXPECT_EQ(ConnectAs(request).error, "stan: invalid connection request");
  EXPECT_THAT(Logged(),
              ElementsAre("ERR [Client:?] Invalid conn request: ClientID=c, Inbox=, err=<nil>"));
}

TEST_F(Connecting, IdsThatAreNotAllowed) {
  for (const char* id : {"", "a.b", "a b", "\xC3\xA9", "a:b"}) {
    EXPECT_EQ(Connect(id),
              "stan: invalid clientID: only alphanumeric and `-` or `_` characters allowed")
        << id;
  }
  EXPECT_THAT(Logged(), Contains("ERR [Client:a.b] Invalid ClientID, only alphanumeric and `-` or "
                                 "`_` characters allowed"));
  EXPECT_EQ(Connect("a-B_9"), "");
}

TEST_F(Connecting, AnOldClientThatAnswersKeepsItsId) {
  Connect("c");
  Logged();
  AskAgain("c");
  EXPECT_THAT(Answers(), ElementsAre(kRegistered));
  EXPECT_THAT(Logged(), ElementsAre("DBG [Client:c] Connect failed; already connected"));
  EXPECT_EQ(server_->FindClient("c")->heartbeat_inbox, "hb.c");
}

TEST_F(Connecting, AnOldClientThatIsSilentIsReplacedAfterHalfASecond) {
  Connect("c");
  Subscribe({.inbox = "i", .durable = "d"});
  Subscribe({.inbox = "j"});
  bus_.alive.clear();
  Logged();
  AskAgain("c");
  Pass(499 * kMs);
  EXPECT_THAT(Answers(), IsEmpty());
  Pass(1 * kMs);
  EXPECT_THAT(Answers(), ElementsAre(""));
  EXPECT_EQ(server_->FindClient("c")->heartbeat_inbox, "hb2");
  EXPECT_TRUE(server_->FindClient("c")->subscriptions.empty());
  EXPECT_EQ(server_->SubscriptionCount(), 1U);
  EXPECT_THAT(Logged(), Contains("DBG [Client:c] Replaced old client (Inbox=hb2)"));
  EXPECT_EQ(Records("clients.dat"), "1 2 1");
}

TEST_F(Connecting, AnOldClientThatIsGoneIsReplacedAtOnce) {
  Connect("c");
  bus_.alive.clear();
  bus_.gone.insert("hb.c");
  AskAgain("c");
  EXPECT_THAT(Answers(), ElementsAre(""));
  EXPECT_EQ(server_->FindClient("c")->heartbeat_inbox, "hb2");
}

TEST_F(Connecting, WhileTheOldClientIsAskedTheIdIsTaken) {
  Connect("c");
  bus_.alive.clear();
  AskAgain("c");
  AskAgain("c");
  EXPECT_THAT(Answers(), ElementsAre(kRegistered));
  Pass(500 * kMs);
  EXPECT_THAT(Answers(), ElementsAre(""));
}

TEST_F(Connecting, AnOldClientThatClosesWhileItIsAsked) {
  Connect("c");
  bus_.alive.clear();
  AskAgain("c");
  EXPECT_EQ(Close("c"), "");
  Logged();
  Pass(500 * kMs);
  EXPECT_THAT(Answers(), ElementsAre(""));
  EXPECT_THAT(Logged(), Contains("ERR Unknown client \"c\" in close request"));
}

TEST_F(Connecting, CloseRequests) {
  EXPECT_EQ(Close("nope"), "stan: unknown clientID");
  EXPECT_THAT(Logged(), ElementsAre("ERR Unknown client \"nope\" in close request"));
  const auto answers = Ask("_STAN.close.test-cluster", *FromHex("ff"));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(wire::DecodeStan<wire::StanCloseResponse>(answers[0]).value().error,
            "stan: invalid close request");
  EXPECT_THAT(Logged(), ElementsAre("ERR Received invalid close request, "
                                    "subject=_STAN.close.test-cluster"));
  Connect("c");
  EXPECT_THAT(Ask("_STAN.close.test-cluster", Encoded(wire::StanCloseRequest{.client_id = "c"})),
              ElementsAre(Bytes()));
  EXPECT_THAT(Logged(), Contains("DBG [Client:c] Closed (Inbox=hb.c)"));
}

TEST_F(Connecting, PingsGoByTheConnection) {
  Connect("c");
  EXPECT_EQ(Ping("conn-c"), "");
  EXPECT_EQ(Ping("other"), "client has been replaced or is no longer registered");
  EXPECT_THAT(Ask("_STAN.discover.test-cluster.pings", {}), IsEmpty());
  EXPECT_THAT(Ask("_STAN.discover.test-cluster.pings", *FromHex("ff")), IsEmpty());
}

TEST_F(Connecting, AClientThatAnswersStays) {
  Connect("c");
  Pass(10 * kSecond);
  EXPECT_EQ(Heartbeats("c"), 10U);
  EXPECT_TRUE(IsConnected("c"));
}

// Interval 1 s, timeout 0.2 s, 2 failures allowed: (1 + 0.2) * 3 s.
TEST_F(Connecting, ASilentClientIsDropped) {
  Connect("d");
  Subscribe({.inbox = "i", .client = "d"});
  bus_.alive.clear();
  Logged();
  Pass(3600 * kMs - 1);
  EXPECT_EQ(Heartbeats("d"), 3U);
  EXPECT_TRUE(IsConnected("d"));
  Pass(1);
  EXPECT_FALSE(IsConnected("d"));
  EXPECT_EQ(server_->SubscriptionCount(), 0U);
  EXPECT_THAT(Logged(), Contains("ERR [Client:d] Timed out on heartbeats"));
}

TEST_F(Connecting, AClientThatIsGoneIsDroppedSooner) {
  Connect("d");
  bus_.alive.clear();
  bus_.gone.insert("hb.d");
  Pass(3 * kSecond - 1);
  EXPECT_TRUE(IsConnected("d"));
  Pass(1);
  EXPECT_FALSE(IsConnected("d"));
}

TEST_F(Connecting, AnAnswerMakesUpForFailures) {
  Connect("d");
  bus_.alive.clear();
  Pass(2400 * kMs);
  bus_.alive.insert("hb.d");
  Pass(1200 * kMs);
  bus_.alive.clear();
  Pass(3 * kSecond);
  EXPECT_TRUE(IsConnected("d"));
}

TEST_F(Connecting, APingOfAClientThatFailedBringsTheNextHeartbeat) {
  Connect("d");
  bus_.alive.clear();
  Pass(1200 * kMs);
  EXPECT_EQ(Heartbeats("d"), 1U);
  bus_.alive.insert("hb.d");
  EXPECT_EQ(Ping("conn-d"), "");
  Pass(1 * kMs);
  EXPECT_EQ(Heartbeats("d"), 1U);
  EXPECT_EQ(Ping("conn-d"), "");
  Pass(1 * kMs);
  EXPECT_EQ(Heartbeats("d"), 0U) << "it has answered: no hurry any more";
}

TEST_F(Connecting, RecoveredClientsAreAskedAnIntervalAfterTheStart) {
  Connect("c");
  Open();
  Pass(kSecond - 1);
  EXPECT_EQ(Heartbeats("c"), 0U);
  Pass(1);
  EXPECT_EQ(Heartbeats("c"), 1U);
  EXPECT_EQ(Publish("foo", "still known"), "");
}

TEST_F(Connecting, AStoreThatFails) {
  files_.SetFaultHook([](const env::Mutation& operation) {
    return operation.path == "d/clients.dat"
               ? env::Fault::Fail(Status(Code::kIo, "write d/clients.dat: no space left"))
               : env::Fault();
  });
  EXPECT_EQ(Connect("c"), "write d/clients.dat: no space left");
  EXPECT_THAT(Logged(), ElementsAre("ERR [Client:c] Error registering client: write "
                                    "d/clients.dat: no space left"));
  EXPECT_FALSE(IsConnected("c"));
}

}  // namespace
}  // namespace atrest::stan
