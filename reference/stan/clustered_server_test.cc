// A node of a cluster: what clients see of the leader, and what the others know when it is their
// turn. Specification: cluster.md 1 and 2.
#include "reference/stan/clustered_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raftlog/raft_operation.h"
#include "reference/stan/cluster_fixture.h"

namespace atrest::stan {
namespace {

using testing::ElementsAre;

class OneNodeTest : public testing::Test, protected ClusterFixture {
 protected:
  OneNodeTest() : ClusterFixture(1) {}
};

TEST_F(OneNodeTest, ServesClients) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({}), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  EXPECT_EQ(Publish("foo", "two"), "");
  EXPECT_EQ(Got("i"), "1:one 2:two");
  Ack("i", 1);
  EXPECT_EQ(server(0).FindChannel("foo")->subscriptions.front().pending_count, 1U);
  EXPECT_EQ(Unsubscribe("i"), "");
  EXPECT_EQ(Close("c"), "");
  EXPECT_EQ(Close("c"), "stan: unknown clientID");
  EXPECT_EQ(Stored(0), "1:one 2:two");
}

TEST_F(OneNodeTest, SaysWhatTheRealOneSays) {
  OpenAll();
  EXPECT_THAT(Logged(0), ElementsAre("INF Recovering the state...", "INF No recovered state",
                                     "INF server became leader, performing leader promotion "
                                     "actions",
                                     "INF finished leader promotion actions",
                                     "INF Streaming Server is ready"));
  EXPECT_EQ(server(0).phase(), ClusteredServer::Phase::kLeader);
  leader().LoseLeadership(clock_.NowNs());
  EXPECT_THAT(Logged(0),
              ElementsAre("INF server lost leadership, performing leader stepdown actions",
                          "INF finished leader stepdown actions"));
  EXPECT_EQ(server(0).phase(), ClusteredServer::Phase::kFollower);
}

TEST_F(OneNodeTest, ALeaderMayBeDeposedBeforeItServes) {
  ASSERT_TRUE(TryOpen(0).ok());
  (void)Logged(0);
  server(0).LoseLeadership(clock_.NowNs());
  EXPECT_TRUE(Logged(0).empty());
  server(0).OnElected(clock_.NowNs());
  EXPECT_EQ(server(0).phase(), ClusteredServer::Phase::kFollower);
  server(0).LoseLeadership(clock_.NowNs());
  EXPECT_THAT(Logged(0),
              ElementsAre("INF server became leader, performing leader promotion actions",
                          "INF finished leader promotion actions", "INF Streaming Server is ready",
                          "ERR Error on leadership acquired: leadership lost while committing log",
                          "INF server lost leadership, performing leader stepdown actions",
                          "INF finished leader stepdown actions"));
}

// Which of them leads makes no difference to what all of them know.
class ThreeNodesTest : public testing::Test, protected ClusterFixture {
 protected:
  // "NAME lastSent=N pending=1,2" of each subscription to foo, as a snapshot has it.
  std::string Subscriptions(size_t at) {
    std::string text;
    for (const raftlog::ChannelSnapshot& channel : Snapshot(at).channels) {
      if (channel.name != "foo") continue;
      for (const raftlog::SubscriptionSnapshot& subscription : channel.subscriptions) {
        text += (text.empty() ? "" : "; ") + subscription.state.inbox +
                (subscription.state.client_id.empty() ? " shadow" : "") +
                (subscription.state.is_closed ? " closed" : "") +
                " last=" + std::to_string(subscription.state.last_sent) + " pending=";
        for (const uint64_t sequence : subscription.pending) {
          text += std::to_string(sequence) + ",";
        }
      }
    }
    return text;
  }
  void ExpectEqualNodes() {
    for (size_t at = 1; at < nodes_.size(); ++at) {
      EXPECT_EQ(Snapshot(at), Snapshot(0));
      EXPECT_EQ(Stored(at), Stored(0));
    }
  }
  // Acks and what was sent reach the others within a second.
  void Settle() { Pass(kSecond); }
};

TEST_F(ThreeNodesTest, AllNodesHaveWhatWasPublished) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  EXPECT_EQ(Publish("bar", "x"), "");
  EXPECT_EQ(Publish("foo", "two"), "");
  for (size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(Stored(at), "1:one 2:two");
    EXPECT_EQ(Stored(at, "bar"), "1:x");
    EXPECT_THAT(server(at).ClientIds(), ElementsAre("c"));
    EXPECT_EQ(server(at).FindChannel("foo")->last_sequence, 2U);
  }
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, ChannelsAreNamedByTheLogsLastIndex) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  EXPECT_EQ(Publish("bar", "one"), "");
  for (size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(node(at).ids->GetChannelId("foo").value(), 3U);
    EXPECT_EQ(node(at).ids->GetChannelId("bar").value(), 4U);
  }
}

