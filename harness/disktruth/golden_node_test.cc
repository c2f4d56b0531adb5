// The disk oracle's reading of cluster nodes against what the real server wrote: every node of
// fixtures/cluster says exactly what its expect.json says; and against damage: any byte changed or
// missing gives a result or named damage, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "harness/disktruth/bolt_file.h"
#include "harness/disktruth/node_snapshot.h"
#include "harness/disktruth/raft_records.h"
#include "harness/disktruth/sealing.h"
#include "harness/disktruth/store_files.h"

namespace atrest::disktruth {
namespace {

using nlohmann::json;
using testing::IsEmpty;

constexpr char kClusters[] = "fixtures/cluster";

Bytes Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// "SET/NODE", all of them.
std::vector<std::string> Nodes() {
  std::vector<std::string> nodes;
  for (const auto& set : std::filesystem::directory_iterator(kClusters)) {
    for (const auto& node : std::filesystem::directory_iterator(set)) {
      if (!node.is_directory()) continue;
      nodes.push_back(set.path().filename().string() + "/" + node.path().filename().string());
    }
  }
  std::ranges::sort(nodes);
  return nodes;
}

class GoldenNodeTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string set = GetParam().substr(0, GetParam().find('/'));
    const std::string name = GetParam().substr(set.size() + 1);
    const Bytes text = Read(std::filesystem::path(kClusters) / set / "expect.json");
    const json all = json::parse(text.begin(), text.end());
    expected_ = all.at("nodes").at(name);
    messages_ = all.at("messages");
    key_ = all.at("keys").at(name);
  }

  std::filesystem::path Path(const std::string& name) const {
    return std::filesystem::path(kClusters) / GetParam() / name;
  }

  json expected_;
  json messages_;
  std::string key_;
};

json MetasOf(const BoltFile& file) {
  json metas = json::array();
  for (size_t page = 0; page < file.metas.size(); ++page) {
    const BoltMeta& meta = file.metas[page];
    metas.push_back({{"page", page},
                     {"ok", meta.is_whole},
                     {"root", meta.root},
                     {"txid", meta.transaction},
                     {"pgid", meta.high_water}});
  }
  return metas;
}

json BucketOf(const BoltFile& file, const std::string& bucket) {
  json values = json::object();
  for (const BoltPair& pair : file.buckets.at(bucket)) {
    const std::string key(AsText(pair.key));
    if (key == "LastVoteCand") {
      values[key] = std::string(AsText(pair.value));
    } else {
      EXPECT_EQ(pair.value.size(), 8U);
      values[key] = LoadBe64(pair.value.data());
    }
  }
  return values;
}

json EntryOf(const RaftEntry& stored, const std::string& key) {
  json entry = {{"index", stored.index},
                {"term", stored.term},
                {"type", NameOf(stored.type)},
                {"appendedAt", nullptr}};
  if (stored.at) entry["appendedAt"] = {stored.at->seconds, stored.at->nanoseconds};
  if (!stored.data.empty()) entry["plaintext"] = ToHex(stored.data);
  if (stored.type != EntryType::kCommand) return entry;
  entry["cipher"] = nullptr;
  if (!LooksSealed(stored.data)) return entry;
  entry["cipher"] = CipherOf(stored.data[0]);
  entry["nonce"] = ToHex(stored.data.subspan(1, kNonceBytes));
  const auto plain = Opener(Derive(Derivation::kPlain, key, "")).Open(stored.data);
  EXPECT_TRUE(plain.has_value()) << stored.index;
  entry["plaintext"] = ToHex(plain.value_or(Bytes()));
  return entry;
}

