#include "reference/raftlog/bolt_db.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>

#include "reference/env/fault_file_system.h"
#include "reference/env/mem_file_system.h"

namespace atrest::raftlog {
namespace {

using Contents = std::map<std::string, std::map<std::string, Bytes>>;

constexpr char kPath[] = "raft.log";

std::unique_ptr<BoltDb> OpenDb(env::FileSystem& files, const BoltOptions& options = {}) {
  auto db = BoltDb::Open(files, kPath, options);
  EXPECT_TRUE(db.ok()) << db.status().message();
  return std::move(db).value();
}

std::string OpenText(env::FileSystem& files) {
  return BoltDb::Open(files, kPath, {}).status().message();
}

Contents ContentsOf(BoltDb& db) {
  Contents contents;
  for (const std::string& name : db.BucketNames().value()) {
    auto& bucket = contents[name];
    const auto visit = [&](std::string_view key, ByteView value) {
      bucket[std::string(key)] = Bytes(value.begin(), value.end());
      return true;
    };
    EXPECT_TRUE(db.Visit(name, "", visit).ok());
  }
  return contents;
}

Bytes FileBytes(env::FileSystem& files) {
  return env::ReadWhole(files, kPath, uint64_t{1} << 30).value();
}

Status Put(BoltDb& db, const std::string& bucket, const std::string& key, Bytes value) {
  auto transaction = db.Begin();
  if (!transaction.ok()) return transaction.status();
  ATREST_TRY(transaction.value().CreateBucketIfNotExists(bucket));
  ATREST_TRY(transaction.value().Put(bucket, key, std::move(value)));
  return transaction.value().Commit();
}

std::string Key(uint64_t number) {
  Bytes key(8);
  StoreBe64(key.data(), number);
  return std::string(AsText(key));
}

TEST(BoltDbTest, ANewFileIsFourPages) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  const Bytes bytes = FileBytes(files);
  ASSERT_EQ(bytes.size(), 4 * 4096u);
  EXPECT_EQ(db->pager().meta(), (Meta{4096, 3, 0, 2, 4, 1}));
  EXPECT_EQ(PageTypeName(DecodePageHeader(ByteView(bytes).subspan(2 * 4096)).flags), "freelist");
  EXPECT_EQ(PageTypeName(DecodePageHeader(ByteView(bytes).subspan(3 * 4096)).flags), "leaf");
  EXPECT_TRUE(ContentsOf(*db).empty());
}

// cluster.md 1.1: the first commit ends the stored freelist and brings the file to its least size.
TEST(BoltDbTest, TheFirstCommit) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  ASSERT_TRUE(Put(*db, "b", "k", ToBytes("v")).ok());
  EXPECT_EQ(db->pager().meta(), (Meta{4096, 4, 0, kNoFreelist, 5, 2}));
  EXPECT_EQ(FileBytes(files).size(), 32768u);
  EXPECT_EQ(db->pager().FreeIds(), (std::vector<PageId>{2, 3}));
  ASSERT_TRUE(Put(*db, "b", "k", ToBytes("w")).ok());
  EXPECT_EQ(db->pager().meta().root, 2u) << "the lowest page that the last transaction left free";
}

TEST(BoltDbTest, ACommitWithoutChangesWritesAMeta) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  ASSERT_TRUE(Put(*db, "b", "k", ToBytes("v")).ok());
  const Bytes before = FileBytes(files);
  auto transaction = std::move(db->Begin()).value();
  ASSERT_TRUE(transaction.CreateBucketIfNotExists("b").ok());
  ASSERT_TRUE(transaction.Delete("b", "none").ok());
  ASSERT_TRUE(transaction.Commit().ok());
  const Bytes after = FileBytes(files);
  EXPECT_EQ(db->pager().meta().transaction, 3u);
  EXPECT_NE(Bytes(before.begin() + 4096, before.begin() + 8192),
            Bytes(after.begin() + 4096, after.begin() + 8192));
  EXPECT_EQ(Bytes(before.begin() + 8192, before.end()), Bytes(after.begin() + 8192, after.end()));
}