TEST_F(ThreeNodesTest, AnAckIsKnownToTheNextLeader) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({.durable = "d"}), "");
  PublishMany(3);
  Ack("i", 1);
  Ack("i", 2);
  Settle();
  EXPECT_EQ(Subscriptions(0), "i last=3 pending=3,");
  EXPECT_EQ(Got("i"), "1:1 2:2 3:3");
  ExpectEqualNodes();
  Lead(1);
  Pass(30 * kSecond);
  EXPECT_EQ(Got("i"), "3:3*1");
  Ack("i", 3);
  EXPECT_EQ(Publish("foo", "four"), "");
  EXPECT_EQ(Got("i"), "4:four");
  Settle();
  EXPECT_EQ(Subscriptions(2), "i last=4 pending=4,");
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, WhatWasAckedAtOnceIsToldAsSentAndAckedOfTheLast) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({.durable = "d"}), "");
  PublishMany(2);
  Ack("i", 1);
  Ack("i", 2);
  Settle();
  const auto operation = raftlog::DecodeOperation(log_.back()->data);
  ASSERT_TRUE(operation.ok());
  ASSERT_TRUE(operation.value().sent_and_acked);
  EXPECT_THAT(operation.value().sent_and_acked->sent, ElementsAre(2));
  EXPECT_THAT(operation.value().sent_and_acked->acked, ElementsAre(2));
  EXPECT_EQ(Subscriptions(1), "i last=2 pending=");
}

TEST_F(ThreeNodesTest, AHundredEventsAreToldAtOnce) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({}), "");
  const size_t before = log_.size();
  PublishMany(99);
  EXPECT_EQ(log_.size(), before + 99);
  PublishMany(1);
  EXPECT_EQ(log_.size(), before + 101);
  EXPECT_EQ(Snapshot(2).channels.front().subscriptions.front().pending.size(), 100U);
}

