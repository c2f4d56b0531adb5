// How often a node syncs what it writes: cluster.md 3i, on a node alone with a client that waits
// for each ack.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "reference/sim/sim_client.h"
#include "reference/sim/sim_node.h"

namespace atrest::sim {
namespace {

constexpr int kPublishes = 100;
constexpr int64_t kBoundNs = 60 * kNsPerSecond;

class NodeSyncTest : public testing::Test {
 protected:
  NodeSyncTest() {
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
  // Starts the node, has everything acked, and counts syncs by the last part of a file's path.
  void PublishAll(bool sync) {
    NodeSettings settings;
    settings.key = "a key";
    settings.sync = sync;
    node_->Start(settings);
    ASSERT_TRUE(RunUntil([&] { return node_->IsLeader(); }));
    ClientOptions options;
    options.id = "publisher";
    options.site = 1;
    SimClient client(world_, options);
    client.Start();
    ASSERT_TRUE(RunUntil([&] { return client.is_connected(); }));
    ASSERT_TRUE(Publish(client));  // makes the channel
    const uint64_t before = node_->LastIndex();
    node_->disk().memory().SetFaultHook([this](const env::Mutation& mutation) {
      const std::string name = mutation.path.substr(mutation.path.rfind('/') + 1);
      if (mutation.kind == env::Mutation::Kind::kSync) ++syncs_[name];
      return env::Fault();
    });
    for (int i = 0; i < kPublishes; ++i) ASSERT_TRUE(Publish(client));
    entries_ = static_cast<int>(node_->LastIndex() - before);
    node_->Kill();
    client.Finish();
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

TEST_F(NodeSyncTest, WithTwoForEachEntryAndOneForEachFileOfMessages) {
  PublishAll(true);
  EXPECT_GE(entries_, kPublishes);
  // Before the meta page and behind it; the file has grown once or twice besides.
  EXPECT_GE(syncs_["raft.log"], 2 * entries_);
  EXPECT_LE(syncs_["raft.log"], 2 * entries_ + 2);
  EXPECT_EQ(syncs_["msgs.1.dat"], kPublishes);
  EXPECT_EQ(syncs_["msgs.1.idx"], kPublishes);
}

TEST_F(NodeSyncTest, WithoutNoneButWhereTheLogGrows) {
  PublishAll(false);
  EXPECT_GE(entries_, kPublishes);
  EXPECT_LE(syncs_["raft.log"], 2);
  EXPECT_EQ(syncs_["msgs.1.dat"], 0);
  EXPECT_EQ(syncs_["msgs.1.idx"], 0);
}

}  // namespace
}  // namespace atrest::sim
