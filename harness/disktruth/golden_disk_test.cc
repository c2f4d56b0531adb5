// The disk oracle against what the real server wrote: vectors and golden stores of fixtures/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/disktruth/disk_truth.h"

namespace atrest::disktruth {
namespace {

using nlohmann::json;
using testing::IsEmpty;

json Load(const std::string& path) {
  std::ifstream file(path);
  return json::parse(file);
}

Bytes Hex(const json& text) { return *FromHex(text.get<std::string>()); }
std::string HexText(const json& text) { return std::string(AsText(Hex(text))); }

TEST(VectorsTest, KeysAndSealedPayloads) {
  size_t count = 0;
  const json file = Load("fixtures/vectors/envelope.json");
  for (const json& entry : file.at("cases")) {
    SCOPED_TRACE(entry.at("id"));
    const std::string key = HexText(entry.at("key"));
    const std::string channel = entry.at("channel");
    const Digest32 derived = Derive(Derivation::kChannel, key, channel);
    EXPECT_EQ(ToHex(derived), entry.at("derived_key"));
    EXPECT_EQ(ToHex(Derive(Derivation::kPlain, key, channel)), entry.at("master_key"));
    EXPECT_EQ(Opener(derived).Open(Hex(entry.at("sealed"))), Hex(entry.at("plaintext")));
    EXPECT_EQ(Opener(Derive(Derivation::kUnprefixed, key, channel)).Open(Hex(entry.at("sealed"))),
              std::nullopt);
    ++count;
  }
  EXPECT_GE(count, 12U);
}

TEST(VectorsTest, RaftLogsAreSealedUnderThePlainHash) {
  const json file = Load("fixtures/vectors/raft_envelope.json");
  for (const json& entry : file.at("cases")) {
    SCOPED_TRACE(entry.at("id"));
    const Digest32 derived = Derive(Derivation::kPlain, HexText(entry.at("key")), "");
    EXPECT_EQ(ToHex(derived), entry.at("derived_key"));
    EXPECT_EQ(Opener(derived).Open(Hex(entry.at("sealed"))), Hex(entry.at("plaintext")));
  }
}

TEST(VectorsTest, Checksums) {
  EXPECT_EQ(Checksum()(AsBytes("123456789")), 0xCBF43926);
  EXPECT_EQ(Checksum(0x82F63B78)(AsBytes("123456789")), 0xE3069283);
  EXPECT_EQ(Checksum()({}), 0U);
}

std::string BytesOf(const json& payload) {
  if (payload.is_string()) return payload;
  if (payload.contains("hex")) return HexText(payload.at("hex"));
  const json& repeat = payload.at("repeat");
  const std::string unit = repeat.at(0);
  std::string text;
  for (int count = repeat.at(1); count > 0; --count) text += unit;
  return text;
}

// The settings of a phase of plans.json, by the rules of standalone.md 3.6.
Mode ModeOf(const json& phase) {
  Mode mode;
  const json arguments = phase.value("args", json::array());
  for (size_t at = 0; at < arguments.size(); ++at) {
    const std::string argument = arguments[at];
    if (argument == "-encrypt") mode.encrypt = true;
    if (argument == "-encryption_cipher") mode.cipher = arguments.at(at + 1);
    if (argument == "-encryption_key") mode.key = arguments.at(at + 1);
    if (argument == "-mm" || argument == "-max_msgs") mode.limits = true;
  }
  mode.cipher_chosen = !mode.cipher.empty();
  mode.encrypt = mode.encrypt || !mode.key.empty();
  const std::string variable =
      phase.value("env", json::object()).value("NATS_STREAMING_ENCRYPTION_KEY", "");
  if (!variable.empty()) mode.key = variable;
  if (phase.contains("config")) {
    const std::string config = phase.at("config");
    const auto quoted = [&](const std::string& name) {
      const size_t at = config.find(name);
      if (at == std::string::npos) return std::string();
      const size_t begin = config.find('"', at) + 1;
      return config.substr(begin, config.find('"', begin) - begin);
    };
    mode.encrypt = true;
    if (variable.empty()) mode.key = quoted("encryption_key");
    mode.cipher = quoted("encryption_cipher");
  }
  if (mode.encrypt && mode.cipher.empty()) mode.cipher = "AES";
  return mode;
}

// What PLAN says was published; messages of channels that do not exist were refused.
void Follow(const json& plan, DiskTruth& truth) {
  const std::string store = "fixtures/stores/" + plan.at("name").get<std::string>() + "/store/";
  for (const json& phase : plan.at("phases")) {
    truth.Start(ModeOf(phase));
    if (phase.value("kill", false)) truth.Kill();
    for (const json& step : phase.at("steps")) {
      if (!step.contains("publish")) continue;
      const std::string channel = step.at("publish");
      if (!std::filesystem::exists(store + channel)) continue;
      for (const json& payload : step.at("payload")) {
        truth.Publish(channel, BytesOf(payload), true);
      }
    }
  }
}

class GoldenStore : public testing::TestWithParam<json> {
 protected:
  std::map<std::string, std::string> Keys() {
    std::map<std::string, std::string> keys;
    const json expect = Load(Folder() + "/expect.json");
    for (const json& open : expect.at("opens")) {
      const std::string key = open.value("key", "");
      if (!key.empty()) keys.emplace("number " + std::to_string(keys.size() + 1), key);
    }
    return keys;
  }

