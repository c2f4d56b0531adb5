// What the inspector says of the real server's stores: that they are whole, that their payloads are
// those the real server delivered, and the text form, compared with approved files.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/inspect/inspect.h"
#include "harness/inspect/inspect_text.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::inspect {
namespace {

using Json = nlohmann::json;

constexpr char kStores[] = "fixtures/stores/";

std::string ReadText(const std::string& path) {
  env::PosixFileSystem files;
  const auto bytes = env::ReadWhole(files, path, 1 << 24);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? std::string(AsText(bytes.value())) : "";
}

Json Expectation(const std::string& store) {
  return Json::parse(ReadText(kStores + store + "/expect.json"));
}

std::vector<std::string> StoreNames() {
  env::PosixFileSystem files;
  std::vector<std::string> names;
  const auto entries = files.List(kStores);
  EXPECT_TRUE(entries.ok()) << entries.status().message();
  if (!entries.ok()) return names;
  for (const env::DirectoryEntry& entry : entries.value()) {
    if (entry.is_directory) names.push_back(entry.name);
  }
  return names;
}

std::vector<crypto::Secret> Keys(const std::vector<std::string>& texts) {
  std::vector<crypto::Secret> keys;
  for (const std::string& text : texts) keys.emplace_back(AsBytes(text));
  return keys;
}

Inspection Look(env::FileSystem& files, const std::string& directory,
                const std::vector<std::string>& keys) {
  InspectOptions options;
  options.keep_payloads = true;
  auto found = Inspect(files, directory, Keys(keys), options);
  EXPECT_TRUE(found.ok()) << found.status().message();
  return found.ok() ? std::move(found).value() : Inspection();
}

Inspection LookAtGolden(const std::string& store, const std::vector<std::string>& keys) {
  env::PosixFileSystem files;
  return Look(files, kStores + store + "/store", keys);
}

const StoredMessage* Find(const Inspection& inspection, const std::string& channel,
                          uint64_t sequence) {
  for (const Channel& it : inspection.channels) {
    if (it.name != channel) continue;
    for (const StoredMessage& message : it.messages) {
      if (message.place.sequence == sequence) return &message;
    }
  }
  return nullptr;
}

TEST(GoldenStoreTest, AllAreWhole) {
  const std::vector<std::string> stores = StoreNames();
  EXPECT_GE(stores.size(), 13u);
  for (const std::string& store : stores) {
    const Inspection found = LookAtGolden(store, {});
    EXPECT_TRUE(found.damage.empty()) << store;
    EXPECT_TRUE(found.other_files.empty()) << store;
    EXPECT_TRUE(found.nonce_reuse.empty()) << store;
    EXPECT_TRUE(found.server.has_value()) << store;
    for (const Channel& channel : found.channels) {
      for (const StoredMessage& message : channel.messages) {
        EXPECT_TRUE(message.crc_ok && message.index == IndexState::kAgrees) << store;
      }
    }
  }
}

// Each message that the real server delivered under a key is opened by it, to the same bytes; one
// that looks sealed and was not delivered is opened by none.
void ExpectAsDelivered(const std::string& store, const Json& open) {
  const Inspection found = LookAtGolden(store, {open["key"].get<std::string>()});
  for (const auto& [channel, reads] : open["read"].items()) {
    for (const auto& [sequence, payload] : reads.items()) {
      const StoredMessage* message = Find(found, channel, std::stoull(sequence));
      const std::string where = store + " " + channel + ":" + sequence;
      if (payload.is_string()) {
        ASSERT_NE(message, nullptr) << where;
        EXPECT_EQ(message->payload, FromHex(payload.get<std::string>())) << where;
        EXPECT_EQ(message->opened_by.empty(), !message->cipher.has_value()) << where;
      } else if (message != nullptr && message->cipher) {
        EXPECT_TRUE(message->opened_by.empty()) << where;
        EXPECT_EQ(message->payload, std::nullopt) << where;
      }
    }
  }
}

TEST(GoldenStoreTest, PayloadsAreThoseDelivered) {
  int opens = 0;
  for (const std::string& store : StoreNames()) {
    const Json expectation = Expectation(store);
    for (const Json& open : expectation["opens"]) {
      if (!open["encrypt"].get<bool>()) continue;
      ExpectAsDelivered(store, open);
      ++opens;
    }
  }
  EXPECT_GE(opens, 30);
}

TEST(GoldenStoreTest, KeysAreNumberedAsGiven) {
  const Inspection found = LookAtGolden("two-keys", {"first key", "no key", "second key"});
  std::string opened;
  for (const StoredMessage& message : found.channels.at(0).messages) {
    for (const KeyNumber key : message.opened_by) opened += std::to_string(key);
    opened += ".";
  }
  EXPECT_EQ(opened, "1.1.3.3.");
}

// Approved output: look at the difference, and if it is right accept it with ci/approve.py.
void ExpectApproved(const std::string& name, const Inspection& inspection) {
  const std::string file = "inspect_" + name + ".txt";
  const std::string text = PrintText(inspection);
  if (text == ReadText("fixtures/reports/" + file)) return;
  env::PosixFileSystem files;
  EXPECT_TRUE(env::WriteWhole(files, "fixtures/reports/" + file + ".received", AsBytes(text)).ok());
  ADD_FAILURE() << "differs from fixtures/reports/" << file;
}

TEST(GoldenStoreTest, TheTextOfSubscriptions) {
  ExpectApproved("subscriptions", LookAtGolden("subscriptions", {"subs"}));
}

// Payloads are printed on demand alone.
TEST(GoldenStoreTest, TheTextOfTwoKeys) {
  env::PosixFileSystem files;
  const auto found = Inspect(files, std::string(kStores) + "two-keys/store", Keys({"first key"}));
  ASSERT_TRUE(found.ok());
  ExpectApproved("two_keys", found.value());
}

// A copy of "killed" with damage in two files, and a foreign file whose name would colour a
// terminal.
TEST(GoldenStoreTest, TheTextOfDamage) {
  env::PosixFileSystem disk;
  env::MemFileSystem files;
  const std::string source = std::string(kStores) + "killed/store/";
  ASSERT_TRUE(files.MakeDirectories("d/k").ok());
  for (const char* name :
       {"server.dat", "clients.dat", "k/subs.dat", "k/msgs.1.dat", "k/msgs.1.idx"}) {
    auto bytes = env::ReadWhole(disk, source + name, 1 << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    if (name == std::string("k/msgs.1.dat")) {
      bytes.value().at(30) ^= 1;
      bytes.value().pop_back();
    }
    if (name == std::string("server.dat")) bytes.value().push_back(0);
    ASSERT_TRUE(env::WriteWhole(files, std::string("d/") + name, bytes.value()).ok());
  }
  ASSERT_TRUE(env::WriteWhole(files, "d/\x1b[31mred", {}).ok());
  ExpectApproved("damaged", Look(files, "d", {"crash"}));
}

}  // namespace
}  // namespace atrest::inspect
