// Time, credentials and bounds of the embedded broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/broker/broker_fixture.h"

namespace atrest::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kSecond = TestBroker::kSecond;
constexpr char kLabel[] = "10.0.0.1:1001 - cid:8 - ";
constexpr char kRefused[] = "-ERR 'Authorization Violation'\r\n<closed>";
// Of "secret", at the lowest cost.
constexpr char kHash[] = "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

BrokerOptions WithUser(const std::string& user, const std::string& password) {
  BrokerOptions options;
  options.user = user;
  options.password = password;
  return options;
}

BrokerOptions WithToken(const std::string& token) {
  BrokerOptions options;
  options.token = token;
  return options;
}

std::string Answer(const BrokerOptions& options, const std::string& input) {
  TestBroker test(options);
  return test.Ask(test.Open(), input);
}

TEST(BrokerLimitsTest, Credentials) {
  struct Case {
    BrokerOptions options;
    const char* connect;
    bool ok;
  };
  const Case cases[] = {
      {WithUser("u", "p"), R"({"user":"u","pass":"p"})", true},
      {WithUser("u", "p"), R"({"user":"u","pass":"q"})", false},
      {WithUser("u", "p"), R"({"user":"v","pass":"p"})", false},
      {WithUser("u", "p"), R"({"auth_token":"p"})", false},
      {WithUser("u", "p"), R"({})", false},
      {WithUser("u", ""), R"({"user":"u"})", true},
      {WithUser("u", kHash), R"({"user":"u","pass":"secret"})", true},
      {WithUser("u", kHash), R"({"user":"u","pass":"secret2"})", false},
      {WithUser("u", kHash), R"({"user":"u","pass":"secret\u0000"})", false},
      {WithUser("", "p"), R"({})", true},
      {WithToken("t"), R"({"auth_token":"t"})", true},
      {WithToken("t"), R"({"auth_token":"x"})", false},
      {WithToken("t"), R"({"user":"t","pass":"t"})", false},
      {WithToken(kHash), R"({"auth_token":"secret"})", true},
      {WithToken(kHash), R"({"auth_token":"secre"})", false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(Answer(one.options, std::string("CONNECT ") + one.connect + "\r\n"),
              one.ok ? "+OK\r\n" : kRefused)
        << one.options.user << " " << one.connect;
  }
}

TEST(BrokerLimitsTest, NothingButConnectBeforeCredentials) {
  TestBroker test(WithUser("u", "p"));
  const ConnectionId id = test.Open();
  EXPECT_NE(test.infos[id].find("\"headers\":true,\"auth_required\":true,\"max_payload\""),
            std::string::npos);
  EXPECT_EQ(test.Ask(id, "PING\r\n"), kRefused);
  EXPECT_THAT(test.Lines(), ElementsAre(std::string("ERR ") + kLabel + "authentication error"));
  constexpr char kGood[] = "CONNECT {\"user\":\"u\",\"pass\":\"p\",\"verbose\":false}\r\nPING\r\n";
  EXPECT_EQ(test.Ask(test.Open(), kGood), "PONG\r\n");
}

TEST(BrokerLimitsTest, TheTimeForCredentialsIsShort) {
  TestBroker test(WithToken("t"));
  const ConnectionId id = test.Open();
  const ConnectionId good = test.Open();
  test.Ask(good, "CONNECT {\"auth_token\":\"t\"}\r\n");
  test.Pass(2 * kSecond - 1);
  EXPECT_EQ(test.Output(id), "");
  EXPECT_EQ(test.broker.NextDeadlineNs(), test.now + 1);
  test.Pass(1);
  EXPECT_EQ(test.Output(id), "-ERR 'Authentication Timeout'\r\n<closed>");
  EXPECT_EQ(test.Ask(good, "SUB a 1\r\n"), "+OK\r\n");
  EXPECT_THAT(test.Lines(), IsEmpty());
}

TEST(BrokerLimitsTest, PlainPasswordsAreKnown) {
  EXPECT_TRUE(TestBroker(WithUser("u", "p")).broker.has_plain_password());
  EXPECT_FALSE(TestBroker(WithUser("u", kHash)).broker.has_plain_password());
  EXPECT_FALSE(TestBroker(WithToken("t")).broker.has_plain_password());
}

BrokerOptions Pinging(int64_t interval) {
  BrokerOptions options;
  options.ping_interval_ns = interval;
  return options;
}

TEST(BrokerLimitsTest, SilentConnectionsAreStale) {
  TestBroker test(Pinging(kSecond));
  const ConnectionId id = test.Connect();
  const int64_t first = *test.broker.NextDeadlineNs() - test.now;
  EXPECT_GE(first, kSecond);
  EXPECT_LT(first, kSecond * 6 / 5);
  test.Pass(first);
  EXPECT_EQ(test.Output(id), "PING\r\n");
  test.Pass(kSecond);
  EXPECT_EQ(test.Output(id), "PING\r\n");
  test.Pass(kSecond - 1);
  EXPECT_EQ(test.Output(id), "");
  test.Pass(1);
  EXPECT_EQ(test.Output(id), "-ERR 'Stale Connection'\r\n<closed>");
}

TEST(BrokerLimitsTest, APongKeepsAlive) {
  TestBroker test(Pinging(kSecond));
  const ConnectionId id = test.Connect();
  test.Pass(2 * kSecond);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(test.Output(id), "PING\r\n");
    test.Send(id, "PONG\r\n");
    test.Pass(kSecond);
  }
}

