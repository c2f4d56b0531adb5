#include "reference/raftlog/snapshot_store.h"

#include <gtest/gtest.h>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/crc64.h"
#include "reference/raftlog/raft_snapshot.h"

namespace atrest::raftlog {
namespace {

class SnapshotStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<SnapshotStore> Open(int retain = 2) {
    auto store = SnapshotStore::Open({files_, clock_, entropy_}, log_, "c", retain);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(store).value();
  }

  static SnapshotMeta At(uint64_t index, uint64_t term = 2) {
    SnapshotMeta meta;
    meta.index = index;
    meta.term = term;
    meta.servers = {{0, "a", "c.a.c"}};
    meta.configuration_index = 1;
    return meta;
  }

  std::vector<uint64_t> Indexes(SnapshotStore& store) {
    std::vector<uint64_t> indexes;
    for (const SnapshotMeta& meta : store.List().value()) indexes.push_back(meta.index);
    return indexes;
  }

  void Overwrite(const std::string& path, std::string_view text) {
    ASSERT_TRUE(env::WriteWhole(files_, path, AsBytes(text)).ok());
  }

  env::MemFileSystem files_{env::MemFileSystem::Names::kDurableOnSync};
  env::FixedClock clock_{5'000'000};
  env::SeededEntropy entropy_{1};
  LogBuffer log_;
};

// The check value of CRC-64/XZ.
TEST(Crc64Test, CheckValue) { EXPECT_EQ(Crc64(AsBytes("123456789")), 0x995DC9BBDF1939FAu); }

TEST_F(SnapshotStoreTest, KeepsTheNewest) {
  auto store = Open();
  EXPECT_TRUE(Indexes(*store).empty());
  for (const uint64_t index : std::initializer_list<uint64_t>{10, 20, 30}) {
    ASSERT_TRUE(store->Create(At(index), AsBytes("state")).ok());
  }
  EXPECT_EQ(Indexes(*store), (std::vector<uint64_t>{30, 20}));
  ASSERT_TRUE(store->Create(At(5, 3), AsBytes("later term")).ok());
  EXPECT_EQ(Indexes(*store), (std::vector<uint64_t>{5, 30}));
  EXPECT_EQ(AsText(store->Read("3-5-5").value()), "later term");
  EXPECT_EQ(files_.List("c/snapshots").value().size(), 2u);
  EXPECT_FALSE(store->Read("2-10-5").ok());
}

TEST_F(SnapshotStoreTest, ACreatedSnapshotSurvivesTheMachine) {
  auto store = Open();
  ASSERT_TRUE(store->Create(At(10), AsBytes("state")).ok());
  files_.LoseUnsynced();
  EXPECT_EQ(AsText(store->Read("2-10-5").value()), "state");
}

// The process is killed at every change: the new snapshot is there whole or not at all, and the
// older one stays.
TEST_F(SnapshotStoreTest, KilledAnywhere) {
  auto store = Open();
  ASSERT_TRUE(store->Create(At(10), AsBytes("old")).ok());
  const env::MemSnapshot before = files_.TakeSnapshot();
  size_t whole = 0;
  size_t none = 0;
  bool reached = true;
  for (size_t target = 1; reached; ++target) {
    env::MemFileSystem files(before);
    size_t count = 0;
    files.SetFaultHook([&](const env::Mutation&) {
      return ++count == target ? env::Fault::Stop(3) : env::Fault();
    });
    SnapshotStore killed({files, clock_, entropy_}, log_, "c", 2);
    (void)killed.Create(At(20), AsBytes("new"));
    reached = files.stopped();
    files.SetFaultHook({});
    files.Restart();
    auto again = SnapshotStore::Open({files, clock_, entropy_}, log_, "c", 2).value();
    const auto indexes = Indexes(*again);
    EXPECT_EQ(AsText(again->Read("2-10-5").value()), "old");
    if (indexes.size() == 2) {
      EXPECT_EQ(AsText(again->Read("2-20-5").value()), "new");
      ++whole;
    } else {
      EXPECT_EQ(indexes, std::vector<uint64_t>{10});
      ++none;
    }
  }
  EXPECT_GT(whole, 1u);
  EXPECT_GT(none, 8u);
}

// cluster.md 2 and 3g: what is passed over, and what is refused.
TEST_F(SnapshotStoreTest, DamageIsPassedOverOrRefused) {
  auto store = Open(9);
  for (const uint64_t index : std::initializer_list<uint64_t>{1, 2, 3, 4}) {
    ASSERT_TRUE(store->Create(At(index), AsBytes("state")).ok());
  }
  Overwrite("c/snapshots/2-1-5/meta.json", "{\"Version\":2}");
  Overwrite("c/snapshots/2-2-5/meta.json", "{\"Version");
  Overwrite("c/snapshots/2-3-5/state.bin", "statE");
  ASSERT_TRUE(files_.MakeDirectories("c/snapshots/2-9-9.tmp").ok());
  Overwrite("c/snapshots/file", "");
  log_.Take();
  EXPECT_EQ(Indexes(*store), (std::vector<uint64_t>{4, 3}));
  std::vector<std::string> lines;
  for (const LogBuffer::Line& line : log_.Take()) lines.push_back(line.text);
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "snapshot: snapshot version not supported: name=2-1-5 version=2",
                       "snapshot: failed to read metadata: name=2-2-5 error=\"unexpected EOF\"",
                       "snapshot: found temporary snapshot: name=2-9-9.tmp"}));
  EXPECT_EQ(store->Read("2-3-5").status().message(), "CRC mismatch");
  EXPECT_TRUE(log_.Take()[0].text.starts_with("snapshot: CRC checksum failed: stored=["));
}