TEST_P(GoldenNodeTest, RaftLogSaysWhatWasExpected) {
  const Bytes bytes = Read(Path("raft/gold/raft.log"));
  BoltFile file;
  ReadBoltFile(bytes, file);
  EXPECT_THAT(file.damages, IsEmpty());
  json found = {{"metas", MetasOf(file)},
                {"conf", BucketOf(file, "conf")},
                {"channels", BucketOf(file, "channels")},
                {"logs", json::array()}};
  for (const BoltPair& pair : file.buckets.at("logs")) {
    const auto entry = ReadRaftEntry(pair.value);
    ASSERT_TRUE(entry.has_value());
    EXPECT_EQ(entry->size, pair.value.size());
    EXPECT_EQ(LoadBe64(pair.key.data()), entry->index);
    if (entry->type == EntryType::kConfiguration) {
      EXPECT_TRUE(ReadConfiguration(entry->data).has_value());
    }
    found["logs"].push_back(EntryOf(*entry, key_));
  }
  EXPECT_EQ(found, expected_);
}

TEST_P(GoldenNodeTest, OperationsHoldTheMessages) {
  const Bytes bytes = Read(Path("raft/gold/raft.log"));
  BoltFile file;
  ReadBoltFile(bytes, file);
  Opener opener(Derive(Derivation::kPlain, key_, ""));
  size_t messages = 0;
  for (const BoltPair& pair : file.buckets.at("logs")) {
    const RaftEntry entry = ReadRaftEntry(pair.value).value();
    if (entry.type != EntryType::kCommand) continue;
    const Bytes plain = LooksSealed(entry.data) ? opener.Open(entry.data).value()
                                                : Bytes(entry.data.begin(), entry.data.end());
    const auto operation = ReadOperation(plain);
    ASSERT_TRUE(operation.has_value()) << entry.index;
    EXPECT_EQ(operation->messages.empty(), operation->operation != Operation::kPublish);
    for (const OperationMessage& message : operation->messages) {
      const json& all = messages_.at(std::string(message.channel));
      ASSERT_LE(message.sequence, all.size());
      const json& sent = all[message.sequence - 1];
      if (sent.is_string()) {
        EXPECT_EQ(AsText(message.payload), sent.get<std::string>());
      }
      EXPECT_EQ(operation->channel_id, expected_["channels"][std::string(message.channel)]);
      ++messages;
    }
  }
  EXPECT_GT(messages, 0U);
}

TEST_P(GoldenNodeTest, EntriesAreFoundWithoutTheTree) {
  const Bytes bytes = Read(Path("raft/gold/raft.log"));
  BoltFile file;
  ReadBoltFile(bytes, file);
  size_t live = 0;
  size_t lingering = 0;
  for (const FoundEntry& found : FindRaftEntries(bytes)) {
    ++(file.IsUnused(found.offset) ? lingering : live);
  }
  EXPECT_EQ(live, file.buckets.at("logs").size());
  EXPECT_GT(lingering, 0U);
}