TEST(BrokerLimitsTest, TheFirstPingComesEarly) {
  TestBroker test;
  const ConnectionId id = test.Connect();
  EXPECT_LT(*test.broker.NextDeadlineNs(), test.now + kSecond * 12 / 5);
  test.Pass(kSecond * 12 / 5);
  EXPECT_EQ(test.Output(id), "PING\r\n");
  test.Send(id, "PONG\r\n");
  test.Pass(120 * kSecond - 1);
  EXPECT_EQ(test.Output(id), "");
  test.Pass(1);
  EXPECT_EQ(test.Output(id), "PING\r\n");
}

TEST(BrokerLimitsTest, WhoSendsIsNotAsked) {
  TestBroker test(Pinging(10 * kSecond));
  const ConnectionId id = test.Connect();
  test.Pass(3 * kSecond);
  EXPECT_EQ(test.Output(id), "PING\r\n");
  test.Send(id, "PONG\r\n");
  for (const char* input : {"PING\r\n", "SUB a 1\r\n", "PUB b 0\r\n\r\n", "UNSUB 1\r\n"}) {
    test.Pass(5 * kSecond);
    test.Ask(id, input);
    test.Pass(5 * kSecond);
    EXPECT_EQ(test.Output(id), "") << input;
  }
  test.Pass(10 * kSecond);
  EXPECT_EQ(test.Output(id), "PING\r\n");
}

TEST(BrokerLimitsTest, TheLineOfADelayedPing) {
  BrokerOptions options = Pinging(10 * kSecond);
  options.debug = true;
  TestBroker test(options);
  const ConnectionId id = test.Connect();
  test.Pass(3 * kSecond);
  test.Pass(6 * kSecond);
  test.Ask(id, "PING\r\n");
  test.Lines();
  test.Pass(4 * kSecond);
  EXPECT_THAT(test.Lines(),
              ElementsAre(std::string("DBG ") + kLabel + "Client Ping Timer",
                          std::string("DBG ") + kLabel +
                              "Delaying PING due to remote client data or ping 4s ago"));
}

TEST(BrokerLimitsTest, TooMuchPendingIsASlowConsumer) {
  BrokerOptions options;
  options.max_pending_bytes = 1'000;
  options.debug = true;
  TestBroker test(options);
  const ConnectionId slow = test.Connect();
  test.Send(slow, "SUB a 1\r\n");
  const ConnectionId from = test.Connect();
  test.Lines();
  test.reads = false;
  const std::string message = "PUB a 400\r\n" + std::string(400, 'x') + "\r\n";
  test.Ask(from, message);
  test.Ask(from, message);
  EXPECT_EQ(test.Output(slow).size(), 2u * 415);
  EXPECT_EQ(test.Ask(from, message), "");
  EXPECT_EQ(test.Output(slow), "<closed>");
  EXPECT_THAT(test.Lines(),
              ElementsAre(std::string("INF ") + kLabel +
                              "Slow Consumer Detected: MaxPending of 1000 Exceeded",
                          std::string("DBG ") + kLabel +
                              "Client connection closed: Slow Consumer (Pending Bytes)"));
  EXPECT_EQ(test.broker.counters().slow_consumers, 1u);
  EXPECT_EQ(test.broker.subscriptions(), 0u);
}

