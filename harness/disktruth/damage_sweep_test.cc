// Sweeps: every byte of a store changed in turn, and long runs without a fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/disktruth/doctored_store.h"

namespace atrest::disktruth {
namespace {

using testing::IsEmpty;

MemoryTree Golden(const std::string& name) {
  const std::string root = "fixtures/stores/" + name + "/store/";
  MemoryTree tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    Bytes bytes{std::istreambuf_iterator<char>(file), {}};
    tree.Put(entry.path().string().substr(root.size()), std::move(bytes));
  }
  return tree;
}

// What the plan of mixed-ciphers publishes.
void FollowMixedCiphers(DiskTruth& truth) {
  Mode mode;
  const auto start = [&](bool encrypt, const std::string& cipher) {
    mode.encrypt = encrypt;
    mode.cipher = cipher;
    mode.key = encrypt ? "mixkey" : "";
    truth.Start(mode);
  };
  start(false, "");
  for (const char* payload : {"plain-1", "plain-2"}) truth.Publish("mix", payload, true);
  start(true, "AES");
  for (const char* payload : {"aes-3", "aes-4"}) truth.Publish("mix", payload, true);
  start(true, "CHACHA");
  for (const char* payload : {"chacha-5", "chacha-6"}) truth.Publish("mix", payload, true);
  start(true, "AES");
  truth.Publish("mix", "default-7", true);
  start(false, "");
  truth.Publish("mix", "plain-8", true);
}

size_t FindingsOf(MemoryTree& tree) {
  DiskTruth truth({.keys = {{"K", "mixkey"}}});
  FollowMixedCiphers(truth);
  const auto found = truth.Look(tree, "", Target::kStopped);
  EXPECT_TRUE(found.ok());
  return found.value().size();
}

TEST(SweepTest, EveryByteOfEveryFileCounts) {
  MemoryTree tree = Golden("mixed-ciphers");
  ASSERT_EQ(FindingsOf(tree), 0U);
  size_t flipped = 0;
  for (const TreeEntry& entry : tree.List().value()) {
    const Bytes right = tree.At(entry.path);
    for (size_t at = 0; at < right.size(); ++at) {
      Bytes wrong = right;
      wrong[at] ^= 1;
      tree.Put(entry.path, wrong, entry.kind);
      EXPECT_GT(FindingsOf(tree), 0U) << entry.path << " at " << at;
      ++flipped;
    }
    if (entry.kind == TreeEntry::Kind::kStored) tree.Put(entry.path, right);
  }
  EXPECT_GT(flipped, 1000U);
}

// An attacker who repairs checksums is seen too: nothing in a message record is free.
TEST(SweepTest, EveryByteOfARecordCountsWithoutItsChecksum) {
  MemoryTree tree = Golden("mixed-ciphers");
  const std::string path = "mix/msgs.1.dat";
  const Bytes right = tree.At(path);
  for (size_t begin = 4; begin < right.size(); begin += 8 + LoadLe32(right.data() + begin)) {
    const size_t size = LoadLe32(right.data() + begin);
    for (size_t at = begin + 8; at < begin + 8 + size; ++at) {
      Bytes wrong = right;
      wrong[at] ^= 1;
      StoreLe32(wrong.data() + begin + 4, Checksum()(ByteView(wrong).subspan(begin + 8, size)));
      tree.Put(path, wrong);
      EXPECT_GT(FindingsOf(tree), 0U) << at;
    }
  }
}

TEST(SweepTest, EveryLengthOfEveryFileCounts) {
  MemoryTree tree = Golden("mixed-ciphers");
  for (const TreeEntry& entry : tree.List().value()) {
    if (entry.kind != TreeEntry::Kind::kStored) continue;
    const Bytes right = tree.At(entry.path);
    const bool is_journal = !entry.path.ends_with(".dat") || !entry.path.starts_with("mix/msgs");
    // A journal that ends behind a whole record is a shorter journal.
    size_t whole = 0;
    for (size_t size = 0; size < right.size(); ++size) {
      tree.Put(entry.path, Bytes(right.begin(), right.begin() + static_cast<long>(size)));
      if (FindingsOf(tree) == 0) ++whole;
    }
    EXPECT_LT(whole, is_journal ? 30U : 1U) << entry.path;
    tree.Put(entry.path, right);
  }
}

// 500 sequences of about 20 steps with a look at each stop. How long it takes is what the harness
// pays for this oracle: the figure stands beside the test's name in the output.
TEST(SweepTest, RunsWithoutAFault) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    DoctoredStore store;
    for (uint64_t start = 0; start < 4; ++start) {
      store.Start(
          DoctoredStore::Encrypted(start % 2 == 0 ? "AES" : "CHACHA",
                                   start == 2 ? DoctoredStore::kOther : DoctoredStore::kKey));
      for (uint64_t publish = 0; publish < 3; ++publish) {
        store.Store(publish == 1 ? "bar" : "foo", MakeCanary(seed * 100 + start * 10 + publish));
      }
      ASSERT_THAT(store.LookFully(), IsEmpty());
    }
  }
}

TEST(SweepTest, AMegabyteAtATime) {
  DoctoredStore store;
  store.Start(DoctoredStore::Encrypted());
  for (uint64_t number = 0; number < 8; ++number) {
    std::string payload = MakeCanary(number, 100);
    payload.resize(1 << 20, 'x');
    store.Store("foo", payload);
    ASSERT_THAT(store.LookFully(), IsEmpty());
  }
}

}  // namespace
}  // namespace atrest::disktruth
