#include "reference/raftlog/raft_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "reference/env/fault_file_system.h"
#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/raft_operation.h"

namespace atrest::raftlog {
namespace {

constexpr char kPath[] = "raft.log";

class FixedEntropy : public env::Entropy {
 public:
  explicit FixedEntropy(Bytes bytes) : bytes_(std::move(bytes)) {}
  void Fill(std::span<uint8_t> into) override {
    ATREST_CHECK(into.size() == bytes_.size());
    std::copy(bytes_.begin(), bytes_.end(), into.begin());
  }

 private:
  Bytes bytes_;
};

LogEntry Command(uint64_t index, const Bytes& data, uint64_t term = 2) {
  return {index, term, LogType::kCommand, data, {}, LogTime{1, 2}};
}

class RaftLogTest : public ::testing::Test {
 protected:
  void Encrypt(const std::string& key, crypto::Cipher cipher = crypto::Cipher::kAes) {
    options_.encryption = {cipher, crypto::Secret(AsBytes(key))};
  }

  std::unique_ptr<RaftLog> Open() {
    auto raft = RaftLog::Open({files_, clock_, entropy_}, log_, kPath, options_);
    EXPECT_TRUE(raft.ok()) << raft.status().message();
    return std::move(raft).value();
  }

  // The data of an entry as it is in the file.
  Bytes Stored(RaftLog& raft, uint64_t index) {
    Bytes data;
    EXPECT_TRUE(raft.db()
                    .Visit(kLogsBucket, "",
                           [&](std::string_view, ByteView value) {
                             const LogEntry entry = DecodeEntry(value).value();
                             if (entry.index == index) data = entry.data;
                             return true;
                           })
                    .ok());
    return data;
  }

  env::MemFileSystem files_;
  env::FixedClock clock_{1'000'000'000};
  FixedEntropy entropy_{*FromHex("f17746ac")};
  LogBuffer log_;
  RaftLogOptions options_;
};

// cluster.md 1.7: dumps A1 to A3, from the key and the random bytes to the ciphertext.
TEST_F(RaftLogTest, CommandsOfTheSpecification) {
  Encrypt("mykey");
  auto raft = Open();
  const Bytes unrelated = ToBytes("the command of entry 4");
  const Bytes publish =
      *FromHex("12200a1e08011203666f6f220b68656c6c6f2d4145532d3128e3b7a59894ca89f5185004");
  const Bytes disconnect = *FromHex("080742040a026d65");
  ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{Command(4, unrelated), Command(5, publish),
                                                    Command(6, disconnect)})
                  .ok());
  EXPECT_EQ(
      ToHex(Stored(*raft, 5)),
      "01f17746ac0000000000000002798fe12283d6c12c2112329f166cd7dfe7c8602813f01459cb6872cecf6bd"
      "0485d2469f775bad0079e42b483e6044d00cbfae754");
  EXPECT_EQ(ToHex(Stored(*raft, 6)),
            "01f17746ac000000000000000325760d68d00480b9d70712db27c2d6fd83872a8df95b9401");
}

// cluster.md 1.8: B1 and B2.
TEST_F(RaftLogTest, CommandsOfTheSpecificationUnderTheOtherCipher) {
  Encrypt("mykey", crypto::Cipher::kChaCha);
  entropy_ = FixedEntropy(*FromHex("a6594f13"));
  auto raft = Open();
  const Bytes publish =
      *FromHex("12230a2108011203666f6f220e68656c6c6f2d4348414348412d3128dfa2839995ca89f5185004");
  ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{Command(4, ToBytes("x")), Command(5, publish),
                                                    Command(6, *FromHex("080742040a026d65"))})
                  .ok());
  EXPECT_EQ(
      ToHex(Stored(*raft, 5)),
      "02a6594f1300000000000000026d35450261c386bf839db84e415bc8982e16efb73a1afa9a8f8b635633fc5"
      "68905b2498dbada095320a4b97e8a1e501b1f00f3dbfba009");
  EXPECT_EQ(ToHex(Stored(*raft, 6)),
            "02a6594f130000000000000003e5325574b3db587a70bb6196f4636c2dd5dd9b7fd5f52841");
}