TEST_F(ThreeNodesTest, ADurableIsClosedAndResumed) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({.durable = "d"}), "");
  PublishMany(2);
  Ack("i", 1);
  EXPECT_EQ(CloseSub("i"), "");
  EXPECT_EQ(Subscriptions(0), "i closed last=2 pending=2,");
  ExpectEqualNodes();
  Lead(2);
  EXPECT_EQ(Publish("foo", "three"), "");
  (void)Got("i");
  EXPECT_EQ(Subscribe({.inbox = "j", .durable = "d"}), "");
  EXPECT_EQ(Got("j"), "2:2*1 3:three");
  EXPECT_EQ(Subscribe({.inbox = "k", .durable = "d"}), "stan: duplicate durable registration");
  EXPECT_EQ(Unsubscribe("j"), "");
  EXPECT_EQ(Subscriptions(0), "");
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, AReplacedDurableMakesRoom) {
  options_.replace_durable = true;
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({.durable = "d"}), "");
  PublishMany(1);
  EXPECT_EQ(Subscribe({.inbox = "j", .durable = "d"}), "");
  EXPECT_EQ(Got("j"), "1:1*1");
  EXPECT_EQ(Subscriptions(0), "j last=1 pending=1,");
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, AMemberThatLeavesHandsOver) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({.inbox = "i", .group = "g", .durable = "d"}), "");
  EXPECT_EQ(Subscribe({.inbox = "j", .group = "g", .durable = "d"}), "");
  PublishMany(4);
  Settle();
  ExpectEqualNodes();
  EXPECT_EQ(CloseSub("i"), "");
  Settle();
  EXPECT_EQ(Subscriptions(0), "j last=4 pending=1,2,3,4,");
  ExpectEqualNodes();
  EXPECT_EQ(CloseSub("j"), "");
  EXPECT_EQ(Subscriptions(1), "j shadow last=4 pending=1,2,3,4,");
  ExpectEqualNodes();
  Lead(1);
  (void)Got("i");
  (void)Got("j");
  EXPECT_EQ(Subscribe({.inbox = "k", .group = "g", .durable = "d"}), "");
  EXPECT_EQ(Got("k"), "1:1*1 2:2*1 3:3*1 4:4*1");
  Settle();
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, SubscriptionsBeginWhereTheLeaderSaid) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  PublishMany(3);
  EXPECT_EQ(Subscribe({.inbox = "n", .start = Start::kNewOnly}), "");
  EXPECT_EQ(Subscribe({.inbox = "l", .start = Start::kLastReceived}), "");
  EXPECT_EQ(Subscribe({.inbox = "f"}), "");
  EXPECT_EQ(Publish("foo", "four"), "");
  EXPECT_EQ(Got("n"), "4:four");
  EXPECT_EQ(Got("l"), "3:3 4:four");
  EXPECT_EQ(Got("f"), "1:1 2:2 3:3 4:four");
  // What is replayed later, with more messages there, begins at the same place.
  Settle();
  Open(2);
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, AClientOfTheSameIdReplacesOneThatIsGone) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({}), "");
  EXPECT_EQ(Connect("c"), "stan: clientID already registered");
  bus_.alive.erase("hb.c");
  wire::StanConnectRequest request = ConnectRequest("c");
  request.heartbeat_inbox = "hb.new";
  EXPECT_TRUE(Ask("_STAN.discover.test-cluster", Encoded(request)).empty());
  Pass(500 * kMs);
  EXPECT_EQ(wire::DecodeStan<wire::StanConnectResponse>(bus_.Take("reply").at(0)).value().error,
            "");
  for (size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(server(at).FindClient("c")->heartbeat_inbox, "hb.new");
    EXPECT_TRUE(server(at).FindClient("c")->subscriptions.empty());
  }
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, ASilentClientIsClosedEverywhere) {
  options_.heartbeat_fail_count = 1;
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Connect("d"), "");
  bus_.alive.erase("hb.c");
  Pass(100 * kSecond);
  for (size_t at = 0; at < 3; ++at) EXPECT_THAT(server(at).ClientIds(), ElementsAre("d"));
  EXPECT_THAT(Logged(0), testing::Contains("ERR [Client:c] Timed out on heartbeats"));
  EXPECT_THAT(Logged(1), testing::Not(testing::Contains(testing::HasSubstr("heartbeats"))));
}

TEST_F(ThreeNodesTest, AnInactiveChannelIsDeletedEverywhere) {
  options_.limits.all.max_inactivity_ns = 10 * kSecond;
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "old"), "");
  const uint64_t old_id = node(1).ids->GetChannelId("foo").value();
  Pass(11 * kSecond);
  for (size_t at = 0; at < 3; ++at) {
    EXPECT_TRUE(server(at).ChannelNames().empty());
    EXPECT_EQ(node(at).ids->GetChannelId("foo").value(), 0U);
    EXPECT_THAT(Logged(at), testing::Contains("INF Channel \"foo\" has been deleted"));
  }
  EXPECT_EQ(Publish("foo", "new"), "");
  EXPECT_GT(node(1).ids->GetChannelId("foo").value(), old_id);
  EXPECT_EQ(Stored(1), "1:new");
  // A node that was away replays both, and keeps the later one.
  Open(1);
  EXPECT_EQ(Stored(1), "1:new");
  Pass(5 * kSecond);
  EXPECT_EQ(Subscribe({}), "");
  Pass(20 * kSecond);
  EXPECT_THAT(server(2).ChannelNames(), ElementsAre("foo"));
}

TEST_F(ThreeNodesTest, ARestartedNodeKnowsAllFromTheLog) {
  for (size_t at = 0; at < 3; ++at) node(at).key = "key";
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({.durable = "d"}), "");
  EXPECT_EQ(Subscribe({.inbox = "q", .group = "g"}), "");
  PublishMany(3);
  Ack("i", 2);
  Settle();
  Open(2);
  EXPECT_TRUE(server(2).has_streaming_state());
  EXPECT_EQ(server(2).applied_index(), log_.size());
  ExpectEqualNodes();
  Wipe(2);
  Open(2);
  EXPECT_FALSE(server(2).has_streaming_state());
  ExpectEqualNodes();
  Lead(2);
  EXPECT_EQ(Publish("foo", "four"), "");
  EXPECT_THAT(Got("q"), testing::HasSubstr("4:four"));
}

