// Snapshots of a node, and messages that nodes lack: fetched from the leader, once or ten times.
// Specification: cluster.md 2, 3d, 3g and 3j.
#include "reference/stan/cluster_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/raftlog/raft_operation.h"
#include "reference/stan/cluster_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using Phase = ClusteredServer::Phase;

class ClusterSnapshotTest : public testing::Test, protected ClusterFixture {
 protected:
  void OpenAndPublish(int count) {
    OpenAll();
    EXPECT_EQ(Connect("c"), "");
    PublishMany(count);
  }
  // A wiped node has the snapshot of node 1; the leader's answers to it are on the bus.
  void BeginToFetch() {
    const Kept snapshot = TakeSnapshot(1);
    Wipe(2);
    ATREST_CHECK(TryOpen(2).ok());
    node(2).applied = snapshot.index;
    ATREST_CHECK(server(2).Restore(clock_.NowNs(), snapshot.state).ok());
    const FakeBus::Queued request = std::move(bus_.incoming.front());
    bus_.incoming.pop_front();
    server(0).OnMessage(clock_.NowNs(), {request.handle / NodeBus::kNodesMax, request.subject,
                                         request.reply, request.payload, false});
  }
  // A node that has nothing but the snapshot of node 1.
  void Replace(size_t at) {
    const Kept snapshot = TakeSnapshot(1);
    Wipe(at);
    ATREST_CHECK(TryOpen(at).ok());
    EXPECT_TRUE(Install(at, snapshot).ok());
  }
};

TEST_F(ClusterSnapshotTest, HasClientsChannelsAndSubscriptions) {
  OpenAndPublish(2);
  EXPECT_EQ(Subscribe({.inbox = "plain", .durable = ""}), "");
  EXPECT_EQ(Subscribe({.inbox = "closed", .durable = "d"}), "");
  EXPECT_EQ(Subscribe({.inbox = "member", .group = "g", .durable = "e"}), "");
  Ack("plain", 1);
  EXPECT_EQ(CloseSub("closed"), "");
  Pass(kSecond);
  const raftlog::RaftSnapshot snapshot = Snapshot(2);
  ASSERT_EQ(snapshot.clients.size(), 1U);
  EXPECT_EQ(snapshot.clients[0].heartbeat_inbox, "hb.c");
  ASSERT_EQ(snapshot.channels.size(), 1U);
  const raftlog::ChannelSnapshot& foo = snapshot.channels[0];
  EXPECT_EQ(foo.name, "foo");
  EXPECT_EQ(foo.first, 1U);
  EXPECT_EQ(foo.last, 2U);
  EXPECT_EQ(foo.channel_id, 3U);
  EXPECT_EQ(foo.next_subscription_id, 4U);
  ASSERT_EQ(foo.subscriptions.size(), 3U);
  EXPECT_EQ(foo.subscriptions[0].state.inbox, "plain");
  EXPECT_THAT(foo.subscriptions[0].pending, ElementsAre(2));
  EXPECT_EQ(foo.subscriptions[1].state.inbox, "closed");
  EXPECT_EQ(foo.subscriptions[1].state.client_id, "c");
  EXPECT_TRUE(foo.subscriptions[1].state.is_closed);
  EXPECT_EQ(foo.subscriptions[2].state.queue_group, "e:g");
  EXPECT_EQ(foo.subscriptions[2].state.last_sent, 2U);
}

TEST_F(ClusterSnapshotTest, AWipedNodeFetchesMessagesUnderItsOwnKey) {
  for (size_t at = 0; at < 3; ++at) node(at).key = "key" + std::to_string(at);
  OpenAndPublish(250);
  EXPECT_EQ(Subscribe({.durable = "d"}), "");
  Pass(kSecond);
  Replace(2);
  EXPECT_THAT(Logged(2),
              ElementsAre("INF restoring from snapshot", "INF Channel \"foo\" has been created",
                          "INF restoring channel \"foo\" from snapshot",
                          "INF done restoring from snapshot"));
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
  EXPECT_EQ(Stored(2), Stored(0));
  EXPECT_EQ(Snapshot(2), Snapshot(0));
  EXPECT_EQ(node(2).ids->GetChannelId("foo").value(), 3U);
  EXPECT_EQ(Publish("foo", "next"), "");
  Lead(2);
  EXPECT_EQ(Publish("foo", "last"), "");
  EXPECT_EQ(Stored(1), Stored(2));
}