TEST_P(GoldenNodeTest, SnapshotsAreWhole) {
  if (!std::filesystem::exists(Path("raft/gold/snapshots"))) {
    EXPECT_NE(GetParam().substr(0, 20), "three-nodes-snapshot");
    return;
  }
  for (const auto& entry : std::filesystem::directory_iterator(Path("raft/gold/snapshots"))) {
    const auto meta = ReadSnapshotMeta(Read(entry.path() / "meta.json"));
    const Bytes bytes = Read(entry.path() / "state.bin");
    ASSERT_TRUE(meta.has_value());
    EXPECT_EQ(meta->id, entry.path().filename().string());
    EXPECT_EQ(meta->crc, Crc64(bytes));
    EXPECT_EQ(meta->size, bytes.size());
    EXPECT_EQ(meta->index, 38U);
    EXPECT_EQ(meta->addresses.size(), 3U);
    const auto state = ReadSnapshotState(bytes);
    ASSERT_TRUE(state.has_value());
    EXPECT_THAT(state->oddities, IsEmpty());
    EXPECT_THAT(state->clients, testing::ElementsAre("holder"));
    ASSERT_EQ(state->channels.size(), 1U);
    EXPECT_EQ(state->channels[0].name, "foo");
    EXPECT_EQ(state->channels[0].first, 1U);
    EXPECT_EQ(state->channels[0].last, 28U);
    EXPECT_EQ(state->channels[0].id, 4U);
    EXPECT_EQ(state->channels[0].subscriptions, 1U);
    EXPECT_GT(state->padding, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenNodeTest, testing::ValuesIn(Nodes()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace_if(
      name, [](char c) { return c == '-' || c == '/'; }, '_');
  return name;
});

// All that was read, as text: two files that say the same say equal things.
std::string Told(const BoltFile& file) {
  std::string told;
  for (const BoltMeta& meta : file.metas) {
    told += std::to_string(meta.is_whole) + " " + std::to_string(meta.transaction) + "\n";
  }
  for (const auto& [name, pairs] : file.buckets) {
    told += name + "\n";
    for (const BoltPair& pair : pairs) {
      told += ToHex(pair.key) + " " + ToHex(pair.value) + "\n";
    }
  }
  for (const BoltDamage& damage : file.damages) told += damage.what + "\n";
  return told;
}

TEST(NodeDamageTest, EveryByteOfARaftLogCountsThatIsInUse) {
  Bytes bytes = Read(std::string(kClusters) + "/three-nodes-aes/b/raft/gold/raft.log");
  BoltFile right;
  ReadBoltFile(bytes, right);
  const std::string expected = Told(right);
  size_t counted = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    const bool is_used = !right.IsUnused(at) && bytes[at] != 0;
    bytes[at] ^= static_cast<uint8_t>(1U << at % 8);
    BoltFile wrong;
    ReadBoltFile(bytes, wrong);
    if (is_used) {
      EXPECT_NE(Told(wrong), expected) << at;
      ++counted;
    }
    EXPECT_LE(wrong.buckets.size(), 3U);
    bytes[at] ^= static_cast<uint8_t>(1U << at % 8);
  }
  EXPECT_GT(counted, 2000U);
}

TEST(NodeDamageTest, EveryLengthOfARaftLogIsReadOrDamaged) {
  const Bytes bytes = Read(std::string(kClusters) + "/three-nodes-snapshot/a/raft/gold/raft.log");
  BoltFile right;
  ReadBoltFile(bytes, right);
  const uint64_t end = right.meta->high_water * right.meta->page_size;
  for (size_t size = 0; size < bytes.size(); size += 13) {
    BoltFile cut;
    ReadBoltFile(ByteView(bytes).first(size), cut);
    EXPECT_EQ(cut.damages.empty(), size >= end) << size;
  }
}

TEST(NodeDamageTest, EveryByteOfAnEntryCounts) {
  const Bytes bytes = Read(std::string(kClusters) + "/three-nodes-aes/b/raft/gold/raft.log");
  BoltFile file;
  ReadBoltFile(bytes, file);
  const ByteView value = file.buckets.at("logs").at(5).value;
  const RaftEntry right = ReadRaftEntry(value).value();
  for (size_t at = 0; at < value.size(); ++at) {
    EXPECT_EQ(ReadRaftEntry(value.first(at)), std::nullopt) << at;
    Bytes changed(value.begin(), value.end());
    changed[at] ^= 0x10;
    const auto wrong = ReadRaftEntry(changed);
    const bool is_same = wrong && wrong->index == right.index && wrong->term == right.term &&
                         wrong->type == right.type && Equal(wrong->data, right.data) &&
                         wrong->at == right.at;
    EXPECT_FALSE(is_same) << at;
  }
}

TEST(NodeDamageTest, EveryByteOfASnapshotCounts) {
  const std::string name = "2-38-1795290221390";
  const std::string directory =
      std::string(kClusters) + "/three-nodes-snapshot/a/raft/gold/snapshots/" + name;
  const Bytes state = Read(directory + "/state.bin");
  const Bytes line = Read(directory + "/meta.json");
  for (size_t at = 0; at < state.size(); ++at) {
    Bytes changed = state;
    changed[at] ^= 1;
    EXPECT_NE(Crc64(changed), Crc64(state));
    EXPECT_EQ(ReadSnapshotState(ByteView(state).first(at)), std::nullopt);
  }
  for (size_t at = 0; at < line.size(); ++at) {
    EXPECT_EQ(ReadSnapshotMeta(ByteView(line).first(at)), std::nullopt);
  }
}

}  // namespace
}  // namespace atrest::disktruth
