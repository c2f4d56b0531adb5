#include "harness/capture/capture.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/capture/leaks.h"
#include "harness/driver/registry.h"
#include "harness/inspect/inspect.h"
#include "harness/runner/execute.h"
#include "harness/runner/workspace.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::capture {
namespace {

using Json = nlohmann::json;

constexpr char kStore[] = "/original";
constexpr char kOut[] = "/out";
constexpr const char* kGolden[] = {"aes",
                                   "chacha",
                                   "key-from-config",
                                   "key-precedence",
                                   "killed",
                                   "mixed-ciphers",
                                   "plaintext",
                                   "plaintext-lookalike",
                                   "slices-and-limits",
                                   "subscriptions",
                                   "two-keys",
                                   "unusual-channels",
                                   "unusual-keys"};

class CaptureTest : public testing::TestWithParam<const char*> {
 protected:
  // A golden store, the keys that its makers used, and what a capture takes beside it.
  void Use(const std::string& golden) {
    const std::string folder = "fixtures/stores/" + golden;
    ASSERT_TRUE(runner::CopyTree(disk_, folder + "/store", files_, kStore).ok());
    ASSERT_TRUE(runner::CopyTree(disk_, "harness/targets", files_, "/kept/harness/targets").ok());
    const auto register_file = env::ReadWhole(disk_, "scenarios/requirements.json", 1u << 22);
    Write("/kept/scenarios/requirements.json", register_file.value());
    const auto expect = env::ReadWhole(disk_, folder + "/expect.json", 1u << 22).value();
    std::set<std::string> keys;
    const Json document = Json::parse(AsText(expect));
    for (const auto& opening : document["opens"]) {
      if (opening.contains("key")) keys.insert(opening["key"].get<std::string>());
    }
    for (const std::string& key : keys) options_.keys.emplace_back(AsBytes(key));
    options_.root = "/kept";
  }
  void Write(const std::string& path, ByteView bytes) {
    ASSERT_TRUE(files_.MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    auto file = files_.Open(path, env::FileSystem::Mode::kCreate);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file.value()->Truncate(0).ok());
    ASSERT_TRUE(file.value()->Append(bytes).ok());
  }
  inspect::Inspection Look(const std::string& directory, const std::vector<crypto::Secret>& keys) {
    inspect::InspectOptions look;
    look.keep_payloads = true;
    return inspect::Inspect(files_, directory, keys, look).value();
  }
  // The scenario's keys, by the numbers of the originals.
  std::vector<crypto::Secret> StandIns(const Captured& captured) {
    const auto text = env::ReadWhole(files_, captured.scenario, 1u << 22).value();
    const auto scenario = Json::parse(AsText(text));
    std::vector<crypto::Secret> keys;
    for (size_t number = 1; number <= options_.keys.size(); ++number) {
      const Json key = scenario["keys"].value("K" + std::to_string(number), Json(""));
      if (key.is_string()) {
        keys.emplace_back(AsBytes(key.get<std::string>()));
      } else if (key.contains("hex")) {
        keys.emplace_back(FromHex(key["hex"].get<std::string>()).value());
      } else {
        const std::string one = key["repeat"][0];
        std::string text_of_key;
        for (size_t i = 0; i < key["repeat"][1].get<size_t>(); ++i) text_of_key += one;
        keys.emplace_back(AsBytes(text_of_key));
      }
    }
    return keys;
  }

