// What the real server's nodes have in their Raft logs and snapshots, applied by ours: the messages
// and channels that come of it are those that the real ones had.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "reference/raftlog/golden_cluster.h"
#include "reference/stan/cluster_fixture.h"

namespace atrest::stan {
namespace {

using nlohmann::json;

class ClusterGoldenTest : public ClusterFixture, public testing::TestWithParam<std::string> {
 protected:
  ClusterGoldenTest() : ClusterFixture(1) {
    const std::string set = GetParam().substr(0, GetParam().find('/'));
    const std::string name = GetParam().substr(GetParam().find('/') + 1);
    const Bytes text =
        raftlog::ReadGolden(std::string(raftlog::kGoldenClusters) + "/" + set + "/expect.json");
    expected_ = json::parse(text.begin(), text.end());
    channels_ = expected_.at("nodes").at(name).at("channels");
    options_.cluster_id = "gold";
    node(0).cluster.node_id = name;
    node(0).key = expected_.at("keys").at(name);
    ReadEntries();
  }

  void ReadEntries() {
    env::MemFileSystem files;
    LogBuffer log;
    ATREST_CHECK(env::WriteWhole(files, "raft.log", raftlog::GoldenRaftLog(GetParam())).ok());
    raftlog::RaftLogOptions options;
    options.encryption = {crypto::DefaultCipher(), crypto::Secret(AsBytes(node(0).key))};
    auto opened =
        raftlog::RaftLog::Open({files, clock_, node(0).entropy}, log, "raft.log", options);
    ATREST_CHECK(opened.ok());
    raftlog::RaftLog& raft_log = *opened.value();
    const uint64_t last = raft_log.LastIndex().value();
    for (uint64_t i = raft_log.FirstIndex().value(); i <= last; ++i) {
      const raftlog::LogEntry from = raft_log.GetLog(i).value();
      raft::LogEntry entry;
      entry.index = from.index;
      entry.term = from.term;
      entry.type = static_cast<raft::EntryType>(from.type);
      entry.data = from.data;
      entries_.push_back(std::make_shared<const raft::LogEntry>(std::move(entry)));
    }
  }
  void LoadDisk() {
    ATREST_CHECK(node(0).files->MakeDirectories("r").ok());
    ATREST_CHECK(
        env::WriteWhole(*node(0).files, "r/raft.log", raftlog::GoldenRaftLog(GetParam())).ok());
    const std::filesystem::path from =
        std::filesystem::path(raftlog::kGoldenClusters) / GetParam() / "store";
    for (const auto& file : std::filesystem::recursive_directory_iterator(from)) {
      if (!file.is_regular_file()) continue;
      const std::filesystem::path to = "d" / std::filesystem::relative(file.path(), from);
      ATREST_CHECK(node(0).files->MakeDirectories(to.parent_path()).ok());
      ATREST_CHECK(env::WriteWhole(*node(0).files, to, raftlog::ReadGolden(file.path())).ok());
    }
  }
  void ApplyFrom(uint64_t index) {
    for (const raft::EntryPtr& entry : entries_) {
      if (entry->index >= index) server(0).Apply(clock_.NowNs(), entry);
    }
    Drain();
  }
  void ExpectMessages() {
    for (const auto& [channel, payloads] : expected_.at("messages").items()) {
      std::string text;
      for (size_t i = 0; i < payloads.size(); ++i) {
        text += (i == 0 ? "" : " ") + std::to_string(i + 1) + ":" + payloads[i].get<std::string>();
      }
      EXPECT_EQ(Stored(0, channel), text);
    }
    EXPECT_EQ(server(0).ChannelNames().size(), expected_.at("messages").size());
  }

