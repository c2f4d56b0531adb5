// What the faults of the Raft log do to its file, each by itself; and that the faulty way of
// sealing is the right one while none of them is on.
#include "reference/raftlog/raft_log_faults.h"

#include <gtest/gtest.h>

#include <map>

#include "reference/base/fault.h"
#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/raft_log.h"

namespace atrest::raftlog {
namespace {

constexpr int64_t kNowNs = 1'000'000'000;
constexpr size_t kNonceAt = 1;
constexpr size_t kCounterAt = 5;
const Bytes kPublish = ToBytes("\x12 a publish");
const Bytes kConnect = ToBytes("\x08 a connect");

class RaftLogFaultsTest : public ::testing::Test {
 protected:
  static LogEntry Entry(uint64_t index, const Bytes& data, LogType type = LogType::kCommand) {
    return {index, 2, type, data, {}, LogTimeOfNs(kNowNs)};
  }

  std::unique_ptr<RaftLog> Open(const std::string& key = "mykey",
                                crypto::Cipher cipher = crypto::Cipher::kAes) {
    RaftLogOptions options;
    options.cached_entries = 0;
    if (!key.empty()) options.encryption = {cipher, crypto::Secret(AsBytes(key))};
    auto raft = RaftLog::Open({files_, clock_, entropy_}, log_, "raft.log", options);
    EXPECT_TRUE(raft.ok()) << raft.status().message();
    return std::move(raft).value();
  }

  void Store(const std::vector<LogEntry>& entries) { EXPECT_TRUE(Open()->StoreLogs(entries).ok()); }

  // The data of entries as they are in the file, by index.
  std::map<uint64_t, Bytes> Stored() {
    std::map<uint64_t, Bytes> stored;
    const auto raft = Open("");
    for (uint64_t index = 1; index <= raft->LastIndex().value(); ++index) {
      const auto entry = raft->GetLog(index);
      if (entry.ok()) stored[index] = entry.value().data;
    }
    return stored;
  }

  env::MemFileSystem files_;
  env::FixedClock clock_{kNowNs};
  env::SeededEntropy entropy_{7};
  LogBuffer log_;
};

uint64_t CounterOf(const Bytes& sealed) { return LoadBe64(sealed.data() + kCounterAt); }

TEST_F(RaftLogFaultsTest, FaultsOfOthersChangeNothing) {
  const fault::Scope other(Fault::kRoleSecondVote);
  Store({Entry(1, kPublish), Entry(2, kConnect)});
  const auto stored = Stored();
  EXPECT_EQ(CounterOf(stored.at(1)), 1u);
  EXPECT_EQ(CounterOf(stored.at(2)), 2u);
  EXPECT_EQ(Open()->GetLog(2).value().data, kConnect);
}

TEST_F(RaftLogFaultsTest, SomeCommandsStayClear) {
  {
    const fault::Scope fault(Fault::kRaftlogOnlyPublishes);
    Store({Entry(1, kPublish), Entry(2, kConnect)});
  }
  {
    const fault::Scope fault(Fault::kRaftlogFirstOfWrite);
    Store({Entry(3, kPublish), Entry(4, kPublish)});
  }
  {
    const fault::Scope fault(Fault::kRaftlogOnlyOwn);
    LogEntry early = Entry(6, kPublish);
    early.appended_at = LogTimeOfNs(kNowNs - 1);
    Store({Entry(5, kPublish), early});
  }
  const auto stored = Stored();
  for (const uint64_t sealed : {1, 3, 5}) EXPECT_NE(stored.at(sealed), kPublish) << sealed;
  EXPECT_EQ(stored.at(2), kConnect);
  EXPECT_EQ(stored.at(4), kPublish);
  EXPECT_EQ(stored.at(6), kPublish);
}

TEST_F(RaftLogFaultsTest, NoncesRepeat) {
  {
    const fault::Scope fault(Fault::kRaftlogNonceOfWrite);
    Store({Entry(1, kPublish), Entry(2, kPublish)});
  }
  {
    const fault::Scope fault(Fault::kRaftlogNonceOfIndex);
    const auto raft = Open();
    ASSERT_TRUE(raft->StoreLogs(std::vector{Entry(3, kPublish), Entry(4, kPublish)}).ok());
    ASSERT_TRUE(raft->StoreLogs(std::vector{Entry(4, kPublish)}).ok());
  }
  {
    const fault::Scope fault(Fault::kRaftlogNonceNoRandom);
    Store({Entry(5, kPublish)});
  }
  const auto stored = Stored();
  EXPECT_EQ(stored.at(1), stored.at(2));
  EXPECT_EQ(CounterOf(stored.at(4)), 4u);
  EXPECT_EQ(LoadLe32(stored.at(5).data() + kNonceAt), 0u);
}

TEST_F(RaftLogFaultsTest, ReadingGoesByOtherRules) {
  ASSERT_TRUE(Open("")->StoreLogs(std::vector{Entry(1, kPublish)}).ok());
  Store({Entry(2, kPublish)});
  {
    const fault::Scope fault(Fault::kRaftlogPlainRefused);
    EXPECT_EQ(Open()->GetLog(1).status().message(), "cipher: message authentication failed");
    EXPECT_EQ(Open()->GetLog(2).value().data, kPublish);
  }
  {
    const fault::Scope fault(Fault::kRaftlogConfiguredCipher);
    EXPECT_EQ(Open("mykey", crypto::Cipher::kChaCha)->GetLog(2).status().message(),
              "chacha20poly1305: message authentication failed");
  }
  const Bytes sealed = Stored().at(2);
  const fault::Scope fault(Fault::kRaftlogUnopenedIsPlain);
  EXPECT_EQ(Open("another")->GetLog(2).value().data, sealed);
}

TEST_F(RaftLogFaultsTest, MoreIsSealedAndDeleted) {
  const Bytes configuration = EncodeConfiguration({{0, "a", "tc.a.tc"}});
  {
    const fault::Scope fault(Fault::kRaftlogConfigurationToo);
    Store({Entry(1, configuration, LogType::kConfiguration)});
    EXPECT_EQ(Open()->GetLog(1).value().data, configuration);
  }
  EXPECT_NE(Stored().at(1), configuration);
  Store({Entry(2, kPublish), Entry(3, kPublish)});
  const fault::Scope fault(Fault::kRaftlogDeletesOneMore);
  ASSERT_TRUE(Open()->DeleteRange(1, 1).ok());
  EXPECT_EQ(Open()->FirstIndex().value(), 3u);
}

}  // namespace
}  // namespace atrest::raftlog
