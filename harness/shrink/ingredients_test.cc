#include "harness/shrink/ingredients.h"

#include <gtest/gtest.h>

#include "harness/scenario/requirements.h"
#include "reference/env/posix_env.h"

namespace atrest::shrink {
namespace {

using scenario::Action;
using verdict::Suite;

scenario::Start On() {
  scenario::Settings settings;
  settings.encrypt = true;
  settings.key_variable = "K";
  return {settings};
}
scenario::Start Off() { return {}; }
scenario::Publish Message(const std::string& channel = "foo") { return {channel, {"text"}}; }
scenario::Read All(const std::string& channel = "foo") { return {channel}; }

bool Can(const std::string& requirement, const std::vector<Action>& steps) {
  scenario::Scenario scenario;
  for (const Action& step : steps) scenario.steps.push_back({"", step});
  return CanFail(scenario, {Suite::kConformance, "fail", "disk", requirement, ""});
}

TEST(IngredientsTest, WhatIsSealedIsPublishedUnderEncryption) {
  EXPECT_TRUE(Can("D-01", {On(), Message()}));
  EXPECT_FALSE(Can("D-01", {Off(), Message()}));
  EXPECT_FALSE(Can("D-01", {On()}));
  EXPECT_TRUE(Can("D-01", {Off(), Message(), scenario::Stop{}, On(), Message()}));
}

TEST(IngredientsTest, ARunWithoutEncryptionHasSomethingToHandOut) {
  EXPECT_TRUE(Can("H-off-noticed", {On(), Message(), scenario::Stop{}, Off(), All()}));
  EXPECT_FALSE(Can("H-off-noticed", {On(), Message(), scenario::Stop{}, On(), All()}));
  EXPECT_FALSE(Can("H-off-noticed", {On(), scenario::Stop{}, Off(), All(), Message()}));
  EXPECT_FALSE(Can("H-off-noticed", {On(), Message(), scenario::Stop{}, Off(), All("bar")}));
}

TEST(IngredientsTest, ChannelsDoNotMix) {
  EXPECT_TRUE(Can("H-nonce-reuse", {On(), Message(), Message()}));
  EXPECT_FALSE(Can("H-nonce-reuse", {On(), Message(), Message("bar")}));
  EXPECT_TRUE(Can("H-nonce-reuse", {On(), Message("bar"), Message(), Message("bar")}));
}

TEST(IngredientsTest, AKeyOptionMaySwitchItOn) {
  scenario::Start start;
  start.settings.key_option = "K";
  EXPECT_TRUE(Can("D-01", {start, Message()}));
  EXPECT_TRUE(Can("H-off-noticed", {start, Message(), scenario::Stop{}, start, All()}));
}

TEST(IngredientsTest, AGoldenStoreHoldsAnything) {
  EXPECT_TRUE(Can("D-14", {scenario::UseGolden{"two-keys"}, On()}));
  EXPECT_TRUE(Can("H-off-noticed", {scenario::UseGolden{"two-keys"}, Off(), All()}));
  EXPECT_FALSE(Can("H-off-noticed", {scenario::UseGolden{"two-keys"}, Off()}));
}

TEST(IngredientsTest, ASubscriptionReadsItsChannel) {
  scenario::Subscribe subscribe;
  subscribe.client = "a";
  subscribe.name = "s";
  subscribe.channel = "foo";
  const std::vector<Action> begin = {On(),
                                     Message(),
                                     scenario::Stop{},
                                     Off(),
                                     scenario::ClientStep(scenario::Connect{"a"}),
                                     scenario::ClientStep(subscribe)};
  auto whole = begin;
  whole.push_back(scenario::ClientStep(scenario::Receive{"s"}));
  EXPECT_TRUE(Can("H-off-noticed", whole));
  EXPECT_FALSE(Can("H-off-noticed", begin));
}

TEST(IngredientsTest, WhatIsNotKnownIsNotJudged) {
  EXPECT_TRUE(Can("K-anything", {Off()}));
  EXPECT_TRUE(Can("D-01", {Off(), scenario::ClientStep(scenario::Raw{"PUB foo\r\n"})}));
  const scenario::RestoreCopy restore{".", "copy"};
  EXPECT_TRUE(Can("H-forge", {scenario::Tamper{{restore}}, Off()}));
  EXPECT_FALSE(Can("K-anything", {}));
}

TEST(IngredientsTest, AnExpectationMustBeLeft) {
  scenario::Scenario scenario;
  scenario.steps.push_back({"on", On()});
  const Fingerprint failure{Suite::kHardening, "fail", "expectation", "D-01", ""};
  EXPECT_FALSE(CanFail(scenario, failure));
  scenario.expectations.emplace_back().step = "on";
  EXPECT_TRUE(CanFail(scenario, failure));
}

// A row for a requirement that does not exist would never be looked at.
TEST(IngredientsTest, EveryRowIsOfARequirement) {
  env::PosixFileSystem files;
  const auto text = env::ReadWhole(files, "scenarios/requirements.json", 1u << 20).value();
  const auto known = scenario::Requirements::Parse("requirements.json", AsText(text));
  ASSERT_TRUE(known.ok()) << known.status().message();
  for (const std::string& requirement : RequirementsWithIngredients())
    EXPECT_NE(known.value().Find(requirement), nullptr) << requirement;
}

}  // namespace
}  // namespace atrest::shrink
