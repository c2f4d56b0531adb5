// The checkers of contents (acked, stored, logs, own-key, nonce-reuse, leak): a cluster as it has
// to be passes, one with a thing wrong in it does not, and the one checker says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/simcheck/doctored_cluster.h"

namespace atrest::simcheck {
namespace {

using disktruth::DoctoredEntry;
using disktruth::DoctoredMessage;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::string FileOf(DoctoredCluster& cluster, size_t node, const std::string& path) {
  return std::string(AsText(env::ReadWhole(cluster.nodes[node].files, path, 1 << 24).value()));
}

TEST(ContentChecksTest, AClusterAsItShouldBePasses) {
  DoctoredCluster cluster;
  for (uint64_t number = 0; number < 5; ++number) {
    cluster.Publish(Secret(number));
    EXPECT_THAT(cluster.Look(), IsEmpty());
  }
  cluster.Publish("", "empty");
  cluster.Publish(std::string(9000, 'z') + Secret(7), "large");
  for (size_t node = 0; node < 3; ++node) {
    cluster.Restart(node, [](sim::NodeSettings& settings) { settings.cipher = "AES"; });
    cluster.Publish(Secret(100 + node));
  }
  EXPECT_THAT(cluster.Look(), IsEmpty());
  EXPECT_THAT(cluster.Findings(), IsEmpty());
}

TEST(ContentChecksTest, AWipedNodeMayHaveAnotherKey) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.Down(2);
  cluster.Wipe(2);
  cluster.Start(2, {.encrypts = true, .cipher = "CHACHA", .key = "another"});
  cluster.BeginLog(2);
  cluster.Keep(2, {1, "foo", Secret(1), 1});
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(ContentChecksTest, AWipedNodeWithAnotherKeyHasAllMessagesAtRest) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.Down(2);
  cluster.Wipe(2);
  cluster.Start(2, {.encrypts = true, .cipher = "CHACHA", .key = "another"});
  cluster.history.nodes[2].applied_index = cluster.index;
  EXPECT_THAT(cluster.Look(), Contains("stored c: channel foo: 0 messages at rest, and 1 messages "
                                       "(1 to 1) on node a"));
}

TEST(ContentChecksTest, AChannelThatTheFirstNodeLacksIsSeen) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.Send(Secret(2), "bar");
  const disktruth::DoctoredMessage message = cluster.Next(Secret(2), "bar");
  ++cluster.index;
  cluster.Log(0, message);
  for (const size_t node : {1, 2}) cluster.Keep(node, message);
  cluster.history.nodes[0].applied_index = cluster.index;
  EXPECT_THAT(cluster.Look(), Contains("stored b: channel bar: 1 messages (1 to 1) at rest, and 0 "
                                       "messages on node a"));
}

TEST(AckedTest, WhatNoNodeHoldsIsLost) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.Send(Secret(2));
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.history.published.back().acked_at_ns = 5;
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("acked : guid guid-1 of channel foo")));
}

TEST(AckedTest, OneNodeIsEnough) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.history.published.back().acked_at_ns = 5;
  ++cluster.index;
  cluster.Log(1, cluster.Next(Secret(1)));
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(AckedTest, AForeignKeyDoesNotHoldIt) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.history.published.back().acked_at_ns = 5;
  ++cluster.index;
  const std::string own = cluster.nodes[1].settings.key;
  cluster.nodes[1].settings.key = cluster.nodes[0].settings.key;
  cluster.Log(1, cluster.Next(Secret(1)));
  EXPECT_THAT(cluster.Look(), Contains(StartsWith("acked ")));
}

TEST(AckedTest, WhatWasAcknowledgedTwiceIsThereTwice) {
  DoctoredCluster cluster;
  cluster.Publish("twice");
  cluster.Publish("twice");
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.Send("twice");
  cluster.history.published.back().acked_at_ns = 5;
  EXPECT_THAT(cluster.Look(), Each(StartsWith("acked ")));
}

