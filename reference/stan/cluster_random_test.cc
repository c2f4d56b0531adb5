// Random clients, leaders that change and nodes that are killed, wiped and given snapshots: when
// all is quiet, all nodes know the same, and so does one that has it from the log or a snapshot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/random.h"
#include "reference/stan/cluster_fixture.h"

namespace atrest::stan {
namespace {

class ClusterRandomTest : public ClusterFixture, public testing::TestWithParam<uint64_t> {
 protected:
  ClusterRandomTest() : random_(GetParam()) {
    for (size_t at = 0; at < 3; ++at) node(at).key = "key" + std::to_string(at);
  }

  std::string Client() { return std::string(1, static_cast<char>('k' + random_.Below(3))); }
  std::string Channel() { return random_.Below(3) == 0 ? "bar" : "foo"; }

  void Step() {
    switch (random_.Below(12)) {
      case 0:
        bus_.alive.insert("hb.x");
        (void)Connect(Client());
        break;
      case 1:
        if (random_.Below(3) == 0) (void)Close(Client());
        break;
      case 2:
      case 3:
        NewSubscription();
        break;
      case 4:
        if (!inboxes_.empty()) Leave();
        break;
      case 5:
      case 6:
      case 7:
        AckSome();
        break;
      case 8:
        Pass(static_cast<int64_t>(random_.Below(3000)) * kMs);
        break;
      default:
        Publish();
    }
  }
  void Publish() {
    const std::string client = Client();
    const std::string channel = Channel();
    const std::string error =
        ClusterFixture::Publish(channel, "m" + std::to_string(++published_), client);
    if (error.empty()) acked_[channel].push_back("m" + std::to_string(published_));
  }
  void NewSubscription() {
    Sub sub;
    sub.inbox = "i" + std::to_string(++last_inbox_);
    sub.channel = Channel();
    sub.client = Client();
    sub.max_in_flight = static_cast<int32_t>(1 + random_.Below(20));
    sub.ack_wait_s = has_redelivery_ ? static_cast<int32_t>(1 + random_.Below(5)) : 10'000;
    sub.start = static_cast<Start>(random_.Below(5));
    if (random_.Below(2) == 0) sub.durable = "d";
    if (random_.Below(2) == 0) sub.group = "g";
    if (Subscribe(sub).empty()) inboxes_.push_back(sub);
  }
  void Leave() {
    const Sub& sub = inboxes_[random_.Below(inboxes_.size())];
    if (random_.Below(2) == 0) {
      (void)Unsubscribe(sub.inbox, sub.client, sub.channel);
    } else {
      (void)CloseSub(sub.inbox, sub.client, sub.channel);
    }
  }
  void AckSome() {
    for (const Sub& sub : inboxes_) {
      for (const Bytes& payload : bus_.Take(sub.inbox)) {
        if (random_.Below(3) == 0) continue;
        Ack(sub.inbox, wire::DecodeMessage(payload).value().sequence);
      }
    }
  }
  void Disturb() {
    Pass(2 * kSecond);
    const size_t at = random_.Below(3);
    switch (random_.Below(4)) {
      case 0:
        Lead(at);
        break;
      case 1:
        if (at != leader_) Open(at);
        break;
      case 2:
        if (at != leader_) {
          Wipe(at);
          Open(at);
        }
        break;
      default:
        if (at != leader_) {
          const Kept snapshot = TakeSnapshot(leader_);
          if (random_.Below(2) == 0) {
            Wipe(at);
            ASSERT_TRUE(TryOpen(at).ok());
            ASSERT_TRUE(Install(at, snapshot).ok());
          } else {
            ASSERT_TRUE(OpenWith(at, snapshot).ok());
          }
        }
    }
    Pass(2 * kSecond);
  }

  // Without redelivery nothing changes any more; with it, only when all is acked.
  void Settle() {
    Pass(2 * kSecond);
    for (int i = 0; has_redelivery_ && i < 20; ++i) {
      for (const Sub& sub : inboxes_) {
        for (const Bytes& payload : bus_.Take(sub.inbox)) {
          Ack(sub.inbox, wire::DecodeMessage(payload).value().sequence);
        }
      }
      Pass(kSecond);
    }
  }

  Random random_;
  const bool has_redelivery_ = GetParam() % 2 == 0;
  uint64_t published_ = 0;
  uint64_t last_inbox_ = 0;
  std::vector<Sub> inboxes_;
  std::map<std::string, std::vector<std::string>> acked_;
};

TEST_P(ClusterRandomTest, AllNodesKnowTheSame) {
  OpenAll();
  for (const char* client : {"k", "l", "m"}) EXPECT_EQ(Connect(client), "");
  for (int round = 0; round < 8; ++round) {
    for (int step = 0; step < 40; ++step) Step();
    Disturb();
    Settle();
    for (size_t at = 0; at < 3; ++at) {
      ASSERT_EQ(server(at).phase() == ClusteredServer::Phase::kLeader, at == leader_);
      ASSERT_EQ(Stored(at, "foo"), Stored(leader_, "foo")) << at;
      ASSERT_EQ(Stored(at, "bar"), Stored(leader_, "bar")) << at;
      const raftlog::RaftSnapshot one = Snapshot(at);
      const raftlog::RaftSnapshot other = Snapshot(leader_);
      ASSERT_EQ(one.clients, other.clients) << at;
      ASSERT_EQ(TextOf(one), TextOf(other)) << at << " round " << round;
    }
    for (const auto& [channel, payloads] : acked_) {
      std::string text;
      for (size_t i = 0; i < payloads.size(); ++i) {
        text += (i == 0 ? "" : " ") + std::to_string(i + 1) + ":" + payloads[i];
      }
      ASSERT_EQ(Stored(0, channel), text);
    }
  }
}

// Entries whose bytes were changed, as a disk without encryption may give them back, are applied
// or passed over, or end the node.
TEST_P(ClusterRandomTest, DamagedOperationsDoNoMore) {
  OpenAll();
  for (const char* client : {"k", "l", "m"}) EXPECT_EQ(Connect(client), "");
  for (int step = 0; step < 60; ++step) Step();
  for (int round = 0; round < 20; ++round) {
    Wipe(2);
    ASSERT_TRUE(TryOpen(2).ok());
    for (const raft::EntryPtr& entry : log_) {
      raft::LogEntry changed = *entry;
      if (!changed.data.empty() && random_.Below(4) == 0) {
        changed.data[random_.Below(changed.data.size())] ^=
            static_cast<uint8_t>(1 + random_.Below(255));
      }
      server(2).Apply(clock_.NowNs(), std::make_shared<const raft::LogEntry>(changed));
    }
    const ClusteredServer::Phase phase = server(2).phase();
    EXPECT_TRUE(phase == ClusteredServer::Phase::kFollower ||
                phase == ClusteredServer::Phase::kRestoring ||
                server(2).failure().message().starts_with("panic: "))
        << server(2).failure().message();
    if (phase == ClusteredServer::Phase::kFollower) {
      EXPECT_EQ(server(2).applied_index(), log_.size());
      EXPECT_TRUE(server(2).TakeSnapshot(clock_.NowNs()).ok());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClusterRandomTest, testing::Range<uint64_t>(1, 41));

}  // namespace
}  // namespace atrest::stan
