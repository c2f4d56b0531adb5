// Every golden store, cut at every byte of every file and with every byte changed once: opening
// gives a store or a refusal with a text, lookups of every sequence give a message, none, or an
// error with a text, and nothing hangs or crashes. The work is dealt out to several tests, so that
// each is short. Sanitizers, which make each step some twenty times as slow, see a sample unless
// ATREST_FULL_LADDER is defined (job "ladder").
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/store/golden_stores.h"

namespace atrest::store {
namespace {

#if defined(ATREST_FULL_LADDER)
constexpr size_t kStride = 1;
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kStride = 61;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
constexpr size_t kStride = 61;
#else
constexpr size_t kStride = 1;
#endif
#else
constexpr size_t kStride = 1;
#endif

constexpr size_t kShares = 4;

// Where the share SHARE damages a file of SIZE bytes: everywhere in turn near the start, where the
// headers are, and by kStride behind that.
std::vector<size_t> Positions(size_t size, size_t share) {
  constexpr size_t kHead = 600;
  std::vector<size_t> positions;
  size_t turn = 0;
  for (size_t at = 0; at < size; at += at < kHead ? 1 : kStride) {
    if (turn++ % kShares == share) positions.push_back(at);
  }
  return positions;
}

class DamageLadder : public ::testing::TestWithParam<std::tuple<std::string, size_t>> {
 protected:
  const std::string& store() const { return std::get<0>(GetParam()); }
  size_t share() const { return std::get<1>(GetParam()); }

  void SetUp() override {
    env::MemFileSystem files;
    LoadGolden(store(), files);
    snapshot_ = files.TakeSnapshot();
  }

  static void LookUpAll(MessageStore& messages) {
    const uint64_t last = messages.LastSequence();
    ASSERT_LE(messages.Counts().count, 1000u);
    // Sequences of a damaged index may be anything.
    const uint64_t first = last - std::min<uint64_t>(last - messages.FirstSequence(), 30);
    for (uint64_t i = 0; i <= last - first; ++i) {
      const Result<MessagePtr> found = messages.Lookup(first + i);
      EXPECT_NE(found.ok(), !found.status().message().empty());
    }
    const Result<uint64_t> at = messages.SequenceFromTimestamp(1'700'000'000'000'000'000);
    EXPECT_NE(at.ok(), !at.status().message().empty());
  }

  // Opens a copy of the store in which FILE is BYTES.
  void Try(const std::string& file, ByteView bytes, bool truncate) {
    env::MemFileSystem files(*snapshot_);
    ATREST_CHECK(env::WriteWhole(files, "d/" + file, bytes).ok());
    env::FixedClock clock(1'790'000'000'000'000'000);
    env::SeededEntropy entropy(1);
    LogBuffer log;
    FileStoreOptions options;
    options.truncate_unexpected_eof = truncate;
    auto store = std::move(FileStore::Open({files, clock, entropy}, log, "d", {}, options)).value();
    const auto recovered = store->Recover();
    if (!recovered.ok()) {
      EXPECT_NE(recovered.status().message(), "");
      ++refused_;
      return;
    }
    ++opened_;
    if (!recovered.value()) return;
    for (const auto& [name, channel] : recovered.value()->channels) {
      LookUpAll(*channel.channel->messages);
    }
    ATREST_CHECK(store->Close().ok());
  }

  std::optional<env::MemSnapshot> snapshot_;
  size_t refused_ = 0;
  size_t opened_ = 0;
};

TEST_P(DamageLadder, CutAtEveryByte) {
  for (const std::string& file : GoldenFiles(store())) {
    const Bytes whole = GoldenFile(store(), file);
    for (const size_t size : Positions(whole.size(), share())) {
      Try(file, ByteView(whole).first(size), /*truncate=*/size % 2 == 0);
    }
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(opened_, 0u);
}

TEST_P(DamageLadder, EveryByteChanged) {
  for (const std::string& file : GoldenFiles(store())) {
    Bytes bytes = GoldenFile(store(), file);
    for (const size_t at : Positions(bytes.size(), share())) {
      const uint8_t mask = static_cast<uint8_t>(1u << (at % 8));
      bytes[at] ^= mask;
      Try(file, bytes, /*truncate=*/false);
      bytes[at] ^= mask;
    }
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(opened_, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, DamageLadder,
                         ::testing::Combine(::testing::ValuesIn(GoldenNames()),
                                            ::testing::Range<size_t>(0, kShares)),
                         [](const auto& info) {
                           std::string name = std::get<0>(info.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name + "_" + std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace atrest::store