TEST(AckedTest, WithoutSyncsLossIsDocumented) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.history.published.back().acked_at_ns = 5;
  cluster.Damage(0, "lost_unsynced");
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(StoredTest, WhatNobodySent) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  ++cluster.index;
  const DoctoredMessage message = cluster.Next("nobody sent this");
  for (size_t node = 0; node < 3; ++node) cluster.Keep(node, message);
  const auto found = cluster.Look();
  EXPECT_THAT(found, Each(StartsWith("stored ")));
  EXPECT_THAT(found, Contains("stored a: channel foo, sequence 2: 16 bytes that nobody sent"));
}

TEST(StoredTest, MoreOftenThanItWasSent) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  ++cluster.index;
  const DoctoredMessage message = cluster.Next(Secret(1));
  for (size_t node = 0; node < 3; ++node) cluster.Keep(node, message);
  EXPECT_THAT(cluster.Look(), Contains(HasSubstr("sent 1 times has 2 sequences")));
}

TEST(StoredTest, AttemptsExplainCopies) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.history.published.back().attempts = 2;
  for (int copy = 0; copy < 2; ++copy) {
    ++cluster.index;
    const DoctoredMessage message = cluster.Next(Secret(1));
    for (size_t node = 0; node < 3; ++node) cluster.Keep(node, message);
  }
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(StoredTest, ARecordHasTheFieldsOfAMessage) {
  DoctoredCluster cluster;
  cluster.Send("payload");
  const std::string sealed(AsText(cluster.SealedFor(0, "foo", AsBytes("payload"))));
  Bytes record = disktruth::EncodedMessage({1, "foo", sealed, 1});
  disktruth::AppendVarintField(record, 10, 12345);
  Bytes file = {1, 0, 0, 0};
  Append(file, disktruth::Framed(record));
  cluster.Write(0, "/store/foo/msgs.1.dat", file);
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(), ElementsAre("stored a: channel foo, msgs.dat at 59: field 10"));
}

TEST(StoredTest, ASequenceHasOnePayload) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.Send(Secret(2));
  cluster.Store(0, {1, "foo", Secret(1), 1});
  cluster.Store(1, {1, "foo", Secret(2), 1});
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(),
              ElementsAre("stored b: channel foo, sequence 1: another payload than on node a"));
}

TEST(StoredTest, NodesAtRestStoreTheSame) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.Send(Secret(2));
  ++cluster.index;
  const DoctoredMessage message = cluster.Next(Secret(2));
  cluster.Keep(0, message);
  cluster.Keep(1, message);
  cluster.Log(2, message);
  cluster.history.nodes[2].applied_index = cluster.index;
  EXPECT_THAT(cluster.Look(),
              ElementsAre("stored c: channel foo: 1 messages (1 to 1) at rest, and 2 messages "
                          "(1 to 2) on node a"));
}

TEST(StoredTest, DeliveriesAreOfWhatWasSent) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  sim::Delivered delivered;
  delivered.client_id = "me";
  delivered.channel = "foo";
  delivered.sequence = 1;
  delivered.payload = ToBytes(Secret(1));
  cluster.history.delivered.push_back(delivered);
  EXPECT_THAT(cluster.Look(), IsEmpty());
  delivered.payload = ToBytes("something else");
  cluster.history.delivered.push_back(delivered);
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("a payload that nobody sent")));
  delivered.payload = cluster.SealedFor(1, "foo", AsBytes(Secret(1)));
  cluster.history.delivered.push_back(delivered);
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("delivered to me: ciphertext")));
}

TEST(LogsTest, TheSameEntryOnAllNodes) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.Publish(Secret(2));
  cluster.index = 4;
  cluster.Log(2, {1, "foo", Secret(2), 1});
  EXPECT_THAT(cluster.Look(),
              ElementsAre("logs c: entry 4 of term 2: another data than on node a"));
}

TEST(LogsTest, AnEntryIsMissing) {
  DoctoredCluster cluster;
  cluster.Put(0, {.index = 6, .type = disktruth::EntryType::kNoop});
  EXPECT_THAT(cluster.Look(), ElementsAre("logs a: raft.log lacks entries 4 to 5, which no "
                                          "snapshot stands for"));
}

