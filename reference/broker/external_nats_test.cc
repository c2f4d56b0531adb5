#include "reference/broker/external_nats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace atrest::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Phase = ExternalNats::Phase;

constexpr int64_t kMs = 1'000'000;
constexpr char kInfo[] = "INFO {\"max_payload\":100,\"headers\":true} \r\n";
constexpr char kConnect[] =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false,"
    "\"name\":\"_NSS-c1-general\",\"lang\":\"c++\",\"version\":\"0.25.6\",\"protocol\":1,"
    "\"echo\":true,\"headers\":true,\"no_responders\":true}\r\nPING\r\n";

ExternalOptions With(const std::string& urls) {
  ExternalOptions options;
  options.urls = urls;
  options.cluster_id = "c1";
  options.debug = true;
  return options;
}

// The state machine with a script in place of sockets.
class Outside : public LinkHandler {
 public:
  explicit Outside(const ExternalOptions& options = With("nats://127.0.0.1:4222"))
      : nats(options, log, 1) {
    start = nats.Start(now);
  }

  void OnMessage(const LinkMessage& message) override {
    received.push_back(std::to_string(message.handle) + " " + std::string(message.subject) + " " +
                       std::string(message.reply) + " " +
                       (message.no_responders ? "503" : std::string(AsText(message.payload))));
  }
  std::vector<std::string> Local() {
    nats.DeliverLocal(*this, 1000);
    return std::exchange(received, {});
  }

  // What is sent, and "<closed>" behind what is closed.
  std::string Output() {
    std::string text;
    for (const ConnectionId each : nats.TakeDirty()) {
      const bool closing = nats.closing(each);
      const Bytes output = nats.TakeOutput(each);
      text += AsText(output);
      nats.Written(now, each, output.size());
      if (!closing) continue;
      text += "<closed>";
      nats.Closed(now, each);
    }
    return text;
  }
  std::string Say(std::string_view text) {
    nats.Received(now, id, AsBytes(text));
    return Output();
  }
  void Pass(int64_t ns) {
    now += ns;
    nats.Tick(now);
  }
  bool Dial() {
    if (!nats.TakeDial()) return false;
    nats.Dialed(now, ++id);
    return true;
  }
  void Refuse() {
    ASSERT_TRUE(nats.TakeDial());
    nats.DialFailed(now, "dial tcp 127.0.0.1:4222: connect: connection refused");
  }
  void Connect() {
    ASSERT_TRUE(Dial());
    EXPECT_EQ(Say(kInfo), kConnect);
    Say("PONG\r\n");
    EXPECT_EQ(nats.phase(), Phase::kConnected);
  }
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    for (const LogBuffer::Line& line : log.Take()) lines.push_back(line.text);
    return lines;
  }

  LogBuffer log;
  ExternalNats nats;
  Status start;
  int64_t now = 1'000 * kMs;
  ConnectionId id = 0;
  std::vector<std::string> received;
};

TEST(ExternalNatsTest, ConnectsAndSubscribes) {
  Outside test;
  EXPECT_TRUE(test.start.ok());
  ASSERT_TRUE(test.nats.local().Subscribe(7, "a.>").ok());
  EXPECT_EQ(test.nats.TakeDial(), (DialRequest{"127.0.0.1", 4222}));
  EXPECT_FALSE(test.nats.TakeDial());
  test.nats.Dialed(test.now, ++test.id);
  EXPECT_EQ(test.Output(), "");
  EXPECT_EQ(test.Say(kInfo), kConnect);
  EXPECT_EQ(test.nats.phase(), Phase::kConnecting);
  EXPECT_EQ(test.Say("PONG\r\n"), "SUB a.>  7\r\n");
  EXPECT_EQ(test.nats.phase(), Phase::kConnected);
  ASSERT_TRUE(test.nats.local().Subscribe(8, "b").ok());
  test.nats.local().Unsubscribe(7);
  EXPECT_EQ(test.Output(), "SUB b  8\r\nUNSUB 7\r\n");
  EXPECT_THAT(test.Lines(), IsEmpty());
}