// An id is a path: one that was changed must not have other directories removed.
TEST_F(SnapshotStoreTest, AnIdDoesNotLeadElsewhere) {
  auto store = Open(1);
  for (const std::string id : {"", "..", "../../c", "a/b"}) {
    SnapshotMeta meta = At(1);
    meta.id = id;
    ASSERT_TRUE(files_.MakeDirectories("c/snapshots/x").ok());
    Overwrite("c/snapshots/x/meta.json", EncodeSnapshotMeta(meta));
    clock_.Advance(1'000'000);
    ASSERT_TRUE(store->Create(At(7), AsBytes("state")).ok());
    EXPECT_FALSE(store->Read(id).ok());
    EXPECT_TRUE(files_.Exists("c/snapshots/x/meta.json"));
  }
}

TEST_F(SnapshotStoreTest, RefusesToOpen) {
  EXPECT_EQ(SnapshotStore::Open({files_, clock_, entropy_}, log_, "c", 0).status().message(),
            "must retain at least one snapshot");
  Overwrite("f", "");
  EXPECT_EQ(SnapshotStore::Open({files_, clock_, entropy_}, log_, "f", 1).status().message(),
            "snapshot path not accessible: mkdir f: not a directory");
  files_.SetFaultHook([](const env::Mutation& mutation) {
    if (mutation.path != "c/snapshots/permTest") return env::Fault();
    return env::Fault::Fail(Status(Code::kIo, "open c/snapshots/permTest: permission denied"));
  });
  EXPECT_EQ(SnapshotStore::Open({files_, clock_, entropy_}, log_, "c", 1).status().message(),
            "permissions test failed: open c/snapshots/permTest: permission denied");
}

TEST(SnapshotMetaTest, ReadsWhatGoWouldRead) {
  const auto index = [](const std::string& json) {
    const auto meta = DecodeSnapshotMeta(json);
    return meta.ok() ? std::to_string(meta.value().index) : meta.status().message();
  };
  EXPECT_EQ(index(R"({"index":7,"unknown":[{"a":[1,2.5e3,true,null]}]} trailing)"), "7");
  EXPECT_EQ(index(R"({"Index":7,"INDEX":8})"), "8");
  EXPECT_EQ(index(R"({"Index":null})"), "0");
  EXPECT_EQ(index(R"({"Index":"7"})"), "json: cannot unmarshal the field Index");
  EXPECT_EQ(index(R"({"Index":7.5})"), "json: cannot unmarshal the field Index");
  EXPECT_EQ(index(R"({"Index":-1})"), "json: cannot unmarshal the field Index");
  EXPECT_EQ(index(R"({"CRC":"a"})"), "json: cannot unmarshal the field CRC");
  EXPECT_EQ(index(R"({"Index":07})"), "invalid character at offset 10");
  EXPECT_EQ(index(R"({"Index":7,})"), "invalid character at offset 11");
  EXPECT_EQ(index(""), "unexpected EOF");
  EXPECT_EQ(index(std::string(1000, '[')), "exceeded max depth");
  EXPECT_EQ(DecodeSnapshotMeta(R"({"ID":"a\u00e9\ud83d\ude00\ud83d\n"})").value().id,
            "a\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBD\n");
}

TEST(RaftSnapshotTest, ComesBack) {
  RaftSnapshot snapshot;
  snapshot.clients = {{"me", "inbox", ToBytes("conn"), 1, 5, 3}};
  ChannelSnapshot channel{"foo", 3, 300, {}, 7, 4};
  channel.subscriptions.push_back({{1, "me", "q", "in", "ack", 10, 30, "dur", 299, true, false},
                                   {1, 127, 128, 300, uint64_t{1} << 63}});
  snapshot.channels = {channel, {"bar", 0, 0, {}, 0, 9}};
  const Bytes state = EncodeSnapshot(snapshot);
  EXPECT_EQ(DecodeSnapshot(state).value(), snapshot);
  EXPECT_EQ(state.size(), 1807u);
  EXPECT_EQ(EncodeSnapshot({}).size(), 1807u);
  EXPECT_EQ(DecodeSnapshot({}).value(), RaftSnapshot());
}

TEST(RaftSnapshotTest, PaddingEndsAtTheLeastSize) {
  RaftSnapshot snapshot;
  for (const size_t name :
       std::initializer_list<size_t>{1700, 1792, 1793, 1794, 1795, 1796, 1797, 1798, 3000}) {
    snapshot.channels = {{std::string(name, 'n'), 0, 0, {}, 0, 0}};
    const Bytes state = EncodeSnapshot(snapshot);
    EXPECT_EQ(LoadLe32(state.data()) + 4, state.size());
    EXPECT_GE(state.size(), 1804u);
    EXPECT_EQ(DecodeSnapshot(state).value(), snapshot) << name;
  }
}

TEST(RaftSnapshotTest, RefusesWhatIsCut) {
  EXPECT_EQ(DecodeSnapshot(Bytes(3)).status().message(), "unexpected EOF");
  EXPECT_EQ(DecodeSnapshot(*FromHex("01000000")).status().message(), "EOF");
  EXPECT_EQ(DecodeSnapshot(*FromHex("0200000008")).status().message(), "unexpected EOF");
  EXPECT_EQ(DecodeSnapshot(*FromHex("020000000aff")).status().message(),
            "error decoding snapshot record: unexpected EOF");
}

}  // namespace
}  // namespace atrest::raftlog