TEST(LogsTest, TimesAndTypesCount) {
  DoctoredCluster cluster;
  cluster.Put(1, {.index = 2, .type = disktruth::EntryType::kBarrier});
  cluster.Put(2, {.index = 3, .type = disktruth::EntryType::kBarrier, .at = {{1, 1}}});
  EXPECT_THAT(cluster.Look(),
              ElementsAre("logs b: entry 2 of term 2: another type than on node a",
                          "logs c: entry 3 of term 2: another time than on node a"));
}

TEST(LogsTest, AnotherMembershipInEntryOne) {
  DoctoredCluster cluster;
  DoctoredEntry entry{.index = 1, .term = 1};
  entry.type = disktruth::EntryType::kConfiguration;
  entry.at.reset();
  entry.data = disktruth::Configuration({"a", "b"});
  cluster.Put(1, entry);
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("logs b: entry 1 of term 1")));
}

TEST(LogsTest, TermsOfAppliedEntries) {
  DoctoredCluster cluster;
  for (size_t node = 0; node < 3; ++node) {
    cluster.Put(node, {.index = 4, .term = 2 + node, .type = disktruth::EntryType::kNoop});
  }
  cluster.history.nodes[0].is_up = cluster.history.nodes[1].is_up = false;
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.history.nodes[0].applied_index = cluster.history.nodes[1].applied_index = 4;
  EXPECT_THAT(cluster.Look(),
              ElementsAre("logs b: entry 4 of term 3 was applied, and one of term 2 by node a"));
}

TEST(LogsTest, AnEntryInAnotherPlace) {
  DoctoredCluster cluster;
  cluster.nodes[0].bolt.Put("logs", disktruth::IndexKey(4),
                            std::string(AsText(DoctoredEntry{.index = 9}.Encoded())));
  cluster.Put(0, {.index = 3, .type = disktruth::EntryType::kBarrier});
  EXPECT_THAT(cluster.Look(), ElementsAre("logs a: raft.log, entry 4: says that it is entry 9"));
}

TEST(LogsTest, OnlyTheBootstrapEntryHasNoTime) {
  DoctoredCluster cluster(1);
  DoctoredEntry entry{.index = 2, .type = disktruth::EntryType::kNoop};
  entry.at.reset();
  cluster.Put(0, entry);
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("raft.log, entry 2: has no time")));
}

TEST(LogsTest, TheFileIsWhole) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  Bytes bytes = ToBytes(FileOf(cluster, 0, "/raft/raft.log"));
  bytes[20] ^= 1;  // of a meta, of which one is enough
  cluster.Write(0, "/raft/raft.log", bytes);
  EXPECT_THAT(cluster.Look(), IsEmpty());
  bytes.resize(bytes.size() - 4096);
  cluster.Write(0, "/raft/raft.log", bytes);
  EXPECT_THAT(cluster.Look(), Contains(HasSubstr("the file ends before its high-water mark")));
  ASSERT_TRUE(cluster.nodes[0].files.RemoveAll("/raft").ok());
  EXPECT_THAT(cluster.Look(), Contains("logs a: no raft.log in /raft of a node that runs"));
}

TEST(LogsTest, DamageMayMakeThemDiffer) {
  DoctoredCluster cluster;
  cluster.Put(1, {.index = 2, .type = disktruth::EntryType::kBarrier});
  cluster.Damage(1, "bit_flip");
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(OwnKeyTest, AnotherNodesKey) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.nodes[1].settings.key = cluster.nodes[0].settings.key;
  cluster.Store(1, {1, "foo", Secret(1), 1});
  EXPECT_THAT(cluster.Look(),
              Contains("own-key b: channel foo, sequence 1: opens under key 1 of the "
                       "run (first given to node a), which the node was never given"));
}

TEST(OwnKeyTest, AKeyOfNobody) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.nodes[1].settings.key = "of nobody";
  ++cluster.index;
  cluster.Keep(1, {1, "foo", Secret(1), 1});
  EXPECT_THAT(cluster.Look(),
              ElementsAre("own-key b: raft.log, entry 4: opens under no key of the run",
                          "own-key b: channel foo, sequence 1: opens under no key of the run"));
}

