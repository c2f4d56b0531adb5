#include "harness/shrink/minimise.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/scenario/print.h"
#include "reference/env/fixed_env.h"

namespace atrest::shrink {
namespace {

using scenario::Action;
using scenario::Publish;
using scenario::Read;
using scenario::Scenario;

constexpr int64_t kNsPerMs = 1'000'000;

scenario::Start On(const std::string& key) {
  scenario::Settings settings;
  settings.encrypt = true;
  settings.key_option = key;
  settings.cipher = "ChaCha";
  settings.max_messages = 70;
  return {settings};
}

Scenario Of(const std::vector<Action>& steps) {
  Scenario scenario;
  scenario.title = "t";
  scenario.requirements = {"D-02"};
  scenario.keys = {{"right", "r"}, {"wrong", "w"}};
  for (const Action& step : steps) scenario.steps.push_back({"", step});
  return scenario;
}

// Many steps, most of them of no importance.
Scenario Long() {
  return Of({On("right"), Publish{"a.b", {"one", "two", std::string(500, 'x')}}, Read{"c"},
             scenario::Kill{}, On("wrong"), Read{"a.b"}, Publish{"c", {"one"}}, scenario::Stop{},
             On("right"), Publish{"a.b", {"", "one"}}, Read{"a.b", Read::From::kSequence, 3},
             Read{"c"}, scenario::Stop{}, On("wrong"), Read{"a.b"}, scenario::Stop{}});
}

const Fingerprint kFailure{verdict::Suite::kConformance, "fail", "model", "D-02", ""};

// The index of the N-th step (from 1) of a kind.
template <typename Kind>
std::optional<size_t> IndexOf(const Scenario& scenario, size_t n) {
  for (size_t at = 0; at < scenario.steps.size(); ++at) {
    if (std::holds_alternative<Kind>(scenario.steps[at].action) && --n == 0) return at;
  }
  return std::nullopt;
}

std::vector<std::string> Described(const Scenario& scenario) {
  std::vector<std::string> lines;
  for (const scenario::Step& step : scenario.steps)
    lines.push_back(scenario::Describe(step.action));
  return lines;
}

TEST(MinimiseTest, WhatDoesNotFailIsLeftAsItIs) {
  const Minimum minimum = Minimise(
      Long(), kFailure, [](const Scenario&) { return std::nullopt; }, {}, nullptr);
  EXPECT_FALSE(minimum.reproduced);
  EXPECT_FALSE(minimum.complete);
  EXPECT_EQ(minimum.executions, 1u);
}

TEST(MinimiseTest, OnlyWhatTheFailureNeedsIsLeft) {
  const Minimum minimum = Minimise(
      Long(), kFailure, [](const Scenario& s) { return IndexOf<Read>(s, 1); }, {}, nullptr);
  EXPECT_TRUE(minimum.complete);
  EXPECT_EQ(minimum.step, 1u);
  EXPECT_EQ(Described(minimum.scenario), Described(Of({scenario::Start{}, Read{"foo"}})));
  EXPECT_TRUE(minimum.scenario.keys.empty());
}

TEST(MinimiseTest, NoCandidateIsRunTwiceAndAllAreValid) {
  std::set<std::string> seen;
  const auto run = [&](const Scenario& scenario) -> std::optional<size_t> {
    EXPECT_TRUE(seen.insert(scenario::PrintScenario(scenario)).second);
    bool running = false;
    for (const scenario::Step& step : scenario.steps) {
      const bool starts = std::holds_alternative<scenario::Start>(step.action);
      EXPECT_NE(starts, running) << scenario::PrintScenario(scenario);
      running = starts || !(std::holds_alternative<scenario::Stop>(step.action) ||
                            std::holds_alternative<scenario::Kill>(step.action));
      if (starts && std::get<scenario::Start>(step.action).settings.key_variable) {
        EXPECT_TRUE(
            scenario.keys.contains(*std::get<scenario::Start>(step.action).settings.key_variable));
      }
    }
    return IndexOf<scenario::Start>(scenario, 3);
  };
  const Minimum minimum = Minimise(Long(), kFailure, run, {}, nullptr);
  EXPECT_EQ(minimum.executions, seen.size());
  EXPECT_EQ(Described(minimum.scenario),
            Described(Of({scenario::Start{}, scenario::Stop{}, scenario::Start{}, scenario::Stop{},
                          scenario::Start{}})));
}

// The size that matters is the same in two payloads, and is lowered in both.
TEST(MinimiseTest, EqualPayloadsAreShortenedTogether) {
  const std::string big(3000, 'z');
  const Scenario given = Of({scenario::Start{}, Publish{"x", {big}}, Publish{"y", {"other", big}}});
  const auto run = [](const Scenario& scenario) -> std::optional<size_t> {
    std::map<std::string, size_t> counts;
    for (size_t at = 0; at < scenario.steps.size(); ++at) {
      const auto* publish = std::get_if<Publish>(&scenario.steps[at].action);
      if (publish == nullptr) continue;
      for (const std::string& payload : publish->payloads) {
        if (payload.size() >= 129 && ++counts[payload] == 2) return at;
      }
    }
    return std::nullopt;
  };
  const Minimum minimum = Minimise(given, kFailure, run, {}, nullptr);
  const std::string left(129, 'm');
  EXPECT_EQ(scenario::PrintScenario(minimum.scenario).find(big), std::string::npos);
  ASSERT_EQ(minimum.scenario.steps.size(), 2u);
  EXPECT_EQ(std::get<Publish>(minimum.scenario.steps[1].action).payloads,
            (std::vector<std::string>{left, left}));
}

TEST(MinimiseTest, ALimitIsLoweredToTheLeastThatFails) {
  const auto run = [](const Scenario& scenario) -> std::optional<size_t> {
    for (size_t at = 0; at < scenario.steps.size(); ++at) {
      const auto* start = std::get_if<scenario::Start>(&scenario.steps[at].action);
      if (start != nullptr && start->settings.max_messages.value_or(0) >= 13) return at;
    }
    return std::nullopt;
  };
  const Minimum minimum = Minimise(Long(), kFailure, run, {}, nullptr);
  ASSERT_EQ(minimum.scenario.steps.size(), 1u);
  const auto& settings = std::get<scenario::Start>(minimum.scenario.steps[0].action).settings;
  EXPECT_EQ(settings.max_messages, 13u);
  EXPECT_FALSE(settings.encrypt);
}

TEST(MinimiseTest, ExecutionsAreBoundedAndTheBestIsKept) {
  Limits limits;
  limits.executions_max = 5;
  size_t told = 0;
  const Minimum minimum = Minimise(
      Long(), kFailure, [](const Scenario& s) { return IndexOf<Read>(s, 1); }, limits,
      [&](const Minimum& better) {
        ++told;
        EXPECT_TRUE(better.reproduced);
      });
  EXPECT_FALSE(minimum.complete);
  EXPECT_EQ(minimum.executions, 5u);
  EXPECT_GT(told, 1u);
  EXPECT_LT(minimum.scenario.steps.size(), Long().steps.size());
}

TEST(MinimiseTest, TimeIsBounded) {
  env::FixedClock clock(0);
  Limits limits;
  limits.clock = &clock;
  limits.time_ms = 1000;
  const auto run = [&](const Scenario& scenario) {
    clock.Advance(300 * kNsPerMs);
    return IndexOf<Read>(scenario, 1);
  };
  const Minimum minimum = Minimise(Long(), kFailure, run, limits, nullptr);
  EXPECT_FALSE(minimum.complete);
  EXPECT_EQ(minimum.executions, 4u);
}

// Fails every second time only.
TEST(MinimiseTest, AFlakyFailureIsConfirmedByKOfN) {
  size_t executed = 0;
  const auto run = [&](const Scenario& scenario) -> std::optional<size_t> {
    return ++executed % 2 == 0 ? IndexOf<Read>(scenario, 1) : std::nullopt;
  };
  Limits limits;
  limits.executions_max = 1000;
  limits.confirm_needed = 2;
  limits.confirm_of = 5;
  const Minimum minimum = Minimise(Long(), kFailure, run, limits, nullptr);
  EXPECT_TRUE(minimum.complete);
  EXPECT_EQ(Described(minimum.scenario), Described(Of({scenario::Start{}, Read{"foo"}})));
}

}  // namespace
}  // namespace atrest::shrink