TEST_F(ClusterSnapshotTest, EntriesWaitUntilMessagesAreThere) {
  OpenAndPublish(3);
  const Kept snapshot = TakeSnapshot(1);
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  node(2).applied = snapshot.index;
  ASSERT_TRUE(server(2).Restore(clock_.NowNs(), snapshot.state).ok());
  EXPECT_EQ(server(2).phase(), Phase::kRestoring);
  AddEntry(raft::EntryType::kBarrier, {});
  server(2).Apply(clock_.NowNs(), log_.back());
  EXPECT_EQ(server(2).applied_index(), 0U);
  node(2).applied = log_.size();
  Drain();
  EXPECT_EQ(server(2).applied_index(), log_.size());
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
}

TEST_F(ClusterSnapshotTest, BeginsWithTheFirstMessageThatThereIs) {
  OpenAndPublish(5);
  const Kept snapshot = TakeSnapshot(1);
  ASSERT_TRUE(node(0).store->FindChannel("foo")->messages->Empty().ok());
  for (const uint64_t sequence : {uint64_t{4}, uint64_t{5}}) {
    wire::Message message;
    message.sequence = sequence;
    message.subject = "foo";
    message.data = ToBytes("kept");
    ASSERT_TRUE(node(0).store->FindChannel("foo")->messages->Store(std::move(message)).ok());
  }
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  ASSERT_TRUE(Install(2, snapshot).ok());
  EXPECT_EQ(Stored(2), "4:kept 5:kept");
}

TEST_F(ClusterSnapshotTest, AMessageLostOnTheWayIsFetchedAgain) {
  OpenAndPublish(3);
  BeginToFetch();
  // Of the three answers the second is lost, and the leader says that it has that message.
  bus_.incoming.erase(bus_.incoming.begin() + 1);
  Drain();
  EXPECT_EQ(Logged(2).back(),
            "ERR channel \"foo\" - unable to restore messages (snapshot 1/3, store 1/1, cfs 1): "
            "expected to restore message 2, got 3 (err=<nil>)");
  Pass(kSecond);
  EXPECT_EQ(Stored(2), "1:1 2:2 3:3");
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
}

TEST_F(ClusterSnapshotTest, AnEarlierMessageIsNotTaken) {
  OpenAndPublish(3);
  BeginToFetch();
  bus_.incoming[2].payload = bus_.incoming[0].payload;
  Drain();
  EXPECT_EQ(Logged(2).back(),
            "ERR channel \"foo\" - unable to restore messages (snapshot 1/3, store 1/2, cfs 1): "
            "expected to restore message 3, got 1 (err=<nil>)");
  Pass(kSecond);
  EXPECT_EQ(Stored(2), "1:1 2:2 3:3");
}

TEST_F(ClusterSnapshotTest, ALeaderThatDoesNotSayFirstIsAsked) {
  OpenAndPublish(3);
  wire::Message third = *node(0).store->FindChannel("foo")->messages->Lookup(3).value();
  ASSERT_TRUE(node(0).store->FindChannel("foo")->messages->Empty().ok());
  ASSERT_TRUE(node(0).store->FindChannel("foo")->messages->Store(std::move(third)).ok());
  BeginToFetch();
  ASSERT_EQ(bus_.incoming.size(), 1U);
  EXPECT_EQ(bus_.incoming.front().reply, "sfa.first");
  bus_.incoming.front().reply = "sfa";
  Drain();
  EXPECT_EQ(Stored(2), "3:3");
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
}

TEST_F(ClusterSnapshotTest, WhatIsNoMessageIsNotStored) {
  OpenAndPublish(1);
  BeginToFetch();
  bus_.incoming.front().payload = {0xFF};
  Drain();
  EXPECT_EQ(Logged(2).back(),
            "ERR channel \"foo\" - unable to restore messages (snapshot 1/1, store 0/0, cfs 1): "
            "error decoding message: unexpected EOF");
  Pass(kSecond);
  EXPECT_EQ(Stored(2), "1:1");
}