TEST(ExternalNatsTest, Messages) {
  Outside test;
  test.Connect();
  ASSERT_TRUE(test.nats.local().Subscribe(7, "a").ok());
  test.Output();
  test.Say("MSG a 7 3\r\nabc\r\nHMSG a 7 r 2 5\r\nhhabc\r\nMSG a 9 0\r\n\r\nMSG a 7x 0\r\n\r\n");
  test.Say("HMSG a 7 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
  EXPECT_THAT(test.Local(), ElementsAre("7 a  abc", "7 a r abc", "7 a  503"));
  EXPECT_EQ(test.Say("PING\r\n"), "PONG\r\n");
  ASSERT_TRUE(test.nats.local().Publish("x", "", AsBytes("hi")).ok());
  ASSERT_TRUE(test.nats.local().Publish("x", "r", {}).ok());
  EXPECT_EQ(test.Output(), "PUB x 2\r\nhi\r\nPUB x r 0\r\n\r\n");
}

TEST(ExternalNatsTest, Refusals) {
  Outside test;
  EXPECT_FALSE(test.nats.local().Publish("a", "", {}).ok());
  test.Connect();
  EXPECT_EQ(test.Output(), "");
  Link& link = test.nats.local();
  EXPECT_EQ(link.Publish("", "", {}).message(), "nats: invalid subject");
  EXPECT_EQ(link.Publish("a b", "", {}).message(), "nats: invalid subject");
  EXPECT_EQ(link.Publish("a", "r\r\nPING", {}).message(), "nats: invalid subject");
  EXPECT_EQ(link.Publish("a", "", Bytes(101)).message(), "nats: maximum payload exceeded");
  EXPECT_EQ(link.Subscribe(1, "a..b").message(), "nats: invalid subject");
  EXPECT_EQ(link.Subscribe(1, "a b").message(), "nats: invalid subject");
  EXPECT_EQ(test.Output(), "");
}

TEST(ExternalNatsTest, Credentials) {
  ExternalOptions options = With("nats://h:1");
  options.user = "u\"";
  options.password = "p";
  options.token = "t";
  Outside test(options);
  ASSERT_TRUE(test.Dial());
  EXPECT_THAT(test.Say("INFO {}\r\n"),
              testing::HasSubstr("\"user\":\"u\\\"\",\"pass\":\"p\",\"auth_token\":\"t\","));
  options.urls = "nats://me:pa%40ss@h:1";
  Outside other(options);
  ASSERT_TRUE(other.Dial());
  const std::string said = other.Say("INFO {}\r\n");
  EXPECT_THAT(said, testing::HasSubstr("\"user\":\"me\",\"pass\":\"pa@ss\",\"tls_required\""));
  EXPECT_THAT(said, testing::HasSubstr("\"headers\":false,\"no_responders\":false"));
}

TEST(ExternalNatsTest, FirstConnectionFails) {
  struct Case {
    const char* said;
    const char* failure;
  };
  const Case cases[] = {
      {"PING\r\n", "nats: protocol exception, INFO not received"},
      {"INFO {\"tls_required\":true}\r\n", "nats: secure connection not available"},
      {"INFO {\"auth_required\":true}\r\n-ERR 'Authorization Violation'\r\n",
       "nats: Authorization Violation"},
      {"INFO {}\r\n-ERR 'maximum connections exceeded'\r\n", "nats: maximum connections exceeded"},
      {"INFO {\r\n", "unexpected end of JSON input"},
      {"INFO {}\r\nHELLO\r\n", "nats: Parse Error: 'HELLO'"},
  };
  for (const Case& one : cases) {
    Outside test;
    ASSERT_TRUE(test.Dial());
    EXPECT_THAT(test.Say(one.said), testing::EndsWith("<closed>"));
    EXPECT_EQ(test.nats.phase(), Phase::kFailed);
    EXPECT_EQ(test.nats.failure().message(), one.failure);
    EXPECT_FALSE(test.nats.NextDeadlineNs());
    EXPECT_THAT(test.Lines(), IsEmpty());
  }
}

TEST(ExternalNatsTest, FirstDialFails) {
  Outside refused;
  refused.Refuse();
  EXPECT_EQ(refused.nats.failure().message(), "nats: no servers available for connection");
  Outside other;
  ASSERT_TRUE(other.nats.TakeDial());
  other.nats.DialFailed(other.now, "dial tcp: i/o timeout");
  EXPECT_EQ(other.nats.failure().message(), "dial tcp: i/o timeout");
  Outside silent;
  ASSERT_TRUE(silent.Dial());
  silent.Pass(2'000 * kMs);
  EXPECT_EQ(silent.Output(), "<closed>");
  EXPECT_EQ(silent.nats.failure().message(), "read tcp: i/o timeout");
  Outside gone;
  ASSERT_TRUE(gone.Dial());
  gone.nats.Closed(gone.now, gone.id);
  EXPECT_EQ(gone.nats.failure().message(), "EOF");
}

TEST(ExternalNatsTest, AllOfAListAreTried) {
  Outside test(With("nats://a:1, b:2 ,c"));
  std::set<std::pair<std::string, uint16_t>> dialed;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(test.nats.phase(), Phase::kConnecting);
    const auto dial = test.nats.TakeDial();
    ASSERT_TRUE(dial);
    dialed.insert({dial->host, dial->port});
    test.nats.DialFailed(test.now, "connection refused");
  }
  EXPECT_THAT(dialed, ElementsAre(std::pair("a", 1), std::pair("b", 2), std::pair("c", 4222)));
  EXPECT_EQ(test.nats.failure().message(), "nats: no servers available for connection");
}

TEST(ExternalNatsTest, ReconnectsForEver) {
  Outside test;
  test.Connect();
  ASSERT_TRUE(test.nats.local().Subscribe(7, "a").ok());
  test.Output();
  test.nats.Closed(test.now, test.id);
  EXPECT_EQ(test.nats.phase(), Phase::kReconnecting);
  EXPECT_EQ(test.nats.local().Publish("lost", "", {}).message(),
            "nats: outbound buffer limit exceeded");
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(test.nats.TakeDial());
    EXPECT_EQ(test.nats.NextDeadlineNs(), test.now + 250 * kMs);
    test.Pass(250 * kMs);
    test.Refuse();
  }
  test.Pass(250 * kMs);
  ASSERT_TRUE(test.Dial());
  EXPECT_EQ(test.Say(kInfo), kConnect);
  EXPECT_EQ(test.Say("PONG\r\n"), "SUB a  7\r\n");
  EXPECT_THAT(test.Lines(),
              ElementsAre("connection \"_NSS-c1-general\" reconnected to NATS Server at "
                          "\"nats://127.0.0.1:4222\""));
}