TEST_F(ThreeNodesTest, FilesOfClientsAndSubscriptionsStayEmpty) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({.durable = "d"}), "");
  PublishMany(1);
  Ack("i", 1);
  Settle();
  for (size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(env::ReadWhole(*node(at).files, "d/clients.dat", 100).value().size(), 4U);
    EXPECT_EQ(env::ReadWhole(*node(at).files, "d/foo/subs.dat", 100).value().size(), 4U);
  }
  EXPECT_EQ(server(1).info().node_id, "b");
  node(1).cluster.node_id = "other";
  Open(1);
  EXPECT_EQ(server(1).node_id(), "b");
}

TEST_F(ThreeNodesTest, WhatIsNotCommittedIsNotAnswered) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  Hold();
  Tell("_STAN.pub.test-cluster.foo", Encoded(PubMsg("foo", "lost")));
  Tell("_STAN.sub.test-cluster", Encoded(SubRequest({.inbox = "lost"})));
  EXPECT_TRUE(bus_.Take("reply").empty());
  Lead(1);
  Commit();
  EXPECT_TRUE(bus_.Take("reply").empty());
  EXPECT_EQ(Publish("foo", "two"), "");
  EXPECT_EQ(Stored(0), "1:one 2:two");
  Lead(0);
  EXPECT_EQ(Publish("foo", "three"), "");
  EXPECT_EQ(Stored(2), "1:one 2:two 3:three");
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, WhatComesMeanwhileIsProposedInOneOperation) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  Hold();
  const size_t before = log_.size();
  for (const char* data : {"2", "3", "4"}) {
    Tell("_STAN.pub.test-cluster.foo", Encoded(PubMsg("foo", data)));
  }
  EXPECT_EQ(log_.size(), before + 1);
  Commit();
  EXPECT_EQ(log_.size(), before + 2);
  EXPECT_EQ(bus_.Take("reply").size(), 3U);
  EXPECT_EQ(Stored(2), "1:one 2:2 3:3 4:4");
}

TEST_F(ThreeNodesTest, AChannelTooManyFailsTheWholeBatchAndItsSequences) {
  options_.limits.max_channels = 1;
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  for (const char* channel : {"foo", "foo", "bar", "foo"}) {
    bus_.Deliver(std::string("_STAN.pub.test-cluster.") + channel, "reply",
                 Encoded(PubMsg(channel, "lost")));
  }
  Drain();
  std::vector<std::string> errors;
  for (const Bytes& answer : bus_.Take("reply")) {
    errors.push_back(wire::DecodeStan<wire::StanPubAck>(answer).value().error);
  }
  EXPECT_EQ(errors, std::vector<std::string>(4, "too many channels"));
  EXPECT_EQ(Publish("foo", "two"), "");
  for (size_t at = 0; at < 3; ++at) EXPECT_EQ(Stored(at), "1:one 2: 3: 4:two");
}

TEST_F(ThreeNodesTest, APublishOnTheWayKeepsItsChannel) {
  options_.limits.all.max_inactivity_ns = 10 * kSecond;
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  Pass(9 * kSecond);
  Hold();
  Tell("_STAN.pub.test-cluster.foo", Encoded(PubMsg("foo", "two")));
  Pass(5 * kSecond);
  EXPECT_THAT(server(0).ChannelNames(), ElementsAre("foo"));
  Commit();
  EXPECT_EQ(Stored(1), "1:one 2:two");
  Pass(4 * kSecond);
  EXPECT_THAT(server(0).ChannelNames(), ElementsAre("foo"));
  Pass(10 * kSecond);
  for (size_t at = 0; at < 3; ++at) EXPECT_TRUE(server(at).ChannelNames().empty());
}

TEST_F(ThreeNodesTest, WhileAChannelIsDeletedPublishesWait) {
  options_.limits.all.max_inactivity_ns = 10 * kSecond;
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  Hold();
  Pass(11 * kSecond);
  EXPECT_EQ(Subscribe({}), "stan: channel is being deleted");
  Tell("_STAN.pub.test-cluster.foo", Encoded(PubMsg("foo", "two")));
  EXPECT_TRUE(bus_.Take("reply").empty());
  Commit();
  EXPECT_EQ(bus_.Take("reply").size(), 1U);
  for (size_t at = 0; at < 3; ++at) EXPECT_EQ(Stored(at), "1:two");
}