TEST_F(ClusterSnapshotTest, FewerMessagesThanInTheSnapshotAreEnough) {
  OpenAndPublish(30);
  const Kept snapshot = TakeSnapshot(1);
  store::MessageStore& messages = *node(0).store->FindChannel("foo")->messages;
  std::vector<wire::Message> kept;
  for (uint64_t i = 1; i <= 2; ++i) kept.push_back(*messages.Lookup(i).value());
  ASSERT_TRUE(messages.Empty().ok());
  for (wire::Message& message : kept) ASSERT_TRUE(messages.Store(std::move(message)).ok());
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  ASSERT_TRUE(Install(2, snapshot).ok());
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
  // What it had is forgotten with what the leader lacks.
  EXPECT_EQ(Stored(2), "");
  EXPECT_EQ(Snapshot(2).channels[0].first, 31U);
  EXPECT_EQ(Snapshot(2).channels[0].last, 30U);
}

TEST_F(ClusterSnapshotTest, AChannelThatIsEmptyByNowKeepsItsPlace) {
  OpenAndPublish(5);
  const Kept snapshot = TakeSnapshot(1);
  ASSERT_TRUE(node(0).store->FindChannel("foo")->messages->Empty().ok());
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  ASSERT_TRUE(Install(2, snapshot).ok());
  EXPECT_EQ(Stored(2), "");
  EXPECT_EQ(Snapshot(2).channels[0].first, 2U);
  EXPECT_EQ(Snapshot(2).channels[0].last, 1U);
}

TEST_F(ClusterSnapshotTest, ALeaderThatCannotReadItsMessagesEndsTheOther) {
  node(0).key = "key";
  OpenAndPublish(3);
  const Kept snapshot = TakeSnapshot(1);
  node(0).key = "wrong";
  ASSERT_TRUE(TryOpen(0).ok());
  Lead(0);
  (void)Logged(0);
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  ASSERT_TRUE(Install(2, snapshot).ok());
  const int64_t begin = clock_.NowNs();
  while (server(2).phase() == Phase::kRestoring) Pass(100 * kMs);
  EXPECT_EQ((clock_.NowNs() - begin) / kSecond, 30);
  EXPECT_EQ(server(2).failure().message(),
            "channel \"foo\" - unable to restore messages, aborting");
  std::vector<std::string> expected(
      10,
      "ERR channel \"foo\" - unable to restore messages (snapshot 1/3, store 0/0, cfs 1): nats: "
      "timeout");
  expected.insert(expected.begin(),
                  {"INF restoring from snapshot", "INF Channel \"foo\" has been created",
                   "INF restoring channel \"foo\" from snapshot"});
  expected.push_back("FTL channel \"foo\" - unable to restore messages, aborting");
  EXPECT_EQ(Logged(2), expected);
  EXPECT_EQ(Logged(0), std::vector<std::string>(
                           10,
                           "ERR Snapshot restore request error for channel \"foo\", error looking "
                           "up message 1: cipher: message authentication failed"));
}

TEST_F(ClusterSnapshotTest, NothingIsAppliedBetweenTwoTries) {
  OpenAndPublish(3);
  const Kept snapshot = TakeSnapshot(1);
  server(0).LoseLeadership(clock_.NowNs());
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  ASSERT_TRUE(Install(2, snapshot).ok());
  AddEntry(raft::EntryType::kBarrier, {});
  Drain();
  Pass(500 * kMs);
  EXPECT_EQ(server(2).phase(), Phase::kRestoring);
  EXPECT_EQ(server(2).applied_index(), 0U);
  server(0).BecomeLeader(clock_.NowNs());
  Pass(500 * kMs);
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
  EXPECT_EQ(server(2).applied_index(), log_.size());
  EXPECT_EQ(Stored(2), "1:1 2:2 3:3");
}

TEST_F(ClusterSnapshotTest, ANewerSnapshotEndsTheTriesOfAnOlderOne) {
  OpenAndPublish(3);
  const Kept older = TakeSnapshot(1);
  PublishMany(1);
  const Kept newer = TakeSnapshot(1);
  server(0).LoseLeadership(clock_.NowNs());
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  ASSERT_TRUE(Install(2, older).ok());
  Pass(500 * kMs);
  server(0).BecomeLeader(clock_.NowNs());
  ASSERT_TRUE(Install(2, newer).ok());
  Pass(10 * kSecond);
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
  EXPECT_EQ(Stored(2), "1:1 2:2 3:3 4:1");
}