TEST(ExternalNatsTest, AnotherServerIsTriedAtOnce) {
  Outside test(With("nats://u:p@a:1,nats://u:p@b:1"));
  const auto first = test.nats.TakeDial();
  ASSERT_TRUE(first);
  test.nats.Dialed(test.now, ++test.id);
  test.Say(kInfo);
  test.Say("PONG\r\n");
  test.nats.Closed(test.now, test.id);
  const auto second = test.nats.TakeDial();
  ASSERT_TRUE(second);
  EXPECT_NE(second->host, first->host);
  test.nats.Dialed(test.now, ++test.id);
  test.Say(kInfo);
  test.Say("PONG\r\n");
  EXPECT_THAT(test.Lines(),
              ElementsAre("connection \"_NSS-c1-general\" reconnected to NATS Server at "
                          "\"nats://[REDACTED]@" +
                          second->host + ":1\""));
}

TEST(ExternalNatsTest, PingsAndStaleServers) {
  Outside test;
  test.Connect();
  constexpr int64_t kInterval = 120'000 * kMs;
  for (int i = 0; i < 5; ++i) {
    test.Pass(kInterval);
    EXPECT_EQ(test.Output(), "PING\r\n");
    test.Say("PONG\r\n");
  }
  test.Pass(kInterval);
  test.Pass(kInterval);
  EXPECT_EQ(test.Output(), "PING\r\nPING\r\n");
  test.Pass(kInterval);
  EXPECT_EQ(test.Output(), "<closed>");
  EXPECT_EQ(test.nats.phase(), Phase::kReconnecting);
}

