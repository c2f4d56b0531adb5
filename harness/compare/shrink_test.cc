#include "harness/compare/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/compare/generator.h"
#include "harness/compare/order.h"

namespace atrest::compare {
namespace {

constexpr size_t kRunsMax = 2000;

// A long case that ends with a start, a publish of three payloads and a read of that channel.
Case LongCase() {
  Case one = Generate(11, {60, {"file", "kill", "client", "program"}});
  scenario::Settings settings;
  settings.cipher = "AES";
  settings.max_messages = 3;
  one.steps.push_back({scenario::Start{settings}, true});
  one.steps.push_back({scenario::Publish{"bar", {"one", "\x01two", "three"}}});
  one.steps.push_back({scenario::Read{"bar"}});
  return one;
}

bool PublishesToBarUnderALimit(const Case& one) {
  bool limited = false;
  for (const Step& step : one.steps) {
    if (const auto* start = std::get_if<scenario::Start>(&step.action))
      limited = start->settings.max_messages == 3u;
    const auto* publish = std::get_if<scenario::Publish>(&step.action);
    if (publish != nullptr && limited && publish->channel == "bar") {
      const auto& payloads = publish->payloads;
      if (std::ranges::find(payloads, "\x01two") != payloads.end()) return true;
    }
  }
  return false;
}

TEST(Shrink, LeavesTheStepsAndOptionsThatMatter) {
  const Case shrunk = Shrink(LongCase(), PublishesToBarUnderALimit, kRunsMax);
  ASSERT_EQ(shrunk.steps.size(), 2u);
  const auto& settings = std::get<scenario::Start>(shrunk.steps[0].action).settings;
  EXPECT_EQ(settings.max_messages, 3u);
  EXPECT_FALSE(settings.cipher);
  EXPECT_FALSE(shrunk.steps[0].exchange);
  const auto& publish = std::get<scenario::Publish>(shrunk.steps[1].action);
  EXPECT_EQ(publish.payloads, std::vector<std::string>{"\x01two"});
}

TEST(Shrink, TriesValidCasesOnlyAndNotTooMany) {
  size_t runs = 0;
  const Fails fails = [&](const Case& candidate) {
    ++runs;
    EXPECT_EQ(Repair(candidate.steps).size(), candidate.steps.size());
    return PublishesToBarUnderALimit(candidate);
  };
  const Case shrunk = Shrink(LongCase(), fails, 40);
  EXPECT_LE(runs, 40u);
  EXPECT_TRUE(PublishesToBarUnderALimit(shrunk));
}

TEST(Shrink, KeepsAClientItsSubscriptionAndItsReceive) {
  const Fails receives = [](const Case& one) {
    return std::ranges::any_of(one.steps, [](const Step& step) {
      const auto* client = std::get_if<scenario::ClientStep>(&step.action);
      return client != nullptr && std::holds_alternative<scenario::Receive>(*client);
    });
  };
  Case one = Generate(3, {60, {"file", "client"}});
  ASSERT_TRUE(receives(one));
  one = Shrink(one, receives, kRunsMax);
  std::vector<std::string> steps;
  for (const Step& step : one.steps) steps.push_back(Describe(step).substr(0, 5));
  EXPECT_EQ(steps.size(), 4u);  // start, connect, subscribe, receive
}

}  // namespace
}  // namespace atrest::compare