TEST_F(ClusterSnapshotTest, WithTheOptionForItANodeProceedsWithoutMessages) {
  OpenAndPublish(3);
  const Kept snapshot = TakeSnapshot(1);
  server(0).LoseLeadership(clock_.NowNs());
  leader_ = kNobody;
  Wipe(2);
  node(2).cluster.proceed_on_restore_failure = true;
  ASSERT_TRUE(TryOpen(2).ok());
  ASSERT_TRUE(Install(2, snapshot).ok());
  const int64_t begin = clock_.NowNs();
  while (server(2).phase() == Phase::kRestoring) Pass(100 * kMs);
  EXPECT_EQ((clock_.NowNs() - begin) / kSecond, 10);
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
  EXPECT_EQ(Stored(2), "");
  const std::vector<std::string> logged = Logged(2);
  EXPECT_THAT(logged, Contains("ERR channel \"foo\" - unable to restore messages (snapshot 1/3, "
                               "store 0/0, cfs 1): nats: no responders available for request"));
  EXPECT_THAT(logged, Contains("ERR channel %!q(MISSING) - was not able to restore from the "
                               "leader, proceeding anyway"));
  EXPECT_EQ(logged.back(), "INF done restoring from snapshot");
}

TEST_F(ClusterSnapshotTest, AtTheStartOnlyChannelsOfTheStoreAreRestored) {
  OpenAndPublish(2);
  EXPECT_EQ(Publish("bar", "x"), "");
  const Kept snapshot = TakeSnapshot(1);
  ASSERT_TRUE(node(2).store->DeleteChannel("bar").ok());
  ASSERT_TRUE(OpenWith(2, snapshot).ok());
  EXPECT_THAT(Logged(2), ElementsAre("INF restoring from snapshot",
                                     "INF restoring channel \"foo\" from snapshot",
                                     "INF done restoring from snapshot"));
  EXPECT_THAT(server(2).ChannelNames(), ElementsAre("foo"));
  EXPECT_THAT(server(2).ClientIds(), ElementsAre("c"));
}

TEST_F(ClusterSnapshotTest, ASnapshotReplacesWhatThereWas) {
  OpenAndPublish(1);
  EXPECT_EQ(Subscribe({}), "");
  EXPECT_EQ(Subscribe({.inbox = "j", .group = "g", .durable = "d"}), "");
  Pass(kSecond);
  const Kept snapshot = TakeSnapshot(1);
  EXPECT_EQ(Connect("d"), "");
  EXPECT_EQ(Publish("bar", "x"), "");
  EXPECT_EQ(Subscribe({.inbox = "k", .channel = "bar", .client = "d"}), "");
  Kill(2);
  OpenBehind(2, 0);
  Drain();
  EXPECT_EQ(Snapshot(2), Snapshot(1));
  ASSERT_TRUE(server(2).Restore(clock_.NowNs(), snapshot.state).ok());
  EXPECT_EQ(TakeSnapshot(2).state, snapshot.state);
  EXPECT_THAT(server(2).ChannelNames(), ElementsAre("foo"));
  EXPECT_TRUE(server(2).FindClient("d") == std::nullopt);
}

TEST_F(ClusterSnapshotTest, WhatCannotBeReadIsSaid) {
  OpenAll();
  const Status restored = server(1).RestoreAtStart(clock_.NowNs(), FromHex("02000000ffff").value());
  EXPECT_EQ(restored.code(), Code::kCorrupt);
  EXPECT_THAT(restored.message(), testing::StartsWith("error decoding snapshot record: "));
  EXPECT_EQ(Logged(1).back(), "ERR error restoring from snapshot: " + restored.message());
  EXPECT_EQ(server(1).phase(), Phase::kFollower);
}

TEST_F(ClusterSnapshotTest, MessagesBeforeTheFirstOneToBeAppliedAreFetched) {
  OpenAndPublish(3);
  const uint64_t third = log_.size();
  Wipe(2);
  OpenBehind(2, third - 1);
  Drain();
  EXPECT_EQ(Stored(2), "1:1 2:2 3:3");
  EXPECT_EQ(server(2).applied_index(), third);
}

