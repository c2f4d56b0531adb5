// The directories that the real server's nodes left (fixtures/cluster), continued by ours: nodes
// start on copies of them, elect a leader, serve all that was published before and since, start
// again with the other cipher, and still do. What they leave is written below testing::TempDir(),
// where continued_test.py has it read by the Python reader and by `atrest inspect`.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/raftlog/golden_cluster.h"
#include "reference/sim/sim_client.h"
#include "reference/sim/sim_node.h"

namespace atrest::sim {
namespace {

using nlohmann::json;

// Behind everything in the golden directories.
constexpr int64_t kAfterwardsNs = int64_t{1'795'300'000} * kNsPerSecond;
constexpr int64_t kBoundNs = 60 * kNsPerSecond;
constexpr int64_t kLookNs = 10 * kNsPerMs;
constexpr int kPublishedEachTime = 7;

std::string Other(const std::string& cipher) { return cipher == "AES" ? "CHACHA" : "AES"; }

SimDisk::Tree TreeOf(const std::filesystem::path& root) {
  SimDisk::Tree tree;
  for (const auto& file : std::filesystem::recursive_directory_iterator(root)) {
    if (!file.is_regular_file()) continue;
    tree[std::filesystem::relative(file.path(), root).string()] = raftlog::ReadGolden(file.path());
  }
  return tree;
}

class GoldenContinuedTest : public testing::TestWithParam<std::string> {
 protected:
  GoldenContinuedTest() : set_(std::filesystem::path(raftlog::kGoldenClusters) / GetParam()) {
    const Bytes text = raftlog::ReadGolden(set_ / "expect.json");
    expected_ = json::parse(text.begin(), text.end());
    history_.cluster_id = expected_.at("clusterId");
    for (const auto& [id, key] : expected_.at("keys").items()) ids_.push_back(id);
    history_.nodes.resize(ids_.size());
    world_.post = [this](Site, const raft::Message& message) { Post(message); };
    queue_.RunUntil(kAfterwardsNs);
    for (size_t i = 0; i < ids_.size(); ++i) AddNode(i);
    for (const auto& [channel, payloads] : expected_.at("messages").items()) {
      for (const json& payload : payloads) wanted_[channel].push_back(payload);
    }
  }

  void AddNode(size_t number) {
    NodeOptions options;
    options.number = number;
    options.id = ids_[number];
    options.members = ids_;
    options.seed = number + 1;
    nodes_.push_back(std::make_unique<SimNode>(world_, options));
    const NodeHistory& node = history_.nodes[number];
    SimDisk& disk = nodes_.back()->disk();
    const std::filesystem::path from = set_ / ids_[number];
    ATREST_CHECK(disk.Replace(node.store_directory, TreeOf(from / "store")).ok());
    ATREST_CHECK(
        disk.Replace(node.raft_directory, TreeOf(from / "raft" / history_.cluster_id)).ok());
  }
  void Post(const raft::Message& message) {
    const auto to = std::ranges::find(ids_, message.to);
    ASSERT_NE(to, ids_.end()) << message.to;
    SimNode& node = *nodes_[static_cast<size_t>(to - ids_.begin())];
    queue_.After(kNsPerMs, [&node, message] { node.Receive(message); });
  }

  // The cipher of the last phase that the real server ran with, or the other one.
  NodeSettings SettingsOf(const std::string& id, bool other) {
    const json& cipher = expected_.at("phases").back().at("cipher");
    NodeSettings settings;
    settings.cipher = cipher.is_string() ? cipher : cipher.at(id);
    if (other) settings.cipher = Other(settings.cipher);
    settings.key = expected_.at("keys").at(id);
    settings.sync = true;
    return settings;
  }
  void StartAll(bool other) {
    for (const auto& node : nodes_) {
      if (!node->is_up()) node->Start(SettingsOf(node->options().id, other));
    }
  }
  template <typename Done>
  bool RunUntil(Done done) {
    const int64_t end_ns = queue_.now_ns() + kBoundNs;
    while (!done() && queue_.now_ns() < end_ns) queue_.RunUntil(queue_.now_ns() + kLookNs);
    return done();
  }
  bool HasLeader() const {
    return std::ranges::any_of(nodes_, [](const auto& node) { return node->IsLeader(); });
  }
  bool AllAgree() const {
    std::set<uint64_t> applied;
    for (const auto& node : nodes_) {
      if (!node->is_up()) return false;
      applied.insert(node->AppliedIndex());
      applied.insert(node->LastIndex());
    }
    return applied.size() == 1;
  }

  // Clients stay until the end: there may be events for them.
  SimClient& StartClient(const ClientOptions& options) {
    clients_.push_back(std::make_unique<SimClient>(world_, options));
    clients_.back()->Start();
    return *clients_.back();
  }
  void PublishSome(SimClient& client) {
    for (auto& [channel, payloads] : wanted_) {
      for (int i = 0; i < kPublishedEachTime; ++i) {
        const size_t number = history_.published.size();
        const std::string payload = "continued " + channel + " " + std::to_string(number);
        payloads.push_back(payload);
        Published published;
        published.channel = channel;
        published.guid = "continued-" + std::to_string(number);
        published.payload = Bytes(payload.begin(), payload.end());
        history_.published.push_back(std::move(published));
        client.Publish(number);
        ASSERT_TRUE(RunUntil([&] { return history_.published[number].acked_at_ns.has_value(); }));
      }
    }
  }
  // What a new client is delivered of each channel from its begin on, by sequence.
  std::map<std::string, std::vector<std::string>> ReadBack(const std::string& id) {
    ClientOptions options;
    options.id = id;
    options.site = nodes_.size();
    options.ack_permille = 1000;
    SimClient& reader = StartClient(options);
    size_t wanted = 0;
    for (const auto& [channel, payloads] : wanted_) {
      SubscriptionPlan plan;
      plan.channel = channel;
      reader.Subscribe(plan);
      wanted += payloads.size();
    }
    const auto is_own = [&](const Delivered& one) { return one.client_id == id; };
    (void)RunUntil([&] {
      return std::ranges::count_if(history_.delivered, is_own) >= static_cast<int64_t>(wanted);
    });
    std::map<std::string, std::vector<std::string>> read;
    for (const Delivered& one : history_.delivered) {
      if (!is_own(one)) continue;
      EXPECT_EQ(one.sequence, read[one.channel].size() + 1);
      read[one.channel].emplace_back(AsText(one.payload));
    }
    return read;
  }
  void Serve(const std::string& phase) {
    ASSERT_TRUE(RunUntil([this] { return HasLeader(); })) << phase;
    EXPECT_EQ(ReadBack("before-" + phase), wanted_);
    ClientOptions options;
    options.id = "publisher-" + phase;
    options.site = nodes_.size();
    PublishSome(StartClient(options));
    EXPECT_EQ(ReadBack("after-" + phase), wanted_);
    EXPECT_TRUE(RunUntil([this] { return AllAgree(); }));
  }

  // For whoever reads them: SET/NODE/store, SET/NODE/raft, and what is to be found there.
  void Keep() {
    const auto root = std::filesystem::path(testing::TempDir()) / "atrest-continued" / GetParam();
    for (size_t i = 0; i < nodes_.size(); ++i) {
      KeepTree(*nodes_[i], history_.nodes[i].store_directory, root / ids_[i] / "store");
      KeepTree(*nodes_[i], history_.nodes[i].raft_directory, root / ids_[i] / "raft");
    }
    json kept = {{"keys", expected_.at("keys")}, {"messages", wanted_}};
    std::ofstream(root / "expect.json") << kept.dump(1) << '\n';
  }
  static void KeepTree(SimNode& node, const std::string& from, const std::filesystem::path& to) {
    for (const auto& [path, bytes] : node.disk().Copy(from)) {
      std::filesystem::create_directories((to / path).parent_path());
      std::ofstream(to / path, std::ios::binary) << AsText(bytes);
    }
  }

  const std::filesystem::path set_;
  json expected_;
  std::vector<std::string> ids_;
  EventQueue queue_;
  SimTrace trace_;
  SimNetwork network_{1};
  SimNats nats_{queue_, network_};
  History history_;
  World world_{queue_, network_, nats_, trace_, history_, {}, {}, {}};
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::map<std::string, std::vector<std::string>> wanted_;  // payloads by channel, in order
};

TEST_P(GoldenContinuedTest, NodesServeWhatTheRealOnesHadAndWhatComes) {
  StartAll(/*other=*/false);
  Serve("first");
  for (const auto& node : nodes_) node->Stop();
  StartAll(/*other=*/true);
  Serve("again");
  for (const auto& node : nodes_) node->Kill();
  StartAll(/*other=*/false);
  ASSERT_TRUE(RunUntil([this] { return HasLeader(); }));
  EXPECT_EQ(ReadBack("last"), wanted_);
  for (const auto& node : nodes_) {
    ASSERT_TRUE(node->is_up());
    node->Stop();
  }
  Keep();
}

class GoldenRestoreTest : public GoldenContinuedTest {};

// Elected, it would be asked for the very messages that it lacks, and answer that there are none.
TEST_P(GoldenRestoreTest, ANodeDoesNotVoteBeforeItHasWhatItsSnapshotStandsFor) {
  const std::string channel = history_.nodes[0].store_directory + "/foo";
  for (const char* file : {"/msgs.1.dat", "/msgs.1.idx"}) {
    ASSERT_TRUE(nodes_[0]->disk().Remove(channel + file).ok());
  }
  nodes_[0]->Start(SettingsOf("a", /*other=*/false));
  nodes_[1]->Start(SettingsOf("b", /*other=*/false));
  queue_.RunUntil(queue_.now_ns() + 8 * kNsPerSecond);
  ASSERT_TRUE(nodes_[0]->is_up());
  EXPECT_EQ(nodes_[0]->Term(), 0u);
  EXPECT_GT(nodes_[1]->Term(), 2u) << "a candidate, time and again";
  EXPECT_FALSE(HasLeader());
  nodes_[2]->Start(SettingsOf("c", /*other=*/false));
  ASSERT_TRUE(RunUntil([this] { return AllAgree() && HasLeader(); }));
  EXPECT_FALSE(nodes_[0]->IsLeader());
  nodes_[1]->Kill();
  ASSERT_TRUE(RunUntil([this] { return HasLeader(); }));
  EXPECT_EQ(ReadBack("reader"), wanted_);
  const Bytes restored = nodes_[0]->disk().Copy(channel)["msgs.1.dat"];
  EXPECT_GT(restored.size(), 28u * 20);
}

std::vector<std::string> Sets() {
  std::set<std::string> sets;
  for (const std::string& node : raftlog::GoldenNodes())
    sets.insert(node.substr(0, node.find('/')));
  return {sets.begin(), sets.end()};
}

INSTANTIATE_TEST_SUITE_P(Sets, GoldenContinuedTest, testing::ValuesIn(Sets()),
                         [](const testing::TestParamInfo<std::string>& set) {
                           return raftlog::GoldenTestName(set.param);
                         });

INSTANTIATE_TEST_SUITE_P(Sets, GoldenRestoreTest, testing::Values("three-nodes-snapshot"),
                         [](const testing::TestParamInfo<std::string>& set) {
                           return raftlog::GoldenTestName(set.param);
                         });

}  // namespace
}  // namespace atrest::sim