TEST(OwnKeyTest, TheCipherOfTheStartThatWroteIt) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  cluster.nodes[0].settings.cipher = "CHACHA";
  cluster.Store(0, {1, "foo", Secret(1), 1});
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("sealed with CHACHA under key 1 of the run")));
}

TEST(OwnKeyTest, ADiskThatCannotBeReadIsReadLater) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  env::MemFileSystem& files = cluster.nodes[0].files;
  files.SetFaultHook([](const env::Mutation&) { return env::Fault::Stop(); });
  EXPECT_FALSE(files.RemoveAll("/store/foo").ok());
  ASSERT_TRUE(files.stopped());
  cluster.Down(0);
  files.SetFaultHook({});
  files.Restart();
  cluster.Start(0, {.encrypts = true, .cipher = "CHACHA", .key = "key of a"});
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.Publish(Secret(2));
  EXPECT_THAT(cluster.Look(), IsEmpty());
}

TEST(OwnKeyTest, TheDerivationOfItsPlace) {
  DoctoredCluster cluster;
  cluster.Send(Secret(1));
  const Bytes sealed = cluster.SealedFor(0, "", AsBytes(Secret(1)));
  cluster.StoreAsItIs(0, {1, "foo", std::string(AsText(sealed)), 1});
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(),
              ElementsAre("own-key a: channel foo, sequence 1: opens under key 1 of the "
                          "run (first given to node a) as derived for the Raft log"));
}

TEST(OwnKeyTest, AnotherNodesBytes) {
  DoctoredCluster cluster;
  cluster.Restart(1, [&](sim::NodeSettings& settings) { settings = cluster.nodes[0].settings; });
  cluster.Send(Secret(1));
  const std::string sealed(AsText(cluster.SealedFor(0, "foo", AsBytes(Secret(1)))));
  cluster.StoreAsItIs(0, {1, "foo", sealed, 1});
  cluster.StoreAsItIs(1, {1, "foo", sealed, 1});
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(),
              ElementsAre("own-key b: channel foo, sequence 1: the sealed bytes of node a, "
                          "channel foo, sequence 1"));
}

TEST(OwnKeyTest, ClearAndEmptyContents) {
  DoctoredCluster cluster;
  cluster.Send("short");
  cluster.StoreAsItIs(0, {1, "foo", "short", 1});
  cluster.Send("");
  cluster.StoreAsItIs(0, {2, "foo", std::string(AsText(cluster.SealedFor(0, "foo", {}))), 1});
  DoctoredEntry entry{.index = 4};
  entry.data = disktruth::PublishOperation({{1, "foo", "short", 1}}, 4);
  cluster.Put(0, entry);
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(),
              ElementsAre("own-key a: raft.log, entry 4: a Command in clear, written while "
                          "encryption was on",
                          "own-key a: channel foo, sequence 1: a payload in clear, written while "
                          "encryption was on",
                          "own-key a: channel foo, sequence 2: an empty payload is sealed"));
}

TEST(ReuseTest, ANonceTwice) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.nodes[0].counter = 0;
  cluster.Publish(Secret(2));
  const auto found = cluster.Look();
  EXPECT_THAT(found, Each(StartsWith("nonce-reuse a: ")));
  EXPECT_THAT(found, Contains(HasSubstr("raft.log, entry 5: the nonce a1000000000000000000")));
}

TEST(ReuseTest, ANonceOfAFreePageOrOfAnotherNode) {
  DoctoredCluster cluster(2);
  cluster.Restart(1, [&](sim::NodeSettings& settings) { settings = cluster.nodes[0].settings; });
  cluster.Publish(Secret(1));
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.nodes[0].bolt.Leave();
  cluster.nodes[0].bolt.Erase("logs", disktruth::IndexKey(4));
  cluster.Put(0, {.index = 3, .type = disktruth::EntryType::kBarrier});
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.nodes[1].prefix = cluster.nodes[0].prefix;
  cluster.nodes[1].counter = 0;
  cluster.Send(Secret(2));
  ++cluster.index;
  cluster.Log(1, cluster.Next(Secret(2)));
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("as before on node a, raft.log, entry 4")));
}