TEST_F(ClusterSnapshotTest, WithoutThemTheNodeEnds) {
  OpenAndPublish(3);
  server(0).LoseLeadership(clock_.NowNs());
  leader_ = kNobody;
  Wipe(2);
  OpenBehind(2, log_.size() - 1);
  Drain();
  EXPECT_EQ(server(2).phase(), Phase::kFailed);
  EXPECT_EQ(server(2).failure().message(),
            "panic: failed to store replicated message 3 on channel foo: nats: no responders "
            "available for request");
}

TEST_F(ClusterSnapshotTest, AGapBehindTheFirstIsFilledWithEmptyMessages) {
  OpenAndPublish(3);
  const uint64_t third = log_.size();
  Wipe(2);
  raft::LogEntry replaced = *log_[third - 2];
  replaced.data = FromHex("01ff").value();
  log_[third - 2] = std::make_shared<const raft::LogEntry>(replaced);
  Open(2);
  EXPECT_EQ(Stored(2), "1:1 2: 3:3");
}

TEST_F(ClusterSnapshotTest, AGapThatOnlyDamageExplainsEndsTheNode) {
  OpenAndPublish(2);
  raftlog::RaftOperation operation = raftlog::DecodeOperation(log_.back()->data).value();
  operation.messages.front().sequence = uint64_t{1} << 60;
  AddEntry(raft::EntryType::kCommand, raftlog::EncodeOperation(operation));
  Drain();
  EXPECT_EQ(server(2).failure().message(),
            "panic: failed to store replicated message 1152921504606846976 on channel foo: the "
            "last one is 2");
}

TEST_F(ClusterSnapshotTest, AMessageFarAheadIsTheFirstWhereTheLeaderHasNoneBeforeIt) {
  OpenAndPublish(2);
  raftlog::RaftOperation operation = raftlog::DecodeOperation(log_.back()->data).value();
  operation.messages.front().sequence = uint64_t{1} << 60;
  Wipe(2);
  ASSERT_TRUE(TryOpen(2).ok());
  raft::LogEntry entry = *log_.back();
  entry.data = raftlog::EncodeOperation(operation);
  node(2).applied = log_.size();
  server(2).Apply(clock_.NowNs(), std::make_shared<const raft::LogEntry>(entry));
  Drain();
  EXPECT_EQ(server(2).FindChannel("foo")->first_sequence, uint64_t{1} << 60);
  EXPECT_EQ(server(2).phase(), Phase::kFollower);
}

TEST_F(ClusterSnapshotTest, TheLeaderAsksItself) {
  OpenAndPublish(3);
  raft::LogEntry replaced = *log_[log_.size() - 3];
  replaced.data = FromHex("01ff").value();
  log_[log_.size() - 3] = std::make_shared<const raft::LogEntry>(replaced);
  for (size_t at = 0; at < 3; ++at) Wipe(at);
  ASSERT_TRUE(TryOpen(0).ok());
  server(0).OnElected(clock_.NowNs());
  Drain();
  EXPECT_EQ(Stored(0), "2:2 3:3");
  EXPECT_EQ(server(0).phase(), Phase::kFollower);
}

TEST_F(ClusterSnapshotTest, RequestsForMessagesAreAnswered) {
  OpenAndPublish(2);
  Bytes range(16);
  range[0] = 2;
  range[8] = 3;
  bus_.Deliver("_STAN.snap.test-cluster.foo", "inbox.sfa", range);
  bus_.Deliver("_STAN.snap.test-cluster.none", "none.sfa", range);
  bus_.Deliver("_STAN.snap.test-cluster.none", "none.old", range);
  bus_.Deliver("_STAN.snap.test-cluster.foo", "bad.sfa", {});
  Drain();
  std::vector<std::string> answers;
  for (const FakeBus::Sent& sent : bus_.sent) {
    if (sent.subject.ends_with(".sfa") || sent.subject.ends_with(".old")) {
      answers.push_back(sent.subject + " " + sent.reply + " " +
                        (sent.payload.empty() ? "empty" : "message"));
    }
  }
  EXPECT_THAT(answers, ElementsAre("inbox.sfa sfa message", "inbox.sfa sfa.first empty",
                                   "none.sfa sfa empty", "none.old  empty"));
  EXPECT_EQ(Logged(0).back(), "ERR Invalid snapshot request, data len=0");
}

}  // namespace
}  // namespace atrest::stan
