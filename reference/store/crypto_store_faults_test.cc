// The layer that faults need differs from the one without by nothing but the fault that is on: what
// checks find under a fault is that fault's.
#include "reference/store/crypto_store_faults.h"

#include <gtest/gtest.h>

#include "reference/base/fault.h"
#include "reference/base/logger.h"
#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/store/file_store.h"

namespace atrest::store {
namespace {

constexpr char kDirectory[] = "/store";

// Counts up, the same in every run.
class CountingEntropy : public env::Entropy {
 public:
  void Fill(std::span<uint8_t> into) override {
    for (uint8_t& byte : into) byte = ++last_;
  }

 private:
  uint8_t last_ = 0;
};

Message MessageOf(uint64_t sequence, const std::string& channel, const std::string& payload) {
  Message message;
  message.sequence = sequence;
  message.subject = channel;
  message.timestamp_ns = 1'700'000'000'000'000'000 + static_cast<int64_t>(sequence);
  if (!payload.empty()) message.data = ToBytes(payload);
  return message;
}

// What is delivered by a new store on FILES that stores more, and what FILES then hold.
std::string Run(env::MemFileSystem& files, env::Entropy& entropy) {
  env::FixedClock clock;
  LogBuffer log;
  auto below = FileStore::Open({files, clock, entropy}, log, kDirectory, StoreLimits(), {});
  EncryptionOptions options;
  options.key = crypto::Secret(AsBytes("a long and winding key"));
  const auto made = MakeCryptoStore(std::move(below).value(), entropy, options);
  const std::unique_ptr<Store>& store = made.value();
  std::string seen;
  const auto recovered = store->Recover();
  if (!recovered.ok()) return recovered.status().message();
  if (!recovered.value()) {
    EXPECT_TRUE(store->Init(MakeServerInfo("test-cluster")).ok());
  }
  for (const std::string name : {"foo", "foo.bar", "_internal"}) {
    Channel* channel = store->FindChannel(name);
    if (channel == nullptr) channel = store->CreateChannel(name).value();
    MessageStore& messages = *channel->messages;
    for (const std::string& payload :
         {std::string("first"), std::string(), std::string(70'000, 'x'), std::string("\1\2\3")}) {
      const uint64_t sequence = messages.LastSequence() + 1;
      EXPECT_TRUE(messages.Store(MessageOf(sequence, name, payload)).ok());
    }
    EXPECT_TRUE(messages.Flush().ok());
    for (uint64_t sequence = 1; sequence <= messages.LastSequence(); ++sequence) {
      seen += ToHex(messages.Lookup(sequence).value()->payload()) + "\n";
    }
  }
  EXPECT_TRUE(store->Close().ok());
  for (const std::string name : {"foo", "foo.bar", "_internal"}) {
    for (const auto& entry : files.List(std::string(kDirectory) + "/" + name).value()) {
      const std::string path = std::string(kDirectory) + "/" + name + "/" + entry.name;
      seen += path + " " + ToHex(env::ReadWhole(files, path, 1 << 24).value()) + "\n";
    }
  }
  return seen;
}

std::string TwoRuns() {
  env::MemFileSystem files;
  CountingEntropy entropy;
  std::string seen = Run(files, entropy);
  return seen + Run(files, entropy);
}

TEST(FaultyStoreTest, WithAFaultOfSomethingElseItIsTheStoreWithoutFaults) {
  const std::string without = TwoRuns();
  ASSERT_GT(without.size(), 1'000u);
  const fault::Scope scope(Fault::kRefusedIsAcked);
  EXPECT_EQ(TwoRuns(), without);
}

TEST(FaultyStoreTest, WithAFaultOfItsOwnItIsNot) {
  const std::string without = TwoRuns();
  const fault::Scope scope(Fault::kSealingTagCut);
  EXPECT_NE(TwoRuns(), without);
}

}  // namespace
}  // namespace atrest::store
