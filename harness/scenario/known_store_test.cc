#include "harness/scenario/known_store.h"

#include <gtest/gtest.h>

namespace atrest::scenario {
namespace {

constexpr char kPlans[] = R"([{"name": "other", "phases": []}, {"name": "s", "phases": [
  {"steps": [{"publish": "foo", "payload": ["plain", {"hex": "01ff"}]}, {"read": "foo"}]},
  {"args": ["-encrypt", "-encryption_cipher", "CHACHA", "-encryption_key", "flag"],
   "env": {"NATS_STREAMING_ENCRYPTION_KEY": "variable"},
   "steps": [{"publish": "foo", "payload": ["sealed"]}, {"publish": "Foo", "payload": ["no"]}]},
  {"args": ["-encrypt", "-mm", "10"], "env": {"NATS_STREAMING_ENCRYPTION_KEY": "variable"},
   "steps": [{"publish": "bar", "payload": [{"repeat": ["x", 3]}]}]},
  {"config": "streaming: { encrypt: true, encryption_cipher: \"AES\", encryption_key: \"k\" }",
   "steps": [{"publish": "bar", "payload": ["configured"]}]}]}])";

constexpr char kExpect[] = R"({"opens": [
  {"encrypt": false, "read": {"foo": {"1": "00", "2": "00", "3": "00"}, "Foo": {"1": null}}},
  {"encrypt": true, "read": {"foo": {"1": null}}}]})";

TEST(KnownStoreTest, SaysWhatEveryMessageWasStoredUnder) {
  const auto messages = LoadKnownStore("plans", kPlans, "s", "expect", kExpect).value();
  ASSERT_EQ(messages.size(), 5u) << "what was refused is left out";
  EXPECT_EQ(messages[1].payload, "\x01\xff");
  EXPECT_FALSE(messages[1].key.has_value());
  EXPECT_EQ(messages[2].sequence, 3u);
  EXPECT_EQ(messages[2].key, "variable") << "the variable goes before the option";
  EXPECT_EQ(messages[2].cipher, "CHACHA");
  EXPECT_TRUE(messages[2].certain);
  EXPECT_EQ(messages[3].payload, "xxx");
  EXPECT_FALSE(messages[3].certain) << "limits may have removed it";
  EXPECT_EQ(messages[4].key, "k");
  EXPECT_EQ(messages[4].cipher, "AES");
}

TEST(KnownStoreTest, AnUnknownStoreIsNamed) {
  EXPECT_EQ(LoadKnownStore("plans", kPlans, "none", "expect", kExpect).status().message(),
            "plans: no golden store \"none\"");
}

}  // namespace
}  // namespace atrest::scenario
