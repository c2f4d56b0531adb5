#include "reference/broker/tcp_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace atrest::broker {
namespace {

constexpr int64_t kWaitNs = 10'000'000;
constexpr int kRoundsMax = 3'000;  // of waiting; a hang ends here

// A host and what it was told.
class TestHost : public TcpEvents {
 public:
  explicit TestHost(const TcpLimits& limits = {}) : host(*this, limits) {}

  void OnAccepted(ConnectionId id, const std::string& ip, uint16_t port) override {
    accepted.push_back(id);
    addresses[id] = ip;
    EXPECT_GT(port, 0);
  }
  void OnReceived(ConnectionId id, ByteView bytes) override {
    received[id] += AsText(bytes);
    largest = std::max(largest, bytes.size());
    ++reads_in_poll[id];
    if (echo) host.Write(id, Bytes(bytes.begin(), bytes.end()));
  }
  void OnWritten(ConnectionId id, size_t size) override { written[id] += size; }
  void OnClosed(ConnectionId id) override { EXPECT_TRUE(closed.insert(id).second); }
  void OnDialed(ConnectionId id) override { dialed.insert(id); }
  void OnDialFailed(ConnectionId id, const std::string& text) override { failed[id] = text; }
  void OnAcceptFailed(const std::string& text, int64_t retry_ns) override {
    accept_failures.push_back(text);
    EXPECT_GT(retry_ns, 0);
  }

  void Poll(int64_t wait_ns = kWaitNs) {
    reads_in_poll.clear();
    host.Poll(wait_ns);
  }

  TcpHost host;
  bool echo = false;
  std::vector<ConnectionId> accepted;
  std::map<ConnectionId, std::string> addresses;
  std::map<ConnectionId, std::string> received;
  std::map<ConnectionId, size_t> written;
  std::map<ConnectionId, int> reads_in_poll;
  std::set<ConnectionId> closed;
  std::set<ConnectionId> dialed;
  std::map<ConnectionId, std::string> failed;
  std::vector<std::string> accept_failures;
  size_t largest = 0;
};

class TcpHostTest : public testing::Test {
 protected:
  // Runs both sides until DONE.
  [[nodiscard]] bool Until(const std::function<bool()>& done) {
    for (int i = 0; i < kRoundsMax && !done(); ++i) {
      server.Poll(kWaitNs / 10);
      client.Poll(kWaitNs / 10);
    }
    return done();
  }

  uint16_t Listen() {
    const Result<uint16_t> port = server.host.Listen("127.0.0.1", 0);
    EXPECT_TRUE(port.ok()) << port.status().message();
    return port.ok() ? port.value() : 0;
  }

  // The client's id of a connection that both sides know of.
  ConnectionId Connect(uint16_t port) {
    const ConnectionId id = client.host.Dial("127.0.0.1", port);
    const size_t before = server.accepted.size();
    EXPECT_TRUE(
        Until([&] { return client.dialed.contains(id) && server.accepted.size() > before; }));
    return id;
  }

