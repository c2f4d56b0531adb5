#include "reference/broker/broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "reference/broker/broker_fixture.h"

namespace atrest::broker {
namespace {

using testing::ElementsAre;

constexpr char kModern[] =
    "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n";

// What one connection is answered, INFO left out.
std::string Answer(std::string_view input) {
  TestBroker test;
  const ConnectionId id = test.Open();
  return test.Ask(id, input);
}

TEST(BrokerTest, InfoSpeaksFirst) {
  BrokerOptions options;
  options.host = "127.0.0.1";
  TestBroker test(options);
  test.broker.set_port(20010);
  const ConnectionId id = test.Open();
  const std::string server = test.broker.server_id();
  EXPECT_EQ(server.size(), 56u);
  EXPECT_EQ(server[0], 'N');
  EXPECT_EQ(test.infos[id],
            "INFO {\"server_id\":\"" + server + "\",\"server_name\":\"" + server +
                "\",\"version\":\"2.9.24\",\"proto\":1,\"go\":\"go1.23.5\",\"host\":\"127.0.0.1\","
                "\"port\":20010,\"headers\":true,\"max_payload\":1048576,\"client_id\":8,"
                "\"client_ip\":\"10.0.0.1\"} \r\n");
  test.Open();
  EXPECT_NE(test.infos[2].find("\"client_id\":9"), std::string::npos);
}

TEST(BrokerTest, TheSameSeedMakesTheSameServer) {
  EXPECT_EQ(TestBroker({}, 5).broker.server_id(), TestBroker({}, 5).broker.server_id());
  EXPECT_NE(TestBroker({}, 5).broker.server_id(), TestBroker({}, 6).broker.server_id());
}

TEST(BrokerTest, AnswersOfOneConnection) {
  const std::pair<std::string, const char*> cases[] = {
      // Defaults: verbose and pedantic, without CONNECT as with an empty one.
      {"PING\r\n", "PONG\r\n"},
      {"PING\n", "PONG\r\n"},
      {"PINGxyz\r\n", "PONG\r\n"},
      {"CONNECT {}\r\n", "+OK\r\n"},
      {"CONNECT null\r\n", "+OK\r\n"},
      {"SUB a 1\r\n", "+OK\r\n"},
      {"UNSUB 7\r\n", "+OK\r\n"},
      {"PUB a 1\r\nx\r\n", "+OK\r\n"},
      {"SUB a 1\r\nPUB a 0001\r\nx\r\n", "+OK\r\n+OK\r\nMSG a 1 0001\r\nx\r\n"},
      {"SUB > 1\r\nPUB foo.* 1\r\nx\r\n",
       "+OK\r\n-ERR 'Invalid Publish Subject'\r\n+OK\r\nMSG foo.* 1 1\r\nx\r\n"},
      {"PUB foo..b 0\r\n\r\n", "-ERR 'Invalid Publish Subject'\r\n+OK\r\n"},
      // Merging.
      {"CONNECT {\"verbose\":false}\r\nCONNECT {\"echo\":false}\r\nSUB a 1\r\nPUB a 0\r\n\r\n", ""},
      {"CONNECT {\"verbose\":false}\r\nCONNECT {\"VERBOSE\":true}\r\n", "+OK\r\n"},
      {"CONNECT {\"verbose\":false,\"x\":[{}]}\r\nPUB .. 0\r\n\r\n",
       "-ERR 'Invalid Publish Subject'\r\n"},
      // Subscriptions.
      {"SUB a..b 1\r\n", "-ERR 'Invalid Subject'\r\n"},
      {"SUB a.>.b 1\r\n", "-ERR 'Invalid Subject'\r\n"},
      {"SUB a 1\r\nSUB b 1\r\nPUB a 0\r\n\r\nPUB b 0\r\n\r\n",
       "+OK\r\n+OK\r\n+OK\r\nMSG a 1 0\r\n\r\n+OK\r\n"},
      {"SUB a q 1\r\nPUB a 0\r\n\r\n", "+OK\r\n+OK\r\nMSG a 1 0\r\n\r\n"},
      {"SUB a _sys_ 1\r\n",
       "-ERR 'Permissions Violation for Subscription to \"a\" using queue \"_sys_\"'\r\n"},
      // Ignored.
      {"+OK\r\nINFO {}\r\nPING\r\n", "PONG\r\n"},
      // No permission: dropped, and no +OK.
      {"PUB _GR_.x 0\r\n\r\n", "-ERR 'Permissions Violation for Publish to \"_GR_.x\"'\r\n"},
      {"PUB a _R_.abc 0\r\n\r\n",
       "-ERR 'Permissions Violation for Publish with Reply of \"_R_.abc\"'\r\n"},
  };
  for (const auto& [input, output] : cases) EXPECT_EQ(Answer(input), output) << input;
}

TEST(BrokerTest, EndsOfOneConnection) {
  const std::pair<std::string, const char*> cases[] = {
      {"\r\n", "-ERR 'Unknown Protocol Operation'\r\n<closed>"},
      {"MSG a 1 0\r\n\r\n", "-ERR 'Unknown Protocol Operation'\r\n<closed>"},
      {"PUB a 1\r\nxx\r\n", "-ERR 'Unknown Protocol Operation'\r\n<closed>"},
      {"PUB a 1\r\nx\nPING\r\n", "-ERR 'Unknown Protocol Operation'\r\n<closed>"},
      {"UNSUB\r\n", "-ERR 'Unknown Protocol Operation'\r\n<closed>"},
      {"PUB a\r\n", "<closed>"},
      {"PUB a b c 1\r\n", "<closed>"},
      {"PUB a -1\r\n", "<closed>"},
      {"PUB a 0000000001\r\n", "<closed>"},
      {"SUB a\r\n", "<closed>"},
      {"UNSUB 1 2 3\r\n", "<closed>"},
      {"HPUB a 1 1\r\nx\r\n", "<closed>"},
      {"-ERR 'x'\r\n", "<closed>"},
      {"CONNECT {\r\n", "<closed>"},
      {"CONNECT {\"verbose\":1}\r\n", "<closed>"},
      {"CONNECT {\"protocol\":2}\r\n", "-ERR 'invalid client protocol'\r\n<closed>"},
      {"CONNECT {\"no_responders\":true}\r\n",
       "-ERR 'no responders requires headers support'\r\n<closed>"},
      {"CONNECT {\"account\":\"A\"}\r\n", "-ERR 'Authorization Violation'\r\n<closed>"},
      {"CONNECT {\"new_account\":true}\r\n", "-ERR 'Authorization Violation'\r\n<closed>"},
      {"PUB a 1048577\r\n", "-ERR 'Maximum Payload Violation'\r\n<closed>"},
      {"SUB " + std::string(4097, 'a'), "-ERR 'maximum control line exceeded'\r\n<closed>"},
      {"PUB a 999999999\r\n", "-ERR 'Maximum Payload Violation'\r\n<closed>"},
  };
  for (const auto& [input, output] : cases) EXPECT_EQ(Answer(input), output) << input;
}

TEST(BrokerTest, HeadersAndNoResponders) {
  const std::pair<std::string, const char*> cases[] = {
      // Headers.
      {std::string(kModern) + "SUB a 1\r\nHPUB a b 03 004\r\nabcd\r\n",
       "HMSG a 1 b 03 004\r\nabcd\r\n"},
      {std::string(kModern) + "SUB a 1\r\nHPUB a 0 04\r\nabcd\r\n", "MSG a 1 04\r\nabcd\r\n"},
      {std::string(kModern) + "HPUB a 5 4\r\nabcd\r\n", "<closed>"},
      // Nobody there.
      {std::string(kModern) + "SUB r 9\r\nPUB a r 0\r\n\r\n",
       "HMSG r 9 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"},
      {std::string(kModern) + "SUB r.* 9\r\nPUB a r.1 0\r\n\r\n",
       "HMSG r.1 9 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"},
      {std::string(kModern) + "SUB r q 9\r\nPUB a r 0\r\n\r\n", ""},
      {std::string(kModern) + "PUB a r 0\r\n\r\n", ""},
      {"CONNECT {\"verbose\":false}\r\nSUB r 9\r\nPUB a r 0\r\n\r\n", ""},
  };
  for (const auto& [input, output] : cases) EXPECT_EQ(Answer(input), output) << input;
}

TEST(BrokerTest, LogOfErrors) {
  const std::pair<std::string, const char*> cases[] = {
      {"CONNECT {\r\n", "unexpected end of JSON input"},
      {"CONNECT {\"verbose\":1}\r\n",
       "json: cannot unmarshal number into Go struct field ClientOpts.verbose of type bool"},
      {"SUB a\r\n", "processSub Parse Error: \"a\""},
      {"PUB a\r\n", "processPub Parse Error: \"a\""},
      {"PUB a b c 1\r\n", "processPub Parse Error: \"a b c 1\""},
      {"PUB a x\r\n", "processPub Bad or Missing Size: \"a x\""},
      {"HPUB a 1 1\r\n", "message headers not supported"},
      {"UNSUB 1 2 3\r\n", "processUnsub Parse Error: \"1 2 3\""},
      {"PUB a 1048577\r\n", "maximum payload exceeded: 1048577 vs 1048576"},
      {"PUB _GR_.x 0\r\n\r\n", "Publish Violation - User \"N/A\", Subject \"_GR_.x\""},
      {"CONNECT {\"user\":\"a\"}\r\nPUB a _R_.abc 0\r\n\r\n",
       "Publish Violation - User \"a\", Reply \"_R_.abc\""},
      {"SUB z _sys_ 5\r\n",
       "Subscription Violation - User \"N/A\", Subject \"z\", Queue: \"_sys_\", SID 5"},
      {"CONNECT {\"account\":\"A\"}\r\n", "authentication error"},
      {"CONNECT {\"protocol\":2}\r\n", "invalid client protocol"},
      {"CONNECT {\"no_responders\":true}\r\n", "no responders requires headers support"},
      {"-ERR 'x y'\r\n", "Client Error 'x y'"},
      {"x", "Client parser ERROR"},
  };
  for (const auto& [input, line] : cases) {
    TestBroker test;
    test.Ask(test.Open(), input);
    EXPECT_THAT(test.Lines(), ElementsAre("ERR 10.0.0.1:1001 - cid:8 - " + std::string(line)))
        << input;
  }
}

TEST(BrokerTest, UnsubscribeAfterMax) {
  const std::pair<std::string, const char*> cases[] = {
      {"UNSUB 1 2\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\n",
       "MSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\n"},
      {"PUB a 0\r\n\r\nUNSUB 1 1\r\nPUB a 0\r\n\r\n", "MSG a 1 0\r\n\r\n"},
      {"PUB a 0\r\n\r\nUNSUB 1 2\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\n",
       "MSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\n"},
      {"UNSUB 1 0\r\nPUB a 0\r\n\r\n", ""},
      {"UNSUB 1 x\r\nPUB a 0\r\n\r\n", ""},
      {"UNSUB 1\r\nPUB a 0\r\n\r\nSUB a 1\r\nPUB a 0\r\n\r\n", "MSG a 1 0\r\n\r\n"},
  };
  for (const auto& [input, output] : cases) {
    TestBroker test;
    const ConnectionId id = test.Connect();
    test.Send(id, "SUB a 1\r\n");
    EXPECT_EQ(test.Ask(id, input), output) << input;
  }
}

TEST(BrokerTest, EverySubscriptionGetsACopy) {
  TestBroker test;
  const ConnectionId a = test.Connect();
  const ConnectionId b = test.Connect();
  const ConnectionId from = test.Connect();
  test.Send(a, "SUB foo.bar 1\r\nSUB foo.* 2\r\n");
  test.Send(b, "SUB > 3\r\nSUB foo.baz 4\r\nSUB foo*.bar 5\r\n");
  EXPECT_EQ(test.Ask(from, "PUB foo.bar in.box 2\r\nhi\r\n"), "");
  EXPECT_EQ(test.Output(a), "MSG foo.bar 1 in.box 2\r\nhi\r\nMSG foo.bar 2 in.box 2\r\nhi\r\n");
  EXPECT_EQ(test.Output(b), "MSG foo.bar 3 in.box 2\r\nhi\r\n");
}

TEST(BrokerTest, HeadersAreStrippedForThoseWithout) {
  TestBroker test;
  const ConnectionId from = test.ConnectModern();
  const ConnectionId modern = test.ConnectModern();
  const ConnectionId old = test.Connect();
  test.Send(modern, "SUB a 1\r\n");
  test.Send(old, "SUB a 1\r\n");
  test.Send(from, "HPUB a 3 5\r\nabcde\r\n");
  EXPECT_EQ(test.Output(modern), "HMSG a 1 3 5\r\nabcde\r\n");
  EXPECT_EQ(test.Output(old), "MSG a 1 2\r\nde\r\n");
}

TEST(BrokerTest, OneMemberOfEachQueueGroup) {
  TestBroker test;
  const ConnectionId from = test.Connect();
  const ConnectionId a = test.Connect();
  const ConnectionId b = test.Connect();
  test.Send(a, "SUB x q 1\r\nSUB x r 3\r\n");
  test.Send(b, "SUB x q 2\r\n");
  int got_a = 0;
  int got_b = 0;
  for (int i = 0; i < 100; ++i) {
    test.Send(from, "PUB x 0\r\n\r\n");
    const std::string to_a = test.Output(a);
    const std::string to_b = test.Output(b);
    EXPECT_NE(to_a.find("MSG x 3 0\r\n"), std::string::npos);
    const bool in_a = to_a.find("MSG x 1 0\r\n") != std::string::npos;
    EXPECT_NE(in_a, to_b == "MSG x 2 0\r\n\r\n");
    ++(in_a ? got_a : got_b);
  }
  EXPECT_GT(got_a, 20);
  EXPECT_GT(got_b, 20);
}

TEST(BrokerTest, AMemberThatMayNotHearItselfIsPassedOver) {
  TestBroker test;
  const ConnectionId a = test.Connect(",\"echo\":false");
  const ConnectionId b = test.Connect();
  test.Send(a, "SUB x q 1\r\n");
  test.Send(b, "SUB x q 2\r\n");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(test.Ask(a, "PUB x 0\r\n\r\n"), "");
    EXPECT_EQ(test.Output(b), "MSG x 2 0\r\n\r\n");
  }
}

TEST(BrokerTest, ALeaverTakesItsSubscriptionsAlong) {
  TestBroker test;
  const ConnectionId a = test.ConnectModern();
  const ConnectionId b = test.Connect();
  test.Send(b, "SUB x 1\r\nSUB y.* 2\r\nSUB z q 3\r\n");
  EXPECT_EQ(test.broker.subscriptions(), 3u);
  test.broker.Closed(test.now, b);
  EXPECT_EQ(test.broker.subscriptions(), 0u);
  EXPECT_EQ(test.broker.connections(), 1u);
  EXPECT_EQ(test.Ask(a, "SUB r 1\r\nPUB x r 0\r\n\r\n"),
            "HMSG r 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
}

TEST(BrokerTest, MaxConnectionsCountsTheServersOwn) {
  BrokerOptions options;
  options.max_connections = 5;
  TestBroker test(options);
  test.Open();
  const ConnectionId second = test.Open();
  const std::string& said = test.infos[second];
  EXPECT_EQ(said.substr(said.find("\r\n")), "\r\n-ERR 'maximum connections exceeded'\r\n<closed>");
  EXPECT_THAT(test.Lines(),
              ElementsAre("ERR 10.0.0.1:1002 - cid:9 - maximum connections exceeded"));
  test.broker.Closed(test.now, 1);
  EXPECT_EQ(test.Ask(test.Open(), "PING\r\n"), "PONG\r\n");
}

TEST(BrokerTest, MaxSubscriptions) {
  BrokerOptions options;
  options.max_subscriptions = 1;
  TestBroker test(options);
  const ConnectionId id = test.Open();
  constexpr char kRefused[] = "-ERR 'maximum subscriptions exceeded'\r\n";
  EXPECT_EQ(test.Ask(id, "SUB a 1\r\nSUB b 2\r\n"), std::string("+OK\r\n") + kRefused);
  EXPECT_EQ(test.Ask(id, "SUB b 2\r\n"), kRefused);
  EXPECT_THAT(test.Lines(),
              ElementsAre("ERR 10.0.0.1:1001 - cid:8 - maximum subscriptions exceeded"));
  EXPECT_EQ(test.Ask(id, "UNSUB 1\r\nSUB b 2\r\n"), "+OK\r\n+OK\r\n");
}

TEST(BrokerTest, ShutdownClosesEverybody) {
  BrokerOptions options;
  options.debug = true;
  TestBroker test(options);
  const ConnectionId id = test.Connect();
  test.Send(id, "PING\r\n");
  test.Lines();
  test.broker.Shutdown(test.now);
  EXPECT_EQ(test.Output(id), "PONG\r\n<closed>");
  EXPECT_THAT(test.Lines(),
              ElementsAre("DBG 10.0.0.1:1001 - cid:8 - Client connection closed: Server Shutdown"));
  EXPECT_EQ(test.infos[test.Open()], "<closed>");
  EXPECT_EQ(test.broker.connections(), 0u);
}

TEST(BrokerTest, LinesOfDebugAndTrace) {
  BrokerOptions options;
  options.debug = true;
  options.trace = true;
  TestBroker test(options);
  const ConnectionId id = test.Open();
  test.Ask(id, "CONNECT {\"user\":\"u\",\"pass\":\"secret\"}\r\nSUB a 1\r\nPUB  a  1\r\nx\r\n");
  test.Ask(id, "UNSUB 1\r\nPING\r\nzz\r\n");
  std::vector<std::string> lines = test.Lines();
  const std::string label = "10.0.0.1:1001 - cid:8 - ";
  for (std::string& line : lines) {
    EXPECT_EQ(line.substr(4, label.size()), label);
    line.erase(4, label.size());
  }
  EXPECT_THAT(
      lines,
      ElementsAre("DBG Client connection created",
                  "TRC <<- [CONNECT {\"user\":\"u\",\"pass\":\"[REDACTED]\"}]", "TRC ->> [OK]",
                  "TRC <<- [SUB a 1]", "TRC ->> [OK]", "TRC <<- [PUB a 1]",
                  "TRC <<- MSG_PAYLOAD: [\"x\"]", "TRC ->> [OK]", "TRC ->> [MSG a 1 1]",
                  "TRC <<- [UNSUB 1]", "TRC ->> [OK]", "TRC <-> [DELSUB 1]", "TRC <<- [PING]",
                  "TRC ->> [PONG]", "TRC ->> [-ERR Unknown Protocol Operation]",
                  "ERR Client parser ERROR", "DBG Client connection closed: Protocol Violation"));
}

TEST(BrokerTest, CountersCountBothSides) {
  TestBroker test;
  ASSERT_TRUE(test.broker.local().Subscribe(1, "a").ok());
  const ConnectionId id = test.ConnectModern();
  test.Send(id, "SUB a 1\r\nHPUB a 2 5\r\nabcde\r\n");
  ASSERT_TRUE(test.broker.local().Publish("a", "", AsBytes("xy")).ok());
  const BrokerCounters& counters = test.broker.counters();
  EXPECT_EQ(counters.total_connections, 1u);
  EXPECT_EQ(counters.in_messages, 2u);
  EXPECT_EQ(counters.in_bytes, 7u);
  EXPECT_EQ(counters.out_messages, 4u);
  EXPECT_EQ(counters.out_bytes, 5u + 3u + 2u + 2u);
  EXPECT_EQ(counters.slow_consumers, 0u);
}

}  // namespace
}  // namespace atrest::broker