// cluster.md 1.6: the counter begins behind the last index, and counts encryptions.
TEST_F(RaftLogTest, NoncesCountEncryptionsFromTheLastIndexOn) {
  Encrypt("k");
  auto raft = Open();
  ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{{418, 2, LogType::kNoop, {}, {}, {}}}).ok());
  raft.reset();
  raft = Open();
  ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{{419, 3, LogType::kNoop, {}, {}, {}},
                                                    {420, 3, LogType::kBarrier, {}, {}, {}},
                                                    Command(421, ToBytes("a")),
                                                    Command(422, {}),
                                                    Command(423, ToBytes("b"))})
                  .ok());
  EXPECT_EQ(ToHex(Stored(*raft, 421)).substr(0, 26), "01f17746ac00000000000001a3");
  EXPECT_EQ(Stored(*raft, 422), Bytes()) << "nothing to seal";
  EXPECT_EQ(ToHex(Stored(*raft, 423)).substr(0, 26), "01f17746ac00000000000001a4");
}

TEST_F(RaftLogTest, OnlyCommandsAreSealed) {
  Encrypt("k");
  options_.cached_entries = 0;
  auto raft = Open();
  const Bytes members = EncodeConfiguration({{0, "a", "c.a.c"}});
  ASSERT_TRUE(
      raft->StoreLogs(std::vector<LogEntry>{{1, 1, LogType::kConfiguration, members, {}, {}},
                                            Command(2, ToBytes("secret"))})
          .ok());
  EXPECT_EQ(Stored(*raft, 1), members);
  EXPECT_EQ(Stored(*raft, 2).size(), 6 + crypto::kOverhead);
  EXPECT_EQ(raft->GetLog(2).value().data, ToBytes("secret"));
  EXPECT_EQ(raft->GetLog(1).value().data, members);
}

// cluster.md 3b to 3d: pass-through, either cipher, a wrong key, encryption that was switched off.
TEST_F(RaftLogTest, KeysAndCiphersChange) {
  const auto store = [&](uint64_t index) {
    EXPECT_TRUE(Open()->StoreLogs(std::vector<LogEntry>{Command(index, ToBytes("\x12 op"))}).ok());
  };
  const auto text = [&](uint64_t index) {
    const auto entry = Open()->GetLog(index);
    return entry.ok() ? std::string(AsText(entry.value().data)) : entry.status().message();
  };
  store(1);
  Encrypt("k");
  store(2);
  Encrypt("k", crypto::Cipher::kChaCha);
  store(3);
  for (const uint64_t index : std::initializer_list<uint64_t>{1, 2, 3})
    EXPECT_EQ(text(index), "\x12 op");
  Encrypt("wrong");
  EXPECT_EQ(text(1), "\x12 op");
  EXPECT_EQ(text(2), "cipher: message authentication failed");
  EXPECT_EQ(text(3), "chacha20poly1305: message authentication failed");
  options_.encryption.reset();
  EXPECT_EQ(text(2).size(), 4 + crypto::kOverhead);
  EXPECT_EQ(DecodeOperation(AsBytes(text(2))).status().message(),
            "proto: RaftOperation: illegal tag 0 (wire type 1)");
}

TEST_F(RaftLogTest, AnEmptyKeyIsRefused) {
  options_.encryption = RaftLogEncryption{};
  EXPECT_EQ(RaftLog::Open({files_, clock_, entropy_}, log_, kPath, options_).status().message(),
            "encryption key required");
}

