// Our Raft log against what the real server wrote: every node's file says exactly what expect.json
// says, every entry is written again byte for byte, and files that we make of it hold the same.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/golden_cluster.h"
#include "reference/raftlog/raft_log.h"
#include "reference/raftlog/raft_operation.h"

namespace atrest::raftlog {
namespace {

using nlohmann::json;

constexpr char kPath[] = "raft.log";

// What expect.json says of a node, of what the file holds.
struct Expected {
  json node;
  std::string key;
};

Expected ExpectedOf(const std::string& node) {
  const std::string set = node.substr(0, node.find('/'));
  const std::string name = node.substr(node.find('/') + 1);
  const Bytes text = ReadGolden(std::string(kGoldenClusters) + "/" + set + "/expect.json");
  const json all = json::parse(text.begin(), text.end());
  return {all.at("nodes").at(name), all.at("keys").at(name)};
}

class GoldenRaftLogTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ATREST_CHECK(env::WriteWhole(files_, kPath, GoldenRaftLog(GetParam())).ok());
  }

  static RaftLogOptions Keyed(const std::string& key, crypto::Cipher cipher) {
    RaftLogOptions options;
    options.encryption = {cipher, crypto::Secret(AsBytes(key))};
    return options;
  }

  std::unique_ptr<RaftLog> Open(const RaftLogOptions& options, const std::string& path = kPath) {
    auto raft = RaftLog::Open({files_, clock_, entropy_}, log_, path, options);
    ATREST_CHECK(raft.ok());
    return std::move(raft).value();
  }

  std::unique_ptr<BoltDb> OpenDb() {
    BoltOptions options;
    options.read_only = true;
    auto db = BoltDb::Open(files_, kPath, options);
    ATREST_CHECK(db.ok());
    return std::move(db).value();
  }

  env::MemFileSystem files_;
  env::FixedClock clock_{1'790'000'000'000'000'000};
  env::SeededEntropy entropy_{1};
  LogBuffer log_;
  const Expected expected_ = ExpectedOf(GetParam());
};

json MetasOf(const BoltPager& pager) {
  json metas = json::array();
  for (size_t page = 0; page < 2; ++page) {
    const Result<Meta>& meta = pager.metas()[page];
    metas.push_back({{"page", page}, {"ok", meta.ok()}});
    if (!meta.ok()) continue;
    metas.back().update({{"root", meta.value().root},
                         {"txid", meta.value().transaction},
                         {"pgid", meta.value().high_water}});
  }
  return metas;
}

json BucketOf(BoltDb& db, std::string_view bucket) {
  json values = json::object();
  EXPECT_TRUE(db.Visit(bucket, "", [&](std::string_view key, ByteView value) {
                  if (key == kLastVoteCandidate) {
                    values[std::string(key)] = std::string(AsText(value));
                  } else {
                    EXPECT_EQ(value.size(), 8u);
                    values[std::string(key)] = LoadBe64(value.data());
                  }
                  return true;
                }).ok());
  return values;
}

json EntryOf(const LogEntry& stored, const Bytes& opened) {
  json entry = {{"index", stored.index},
                {"term", stored.term},
                {"type", LogTypeName(stored.type)},
                {"appendedAt", nullptr}};
  if (stored.appended_at) {
    entry["appendedAt"] = {stored.appended_at->seconds, stored.appended_at->nanoseconds};
  }
  if (!stored.data.empty()) entry["plaintext"] = ToHex(opened);
  if (stored.type != LogType::kCommand) return entry;
  entry["cipher"] = nullptr;
  if (stored.data[0] > 2) return entry;
  entry["cipher"] = crypto::CipherName(static_cast<crypto::Cipher>(stored.data[0]));
  entry["nonce"] = ToHex(ByteView(stored.data).subspan(1, crypto::kNonceSize));
  return entry;
}

TEST_P(GoldenRaftLogTest, SaysWhatWasExpected) {
  const auto db = OpenDb();
  json found = {{"metas", MetasOf(db->pager())},
                {"conf", BucketOf(*db, kConfBucket)},
                {"channels", BucketOf(*db, kChannelsBucket)},
                {"logs", json::array()}};
  const auto raft = Open(Keyed(expected_.key, crypto::Cipher::kAes));
  ASSERT_TRUE(db->Visit(kLogsBucket, "", [&](std::string_view key, ByteView value) {
                  const LogEntry stored = DecodeEntry(value).value();
                  EXPECT_EQ(LoadBe64(AsBytes(key).data()), stored.index);
                  const auto opened = raft->GetLog(stored.index);
                  EXPECT_TRUE(opened.ok()) << opened.status().message();
                  found["logs"].push_back(EntryOf(stored, opened.value().data));
                  return true;
                }).ok());
  EXPECT_EQ(found, expected_.node) << json::diff(expected_.node, found);
}

