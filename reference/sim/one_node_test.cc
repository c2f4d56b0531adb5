// A node alone, with a client that waits for each ack: how often it syncs what it writes
// (cluster.md 3i), and that a start under a wrong key changes no page (3d).
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/sim/sim_client.h"
#include "reference/sim/sim_node.h"

namespace atrest::sim {
namespace {

constexpr int kPublishes = 100;
constexpr int64_t kBoundNs = 60 * kNsPerSecond;

class OneNodeTest : public testing::Test {
 protected:
  OneNodeTest() {
    history_.cluster_id = "tc";
    history_.nodes.resize(1);
    world_.post = [](Site, const raft::Message&) {};
    world_.on_end = [](size_t) {};
    NodeOptions options;
    options.id = "a";
    options.members = {"a"};
    node_ = std::make_unique<SimNode>(world_, options);
  }
  template <typename Done>
  bool RunUntil(Done done) {
    const int64_t end_ns = queue_.now_ns() + kBoundNs;
    while (!done() && queue_.now_ns() < end_ns) queue_.RunUntil(queue_.now_ns() + kNsPerMs);
    return done();
  }
  bool Publish(SimClient& client) {
    const size_t number = history_.published.size();
    Published published;
    published.channel = "foo";
    published.guid = std::to_string(number);
    published.payload = ToBytes("a payload");
    history_.published.push_back(published);
    client.Publish(number);
    return RunUntil([&] { return history_.published[number].acked_at_ns.has_value(); });
  }
  void Start(const std::string& key, bool sync) {
    NodeSettings settings;
    settings.key = key;
    settings.sync = sync;
    node_->Start(settings);
  }
  bool Leads() {
    return RunUntil([&] { return node_->IsLeader() || !node_->is_up(); }) && node_->is_up();
  }
  // Has so many acked. From the first on, which makes the channel, syncs are counted by the last
  // part of a file's path, and entries.
  void PublishAll(int publishes) {
    ClientOptions options;
    options.id = "publisher";
    options.site = 1;
    SimClient client(world_, options);
    client.Start();
    ASSERT_TRUE(RunUntil([&] { return client.is_connected(); }));
    ASSERT_TRUE(Publish(client));
    const uint64_t before = node_->LastIndex();
    node_->disk().memory().SetFaultHook([this](const env::Mutation& mutation) {
      const std::string name = mutation.path.substr(mutation.path.rfind('/') + 1);
      if (mutation.kind == env::Mutation::Kind::kSync) ++syncs_[name];
      return env::Fault();
    });
    for (int i = 0; i < publishes; ++i) ASSERT_TRUE(Publish(client));
    entries_ = static_cast<int>(node_->LastIndex() - before);
    node_->Kill();
    client.Finish();
  }
  void PublishSynced(bool sync) {
    Start("a key", sync);
    ASSERT_TRUE(Leads());
    PublishAll(kPublishes);
  }
  // Without the metas of the Raft log: each start commits a transaction, as the real server does,
  // which changes no page.
  std::vector<SimDisk::Tree> Files() {
    const NodeHistory& node = history_.nodes[0];
    SimDisk::Tree raft = node_->disk().Copy(node.raft_directory);
    Bytes& log = raft.at("raft.log");
    log.erase(log.begin(), log.begin() + 2 * static_cast<ptrdiff_t>(kBlockSize));
    return {node_->disk().Copy(node.store_directory), raft};
  }

  EventQueue queue_;
  SimTrace trace_;
  SimNetwork network_{1};
  SimNats nats_{queue_, network_};
  History history_;
  World world_{queue_, network_, nats_, trace_, history_, {}, {}, {}};
  std::unique_ptr<SimNode> node_;
  std::map<std::string, int> syncs_;
  int entries_ = 0;
};

TEST_F(OneNodeTest, WithTwoForEachEntryAndOneForEachFileOfMessages) {
  PublishSynced(true);
  EXPECT_GE(entries_, kPublishes);
  // Before the meta page and behind it; the file has grown once or twice besides.
  EXPECT_GE(syncs_["raft.log"], 2 * entries_);
  EXPECT_LE(syncs_["raft.log"], 2 * entries_ + 2);
  EXPECT_EQ(syncs_["msgs.1.dat"], kPublishes);
  EXPECT_EQ(syncs_["msgs.1.idx"], kPublishes);
}

TEST_F(OneNodeTest, WithoutNoneButWhereTheLogGrows) {
  PublishSynced(false);
  EXPECT_GE(entries_, kPublishes);
  EXPECT_LE(syncs_["raft.log"], 2);
  EXPECT_EQ(syncs_["msgs.1.dat"], 0);
  EXPECT_EQ(syncs_["msgs.1.idx"], 0);
}

TEST_F(OneNodeTest, AStartUnderAWrongKeyChangesNoPage) {
  PublishSynced(false);
  const auto ends_in_a_command = Files();
  Start("another key", false);
  EXPECT_FALSE(Leads());
  EXPECT_EQ(history_.nodes[0].exit_code, 1);
  EXPECT_TRUE(Files() == ends_in_a_command);

  Start("a key", false);
  ASSERT_TRUE(Leads());
  node_->Kill();
  const auto ends_in_an_election = Files();
  EXPECT_FALSE(ends_in_an_election == ends_in_a_command);
  Start("another key", false);
  EXPECT_FALSE(Leads());
  EXPECT_EQ(history_.nodes[0].exit_code, 2);
  EXPECT_TRUE(Files() == ends_in_an_election);
}

}  // namespace
}  // namespace atrest::sim