TEST(BoltDbTest, WithoutCommitNothingHappens) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  ASSERT_TRUE(Put(*db, "b", "k", ToBytes("v")).ok());
  const Bytes before = FileBytes(files);
  {
    auto transaction = std::move(db->Begin()).value();
    ASSERT_TRUE(transaction.Put("b", "k", ToBytes("w")).ok());
    EXPECT_EQ(transaction.Put("none", "k", {}).message(), "bucket not found");
  }
  EXPECT_EQ(FileBytes(files), before);
  EXPECT_EQ(db->Get("b", "k").value(), ToBytes("v"));
  ASSERT_TRUE(Put(*db, "b", "k", ToBytes("x")).ok());
}

TEST(BoltDbTest, OneProcessAtATime) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  EXPECT_EQ(OpenText(files), "timeout");
  BoltOptions reading;
  reading.read_only = true;
  EXPECT_TRUE(BoltDb::Open(files, kPath, reading).ok());
  db.reset();
  EXPECT_EQ(OpenText(files), "");
}

TEST(BoltDbTest, ReadingMakesNoFile) {
  env::MemFileSystem files;
  BoltOptions reading;
  reading.read_only = true;
  EXPECT_EQ(BoltDb::Open(files, kPath, reading).status().code(), Code::kNotFound);
}

TEST(BoltDbTest, SyncsAsAsked) {
  for (const bool sync : {false, true}) {
    env::MemFileSystem memory;
    env::FaultFileSystem files(memory);
    BoltOptions options;
    options.sync = sync;
    auto db = OpenDb(files, options);
    ASSERT_TRUE(Put(*db, "b", "k", ToBytes("v")).ok());
    const uint64_t before = files.syncs();
    ASSERT_TRUE(Put(*db, "b", "k", ToBytes("w")).ok());
    EXPECT_EQ(files.syncs() - before, sync ? 2u : 0u) << "pages, then meta";
  }
}

TEST(BoltDbTest, TheFileDoublesAndThenGrowsInSteps) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  ASSERT_TRUE(Put(*db, "b", "small", {}).ok());
  std::vector<uint64_t> sizes;
  for (uint64_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(Put(*db, "b", Key(i), Bytes(size_t{1} << 20)).ok());
    const uint64_t size = FileBytes(files).size();
    if (sizes.empty() || sizes.back() != size) sizes.push_back(size);
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] <= kGrowthStep) {
      EXPECT_EQ(sizes[i] & (sizes[i] - 1), 0u) << sizes[i];
    } else if (i > 0 && sizes[i - 1] > kGrowthStep) {
      EXPECT_GT(sizes[i], sizes[i - 1] + kGrowthStep - (uint64_t{1} << 21));
    }
  }
  EXPECT_EQ(sizes.front(), uint64_t{1} << 21);
  EXPECT_GT(sizes.back(), 2 * kGrowthStep);
}

TEST(BoltDbTest, LargeValuesTakeOverflowPages) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  const Bytes large(20000, 0xAB);
  ASSERT_TRUE(Put(*db, "b", "k", large).ok());
  ASSERT_TRUE(Put(*db, "b", "l", ToBytes("x")).ok());
  db = nullptr;
  db = OpenDb(files);
  EXPECT_EQ(db->Get("b", "k").value(), large);
  EXPECT_EQ(db->Get("b", "l").value(), ToBytes("x"));
}