  static std::string Folder() {
    return "fixtures/stores/" + GetParam().at("name").get<std::string>();
  }
};

// Every byte is accounted for, every record is sealed as its start demands, and what was published
// is there: no finding of any level.
TEST_P(GoldenStore, IsAsItShouldBe) {
  DiskTruth truth({.keys = Keys(), .every_key_each = 1});
  PosixTree tree(Folder() + "/store");
  Follow(GetParam(), truth);
  const auto found = truth.Look(tree, "golden", Target::kStopped);
  ASSERT_TRUE(found.ok());
  std::vector<std::string> lines;
  for (const Finding& finding : found.value()) lines.push_back(Describe(finding));
  EXPECT_THAT(lines, IsEmpty());
}

// Payloads are those that the real server delivered, with the key that reads the most.
TEST_P(GoldenStore, HoldsWhatTheServerDelivered) {
  DiskTruth truth({.keys = Keys(), .follow_history = false});
  PosixTree tree(Folder() + "/store");
  ASSERT_TRUE(truth.Adopt(tree).ok());
  auto messages = truth.Messages();
  size_t compared = 0;
  const json expect = Load(Folder() + "/expect.json");
  for (const json& open : expect.at("opens")) {
    if (!open.at("encrypt").get<bool>()) continue;
    for (const auto& [channel, read] : open.at("read").items()) {
      for (const auto& [sequence, payload] : read.items()) {
        if (!payload.is_string()) continue;
        EXPECT_EQ(messages.at(channel).at(std::stoull(sequence)), Hex(payload))
            << channel << ":" << sequence;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 0U);
}

std::vector<json> Plans() { return Load("fixtures/stores/plans.json"); }

INSTANTIATE_TEST_SUITE_P(Stores, GoldenStore, testing::ValuesIn(Plans()), [](const auto& info) {
  std::string name = info.param.at("name");
  std::erase(name, '-');
  return name;
});

MemoryTree TreeOf(const std::string& name) {
  const std::string root = "fixtures/stores/" + name + "/store/";
  MemoryTree tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    tree.Put(entry.path().string().substr(root.size()),
             Bytes{std::istreambuf_iterator<char>(file), {}});
  }
  return tree;
}

StoredRecord RecordOf(const Bytes& file, size_t number) {
  DataFile data;
  ReadRecords(file, Checksum(), {}, data);
  return data.records.at(number - 1);
}

void RepairChecksum(Bytes& file, const StoredRecord& record) {
  const ByteView payload = ByteView(file).subspan(record.offset + 8, record.size);
  StoreLe32(file.data() + record.offset + 4, Checksum()(payload));
}

void ChangeRecord(const json& op, Bytes& file) {
  const StoredRecord record = RecordOf(file, op.at("record"));
  const uint64_t base = op.value("from", "") == "data" ? record.data_offset : record.offset + 8;
  uint8_t& byte = file.at(base + op.at("offset").get<uint64_t>());
  byte = op.contains("set") ? op.at("set").get<uint8_t>()
                            : static_cast<uint8_t>(byte ^ op.at("xor").get<unsigned>());
  if (op.value("repairCrc", false)) RepairChecksum(file, record);
}

void CopyData(const json& op, Bytes& file, bool swap) {
  const StoredRecord a = RecordOf(file, op.at("a"));
  const StoredRecord b = RecordOf(file, op.at("b"));
  ASSERT_EQ(a.data_size, b.data_size);
  for (uint64_t at = 0; at < a.data_size; ++at) {
    uint8_t& from = file[a.data_offset + at];
    uint8_t& to = file[b.data_offset + at];
    swap ? std::swap(from, to) : static_cast<void>(to = from);
  }
  RepairChecksum(file, a);
  RepairChecksum(file, b);
}

// fixtures/README.md says what each does.
void Apply(const json& op, MemoryTree& tree) {
  const std::string name = op.at("op");
  const std::string path = op.at("file");
  if (name == "mkdir") return tree.MakeDirectory(path);
  if (name == "remove") return tree.Remove(path);
  if (name == "rename") {
    const auto entries = tree.List().value();
    for (const TreeEntry& entry : entries) {
      if (entry.path != path && !entry.path.starts_with(path + "/")) continue;
      const std::string to = op.at("to").get<std::string>() + entry.path.substr(path.size());
      if (entry.kind == TreeEntry::Kind::kStored) tree.Put(to, tree.At(entry.path));
      tree.Remove(entry.path);
    }
    return;
  }
  Bytes bytes = tree.At(path);
  if (name == "flip") {
    const int64_t at = op.at("at");
    bytes.at(at < 0 ? bytes.size() - static_cast<size_t>(-at) : static_cast<size_t>(at)) ^=
        op.at("xor").get<uint8_t>();
  } else if (name == "truncate") {
    bytes.resize(op.contains("size") ? op.at("size").get<size_t>()
                                     : bytes.size() - op.at("by").get<size_t>());
  } else if (name == "append") {
    Append(bytes, Hex(op.at("hex")));
  } else if (name == "record") {
    ChangeRecord(op, bytes);
  } else {
    CopyData(op, bytes, name == "swapData");
  }
  tree.Put(path, bytes);
}

// Every damage that was done to a store of the real server is seen, whether or not the server
// minds; but for files that are absent, and for channels without messages, which may well be so.
TEST(DamageTest, IsSeen) {
  const std::set<std::string> no_damage = {"server file removed", "clients file removed",
                                           "subs file removed", "empty channel directory",
                                           "channel directory with an illegal name"};
  std::map<std::string, json> plans;
  const json all_plans = Load("fixtures/stores/plans.json");
  for (const json& plan : all_plans) plans[plan.at("name")] = plan;
  const json cases = Load("fixtures/damage/cases.json");
  size_t count = 0;
  for (const json& damage : cases) {
    const std::string name = damage.at("name");
    if (!damage.contains("ops") || damage.at("ops").empty()) continue;
    const std::string base = damage.at("base");
    MemoryTree tree = TreeOf(base);
    for (const json& op : damage.at("ops")) Apply(op, tree);
    DiskTruth truth({});
    Follow(plans.at(base), truth);
    const Findings found = truth.Look(tree, "", Target::kStopped).value();
    EXPECT_EQ(found.empty(), no_damage.contains(name)) << name;
    ++count;
  }
  EXPECT_GE(count, 50U);
}

TEST(PosixTreeTest, SeesDeletedFilesThatAreOpenAndLogs) {
  std::string directory = testing::TempDir() + "disktruth-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string canary = MakeCanary(9);
  DiskTruth truth({});
  truth.Start({.encrypt = true, .key = "k", .cipher = "AES"});
  truth.Publish("foo", canary, false);
  const std::string store = directory + "/store";
  std::filesystem::create_directory(store);
  std::ofstream(store + "/subs1") << canary << std::flush;
  std::ifstream open(store + "/subs1");
  ASSERT_TRUE(open.good());
  std::filesystem::remove(store + "/subs1");
  std::ofstream(directory + "/log") << "publish " << canary << std::flush;

  PosixTree tree(store, {.process = getpid(), .logs = {directory + "/log"}});
  std::map<std::string, std::string> seen;
  for (const Finding& finding : truth.Look(tree, "", Target::kRunning).value()) {
    if (finding.check == Check::kCanary) seen[finding.file] = finding.requirement;
  }
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen.at(directory + "/log"), "H-secret-in-log");
  const auto open_file = seen.lower_bound(store);
  EXPECT_EQ(open_file->first.substr(0, store.size() + 16), store + "/subs1 (deleted)");
  EXPECT_EQ(open_file->second, "D-01");
  open.close();
  std::filesystem::remove_all(directory);
}

TEST(PosixTreeTest, StampsTellWhatChanged) {
  std::string directory = testing::TempDir() + "disktruth-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  std::filesystem::create_directory(directory + "/foo");
  std::ofstream(directory + "/foo/msgs.1.dat") << "x" << std::flush;
  std::ofstream(directory + "/server.dat") << "y" << std::flush;
  PosixTree tree(directory);
  const auto before = tree.List().value();
  ASSERT_EQ(before.size(), 3U);
  EXPECT_EQ(before[0].path, "foo");
  EXPECT_EQ(before[1].path, "foo/msgs.1.dat");
  std::ofstream(directory + "/server.dat") << "longer" << std::flush;
  const auto after = tree.List().value();
  EXPECT_EQ(after[1].stamp, before[1].stamp);
  EXPECT_NE(after[2].stamp, before[2].stamp);
  EXPECT_EQ(tree.Read(after[2], 0).value(), ToBytes("longer"));
  std::filesystem::remove_all(directory);
  EXPECT_TRUE(tree.List().value().empty());
}

}  // namespace
}  // namespace atrest::disktruth