  json expected_;
  json channels_;
  std::vector<raft::EntryPtr> entries_;
};

class ClusterGoldenLogTest : public ClusterGoldenTest {};

TEST_P(ClusterGoldenLogTest, TheLogAloneRebuildsTheMessages) {
  ASSERT_TRUE(TryOpen(0).ok());
  ApplyFrom(0);
  ExpectMessages();
  for (const auto& [channel, id] : channels_.items()) {
    EXPECT_EQ(node(0).ids->GetChannelId(channel).value(), id.get<uint64_t>());
  }
}

TEST_P(ClusterGoldenTest, ANodeGoesOnFromItsDisk) {
  LoadDisk();
  ASSERT_TRUE(TryOpen(0).ok());
  EXPECT_TRUE(server(0).has_streaming_state());
  uint64_t from = 0;
  for (const std::string& name : raftlog::GoldenSnapshots(GetParam())) {
    const Bytes state = raftlog::ReadGolden(raftlog::GoldenRaftDirectory(GetParam()) / "snapshots" /
                                            name / "state.bin");
    ASSERT_TRUE(server(0).RestoreAtStart(clock_.NowNs(), state).ok());
    raftlog::RaftSnapshot real = raftlog::DecodeSnapshot(state).value();
    for (raftlog::ChannelSnapshot& channel : real.channels) {
      for (auto& subscription : channel.subscriptions) std::ranges::sort(subscription.pending);
    }
    EXPECT_EQ(Snapshot(0), real);
    from = std::stoull(name.substr(name.find('-') + 1)) + 1;
  }
  ApplyFrom(from);
  EXPECT_EQ(server(0).phase(), ClusteredServer::Phase::kFollower);
  ExpectMessages();
  EXPECT_EQ(server(0).applied_index(), entries_.back()->index);
}

class ClusterGoldenSnapshotTest : public ClusterGoldenTest {};

TEST_P(ClusterGoldenSnapshotTest, ASnapshotGivesASubscriberWhatItHadPending) {
  LoadDisk();
  ASSERT_TRUE(TryOpen(0).ok());
  const std::string name = raftlog::GoldenSnapshots(GetParam()).back();
  ASSERT_TRUE(server(0)
                  .RestoreAtStart(clock_.NowNs(),
                                  raftlog::ReadGolden(raftlog::GoldenRaftDirectory(GetParam()) /
                                                      "snapshots" / name / "state.bin"))
                  .ok());
  ApplyFrom(39);
  const auto foo = server(0).FindChannel("foo");
  ASSERT_EQ(foo->subscriptions.size(), 1U);
  const std::string inbox = foo->subscriptions.front().inbox;
  EXPECT_EQ(foo->subscriptions.front().pending_count, 28U);
  // Some time after the last message.
  clock_.Set(1'795'290'300 * kSecond);
  leader_ = 0;
  server(0).BecomeLeader(clock_.NowNs());
  const std::vector<Bytes> got = bus_.Take(inbox);
  ASSERT_EQ(got.size(), 28U);
  for (uint64_t i = 0; i < 28; ++i) {
    const wire::Message message = wire::DecodeMessage(got[i]).value();
    EXPECT_EQ(message.sequence, i + 1);
    EXPECT_TRUE(message.redelivered);
    EXPECT_EQ(AsText(message.payload()), "snap-" + std::to_string(i + 1));
  }
}

// Those whose log reaches back to the first entry, or those that have a snapshot in its place.
std::vector<std::string> NodesWithSnapshot(bool wanted) {
  std::vector<std::string> nodes = raftlog::GoldenNodes();
  std::erase_if(nodes, [&](const std::string& node) {
    return raftlog::GoldenSnapshots(node).empty() == wanted;
  });
  return nodes;
}

std::string NameOf(const testing::TestParamInfo<std::string>& node) {
  return raftlog::GoldenTestName(node.param);
}

INSTANTIATE_TEST_SUITE_P(Nodes, ClusterGoldenTest, testing::ValuesIn(raftlog::GoldenNodes()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Nodes, ClusterGoldenLogTest, testing::ValuesIn(NodesWithSnapshot(false)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Nodes, ClusterGoldenSnapshotTest,
                         testing::ValuesIn(NodesWithSnapshot(true)), NameOf);

}  // namespace
}  // namespace atrest::stan