TEST(BoltDbTest, AStoredFreelistIsWrittenAndAccepted) {
  env::MemFileSystem files;
  BoltOptions options;
  options.store_freelist = true;
  auto db = OpenDb(files, options);
  for (uint64_t i = 0; i < 300; ++i) ASSERT_TRUE(Put(*db, "b", Key(i), Bytes(100)).ok());
  const Meta meta = db->pager().meta();
  ASSERT_NE(meta.freelist, kNoFreelist);
  const std::vector<PageId> listed =
      DecodeFreelist(db->pager().ReadRaw(meta.freelist).value()).value();
  std::vector<PageId> free = db->pager().FreeIds();
  EXPECT_EQ(listed, free);
  const Contents contents = ContentsOf(*db);
  db.reset();
  db = OpenDb(files);
  EXPECT_EQ(ContentsOf(*db), contents);
  ASSERT_TRUE(Put(*db, "b", "k", {}).ok());
  EXPECT_EQ(db->pager().meta().freelist, kNoFreelist) << "converted by the first commit";
}

TEST(BoltDbTest, OtherPageSizes) {
  for (const uint32_t page_size : {1024u, 16384u}) {
    env::MemFileSystem files;
    BoltOptions options;
    options.page_size = page_size;
    auto db = OpenDb(files, options);
    for (uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(Put(*db, "b", Key(i), Bytes(100)).ok());
    db.reset();
    db = OpenDb(files);
    EXPECT_EQ(db->pager().meta().page_size, page_size);
    EXPECT_EQ(ContentsOf(*db)["b"].size(), 100u);
  }
}

// cluster.md 3g, "truncated" and "meta destroyed".
TEST(BoltDbTest, FilesThatAreRefused) {
  env::MemFileSystem files;
  auto db = OpenDb(files);
  for (uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(Put(*db, "b", Key(i), Bytes(100)).ok());
  const Contents contents = ContentsOf(*db);
  const uint64_t end = db->pager().meta().high_water * 4096;
  db.reset();
  const Bytes whole = FileBytes(files);
  const auto cut = [&](size_t size) {
    EXPECT_TRUE(env::WriteWhole(files, kPath, ByteView(whole).first(size)).ok());
    return OpenText(files);
  };
  EXPECT_EQ(cut(1), "invalid database");
  EXPECT_EQ(cut(2048), "invalid database");
  EXPECT_EQ(cut(2049), "file size too small");
  EXPECT_EQ(cut(4096), "file size too small");
  EXPECT_EQ(cut(4176), "file size too small");
  EXPECT_TRUE(cut(8192).starts_with("panic: page ")) << cut(8192);
  EXPECT_EQ(cut(end), "");
  EXPECT_EQ(cut(whole.size() - 1), "");
  const auto destroy = [&](const std::vector<size_t>& metas) {
    Bytes bytes = whole;
    for (const size_t meta : metas) bytes[meta * 4096 + 60] ^= 0xFF;
    EXPECT_TRUE(env::WriteWhole(files, kPath, bytes).ok());
    return OpenText(files);
  };
  EXPECT_EQ(destroy({0, 1}), "checksum error");
  EXPECT_EQ(destroy({0}), "");
  EXPECT_EQ(destroy({1}), "");
}

struct Change {
  uint64_t first;
  uint64_t count;
  size_t size;  // of each value; 0: deletes
};

Status Apply(BoltDb& db, const Change& change) {
  auto begun = db.Begin();
  if (!begun.ok()) return begun.status();
  BoltTransaction transaction = std::move(begun).value();
  ATREST_TRY(transaction.CreateBucketIfNotExists("logs"));
  for (uint64_t i = change.first; i < change.first + change.count; ++i) {
    if (change.size == 0) {
      ATREST_TRY(transaction.Delete("logs", Key(i)));
    } else {
      ATREST_TRY(transaction.Put("logs", Key(i), Bytes(change.size, static_cast<uint8_t>(i))));
    }
  }
  return transaction.Commit();
}

void ApplyToModel(Contents& model, const Change& change) {
  auto& bucket = model["logs"];
  for (uint64_t i = change.first; i < change.first + change.count; ++i) {
    if (change.size == 0) {
      bucket.erase(Key(i));
    } else {
      bucket[Key(i)] = Bytes(change.size, static_cast<uint8_t>(i));
    }
  }
}

RC_GTEST_PROP(BoltDbTest, IsAMapOfMaps, ()) {
  env::MemFileSystem files;
  BoltOptions options;
  options.store_freelist = *rc::gen::arbitrary<bool>();
  auto db = OpenDb(files, options);
  Contents model;
  for (int step = 0; step < 20; ++step) {
    const Change change{*rc::gen::inRange<uint64_t>(1, 2000), *rc::gen::inRange<uint64_t>(1, 300),
                        *rc::gen::element<size_t>(0, 0, 1, 40, 200, 1500, 9000)};
    RC_ASSERT(Apply(*db, change).ok());
    ApplyToModel(model, change);
    if (*rc::gen::inRange(0, 4) != 0) continue;
    db.reset();
    db = OpenDb(files, options);
    RC_ASSERT(ContentsOf(*db) == model);
    const auto& bucket = model["logs"];
    RC_ASSERT(db->FirstKey("logs").value() ==
              (bucket.empty() ? std::nullopt : std::optional(bucket.begin()->first)));
    RC_ASSERT(db->LastKey("logs").value() ==
              (bucket.empty() ? std::nullopt : std::optional(bucket.rbegin()->first)));
    const std::string from = Key(*rc::gen::inRange<uint64_t>(1, 2300));
    std::string seen;
    RC_ASSERT(db->Visit("logs", from, [&](std::string_view key, ByteView) {
                  seen = key;
                  return false;
                }).ok());
    const auto expected = bucket.lower_bound(from);
    RC_ASSERT(seen == (expected == bucket.end() ? "" : expected->first));
  }
}

const Change kSeries[] = {{1, 5, 30}, {6, 60, 100},  {3, 1, 0},   {20, 1, 9000}, {66, 1, 50},
                          {1, 40, 0}, {67, 90, 200}, {41, 80, 0}, {200, 1, 1},   {121, 100, 0}};

// Runs the series in FILES from an empty folder until it fails; what it committed.
Contents RunSeries(env::FileSystem& files, const BoltOptions& options) {
  Contents committed;
  auto db = BoltDb::Open(files, kPath, options);
  if (!db.ok()) return committed;
  for (const Change& change : kSeries) {
    if (!Apply(*db.value(), change).ok()) break;
    ApplyToModel(committed, change);
  }
  return committed;
}

// What the series leaves when as many of its transactions are done as DB's meta says.
Contents ContentsAt(const BoltDb& db) {
  Contents contents;
  const size_t done = static_cast<size_t>(db.pager().meta().transaction) - 1;
  for (size_t i = 0; i < done; ++i) ApplyToModel(contents, kSeries[i]);
  return contents;
}

class KillLadder : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    options_.sync = GetParam();
    options_.store_freelist = GetParam();
  }
  BoltOptions options_;
};