  TestHost server;
  TestHost client;
};

TEST_F(TcpHostTest, BytesBothWaysAndAClose) {
  server.echo = true;
  const ConnectionId id = Connect(Listen());
  client.host.Write(id, ToBytes("hello"));
  ASSERT_TRUE(Until([&] { return client.received[id] == "hello"; }));
  EXPECT_EQ(server.addresses[server.accepted[0]], "127.0.0.1");
  EXPECT_EQ(client.written[id], 5u);
  EXPECT_EQ(server.written[server.accepted[0]], 5u);
  client.host.CloseWhenWritten(id);
  ASSERT_TRUE(Until([&] { return client.closed.contains(id) && server.closed.size() == 1; }));
  EXPECT_EQ(client.host.connections(), 0u);
  EXPECT_EQ(server.host.connections(), 0u);
}

TEST_F(TcpHostTest, CloseWhenWrittenSendsAllOfIt) {
  const ConnectionId id = Connect(Listen());
  const std::string text(8 << 20, 'x');
  server.host.Write(server.accepted[0], ToBytes(text));
  server.host.CloseWhenWritten(server.accepted[0]);
  ASSERT_TRUE(Until([&] { return client.closed.contains(id); }));
  EXPECT_EQ(client.received[id].size(), text.size());
  EXPECT_LE(client.largest, 65'536u);
}

TEST_F(TcpHostTest, WritesKeepTheirOrder) {
  const ConnectionId id = Connect(Listen());
  std::string expected;
  for (int i = 0; i < 5'000; ++i) {
    const std::string line = std::to_string(i) + std::string(1'000, '.') + "\n";
    expected += line;
    server.host.Write(server.accepted[0], ToBytes(line));
  }
  ASSERT_TRUE(Until([&] { return client.received[id].size() >= expected.size(); }));
  EXPECT_TRUE(client.received[id] == expected);
  ASSERT_TRUE(Until([&] { return server.written[server.accepted[0]] == expected.size(); }));
}

TEST_F(TcpHostTest, AConnectionIsReadOnceInAPoll) {
  const uint16_t port = Listen();
  const ConnectionId loud = Connect(port);
  const ConnectionId quiet = Connect(port);
  client.host.Write(loud, Bytes(2 << 20));
  client.host.Write(quiet, ToBytes("x"));
  int most = 0;
  ASSERT_TRUE(Until([&] {
    for (const auto& [id, reads] : server.reads_in_poll) most = std::max(most, reads);
    return server.received[server.accepted[0]].size() == 2u << 20;
  }));
  EXPECT_EQ(most, 1);
  EXPECT_LE(server.largest, 65'536u);
  EXPECT_EQ(server.received[server.accepted[1]], "x");
}

TEST_F(TcpHostTest, APeerThatNeverReadsHurtsNobody) {
  server.echo = true;
  const uint16_t port = Listen();
  TestHost mute;
  mute.host.Dial("127.0.0.1", port);
  for (int i = 0; i < kRoundsMax && (mute.dialed.empty() || server.accepted.empty()); ++i) {
    mute.Poll(0);
    server.Poll();
  }
  ASSERT_EQ(server.accepted.size(), 1u);
  const ConnectionId stuck = server.accepted[0];
  server.host.Write(stuck, Bytes(64 << 20));
  const ConnectionId good = Connect(port);
  client.host.Write(good, ToBytes("ping"));
  ASSERT_TRUE(Until([&] { return client.received[good] == "ping"; }));
  EXPECT_LT(server.written[stuck], 64u << 20);
  server.host.Abort(stuck);
  EXPECT_EQ(server.host.connections(), 1u);
  server.host.Write(stuck, ToBytes("x"));
  server.Poll(0);
  EXPECT_FALSE(server.closed.contains(stuck));
}

TEST_F(TcpHostTest, ACloserWaitsOnlySoLongForItsPeer) {
  TcpLimits limits;
  limits.close_timeout_ns = 1'000'000;
  TestHost hasty(limits);
  const Result<uint16_t> port = hasty.host.Listen("127.0.0.1", -1);
  ASSERT_TRUE(port.ok());
  client.host.Dial("127.0.0.1", port.value());
  for (int i = 0; i < kRoundsMax && hasty.accepted.empty(); ++i) {
    client.Poll(0);
    hasty.Poll();
  }
  ASSERT_EQ(hasty.accepted.size(), 1u);
  hasty.host.Write(hasty.accepted[0], Bytes(64 << 20));
  hasty.host.CloseWhenWritten(hasty.accepted[0]);
  for (int i = 0; i < kRoundsMax && hasty.closed.empty(); ++i) hasty.Poll();
  EXPECT_EQ(hasty.closed.size(), 1u);
}

TEST_F(TcpHostTest, ListenSaysWhatGoSays) {
  const uint16_t port = Listen();
  const std::string text = std::to_string(port);
  TestHost other;
  EXPECT_EQ(other.host.Listen("127.0.0.1", port).status().message(),
            "listen tcp 127.0.0.1:" + text + ": bind: address already in use");
  EXPECT_EQ(other.host.Listen("127.0.0.1", 99'999).status().message(),
            "listen tcp: address 99999: invalid port");
  EXPECT_EQ(other.host.Listen("127.0.0.1", -5).status().message(),
            "listen tcp: address -5: invalid port");
  EXPECT_EQ(other.host.Listen("192.0.2.1", port).status().message(),
            "listen tcp 192.0.2.1:" + text + ": bind: cannot assign requested address");
  server.host.StopListening();
  EXPECT_TRUE(other.host.Listen("127.0.0.1", port).ok());
}

TEST_F(TcpHostTest, AllAddressesAreShownAsTheClientsOwn) {
  const Result<uint16_t> port = server.host.Listen("0.0.0.0", 0);
  ASSERT_TRUE(port.ok()) << port.status().message();
  Connect(port.value());
  EXPECT_EQ(server.addresses[server.accepted[0]], "127.0.0.1");
}

TEST_F(TcpHostTest, DialSaysWhatGoSays) {
  const uint16_t port = Listen();
  server.host.StopListening();
  const ConnectionId id = client.host.Dial("127.0.0.1", port);
  ASSERT_TRUE(Until([&] { return client.failed.contains(id); }));
  EXPECT_EQ(client.failed[id],
            "dial tcp 127.0.0.1:" + std::to_string(port) + ": connect: connection refused");
  EXPECT_EQ(client.host.connections(), 0u);
}

TEST_F(TcpHostTest, ManyThatComeAndVanish) {
  const uint16_t port = Listen();
  constexpr size_t kCount = 500;
  for (size_t i = 0; i < kCount; ++i) {
    const ConnectionId id = client.host.Dial("127.0.0.1", port);
    client.Poll(0);
    client.host.Abort(id);
    server.Poll(0);
  }
  ASSERT_TRUE(Until([&] { return server.closed.size() == server.accepted.size(); }));
  EXPECT_EQ(server.host.connections(), 0u);
  server.echo = true;
  const ConnectionId good = Connect(port);
  client.host.Write(good, ToBytes("still here"));
  EXPECT_TRUE(Until([&] { return client.received[good] == "still here"; }));
}

TEST_F(TcpHostTest, TooFewFileDescriptorsDoNotSpin) {
  const uint16_t port = Listen();
  const ConnectionId first = Connect(port);
  const ConnectionId waiting = client.host.Dial("127.0.0.1", port);
  rlimit old = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit few = old;
  few.rlim_cur = 3;  // below what is open, so that nothing new can be
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  for (int i = 0; i < 20; ++i) server.Poll(0);
  const size_t failures = server.accept_failures.size();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  ASSERT_EQ(failures, 1u);
  EXPECT_EQ(server.accept_failures[0],
            "accept tcp 127.0.0.1:" + std::to_string(port) + ": accept4: too many open files");
  // What was there goes on, and the one that waited gets in.
  client.host.Write(first, ToBytes("x"));
  EXPECT_TRUE(Until([&] {
    return server.received[server.accepted[0]] == "x" && server.accepted.size() == 2 &&
           client.dialed.contains(waiting);
  }));
}

TEST_F(TcpHostTest, APostWakesIt) {
  bool ran = false;
  boost::asio::post(server.host.io_context(), [&ran] { ran = true; });
  server.host.Poll(int64_t{3'600'000'000'000});
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace atrest::broker