TEST(ReuseTest, TwoMessagesSealedOnce) {
  DoctoredCluster cluster;
  cluster.Send("equal");
  cluster.Send("equal");
  const std::string sealed(AsText(cluster.SealedFor(0, "foo", AsBytes("equal"))));
  cluster.StoreAsItIs(0, {1, "foo", sealed, 1});
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.StoreAsItIs(0, {2, "foo", sealed, 2});
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("nonce-reuse a: channel foo, sequence 2: "
                                                     "sealed once with that of 1")));
}

TEST(LeakTest, ANonceMadeOfThePayload) {
  DoctoredCluster cluster;
  cluster.Send("payload");
  cluster.nodes[0].prefix = LoadLe32(AsBytes("payload").data());
  cluster.Store(0, {1, "foo", "payload", 1});
  cluster.AllAreDown();
  EXPECT_THAT(cluster.Look(), ElementsAre(HasSubstr("the nonce begins with what it seals")));
}

TEST(LeakTest, APayloadAnywhere) {
  DoctoredCluster cluster;
  cluster.Publish("head " + Secret(1) + std::string(100, '.') + Secret(2));
  cluster.Publish("short");
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.Write(0, "/raft/snapshots/2-4-1.tmp/state.bin", ToBytes("xx" + Secret(2)));
  cluster.Write(1, "/store/foo/stray", ToBytes("head " + Secret(1)));
  cluster.Write(2, "/store/server.dat", ToBytes("short"));
  const auto found = cluster.Look();
  EXPECT_THAT(found, ElementsAre(StartsWith("leak a: raft/snapshots/2-4-1.tmp/state.bin at "),
                                 StartsWith("leak b: store/foo/stray at 0")));
}

TEST(LeakTest, GrownFilesAcrossTheOldEnd) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  auto file = cluster.nodes[0].files.Open("/store/x", env::FileSystem::Mode::kCreate).value();
  ASSERT_TRUE(file->Append(AsBytes(Secret(1).substr(0, 10))).ok());
  EXPECT_THAT(cluster.Look(), IsEmpty());
  ASSERT_TRUE(file->Append(AsBytes(Secret(1).substr(10))).ok());
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("leak a: store/x at 0")));
}

TEST(LeakTest, FreePagesCount) {
  DoctoredCluster cluster;
  cluster.Publish(Secret(1));
  cluster.nodes[0].bolt.Put("conf", "k", Secret(1));
  cluster.nodes[0].bolt.Leave();
  cluster.nodes[0].bolt.Erase("conf", "k");
  cluster.Put(0, {.index = 3, .type = disktruth::EntryType::kBarrier});
  ASSERT_THAT(FileOf(cluster, 0, "/raft/raft.log"), HasSubstr(Secret(1)));
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("leak a: raft/raft.log at ")));
}

TEST(LeakTest, AfterAStartWithoutEncryptionResidueIsLawful) {
  DoctoredCluster cluster;
  cluster.Restart(0, [](sim::NodeSettings& settings) {
    settings.encrypts = false;
    settings.key.clear();
  });
  cluster.Publish(Secret(1));
  cluster.Restart(0, [](sim::NodeSettings& settings) {
    settings.encrypts = true;
    settings.key = "key of a";
  });
  cluster.Publish(Secret(2));
  EXPECT_THAT(cluster.Look(), IsEmpty());
  cluster.Down(0);
  cluster.Wipe(0);
  cluster.Start(0, cluster.nodes[0].settings);
  cluster.Write(0, "/raft/raft.log", ToBytes("xx" + Secret(1)));
  EXPECT_THAT(cluster.Look(), ElementsAre(StartsWith("leak a: raft/raft.log at 2")));
}

}  // namespace
}  // namespace atrest::simcheck