// The process is killed in front of every write.
TEST_P(KillLadder, EveryWriteIsTheLast) {
  env::MemFileSystem counted_memory;
  env::FaultFileSystem counted(counted_memory);
  RunSeries(counted, options_);
  ASSERT_GT(counted.writes(), 30u);
  for (uint64_t write = 1; write <= counted.writes(); ++write) {
    env::MemFileSystem memory;
    env::FaultFileSystem files(memory);
    files.Arm(env::FaultFileSystem::At::kWrite, write, env::FaultFileSystem::How::kKill);
    const Contents committed = RunSeries(files, options_);
    EXPECT_TRUE(files.stopped());
    files.Restart();
    auto db = OpenDb(files, options_);
    EXPECT_EQ(ContentsOf(*db), committed) << "write " << write;
    EXPECT_TRUE(Put(*db, "logs", "k", {}).ok());
  }
}

// The process is killed inside every write, after a part of its bytes. A transaction whose meta is
// whole counts, although its Commit never returned.
TEST_P(KillLadder, InsideEveryWrite) {
  size_t writes = 0;
  for (const size_t part :
       std::initializer_list<size_t>{1, 15, 40, 79, 80, 100, 4095, 5000, 12000}) {
    bool reached = true;
    for (size_t target = 1; reached; ++target) {
      env::MemFileSystem files;
      size_t count = 0;
      files.SetFaultHook([&](const env::Mutation& mutation) {
        if (mutation.kind != env::Mutation::Kind::kWrite || ++count != target) return env::Fault();
        return env::Fault::Stop(part);
      });
      Contents committed = RunSeries(files, options_);
      reached = files.stopped();
      files.SetFaultHook({});
      files.Restart();
      auto db = OpenDb(files, options_);
      const Contents found = ContentsOf(*db);
      if (found != committed) {
        EXPECT_EQ(found, ContentsAt(*db)) << "write " << target << " cut at " << part;
        EXPECT_GE(part, 80u) << "a meta that is not whole was taken";
      }
      EXPECT_TRUE(Put(*db, "logs", "k", {}).ok());
      ++writes;
    }
  }
  EXPECT_GT(writes, 300u);
}

