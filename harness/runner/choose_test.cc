#include "harness/runner/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/runner/suite.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using scenario::Scenario;
using testing::ElementsAre;

Scenario Citing(const std::string& id, std::vector<std::string> requirements, int starts,
                std::vector<std::string> needs = {"file"}) {
  Scenario scenario;
  scenario.id = id;
  scenario.requirements = std::move(requirements);
  scenario.needs = std::move(needs);
  for (int i = 0; i < starts; ++i) scenario.steps.push_back({"", scenario::Start{}});
  return scenario;
}

std::vector<std::string> IdsOf(const std::vector<Scenario>& scenarios) {
  std::vector<std::string> ids;
  for (const Scenario& scenario : scenarios) ids.push_back(scenario.id);
  return ids;
}

TEST(QuickTest, TakesTheCheapestThatCiteARequirement) {
  EXPECT_THAT(IdsOf(QuickOf({Citing("a", {"R-1"}, 3), Citing("b", {"R-1"}, 1),
                             Citing("c", {"R-2"}, 2), Citing("d", {"R-1"}, 2)},
                            {})),
              ElementsAre("b", "c"));
}

TEST(QuickTest, PrefersOneThatCitesMoreForTheSamePrice) {
  EXPECT_THAT(
      IdsOf(QuickOf(
          {Citing("a", {"R-1"}, 1), Citing("b", {"R-2"}, 1), Citing("c", {"R-1", "R-2"}, 1)}, {})),
      ElementsAre("c"));
}

TEST(QuickTest, TakesWhatItIsToldBesides) {
  EXPECT_THAT(IdsOf(QuickOf({Citing("a", {"R-1"}, 3), Citing("b", {"R-1"}, 1),
                             Citing("c", {"R-2"}, 2), Citing("d", {"R-2"}, 1)},
                            {"a", "d"})),
              ElementsAre("a", "d"));
}

TEST(QuickTest, ItsListNamesScenarios) {
  env::PosixFileSystem files;
  const auto suite = Suite::Open(files, ".").value();
  const auto all = IdsOf(suite.Load({}).value());
  for (const std::string& id : suite.LoadQuick().value())
    EXPECT_NE(std::ranges::find(all, id), all.end()) << "scenarios/quick.txt: " << id;
}

TEST(QuickTest, PrefersWhatAnyTargetCanDo) {
  EXPECT_THAT(
      IdsOf(QuickOf(
          {Citing("a", {"R-1"}, 1, {"file", "program"}), Citing("b", {"R-1"}, 1, {"file"})}, {})),
      ElementsAre("b"));
}

TEST(QuickTest, TouchesEveryRequirementThatOurScenariosCite) {
  env::PosixFileSystem files;
  const auto all = Suite::Open(files, ".").value().Load({}).value();
  const auto quick = QuickOf(all, {});
  const auto cited = [](const std::vector<Scenario>& scenarios) {
    std::set<std::string> ids;
    for (const Scenario& scenario : scenarios)
      ids.insert(scenario.requirements.begin(), scenario.requirements.end());
    return ids;
  };
  EXPECT_EQ(cited(quick), cited(all));
  EXPECT_LT(quick.size(), all.size() / 2);
  EXPECT_TRUE(std::ranges::is_sorted(IdsOf(quick)));
}

TEST(ShuffleTest, TheSeedDecides) {
  std::vector<Scenario> scenarios;
  for (int i = 0; i < 20; ++i) scenarios.push_back(Citing("s" + std::to_string(i), {}, 0));
  const auto shuffled = [&](uint64_t seed) {
    auto copy = scenarios;
    Shuffle(seed, copy);
    return IdsOf(copy);
  };
  EXPECT_EQ(shuffled(1), shuffled(1));
  EXPECT_NE(shuffled(1), shuffled(2));
  EXPECT_NE(shuffled(1), IdsOf(scenarios));
  EXPECT_THAT(shuffled(1), testing::UnorderedElementsAreArray(IdsOf(scenarios)));
}

}  // namespace
}  // namespace atrest::runner