TEST_P(GoldenRaftLogTest, EntriesAreWrittenAsTheyWere) {
  size_t entries = 0;
  ASSERT_TRUE(OpenDb()
                  ->Visit(kLogsBucket, "",
                          [&](std::string_view, ByteView value) {
                            const LogEntry entry = DecodeEntry(value).value();
                            Bytes encoded;
                            EncodeEntry(entry, encoded);
                            EXPECT_EQ(ToHex(encoded), ToHex(value));
                            if (entry.type == LogType::kConfiguration) {
                              const auto servers = DecodeConfiguration(entry.data);
                              EXPECT_EQ(EncodeConfiguration(servers.value()), entry.data);
                            }
                            ++entries;
                            return true;
                          })
                  .ok());
  EXPECT_EQ(entries, expected_.node.at("logs").size());
}

TEST_P(GoldenRaftLogTest, OperationsAreWrittenAsTheyWere) {
  size_t commands = 0;
  for (const json& entry : expected_.node.at("logs")) {
    if (entry.at("type") != "Command") continue;
    const Bytes plaintext = *FromHex(entry.at("plaintext").get<std::string>());
    const auto operation = DecodeOperation(plaintext);
    ASSERT_TRUE(operation.ok()) << operation.status().message();
    EXPECT_EQ(ToHex(EncodeOperation(operation.value())), ToHex(plaintext));
    EXPECT_FALSE(RaftOperationTypeName(operation.value().type).empty());
    ++commands;
  }
  EXPECT_GT(commands, 0u);
}

// Every page that the real server wrote is what we write of its contents, slack included.
TEST_P(GoldenRaftLogTest, PagesAreWrittenAsTheyWere) {
  const Bytes file = GoldenRaftLog(GetParam());
  size_t nodes = 0;
  for (size_t at = 2 * kDefaultPageSize; at < file.size();) {
    const ByteView rest = ByteView(file).subspan(at);
    const PageHeader header = DecodePageHeader(rest);
    const size_t size = (size_t{header.overflow} + 1) * kDefaultPageSize;
    const bool is_node = header.flags == kBranchPage || header.flags == kLeafPage;
    if (!is_node || header.id * kDefaultPageSize != at || size > rest.size()) {
      at += kDefaultPageSize;
      continue;
    }
    const auto node = DecodeNode(rest.first(size));
    // A page freed long ago may have lost its overflow pages to others.
    if (node.ok() && EncodedSize(node.value()) <= size) {
      Bytes page(size);
      EncodeNode(node.value(), header.id, header.overflow, page);
      EXPECT_TRUE(Equal(page, rest.first(size))) << "page " << header.id;
      ++nodes;
    }
    at += kDefaultPageSize;
  }
  EXPECT_GT(nodes, 1u);
}

// All entries of RAFT, opened.
std::vector<LogEntry> EntriesOf(RaftLog& raft) {
  std::vector<LogEntry> entries;
  const uint64_t last = raft.LastIndex().value();
  for (uint64_t index = raft.FirstIndex().value(); index <= last; ++index) {
    entries.push_back(raft.GetLog(index).value());
  }
  return entries;
}

TEST_P(GoldenRaftLogTest, WrittenAgainUnderAnotherKeyAndCipher) {
  const std::vector<LogEntry> golden = EntriesOf(*Open(Keyed(expected_.key, crypto::Cipher::kAes)));
  const std::string other_key = "another " + expected_.key;
  for (const auto cipher : {crypto::Cipher::kAes, crypto::Cipher::kChaCha}) {
    const std::string path = "again-" + std::string(crypto::CipherName(cipher));
    auto raft = Open(Keyed(other_key, cipher), path);
    ASSERT_TRUE(raft->StoreLogs(golden).ok());
    for (const auto& [channel, id] : expected_.node.at("channels").items()) {
      ASSERT_TRUE(raft->SetChannelId(channel, id.get<uint64_t>()).ok());
    }
    raft.reset();
    raft = Open(Keyed(other_key, cipher), path);
    EXPECT_EQ(EntriesOf(*raft), golden);
    for (const auto& [channel, id] : expected_.node.at("channels").items()) {
      EXPECT_EQ(raft->GetChannelId(channel).value(), id.get<uint64_t>());
    }
    raft.reset();
    raft = Open(Keyed(expected_.key, cipher), path);
    const auto wrong = raft->GetLog(golden.back().index);
    EXPECT_EQ(wrong.ok(), golden.back().type != LogType::kCommand);
  }
}

// A node goes on where the real server stopped.
TEST_P(GoldenRaftLogTest, IsContinued) {
  auto raft = Open(Keyed(expected_.key, crypto::Cipher::kChaCha));
  const std::vector<LogEntry> golden = EntriesOf(*raft);
  std::vector<LogEntry> expected = golden;
  for (uint64_t i = 1; i <= 200; ++i) {
    const LogEntry entry{golden.back().index + i, 9, LogType::kCommand, Bytes(50, 0x12), {}, {}};
    ASSERT_TRUE(raft->StoreLogs({&entry, 1}).ok());
    expected.push_back(entry);
  }
  ASSERT_TRUE(raft->DeleteRange(1, golden.front().index + 1).ok());
  expected.erase(expected.begin(), expected.begin() + 2);
  raft.reset();
  raft = Open(Keyed(expected_.key, crypto::Cipher::kAes));
  EXPECT_EQ(EntriesOf(*raft), expected);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenRaftLogTest, ::testing::ValuesIn(GoldenNodes()),
                         [](const auto& info) { return GoldenTestName(info.param); });

}  // namespace
}  // namespace atrest::raftlog