// The process is killed in front of every change, also of the file's size and in front of syncs.
TEST_P(KillLadder, EveryChangeIsTheLast) {
  bool reached = true;
  size_t changes = 0;
  for (size_t target = 1; reached; ++target) {
    env::MemFileSystem files;
    size_t count = 0;
    files.SetFaultHook([&](const env::Mutation&) {
      return ++count == target ? env::Fault::Stop() : env::Fault();
    });
    const Contents committed = RunSeries(files, options_);
    reached = files.stopped();
    files.SetFaultHook({});
    files.Restart();
    auto db = OpenDb(files, options_);
    const Contents found = ContentsOf(*db);
    if (found != committed) {
      // The last commit was whole and waited for its sync.
      EXPECT_TRUE(options_.sync);
      EXPECT_EQ(found, ContentsAt(*db));
    }
    EXPECT_TRUE(Put(*db, "logs", "k", {}).ok());
    ++changes;
  }
  EXPECT_GT(changes, 40u);
}

// A full disk: the transaction fails, what was there stays, and goes on when there is room again.
TEST_P(KillLadder, AFullDiskAtEveryWrite) {
  env::MemFileSystem counted_memory;
  env::FaultFileSystem counted(counted_memory);
  RunSeries(counted, options_);
  for (uint64_t write = 2; write <= counted.writes(); ++write) {
    env::MemFileSystem memory;
    env::FaultFileSystem files(memory);
    files.Arm(env::FaultFileSystem::At::kWrite, write, env::FaultFileSystem::How::kFull);
    auto db = OpenDb(files, options_);
    Contents model;
    for (const Change& change : kSeries) {
      Status status = Apply(*db, change);
      if (!status.ok()) {
        EXPECT_EQ(status.message(), "write raft.log: no space left on device");
        files.Disarm();
        status = Apply(*db, change);
      }
      EXPECT_TRUE(status.ok()) << status.message();
      ApplyToModel(model, change);
    }
    EXPECT_EQ(ContentsOf(*db), model);
    db.reset();
    EXPECT_EQ(ContentsOf(*OpenDb(files, options_)), model);
  }
}

INSTANTIATE_TEST_SUITE_P(All, KillLadder, ::testing::Bool(), [](const auto& info) {
  return info.param ? "SyncAndStoredFreelist" : "Plain";
});

// With sync, a crash of the machine keeps every transaction whose Commit returned.
TEST(BoltDbTest, ASyncedCommitSurvivesTheMachine) {
  BoltOptions options;
  options.sync = true;
  for (size_t done = 0; done <= std::size(kSeries); ++done) {
    env::MemFileSystem files;
    auto db = OpenDb(files, options);
    Contents model;
    for (size_t i = 0; i < done; ++i) {
      ASSERT_TRUE(Apply(*db, kSeries[i]).ok());
      ApplyToModel(model, kSeries[i]);
    }
    files.LoseUnsynced();
    EXPECT_EQ(ContentsOf(*OpenDb(files, options)), model);
  }
}

}  // namespace
}  // namespace atrest::raftlog