TEST_F(RaftLogTest, StableValues) {
  auto raft = Open();
  EXPECT_EQ(raft->GetUint64(kCurrentTerm).status().message(), "not found");
  EXPECT_EQ(raft->Get(kLastVoteCandidate).status().code(), Code::kNotFound);
  ASSERT_TRUE(raft->SetUint64(kCurrentTerm, 7).ok());
  ASSERT_TRUE(raft->Set(kLastVoteCandidate, AsBytes("c.a.c")).ok());
  EXPECT_EQ(raft->GetChannelId("foo").value(), 0u);
  ASSERT_TRUE(raft->SetChannelId("foo", 4).ok());
  ASSERT_TRUE(raft->SetChannelId("bar", 9).ok());
  ASSERT_TRUE(raft->DeleteChannelId("bar").ok());
  ASSERT_TRUE(raft->DeleteChannelId("none").ok());
  raft.reset();
  raft = Open();
  EXPECT_EQ(raft->GetUint64(kCurrentTerm).value(), 7u);
  EXPECT_EQ(AsText(raft->Get(kLastVoteCandidate).value()), "c.a.c");
  EXPECT_EQ(raft->GetChannelId("foo").value(), 4u);
  EXPECT_EQ(raft->GetChannelId("bar").value(), 0u);
  EXPECT_EQ(raft->GetUint64(kLastVoteCandidate).status().message(),
            "panic: runtime error: index out of range [7] with length 5");
  EXPECT_EQ(raft->Set("", {}).message(), "key required");
}

TEST_F(RaftLogTest, DeletionsAreLogged) {
  auto raft = Open();
  EXPECT_EQ(raft->FirstIndex().value(), 0u);
  EXPECT_EQ(raft->LastIndex().value(), 0u);
  std::vector<LogEntry> entries;
  for (uint64_t i = 10; i < 20; ++i) entries.push_back(Command(i, Bytes(10)));
  ASSERT_TRUE(raft->StoreLogs(entries).ok());
  ASSERT_TRUE(raft->DeleteRange(1, 12).ok());
  EXPECT_EQ(raft->FirstIndex().value(), 13u);
  EXPECT_EQ(raft->LastIndex().value(), 19u);
  EXPECT_EQ(raft->GetLog(12).status().message(), "log not found");
  const auto lines = log_.Take();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text, "Deleting raft logs from 1 to 12");
  EXPECT_EQ(lines[1].text, "Deletion took 0s");
  EXPECT_EQ(lines[1].level, LogLevel::kInfo);
}

// What was stored comes from the cache even where the file is damaged by now; a new start reads it.
TEST_F(RaftLogTest, TheCacheIsOfThisProcess) {
  Encrypt("k");
  auto raft = Open();
  ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{Command(1, ToBytes("a"))}).ok());
  EXPECT_EQ(raft->GetLog(1).value().data, ToBytes("a"));
  raft.reset();
  Encrypt("wrong");
  EXPECT_FALSE(Open()->GetLog(1).ok());
}

TEST_F(RaftLogTest, SyncsAsClusterSyncSays) {
  for (const bool sync : {false, true}) {
    env::MemFileSystem memory;
    env::FaultFileSystem files(memory);
    options_.sync = sync;
    auto raft = RaftLog::Open({files, clock_, entropy_}, log_, kPath, options_).value();
    const uint64_t before = files.syncs();
    ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{Command(1, ToBytes("a"))}).ok());
    EXPECT_EQ(files.syncs() - before, sync ? 2u : 0u);
  }
}

// A failed call stores nothing, and the next one can succeed.
TEST_F(RaftLogTest, AFullDisk) {
  env::FaultFileSystem files(files_);
  auto raft = RaftLog::Open({files, clock_, entropy_}, log_, kPath, options_).value();
  files.Arm(env::FaultFileSystem::At::kWrite, 1, env::FaultFileSystem::How::kFull);
  const std::vector<LogEntry> entries = {Command(1, ToBytes("a"))};
  EXPECT_EQ(raft->StoreLogs(entries).message(), "write raft.log: no space left on device");
  EXPECT_EQ(raft->GetLog(1).status().message(), "log not found");
  files.Disarm();
  EXPECT_TRUE(raft->StoreLogs(entries).ok());
  EXPECT_EQ(raft->GetLog(1).value(), entries[0]);
}

