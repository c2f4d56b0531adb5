// Every golden raft.log, cut at every byte that can matter and with every byte changed once:
// opening gives a database or a refusal with a text, every entry in it a result or an error with a
// text, going on to write as well, and nothing hangs or crashes. The work is dealt out to several
// tests, so that each is short. Sanitizers, which make each step some twenty times as slow, and the
// one large file see a sample unless ATREST_FULL_LADDER is defined (job "ladder").
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/golden_cluster.h"
#include "reference/raftlog/raft_log.h"
#include "reference/raftlog/raft_operation.h"

namespace atrest::raftlog {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATREST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define ATREST_SANITIZED
#endif
#endif

#if defined(ATREST_FULL_LADDER)
constexpr size_t kStride = 1;
constexpr size_t kLargeFileStride = 1;
constexpr size_t kShares = 4;
#elif defined(ATREST_SANITIZED)
constexpr size_t kStride = 101;
constexpr size_t kLargeFileStride = 7;
constexpr size_t kShares = 1;  // of so few cases each share would not have both outcomes
#else
constexpr size_t kStride = 1;
constexpr size_t kLargeFileStride = 7;
constexpr size_t kShares = 4;
#endif

constexpr size_t kLargeFile = 100'000;
constexpr size_t kPage = kDefaultPageSize;
// Of the bytes that nobody reads, in free pages and behind the last one.
constexpr size_t kUnreadStride = 101;
// Of the cases in which the damaged log is also written.
constexpr size_t kWriteStride = 53;
constexpr char kPath[] = "raft.log";

class RaftlogDamageLadder : public ::testing::TestWithParam<std::tuple<std::string, size_t>> {
 protected:
  void SetUp() override {
    whole_ = GoldenRaftLog(std::get<0>(GetParam()));
    Restore();
    const auto db = OpenDb();
    const std::vector<PageId> free = db.value()->pager().FreeIds();
    free_.insert(free.begin(), free.end());
    end_ = static_cast<size_t>(db.value()->pager().meta().high_water) * kPage;
    ATREST_CHECK(db.value()
                     ->Visit(kLogsBucket, "",
                             [&](std::string_view, ByteView value) {
                               undamaged_.emplace(value.begin(), value.end());
                               return true;
                             })
                     .ok());
  }

  void Restore() {
    ATREST_CHECK(env::WriteWhole(files_, kPath, whole_).ok());
    file_ = files_.Open(kPath, env::FileSystem::Mode::kReadWrite).value();
  }

  Result<std::unique_ptr<BoltDb>> OpenDb() {
    BoltOptions options;
    options.read_only = true;
    return BoltDb::Open(files_, kPath, options);
  }

  bool IsUnread(size_t at) const { return at >= end_ || free_.contains(at / kPage); }

  // The share of the POSITIONS that this test has.
  std::vector<size_t> Share(const std::vector<size_t>& positions) const {
    std::vector<size_t> share;
    for (size_t i = 0; i < positions.size(); ++i) {
      if (i / kStride % kShares == std::get<1>(GetParam()) && i % kStride == 0) {
        share.push_back(positions[i]);
      }
    }
    return share;
  }

  void Look(const Status& status) { EXPECT_NE(status.ok(), !status.message().empty()); }

  void ReadEntry(ByteView stored) {
    const auto entry = DecodeEntry(stored);
    Look(entry.status());
    if (!entry.ok()) return;
    if (entry.value().type == LogType::kConfiguration) {
      Look(DecodeConfiguration(entry.value().data).status());
    }
    const auto opened = envelope_.Open(entry.value().data);
    Look(opened.status());
    if (opened.ok()) Look(DecodeOperation(opened.value()).status());
  }

  // Opens what is in the file and reads all of it.
  void TryToRead() {
    const auto db = OpenDb();
    Look(db.status());
    ++(db.ok() ? opened_ : refused_);
    if (!db.ok()) return;
    size_t visited = 0;
    for (const std::string_view bucket : {kLogsBucket, kConfBucket, kChannelsBucket}) {
      Look(db.value()->Visit(bucket, "", [&](std::string_view, ByteView value) {
        const bool is_new = !undamaged_.contains(Bytes(value.begin(), value.end()));
        if (bucket == kLogsBucket && is_new) ReadEntry(value);
        return ++visited < whole_.size();
      }));
    }
  }

  // Opens what is in the file as a server does and goes on.
  void TryToWrite() {
    auto raft = RaftLog::Open({files_, clock_, entropy_}, log_, kPath, {});
    Look(raft.status());
    if (!raft.ok()) return;
    const auto last = raft.value()->LastIndex();
    Look(last.status());
    const LogEntry entry{
        last.ok() ? last.value() + 1 : 1, 3, LogType::kCommand, Bytes(300), {}, {}};
    Look(raft.value()->StoreLogs({&entry, 1}));
    Look(raft.value()->DeleteRange(0, entry.index / 2));
    Look(raft.value()->GetLog(entry.index).status());
  }

  Bytes whole_;
  std::set<PageId> free_;
  std::set<Bytes> undamaged_;  // entries
  size_t end_ = 0;
  env::MemFileSystem files_;
  std::unique_ptr<env::File> file_;
  env::FixedClock clock_;
  env::SeededEntropy entropy_{1};
  LogBuffer log_;
  crypto::Envelope envelope_{crypto::Cipher::kAes,
                             crypto::DeriveRaftKey(crypto::Secret(AsBytes("k"))),
                             crypto::NonceSequence({}, 0)};
  size_t refused_ = 0;
  size_t opened_ = 0;
};

TEST_P(RaftlogDamageLadder, EveryByteChanged) {
  std::vector<size_t> positions;
  const size_t stride = whole_.size() < kLargeFile ? 1 : kLargeFileStride;
  for (size_t at = 0; at < whole_.size(); at += IsUnread(at) ? kUnreadStride : stride) {
    positions.push_back(at);
  }
  size_t count = 0;
  for (const size_t at : Share(positions)) {
    const uint8_t changed = static_cast<uint8_t>(whole_[at] ^ (1u << at % 8));
    ATREST_CHECK(file_->WriteAt(at, {&changed, 1}).ok());
    TryToRead();
    if (++count % kWriteStride == 0) {
      TryToWrite();
      Restore();
    } else {
      ATREST_CHECK(file_->WriteAt(at, {&whole_[at], 1}).ok());
    }
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(opened_, 0u);
}

// A page is there or it is not, so behind the metas the lengths around the pages' ends matter.
TEST_P(RaftlogDamageLadder, CutAtEveryByteThatMatters) {
  std::vector<size_t> positions;
  for (size_t at = 0; at < whole_.size(); ++at) {
    const bool matters = at < 2 * kPage + 100 || (at + 2) % kPage < 5 || at % kUnreadStride == 0;
    if (matters) positions.push_back(at);
  }
  size_t count = 0;
  for (const size_t size : Share(positions)) {
    Restore();
    ATREST_CHECK(file_->Truncate(size).ok());
    TryToRead();
    if (++count % kWriteStride == 0) TryToWrite();
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(opened_, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, RaftlogDamageLadder,
                         ::testing::Combine(::testing::ValuesIn(GoldenNodes()),
                                            ::testing::Range<size_t>(0, kShares)),
                         [](const auto& info) {
                           return GoldenTestName(std::get<0>(info.param)) + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace atrest::raftlog