TEST_F(ThreeNodesTest, AChannelThatOnlyADeposedLeaderMadeGivesWay) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  Hold();
  Tell("_STAN.pub.test-cluster.foo", Encoded(PubMsg("foo", "lost")));
  EXPECT_THAT(server(0).ChannelNames(), ElementsAre("foo"));
  Lead(1);
  Commit();
  EXPECT_EQ(Publish("foo", "one"), "");
  for (size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(Stored(at), "1:one");
    EXPECT_EQ(node(at).ids->GetChannelId("foo").value(), log_.size() - 1);
  }
}

// As in the real server: messages that were acknowledged are lost where a leader that was deposed
// had more entries than those who went on, made a channel, and leads again.
TEST_F(ThreeNodesTest, AChannelThatADeposedLeaderMadeLaterPrevails) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  Hold();
  for (int i = 0; i < 3; ++i) {
    Tell("_STAN.close.test-cluster", Encoded(wire::StanCloseRequest{.client_id = "nobody"}));
  }
  Tell("_STAN.pub.test-cluster.foo", Encoded(PubMsg("foo", "lost")));
  Lead(1);
  Commit();
  EXPECT_EQ(Publish("foo", "one"), "");
  EXPECT_EQ(Stored(0), "");
  EXPECT_EQ(Stored(1), "1:one");
  Lead(0);
  EXPECT_EQ(Publish("foo", "two"), "");
  for (size_t at = 0; at < 3; ++at) EXPECT_EQ(Stored(at), "1:two");
}

TEST_F(ThreeNodesTest, OneSubscriptionIsAgreedOnAtATime) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  Hold();
  Tell("_STAN.sub.test-cluster", Encoded(SubRequest({.inbox = "i"})));
  Tell("_STAN.sub.test-cluster", Encoded(SubRequest({.inbox = "j"})));
  Tell("_STAN.discover.test-cluster", Encoded(ConnectRequest("d")));
  Tell("_STAN.discover.test-cluster", Encoded(ConnectRequest("d")));
  EXPECT_TRUE(bus_.Take("reply").empty());
  bus_.alive.insert("hb.d");
  Commit();
  EXPECT_EQ(bus_.Take("reply").size(), 4U);
  const auto channel = Snapshot(1).channels.at(0);
  ASSERT_EQ(channel.subscriptions.size(), 2U);
  EXPECT_EQ(channel.subscriptions[0].state.id, 1U);
  EXPECT_EQ(channel.subscriptions[1].state.id, 2U);
  EXPECT_EQ(channel.next_subscription_id, 3U);
  EXPECT_THAT(server(2).ClientIds(), ElementsAre("c", "d"));
  ExpectEqualNodes();
}

TEST_F(ThreeNodesTest, CommandsThatAreNoOperationsArePassedOver) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  AddEntry(raft::EntryType::kCommand, FromHex("0100112233").value());
  Drain();
  EXPECT_EQ(Publish("foo", "two"), "");
  EXPECT_EQ(Stored(1), "1:one 2:two");
  EXPECT_EQ(server(1).phase(), ClusteredServer::Phase::kFollower);
}

TEST_F(ThreeNodesTest, AnOperationOfAnotherKindEndsTheNode) {
  OpenAll();
  AddEntry(raft::EntryType::kCommand, FromHex("0809").value());
  Drain();
  EXPECT_EQ(server(1).phase(), ClusteredServer::Phase::kFailed);
  EXPECT_EQ(server(1).failure().message(), "panic: unknown op type 9");
}

TEST_F(ThreeNodesTest, AStandaloneServersStoreIsRefused) {
  {
    const env::Env env{*node(0).files, clock_, node(0).entropy};
    auto store = store::FileStore::Open(env, node(0).log, "d", {}, {});
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(store.value()->Recover().ok());
    ASSERT_TRUE(store.value()->Init(store::MakeServerInfo("test-cluster")).ok());
    ASSERT_TRUE(store.value()->Close().ok());
  }
  EXPECT_EQ(TryOpen(0).message(),
            "stan: cannot restart server in clustered mode if it was not previously clustered");
}

}  // namespace
}  // namespace atrest::stan
