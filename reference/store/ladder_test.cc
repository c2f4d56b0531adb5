// Every golden store, cut at every byte of every file and with every byte changed once: opening
// gives a store or a refusal with a text, lookups of every sequence give a message, none, or an
// error with a text, and nothing hangs or crashes. Of the two files that hold long payloads, the
// middle is sampled.
#include <gtest/gtest.h>

#include "reference/env/fixed_env.h"
#include "reference/store/golden_stores.h"

namespace atrest::store {
namespace {

// Sanitizers make each step some twenty times as slow; they see every third.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kStride = 3;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
constexpr size_t kStride = 3;
#else
constexpr size_t kStride = 1;
#endif
#else
constexpr size_t kStride = 1;
#endif

// Where to damage a file of SIZE bytes.
std::vector<size_t> Positions(size_t size) {
  constexpr size_t kHead = 4000;
  constexpr size_t kTail = 100;
  constexpr size_t kMiddleStride = 211;
  std::vector<size_t> positions;
  for (size_t at = 0; at < size;) {
    positions.push_back(at);
    at += at < kHead || size - at <= kTail + kMiddleStride ? kStride : kMiddleStride;
  }
  return positions;
}

class DamageLadder : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    env::MemFileSystem files;
    LoadGolden(GetParam(), files);
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
  for (const std::string& file : GoldenFiles(GetParam())) {
    const Bytes whole = GoldenFile(GetParam(), file);
    for (const size_t size : Positions(whole.size())) {
      Try(file, ByteView(whole).first(size), /*truncate=*/size % 2 == 0);
    }
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(opened_, 0u);
}

TEST_P(DamageLadder, EveryByteChanged) {
  for (const std::string& file : GoldenFiles(GetParam())) {
    Bytes bytes = GoldenFile(GetParam(), file);
    for (const size_t at : Positions(bytes.size())) {
      const uint8_t mask = static_cast<uint8_t>(1u << (at % 8));
      bytes[at] ^= mask;
      Try(file, bytes, /*truncate=*/false);
      bytes[at] ^= mask;
    }
  }
  EXPECT_GT(refused_, 0u);
  EXPECT_GT(opened_, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, DamageLadder, ::testing::ValuesIn(GoldenNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace atrest::store
