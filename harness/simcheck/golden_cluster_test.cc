// The checkers over nodes that the real server wrote (fixtures/cluster): as they are, all pass;
// with one byte changed, or with another node's or no key, somebody says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "harness/simcheck/sim_checks.h"
#include "reference/base/check.h"
#include "reference/env/mem_file_system.h"

namespace atrest::simcheck {
namespace {

using nlohmann::json;
using testing::IsEmpty;
using testing::Not;

Bytes Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  ATREST_CHECK(file.good());
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

std::string PayloadOf(const json& message) {
  if (message.is_string()) return message;
  if (message.contains("hex")) {
    return std::string(AsText(*FromHex(message.at("hex").get<std::string>())));
  }
  const json& repeat = message.at("repeat");
  std::string payload;
  for (int count = repeat.at(1); count > 0; --count) payload += repeat.at(0);
  return payload;
}

class GoldenCluster {
 public:
  explicit GoldenCluster(const std::string& set) : root_("fixtures/cluster/" + set) {
    const Bytes text = Read(root_ / "expect.json");
    const json expected = json::parse(text.begin(), text.end());
    history.cluster_id = "gold";
    for (const auto& [channel, messages] : expected.at("messages").items()) {
      for (const json& message : messages) {
        history.published.push_back({channel, "guid-" + std::to_string(history.published.size()),
                                     ToBytes(PayloadOf(message)), 1, 1});
      }
    }
    for (const auto& [id, key] : expected.at("keys").items()) AddNode(id, key, expected);
  }

  std::vector<sim::Violation> Look() {
    SimChecks checks;
    std::vector<sim::Violation> found;
    for (sim::Checker* checker : checks.all()) checker->AtRest(history, found);
    findings = checks.findings();
    return found;
  }

  sim::History history;
  std::vector<std::unique_ptr<env::MemFileSystem>> disks;
  std::vector<NamedFinding> findings;

 private:
  void AddNode(const std::string& id, const std::string& key, const json& expected) {
    disks.push_back(std::make_unique<env::MemFileSystem>());
    sim::NodeHistory node;
    node.id = id;
    node.store_directory = "/store";
    node.raft_directory = "/raft/gold";
    node.files = disks.back().get();
    for (const json& phase : expected.at("phases")) {
      sim::NodeSettings settings;
      settings.encrypts = phase.value("encrypt", true);
      settings.key = settings.encrypts ? key : "";
      if (phase.contains("cipher")) {
        const json& cipher = phase.at("cipher");
        settings.cipher = cipher.is_string() ? cipher : cipher.at(id);
      }
      node.starts.push_back({0, 0, settings, 0});
    }
    const std::filesystem::path from = root_ / id;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
      if (!entry.is_regular_file()) continue;
      const std::string path = "/" + std::filesystem::relative(entry.path(), from).string();
      ATREST_CHECK(node.files->MakeDirectories(path.substr(0, path.rfind('/'))).ok());
      ATREST_CHECK(env::WriteWhole(*node.files, path, Read(entry.path())).ok());
    }
    node.is_up = true;
    node.applied_index = expected.at("nodes").at(id).at("logs").back().at("index");
    history.nodes.push_back(std::move(node));
  }

  std::filesystem::path root_;
};

std::vector<std::string> Texts(const std::vector<sim::Violation>& found) {
  std::vector<std::string> texts;
  for (const sim::Violation& violation : found) {
    texts.push_back(violation.checker + " " + violation.node + ": " + violation.text);
  }
  return texts;
}

class GoldenClusterTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenClusterTest, TheRealServersNodesPass) {
  GoldenCluster cluster(GetParam());
  EXPECT_THAT(Texts(cluster.Look()), IsEmpty());
}

TEST_P(GoldenClusterTest, UnderOtherKeysTheyDoNot) {
  GoldenCluster cluster(GetParam());
  for (sim::NodeHistory& node : cluster.history.nodes) {
    for (sim::NodeStart& start : node.starts) start.settings.key += "?";
  }
  EXPECT_THAT(Texts(cluster.Look()), Not(IsEmpty()));
}

TEST_P(GoldenClusterTest, ThatOneMessageWasNotSentIsSeen) {
  GoldenCluster cluster(GetParam());
  cluster.history.published.erase(cluster.history.published.begin());
  const auto found = cluster.Look();
  ASSERT_THAT(found, Not(IsEmpty()));
  for (const sim::Violation& violation : found) EXPECT_EQ(violation.checker, "stored");
}

INSTANTIATE_TEST_SUITE_P(Sets, GoldenClusterTest,
                         testing::Values("one-node-many", "one-node-mixed", "three-nodes-aes",
                                         "three-nodes-own-keys", "three-nodes-snapshot"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(GoldenClusterDamageTest, ResidueOfThePlaintextPhaseIsNamed) {
  GoldenCluster cluster("one-node-mixed");
  cluster.Look();
  ASSERT_EQ(cluster.findings.size(), 1U);
  EXPECT_EQ(cluster.findings[0].name, "plaintext-residue");
}

// A byte of each sealed value on one node's disk: never silence, unless it is a copy in a free
// page or what the format leaves unused.
TEST(GoldenClusterDamageTest, SwappedFilesOfOtherNodesAreSeen) {
  GoldenCluster cluster("three-nodes-own-keys");
  const Bytes other = env::ReadWhole(*cluster.disks[1], "/raft/gold/raft.log", 1 << 24).value();
  ASSERT_TRUE(env::WriteWhole(*cluster.disks[0], "/raft/gold/raft.log", other).ok());
  const auto found = cluster.Look();
  ASSERT_THAT(found, Not(IsEmpty()));
  EXPECT_EQ(found[0].node, "a");
  cluster.history.nodes[0].damages.push_back({0, "swapped_log"});
  cluster.history.nodes[0].is_up = false;
  EXPECT_THAT(Texts(cluster.Look()), IsEmpty());
}

TEST(GoldenClusterDamageTest, EveryByteIsReadWithoutHarm) {
  GoldenCluster cluster("three-nodes-snapshot");
  const std::vector<std::string> paths = {
      "/store/foo/msgs.1.dat", "/raft/gold/snapshots/2-38-1795290221390/state.bin",
      "/raft/gold/snapshots/2-38-1795290221390/meta.json", "/raft/gold/raft.log"};
  size_t seen = 0;
  for (const std::string& path : paths) {
    Bytes bytes = env::ReadWhole(*cluster.disks[0], path, 1 << 24).value();
    const size_t step = bytes.size() > 10000 ? 97 : 11;
    for (size_t at = 0; at < bytes.size(); at += step) {
      bytes[at] ^= 0x20;
      ASSERT_TRUE(env::WriteWhole(*cluster.disks[0], path, bytes).ok());
      seen += cluster.Look().empty() ? 0 : 1;
      bytes[at] ^= 0x20;
    }
    ASSERT_TRUE(env::WriteWhole(*cluster.disks[0], path, bytes).ok());
  }
  EXPECT_GT(seen, 100U);
  EXPECT_THAT(Texts(cluster.Look()), IsEmpty());
}

}  // namespace
}  // namespace atrest::simcheck