TEST(ExternalNatsTest, ErrorsOfTheServer) {
  struct Case {
    const char* said;
    Phase phase;
    std::vector<std::string> lines;
  };
  const std::string name = "connection \"_NSS-c1-general\"";
  const Case cases[] = {
      {"-ERR 'Stale Connection'\r\n", Phase::kReconnecting, {}},
      {"-ERR 'maximum connections exceeded'\r\n", Phase::kReconnecting, {}},
      {"x\r\n", Phase::kReconnecting, {}},
      {"-ERR 'Permissions Violation for Publish to \"a\"'\r\n",
       Phase::kConnected,
       {"Asynchronous error on connection _NSS-c1-general: nats: Permissions Violation for Publish "
        "to \"a\""}},
      {"-ERR 'Authorization Violation'\r\n",
       Phase::kConnected,
       {"Asynchronous error on connection _NSS-c1-general: nats: Authorization Violation"}},
      {"-ERR 'Unknown Protocol Operation'\r\n",
       Phase::kClosed,
       {name + " has been disconnected: nats: Unknown Protocol Operation",
        name + " has been closed"}},
  };
  for (const Case& one : cases) {
    Outside test;
    test.Connect();
    test.Say(one.said);
    EXPECT_EQ(test.nats.phase(), one.phase) << one.said;
    EXPECT_EQ(test.Lines(), one.lines) << one.said;
  }
}

TEST(ExternalNatsTest, TheSameRefusalTwiceIsTheEnd) {
  Outside test;
  test.Connect();
  test.nats.Closed(test.now, test.id);
  for (const Phase phase : {Phase::kReconnecting, Phase::kClosed}) {
    test.Pass(250 * kMs);
    ASSERT_TRUE(test.Dial());
    test.Say("INFO {}\r\n-ERR 'Authorization Violation'\r\n");
    EXPECT_EQ(test.nats.phase(), phase);
  }
  EXPECT_FALSE(test.nats.NextDeadlineNs());
}

TEST(ExternalNatsTest, ShutdownFlushesAndCloses) {
  Outside test;
  test.Connect();
  ASSERT_TRUE(test.nats.local().Publish("a", "", {}).ok());
  test.nats.Shutdown(test.now);
  EXPECT_EQ(test.Output(), "PUB a 0\r\n\r\n<closed>");
  EXPECT_THAT(test.Lines(), ElementsAre("connection \"_NSS-c1-general\" has been closed"));
  test.nats.Shutdown(test.now);
  EXPECT_THAT(test.Lines(), IsEmpty());
  EXPECT_EQ(test.nats.local().Publish("a", "", {}).message(), "nats: connection closed");
  EXPECT_EQ(test.Output(), "");
}

TEST(ExternalNatsTest, ADialThatSucceedsTooLateIsClosed) {
  Outside test;
  ASSERT_TRUE(test.nats.TakeDial());
  test.nats.Shutdown(test.now);
  test.nats.Dialed(test.now, 5);
  EXPECT_EQ(test.Output(), "<closed>");
}

TEST(ExternalNatsTest, BadUrls) {
  Outside test(With("foo"));
  EXPECT_EQ(test.start.message(), "malformed url: foo");
  EXPECT_EQ(test.nats.phase(), Phase::kFailed);
  EXPECT_FALSE(test.nats.TakeDial());
}

}  // namespace
}  // namespace atrest::broker