TEST(BrokerLimitsTest, WhatIsWrittenIsNotPending) {
  BrokerOptions options;
  options.max_pending_bytes = 1'000;
  TestBroker test(options);
  const ConnectionId id = test.Connect();
  test.Send(id, "SUB a 1\r\n");
  for (int i = 0; i < 10; ++i) {
    const std::string body(900, 'x');
    EXPECT_EQ(test.Ask(id, "PUB a 900\r\n" + body + "\r\n"), "MSG a 1 900\r\n" + body + "\r\n");
  }
}

TEST(BrokerLimitsTest, OneThatChokesOnItsOwnMessage) {
  BrokerOptions options;
  options.max_pending_bytes = 100;
  TestBroker test(options);
  const ConnectionId id = test.ConnectModern();
  const std::string body(200, 'x');
  EXPECT_EQ(test.Ask(id, "SUB a 1\r\nSUB a 2\r\nPUB a r 200\r\n" + body + "\r\nPING\r\n"),
            "<closed>");
}

TEST(BrokerLimitsTest, NothingTakenForTenSecondsIsASlowConsumer) {
  TestBroker test;
  const ConnectionId slow = test.Connect();
  test.reads = false;
  test.Send(slow, "SUB a 1\r\nPUB a 70000\r\n" + std::string(70'000, 'x') + "\r\n");
  const size_t size = test.Output(slow).size();
  test.Pass(9 * kSecond);
  test.broker.Written(test.now, slow, 10);
  test.Pass(9 * kSecond);
  EXPECT_EQ(test.Output(slow), "PING\r\n");
  test.Pass(1 * kSecond);
  EXPECT_EQ(test.Output(slow), "<closed>");
  EXPECT_THAT(
      test.Lines(),
      ElementsAre(std::string("INF ") + kLabel +
                  "Slow Consumer Detected: WriteDeadline of 10s exceeded with 2 chunks of " +
                  std::to_string(size - 10 + 6) + " total bytes."));
}

TEST(BrokerLimitsTest, WhatIsAnnouncedIsNotAllocated) {
  BrokerOptions options;
  options.max_payload_bytes = 999'999'999;
  options.max_pending_bytes = 2'000'000'000;
  TestBroker test(options);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(test.Ask(test.Connect(), "PUB a 999999999\r\nx"), "");
  EXPECT_EQ(test.broker.connections(), 1'000u);
}

TEST(BrokerLimitsTest, ThoseWhoVanishLeaveNothing) {
  TestBroker test;
  for (int i = 0; i < 10'000; ++i) {
    const ConnectionId id = test.Connect();
    test.Send(id, "SUB a 1\r\nSUB b.* 2\r\nSUB c q 3\r\nPUB a 100\r\nhalf");
    test.broker.Closed(test.now, id);
  }
  EXPECT_EQ(test.broker.connections(), 0u);
  EXPECT_EQ(test.broker.subscriptions(), 0u);
  EXPECT_FALSE(test.broker.NextDeadlineNs());
  EXPECT_THAT(test.broker.TakeDirty(), IsEmpty());
}

TEST(BrokerLimitsTest, StrangersAreIgnored) {
  TestBroker test;
  test.Send(77, "PING\r\n");
  test.broker.Written(test.now, 77, 5);
  test.broker.Closed(test.now, 77);
  EXPECT_TRUE(test.broker.TakeOutput(77).empty());
  EXPECT_TRUE(test.broker.closing(77));
  EXPECT_THAT(test.broker.TakeDirty(), IsEmpty());
}

}  // namespace
}  // namespace atrest::broker
