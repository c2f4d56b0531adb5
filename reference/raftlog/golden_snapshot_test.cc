// Our snapshots against those that the real server wrote: meta and state say what they should, and
// are written again byte for byte.
#include <gtest/gtest.h>

#include <ostream>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/crc64.h"
#include "reference/raftlog/golden_cluster.h"
#include "reference/raftlog/raft_snapshot.h"
#include "reference/raftlog/snapshot_store.h"

namespace atrest::raftlog {
namespace {

struct Golden {
  std::string node;
  std::string name;
  friend void PrintTo(const Golden& golden, std::ostream* to) {
    *to << golden.node << " " << golden.name;
  }
};

std::vector<Golden> AllGolden() {
  std::vector<Golden> all;
  for (const std::string& node : GoldenNodes()) {
    for (const std::string& name : GoldenSnapshots(node)) all.push_back({node, name});
  }
  ATREST_CHECK(!all.empty());
  return all;
}

class GoldenSnapshotTest : public ::testing::TestWithParam<Golden> {
 protected:
  void SetUp() override {
    const auto directory = GoldenRaftDirectory(GetParam().node) / "snapshots" / GetParam().name;
    meta_ = ReadGolden(directory / "meta.json");
    state_ = ReadGolden(directory / "state.bin");
  }

  Bytes meta_;
  Bytes state_;
};

TEST_P(GoldenSnapshotTest, MetaIsWrittenAsItWas) {
  const auto meta = DecodeSnapshotMeta(AsText(meta_));
  ASSERT_TRUE(meta.ok()) << meta.status().message();
  EXPECT_EQ(EncodeSnapshotMeta(meta.value()), AsText(meta_));
  EXPECT_EQ(meta.value().id, GetParam().name);
  EXPECT_EQ(meta.value().index, 38u);
  EXPECT_EQ(meta.value().term, 2u);
  EXPECT_EQ(meta.value().configuration_index, 1u);
  EXPECT_EQ(meta.value().size, static_cast<int64_t>(state_.size()));
  ASSERT_EQ(meta.value().servers.size(), 3u);
  EXPECT_EQ(EncodePeers(meta.value().servers), meta.value().peers);
  Bytes crc(8);
  StoreBe64(crc.data(), Crc64(state_));
  EXPECT_EQ(meta.value().crc, crc);
}

TEST_P(GoldenSnapshotTest, StateIsWrittenAsItWas) {
  const auto state = DecodeSnapshot(state_);
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_EQ(EncodeSnapshot(state.value()), state_);
  EXPECT_EQ(state_.size(), 1807u);
  ASSERT_EQ(state.value().channels.size(), 1u);
  const ChannelSnapshot& channel = state.value().channels[0];
  EXPECT_EQ(channel.name, "foo");
  EXPECT_EQ(channel.first, 1u);
  EXPECT_EQ(channel.last, 28u);
  EXPECT_EQ(channel.channel_id, 4u);
  EXPECT_EQ(channel.subscriptions.size(), 1u);
}

TEST_P(GoldenSnapshotTest, IsReadFromItsDirectoryAndMadeAgain) {
  env::MemFileSystem files;
  const std::string name = GetParam().name;
  env::FixedClock clock(std::stoll(name.substr(name.rfind('-') + 1)) * 1'000'000);
  env::SeededEntropy entropy(1);
  LogBuffer log;
  auto store = SnapshotStore::Open({files, clock, entropy}, log, "gold", 2).value();
  const SnapshotMeta golden = DecodeSnapshotMeta(AsText(meta_)).value();
  const auto made = store->Create(golden, state_);
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(made.value(), golden);
  const std::string directory = "gold/snapshots/" + name;
  EXPECT_EQ(env::ReadWhole(files, directory + "/meta.json", 1 << 20).value(), meta_);
  EXPECT_EQ(env::ReadWhole(files, directory + "/state.bin", 1 << 20).value(), state_);
  EXPECT_EQ(store->List().value(), std::vector<SnapshotMeta>{golden});
  EXPECT_EQ(store->Read(name).value(), state_);
}

// Every byte of both files changed, and every length: a result or an error with a text.
TEST_P(GoldenSnapshotTest, DamageEndsInAResultOrAnError) {
  size_t refused = 0;
  const auto look = [&](const Status& status) {
    EXPECT_NE(status.ok(), !status.message().empty());
    refused += status.ok() ? 0 : 1;
  };
  for (size_t at = 0; at < meta_.size(); ++at) {
    look(DecodeSnapshotMeta(AsText(ByteView(meta_).first(at))).status());
    Bytes changed = meta_;
    changed[at] ^= static_cast<uint8_t>(1u << at % 8);
    look(DecodeSnapshotMeta(AsText(changed)).status());
  }
  for (size_t at = 0; at < state_.size(); ++at) {
    look(DecodeSnapshot(ByteView(state_).first(at)).status());
    Bytes changed = state_;
    changed[at] ^= static_cast<uint8_t>(1u << at % 8);
    look(DecodeSnapshot(changed).status());
    EXPECT_NE(Crc64(changed), Crc64(state_));
  }
  EXPECT_GT(refused, meta_.size() + state_.size());
}

INSTANTIATE_TEST_SUITE_P(All, GoldenSnapshotTest, ::testing::ValuesIn(AllGolden()),
                         [](const auto& info) { return GoldenTestName(info.param.node); });

}  // namespace
}  // namespace atrest::raftlog
