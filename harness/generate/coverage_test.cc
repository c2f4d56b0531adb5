#include "harness/generate/coverage.h"

#include <gtest/gtest.h>

#include "harness/generate/properties.h"

namespace atrest::generate {
namespace {

const std::set<std::string> kFew = {"file"};

scenario::Settings On(const char* key) {
  scenario::Settings settings;
  settings.encrypt = true;
  settings.key_variable = key;
  return settings;
}

scenario::Scenario Of(std::vector<scenario::Action> actions) {
  scenario::Scenario scenario;
  scenario.keys = {{"K", "a key"}, {"other", "another"}, {"empty", ""}};
  for (scenario::Action& action : actions) scenario.steps.push_back({"", std::move(action)});
  return scenario;
}

uint64_t Seen(const Coverage& coverage, const std::string& a, const std::string& b) {
  for (const auto& pair : coverage.Pairs({"file", "program", "kill", "format:stan-file-1"})) {
    if (pair.a == a && pair.b == b) return pair.seen;
  }
  ADD_FAILURE() << a << ", " << b << " is no pair";
  return 0;
}

TEST(CoverageTest, ARunMeetsThePairsOfItsCircumstances) {
  Coverage coverage;
  coverage.Note(Of({scenario::Start{On("K")}, scenario::Publish{"foo", {"x"}},
                    scenario::Read{"foo"}, scenario::Stop{}}));
  EXPECT_EQ(Seen(coverage, "key: variable", "switch: on"), 1u);
  EXPECT_EQ(Seen(coverage, "key: variable", "store: new"), 1u);
  EXPECT_EQ(Seen(coverage, "cipher: not given", "read: from the first"), 1u);
  EXPECT_EQ(Seen(coverage, "key: variable", "switch: off"), 0u);
  EXPECT_EQ(Seen(coverage, "store: new", "read: nothing"), 0u);
}

TEST(CoverageTest, TheStoreIsFollowed) {
  Coverage coverage;
  scenario::Settings off;
  coverage.Note(Of({scenario::Start{On("K")}, scenario::Publish{"foo", {"x"}}, scenario::Stop{},
                    scenario::Start{On("other")}, scenario::Publish{"foo", {"y"}}, scenario::Kill{},
                    scenario::Start{off}, scenario::Stop{}, scenario::Start{off}, scenario::Stop{},
                    scenario::Tamper{}, scenario::Start{On("empty")}}));
  EXPECT_EQ(Seen(coverage, "switch: on", "store: sealed under another key"), 1u);
  EXPECT_EQ(Seen(coverage, "key: none", "store: cut off by a kill"), 1u);
  EXPECT_EQ(Seen(coverage, "key: none", "store: of several keys"), 1u);
  EXPECT_EQ(Seen(coverage, "key: empty", "store: tampered with"), 1u);
  EXPECT_EQ(Seen(coverage, "store: tampered with", "read: nothing"), 1u);
}

TEST(CoverageTest, WhatWasNotDoneIsNotMet) {
  Coverage coverage;
  coverage.Note(Of({scenario::Start{On("K")}, scenario::Read{"foo"}}), 1);
  EXPECT_EQ(Seen(coverage, "key: variable", "read: from the first"), 0u);
  EXPECT_EQ(Seen(coverage, "key: variable", "read: nothing"), 1u);
}

TEST(CoverageTest, AReadAtOnceIsFromTheCache) {
  Coverage coverage;
  coverage.Note(Of({scenario::Start{On("K")}, scenario::Read{"foo"}, scenario::Read{"foo"}}));
  EXPECT_EQ(Seen(coverage, "key: variable", "read: again at once"), 1u);
}

TEST(CoverageTest, TwoAddUp) {
  Coverage one;
  one.Note(Of({scenario::Start{On("K")}}));
  Coverage two = one;
  two.Add(one);
  EXPECT_EQ(Seen(two, "key: variable", "switch: on"), 2u);
}

TEST(CoverageTest, WhatATargetCannotMeetIsNoPair) {
  for (const auto& pair : Coverage().Pairs(kFew)) {
    EXPECT_EQ(pair.a.find("configuration: a file"), std::string::npos);
    EXPECT_EQ(pair.b.find("kill"), std::string::npos) << pair.b;
  }
  EXPECT_GT(Coverage().Pairs({"file", "program"}).size(), Coverage().Pairs(kFew).size());
}

TEST(CoverageTest, TheTextNamesWhatWasNotSeen) {
  EXPECT_EQ(CoverageText({{"a: 1", "b: 1", 3}, {"a: 1", "b: 2", 0}}),
            "coverage: 1 of 2 pairs\n  not seen: a: 1, b: 2\n");
}

// The generators together meet everything that a target in this process can meet.
TEST(CoverageTest, TwoThousandScenariosMeetEveryPair) {
  const std::set<std::string> capabilities = {"file",      "memory",         "kill",
                                              "interrupt", "explicit_empty", "format:stan-file-1"};
  std::vector<size_t> chosen;
  for (size_t i = 0; i < Properties().size(); ++i) {
    if (IsFor(Properties()[i], capabilities)) chosen.push_back(i);
  }
  const auto turns = Turns(chosen);
  Coverage coverage;
  for (uint64_t seed = 0; seed < 2000; ++seed)
    coverage.Note(Generate(Properties()[turns[seed % turns.size()]], seed, {20, capabilities}));
  const auto pairs = coverage.Pairs(capabilities);
  const std::string text = CoverageText(pairs);
  EXPECT_EQ(text.find("not seen"), std::string::npos) << text;
}

}  // namespace
}  // namespace atrest::generate