  env::PosixFileSystem disk_;
  env::MemFileSystem files_;
  CaptureOptions options_;
};

// What a message looks like to everybody but its owner.
std::string ShapeOf(const inspect::StoredMessage& message) {
  std::string shape =
      std::to_string(message.place.slice) + ":" + std::to_string(message.place.offset) + " #" +
      std::to_string(message.place.sequence) + " " + std::to_string(message.record_size) + " " +
      std::to_string(message.timestamp_ns) + " " +
      (message.data_size ? std::to_string(*message.data_size) : "-") + " " +
      (message.crc_ok ? "ok" : "bad") + " " + std::to_string(static_cast<int>(message.index)) +
      " " + ToHex(message.nonce) + " " +
      (message.cipher ? std::to_string(static_cast<int>(*message.cipher)) : "-") + " by";
  for (const size_t number : message.opened_by) shape += " " + std::to_string(number);
  if (message.plaintext_size) shape += " " + std::to_string(*message.plaintext_size);
  return shape;
}

std::vector<std::string> ShapesOf(const inspect::Inspection& store) {
  std::vector<std::string> shapes;
  for (const inspect::Channel& channel : store.channels) {
    for (const inspect::StoredMessage& message : channel.messages)
      shapes.push_back(ShapeOf(message));
    for (const auto& subscription : channel.subscriptions)
      shapes.push_back("subscription " + std::to_string(subscription.state.id) + " " +
                       std::to_string(subscription.state.last_sent) + " " +
                       std::to_string(subscription.pending.size()));
  }
  for (const inspect::Damage& damage : store.damage) {
    shapes.push_back("damage " + damage.file.substr(damage.file.rfind('/') + 1) + " " +
                     std::to_string(damage.offset) + " " +
                     std::to_string(static_cast<int>(damage.kind)));
  }
  // Channels are in another order: their names are others.
  std::ranges::sort(shapes);
  return shapes;
}

TEST_P(CaptureTest, OpensAsTheOriginalDoesAndHoldsNothingOfIt) {
  Use(GetParam());
  const auto captured = Capture(files_, kStore, kOut, options_);
  ASSERT_TRUE(captured.ok()) << captured.status().message();
  const auto original = Look(kStore, options_.keys);
  const auto copy = Look(captured.value().store, StandIns(captured.value()));
  EXPECT_EQ(ShapesOf(copy), ShapesOf(original));
  EXPECT_EQ(copy.nonce_reuse.size(), original.nonce_reuse.size());
  EXPECT_EQ(captured.value().channels, original.channels.size());

  // Names, of any size, are others.
  std::set<std::string> names;
  std::set<std::string> payloads;
  for (const inspect::Channel& channel : original.channels) {
    names.insert(channel.name);
    for (const auto& message : channel.messages) {
      if (message.payload && message.payload->size() >= kLeakSizeMin)
        payloads.insert(std::string(AsText(*message.payload)));
    }
  }
  for (const inspect::Channel& channel : copy.channels) {
    EXPECT_FALSE(names.contains(channel.name)) << channel.name;
    for (const auto& message : channel.messages) {
      EXPECT_FALSE(names.contains(message.subject)) << message.subject;
      if (message.payload) {
        EXPECT_FALSE(payloads.contains(std::string(AsText(*message.payload))));
      }
    }
  }
}

TEST_P(CaptureTest, ItsScenarioRuns) {
  Use(GetParam());
  const auto captured = Capture(files_, kStore, kOut, options_);
  ASSERT_TRUE(captured.ok()) << captured.status().message();
  const auto suite = runner::Suite::Open(files_, kOut).value();
  const auto scenarios = suite.Load({});
  ASSERT_TRUE(scenarios.ok()) << scenarios.status().message();
  ASSERT_EQ(scenarios.value().size(), 1u);
  const auto driver = driver::MakeDriver("inproc", {}).value();
  const auto reference = driver::MakeDriver("inproc", {}).value();
  runner::ExecuteOptions options;
  options.reference = reference.get();
  const auto executed =
      runner::ExecuteWith(scenarios.value().front(), *driver, suite, files_, options);
  EXPECT_EQ(executed.verdict.kind, verdict::Kind::kPass) << executed.verdict.message;
}

INSTANTIATE_TEST_SUITE_P(GoldenStores, CaptureTest, testing::ValuesIn(kGolden),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::erase(name, '-');
                           return name;
                         });

// Cut, changed and behind the last record.
TEST_F(CaptureTest, DamageStays) {
  Use("aes");
  const std::string path = std::string(kStore) + "/foo/msgs.1.dat";
  Bytes file = env::ReadWhole(files_, path, 1u << 20).value();
  file[40] = static_cast<uint8_t>(file[40] ^ 1);
  const std::string garbage = "a secret that somebody appended";
  file.insert(file.end(), garbage.begin(), garbage.end());
  Write(path, file);
  const auto captured = Capture(files_, kStore, kOut, options_);
  ASSERT_TRUE(captured.ok()) << captured.status().message();
  const auto original = Look(kStore, options_.keys);
  ASSERT_FALSE(original.damage.empty());
  EXPECT_EQ(ShapesOf(Look(captured.value().store, StandIns(captured.value()))), ShapesOf(original));
  const auto leaks = FindLeaks(files_, kOut, {{garbage.substr(8)}, {}});
  EXPECT_TRUE(leaks.value().empty());
}

TEST_F(CaptureTest, WhatNoKeyOpensIsReplacedToo) {
  Use("aes");
  const auto before = Look(kStore, {});
  options_.keys.clear();
  const auto captured = Capture(files_, kStore, kOut, options_);
  ASSERT_TRUE(captured.ok()) << captured.status().message();
  EXPECT_EQ(ShapesOf(Look(captured.value().store, {})), ShapesOf(before));
  // Not even its ciphertext is there.
  const Bytes file =
      env::ReadWhole(files_, std::string(kStore) + "/foo/msgs.1.dat", 1u << 20).value();
  const auto& message = before.channels.front().messages.front();
  const std::string end(AsText(ByteView(file).subspan(message.place.offset + 40, 12)));
  EXPECT_EQ(FindLeaks(files_, kStore, {{end}, {}}).value().size(), 1u);
  EXPECT_TRUE(FindLeaks(files_, kOut, {{end}, {}}).value().empty());
}

TEST_F(CaptureTest, ALeakIsFoundInBytesAndInNames) {
  Write("/store/secret-channel/msgs.1.dat", AsBytes(std::string("..the payload..")));
  EXPECT_EQ(FindLeaks(files_, "/store", {{"the payload"}, {}}).value(),
            std::vector<std::string>{"secret-channel/msgs.1.dat at 2"});
  EXPECT_EQ(FindLeaks(files_, "/store", {{}, {"secret-channel"}}).value().size(), 1u);
  EXPECT_TRUE(FindLeaks(files_, "/store", {{"the pigload"}, {"secrets"}}).value().empty());
}

TEST_F(CaptureTest, AFolderThatIsNoStoreIsRefused) {
  Write(std::string(kStore) + "/folder/notes.json", AsBytes(std::string("{}")));
  const auto captured = Capture(files_, kStore, kOut, options_);
  EXPECT_EQ(captured.status().message(),
            std::string(kStore) + " is not a store: no server.dat and no messages");
  EXPECT_FALSE(files_.Exists(kOut));
}

TEST_F(CaptureTest, NothingIsOverwritten) {
  Use("plaintext");
  Write("/out/kept", AsBytes(std::string("x")));
  EXPECT_FALSE(Capture(files_, kStore, kOut, options_).ok());
  EXPECT_TRUE(files_.Exists("/out/kept"));
}

}  // namespace
}  // namespace atrest::capture