// Whatever sync fails, what is read is what the file holds, and the log goes on.
TEST_F(RaftLogTest, SyncsThatFail) {
  options_.sync = true;
  auto raft = Open();
  ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{Command(1, ToBytes("old"))}).ok());
  for (const int failing : {1, 2}) {
    int syncs = 0;
    files_.SetFaultHook([&](const env::Mutation& mutation) {
      if (mutation.kind != env::Mutation::Kind::kSync || ++syncs != failing) return env::Fault();
      return env::Fault::Fail(Status(Code::kIo, "sync raft.log: input/output error"));
    });
    const std::vector<LogEntry> entries = {Command(1, ToBytes("new")), Command(2, ToBytes("b"))};
    EXPECT_EQ(raft->StoreLogs(entries).message(), "sync raft.log: input/output error");
    files_.SetFaultHook({});
    const bool reached_the_file = failing == 2;
    EXPECT_EQ(AsText(raft->GetLog(1).value().data), reached_the_file ? "new" : "old");
    EXPECT_EQ(raft->LastIndex().value(), reached_the_file ? 2u : 1u);
  }
  ASSERT_TRUE(raft->StoreLogs(std::vector<LogEntry>{Command(3, ToBytes("c"))}).ok());
  raft.reset();
  raft = Open();
  EXPECT_EQ(raft->FirstIndex().value(), 1u);
  EXPECT_EQ(raft->LastIndex().value(), 3u);
}

RC_GTEST_FIXTURE_PROP(RaftLogTest, IsAMapOfEntries, ()) {
  if (*rc::gen::arbitrary<bool>()) {
    Encrypt("k", *rc::gen::element(crypto::Cipher::kAes, crypto::Cipher::kChaCha));
  }
  options_.cached_entries = *rc::gen::element<size_t>(0, 3, 512);
  auto raft = Open();
  std::map<uint64_t, LogEntry> model;
  uint64_t next = 1;
  for (int step = 0; step < 25; ++step) {
    const int action = *rc::gen::inRange(0, 6);
    if (action < 3) {
      // Followers also replace a tail.
      next -= std::min(next - 1, *rc::gen::element<uint64_t>(0, 0, 1, 5));
      std::vector<LogEntry> entries;
      const auto count = *rc::gen::inRange<size_t>(1, 60);
      const auto size = *rc::gen::element<size_t>(0, 1, 100, 3000, 10000);
      for (size_t i = 0; i < count; ++i) {
        entries.push_back(Command(next++, Bytes(size, static_cast<uint8_t>(step))));
        model[entries.back().index] = entries.back();
      }
      RC_ASSERT(raft->StoreLogs(entries).ok());
    } else if (action == 3) {
      const uint64_t first = *rc::gen::inRange<uint64_t>(0, next + 2);
      const uint64_t last = first + *rc::gen::inRange<uint64_t>(0, 80);
      RC_ASSERT(raft->DeleteRange(first, last).ok());
      model.erase(model.lower_bound(first), model.upper_bound(last));
    } else if (action == 4) {
      raft.reset();
      raft = Open();
    }
    RC_ASSERT(raft->FirstIndex().value() == (model.empty() ? 0 : model.begin()->first));
    RC_ASSERT(raft->LastIndex().value() == (model.empty() ? 0 : model.rbegin()->first));
    const uint64_t probe = *rc::gen::inRange<uint64_t>(0, next + 2);
    const auto found = raft->GetLog(probe);
    RC_ASSERT(found.ok() == model.contains(probe));
    if (found.ok()) RC_ASSERT(found.value() == model[probe]);
  }
  for (const auto& [index, entry] : model) RC_ASSERT(raft->GetLog(index).value() == entry);
}

}  // namespace
}  // namespace atrest::raftlog
