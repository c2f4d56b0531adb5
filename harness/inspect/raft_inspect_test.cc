// The inspector of Raft directories against what the real server wrote, and against damage.
#include "harness/inspect/raft_inspect.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/inspect/raft_json.h"
#include "harness/inspect/raft_text.h"
#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/golden_cluster.h"
#include "reference/raftlog/raft_log.h"

namespace atrest::inspect {
namespace {

using nlohmann::json;
using raftlog::GoldenNodes;
using raftlog::GoldenTestName;

constexpr char kDirectory[] = "gold";

json ExpectationOf(const std::string& node) {
  const Bytes text = raftlog::ReadGolden(std::string(raftlog::kGoldenClusters) + "/" +
                                         node.substr(0, node.find('/')) + "/expect.json");
  return json::parse(text.begin(), text.end());
}

crypto::Secret KeyOf(const std::string& node) {
  const std::string key = ExpectationOf(node).at("keys").at(node.substr(node.find('/') + 1));
  return crypto::Secret(AsBytes(key));
}

// Copies NODE's Raft directory to kDirectory.
void LoadNode(const std::string& node, env::FileSystem& files) {
  const std::string root(kDirectory);
  ATREST_CHECK(files.MakeDirectories(root).ok());
  ATREST_CHECK(env::WriteWhole(files, root + "/raft.log", raftlog::GoldenRaftLog(node)).ok());
  for (const std::string& name : raftlog::GoldenSnapshots(node)) {
    const std::string to = root + "/snapshots/" + name;
    const auto from = raftlog::GoldenRaftDirectory(node) / "snapshots" / name;
    ATREST_CHECK(files.MakeDirectories(to).ok());
    for (const char* file : {"/meta.json", "/state.bin"}) {
      ATREST_CHECK(
          env::WriteWhole(files, to + file, raftlog::ReadGolden(from.string() + file)).ok());
    }
  }
}

RaftInspection InspectNode(const std::string& node, bool keep_payloads = true) {
  env::MemFileSystem files;
  LoadNode(node, files);
  return InspectRaft(files, kDirectory, {KeyOf(node)}, keep_payloads).value();
}

class GoldenRaftInspectTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenRaftInspectTest, SaysWhatWasExpected) {
  const std::string name = GetParam().substr(GetParam().find('/') + 1);
  const json expected = ExpectationOf(GetParam()).at("nodes").at(name);
  const RaftInspection inspection = InspectNode(GetParam());
  EXPECT_TRUE(inspection.damage.empty());
  EXPECT_TRUE(inspection.nonce_reuse.empty());
  const json found = json::parse(PrintRaftJson(inspection));
  ASSERT_EQ(found.at("entries").size(), expected.at("logs").size());
  for (size_t i = 0; i < found.at("entries").size(); ++i) {
    const json& entry = found.at("entries")[i];
    const json& log = expected.at("logs")[i];
    EXPECT_EQ(entry.at("index"), log.at("index"));
    EXPECT_EQ(entry.at("term"), log.at("term"));
    EXPECT_EQ(entry.at("type"), log.at("type"));
    EXPECT_EQ(entry.at("appended_at"), log.at("appendedAt"));
    EXPECT_EQ(entry.at("plaintext"), log.value("plaintext", ""));
    EXPECT_EQ(entry.at("cipher"), log.value("cipher", json()));
    EXPECT_EQ(entry.at("nonce"), log.value("nonce", json()));
    EXPECT_EQ(entry.at("operation").is_object(), log.at("type") == "Command");
  }
  for (size_t page = 0; page < 2; ++page) {
    EXPECT_EQ(found["metas"][page]["root"], expected["metas"][page]["root"]);
    EXPECT_EQ(found["metas"][page]["transaction"], expected["metas"][page]["txid"]);
  }
  EXPECT_EQ(found.at("channels").size(), expected.at("channels").size());
}

INSTANTIATE_TEST_SUITE_P(All, GoldenRaftInspectTest, ::testing::ValuesIn(GoldenNodes()),
                         [](const auto& info) { return GoldenTestName(info.param); });

TEST(RaftInspectTest, PlaintextLingersInFreePages) {
  const RaftInspection inspection = InspectNode("one-node-mixed/a", false);
  size_t readable = 0;
  for (const RaftFreePage& page : inspection.free_pages) {
    for (const StoredEntry& entry : page.entries) {
      readable += entry.operation && !entry.cipher ? 1 : 0;
    }
  }
  EXPECT_GT(readable, 0u);
  const std::string text = PrintRaftText(inspection);
  EXPECT_NE(text.find("in PLAINTEXT, "), text.npos) << text;
  EXPECT_NE(text.find("Publish channel=\"foo\" id=4 sequences=1 sizes=7"), text.npos) << text;
}

TEST(RaftInspectTest, Snapshots) {
  const RaftInspection inspection = InspectNode("three-nodes-snapshot/b", false);
  ASSERT_EQ(inspection.snapshots.size(), 1u);
  EXPECT_TRUE(inspection.snapshots[0].crc_ok);
  EXPECT_EQ(inspection.snapshots[0].state->channels[0].last, 28u);
  EXPECT_NE(PrintRaftText(inspection).find("channel \"foo\" id 4, 1 to 28"), std::string::npos);
}

TEST(RaftInspectTest, DamagedSnapshotsAreSaid) {
  env::MemFileSystem files;
  LoadNode("three-nodes-snapshot/a", files);
  const std::string name = raftlog::GoldenSnapshots("three-nodes-snapshot/a")[0];
  const std::string path = "gold/snapshots/" + name;
  ASSERT_TRUE(env::WriteWhole(files, path + "/state.bin", AsBytes("cut")).ok());
  RaftInspection inspection = InspectRaft(files, kDirectory, {}).value();
  ASSERT_EQ(inspection.snapshots.size(), 1u);
  EXPECT_FALSE(inspection.snapshots[0].crc_ok);
  EXPECT_FALSE(inspection.snapshots[0].state.has_value());
  ASSERT_EQ(inspection.damage.size(), 1u);
  EXPECT_EQ(inspection.damage[0].file, "snapshots/" + name + "/state.bin");
  ASSERT_TRUE(env::WriteWhole(files, path + "/meta.json", AsBytes("{")).ok());
  inspection = InspectRaft(files, kDirectory, {}).value();
  EXPECT_TRUE(inspection.snapshots.empty());
  EXPECT_EQ(inspection.damage[0].why, "unexpected EOF");
}

// Every byte of a page changed: a report, with what is beside the damage.
TEST(RaftInspectTest, ReadingGoesOnBesideDamage) {
  env::MemFileSystem files;
  LoadNode("one-node-many/a", files);
  const RaftInspection whole = InspectRaft(files, kDirectory, {}).value();
  const Bytes log = raftlog::GoldenRaftLog("one-node-many/a");
  size_t damaged = 0;
  size_t partial = 0;
  for (size_t at = 0; at < log.size(); at += 997) {
    Bytes changed = log;
    changed[at] ^= static_cast<uint8_t>(1u << at % 8);
    ASSERT_TRUE(env::WriteWhole(files, "gold/raft.log", changed).ok());
    const RaftInspection inspection = InspectRaft(files, kDirectory, {}).value();
    EXPECT_LE(inspection.entries.size(), whole.entries.size());
    damaged += inspection.damage.empty() ? 0 : 1;
    partial += !inspection.damage.empty() && inspection.entries.size() > 100 ? 1 : 0;
  }
  EXPECT_GT(damaged, 5u);
  EXPECT_GT(partial, 0u);
  ASSERT_TRUE(env::WriteWhole(files, "gold/raft.log", ByteView(log).first(100)).ok());
  EXPECT_FALSE(InspectRaft(files, kDirectory, {}).value().damage.empty() &&
               InspectRaft(files, kDirectory, {}).value().entries.empty());
}

TEST(RaftInspectTest, NodesOfAClusterAgreeOrNot) {
  std::vector<NamedInspection> nodes;
  for (const char* name : {"a", "b", "c"}) {
    nodes.push_back({name, InspectNode(std::string("three-nodes-own-keys/") + name)});
  }
  EXPECT_EQ(PrintRaftDifferences(nodes), "The nodes' logs agree.\n");
  nodes[1].inspection.entries[4].stored.term += 1;
  nodes[2].inspection.entries.erase(nodes[2].inspection.entries.begin() + 5);
  const uint64_t index = nodes[0].inspection.entries[4].stored.index;
  EXPECT_EQ(PrintRaftDifferences(nodes),
            "The nodes' logs DIFFER:\n"
            "  index " +
                std::to_string(index) +
                ": b differs from a\n"
                "  index " +
                std::to_string(index + 1) + ": c lacks it\n");
}

// A log without encryption that holds ENTRIES, in kDirectory.
void MakeLog(env::FileSystem& files, const std::vector<raftlog::LogEntry>& entries,
             uint64_t deleted_to = 0) {
  env::FixedClock clock;
  env::SeededEntropy entropy(1);
  LogBuffer log;
  ATREST_CHECK(files.MakeDirectories(kDirectory).ok());
  auto raft = raftlog::RaftLog::Open({files, clock, entropy}, log, "gold/raft.log", {}).value();
  ATREST_CHECK(raft->StoreLogs(entries).ok());
  if (deleted_to > 0) ATREST_CHECK(raft->DeleteRange(0, deleted_to).ok());
}

TEST(RaftInspectTest, RepeatedNoncesAreFound) {
  const crypto::Secret key(AsBytes("k"));
  std::vector<raftlog::LogEntry> entries;
  for (const uint64_t index : std::initializer_list<uint64_t>{5, 6, 7}) {
    // The first two begin at the same nonce.
    crypto::Envelope envelope(crypto::Cipher::kAes, crypto::DeriveRaftKey(key),
                              crypto::NonceSequence({}, index / 7));
    entries.push_back({index,
                       2,
                       raftlog::LogType::kCommand,
                       envelope.Seal(Bytes(9, static_cast<uint8_t>(index))),
                       {},
                       {}});
  }
  env::MemFileSystem files;
  MakeLog(files, entries);
  const RaftInspection inspection = InspectRaft(files, kDirectory, {key}).value();
  ASSERT_EQ(inspection.nonce_reuse.size(), 1u);
  EXPECT_EQ(inspection.nonce_reuse[0].indexes, (std::vector<uint64_t>{5, 6}));
  EXPECT_NE(PrintRaftText(inspection).find("REUSED NONCES: 1"), std::string::npos);
}

// A small log is inline in the root page, and lingers in the pages that were the root.
TEST(RaftInspectTest, DeletedEntriesOfAnInlineBucketLinger) {
  env::MemFileSystem files;
  MakeLog(files, {{1, 2, raftlog::LogType::kCommand, *FromHex("080742040a026d65"), {}, {}}}, 1);
  const RaftInspection inspection = InspectRaft(files, kDirectory, {}).value();
  EXPECT_TRUE(inspection.entries.empty());
  ASSERT_EQ(inspection.free_pages.size(), 1u);
  EXPECT_NE(PrintRaftText(inspection).find("Disconnect client=\"me\""), std::string::npos);
}

TEST(RaftInspectTest, OnlyARaftDirectoryIsOne) {
  env::MemFileSystem files;
  EXPECT_FALSE(IsRaftDirectory(files, kDirectory));
  EXPECT_EQ(InspectRaft(files, kDirectory, {}).status().code(), Code::kNotFound);
  LoadNode("one-node-mixed/a", files);
  EXPECT_TRUE(IsRaftDirectory(files, kDirectory));
}

}  // namespace
}  // namespace atrest::inspect
