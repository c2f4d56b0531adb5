#include "harness/shrink/repair.h"

#include <gtest/gtest.h>

#include "harness/shrink/names.h"

namespace atrest::shrink {
namespace {

using scenario::Action;
using scenario::ClientStep;
using scenario::Scenario;

Scenario Of(const std::vector<Action>& steps) {
  Scenario scenario;
  for (const Action& step : steps) scenario.steps.push_back({"", step});
  return scenario;
}

std::vector<std::string> Repaired(const std::vector<Action>& steps) {
  Scenario scenario = Of(steps);
  Repair(scenario);
  std::vector<std::string> lines;
  for (const scenario::Step& step : scenario.steps)
    lines.push_back(scenario::Describe(step.action));
  return lines;
}
std::vector<std::string> Described(const std::vector<Action>& steps) {
  std::vector<std::string> lines;
  for (const Action& step : steps) lines.push_back(scenario::Describe(step));
  return lines;
}

const scenario::Start kStart;
const scenario::Publish kPublish{"foo", {"text"}};

TEST(RepairTest, ClientsActWhileTheServerRuns) {
  EXPECT_EQ(Repaired({kPublish, kStart, kPublish, scenario::Stop{}, kPublish, scenario::Stop{}}),
            Described({kStart, kPublish, scenario::Stop{}}));
}

TEST(RepairTest, AMissingStopMakesTwoRunsOne) {
  EXPECT_EQ(Repaired({kStart, kPublish, kStart, kPublish, scenario::Stop{}}),
            Described({kStart, kPublish, kPublish, scenario::Stop{}}));
}

TEST(RepairTest, FilesAreChangedWhileItDoesNot) {
  const scenario::Tamper tamper{{scenario::RemoveFile{"foo/msgs.1.dat"}}};
  EXPECT_EQ(Repaired({kStart, tamper, scenario::Stop{}, tamper}),
            Described({kStart, scenario::Stop{}, tamper}));
}

TEST(RepairTest, WhoIsNotThereDoesNothing) {
  const ClientStep connect = scenario::Connect{"a"};
  scenario::Subscribe opened;
  opened.client = "a";
  opened.name = "s";
  opened.channel = "foo";
  const ClientStep subscribe = opened;
  const ClientStep receive = scenario::Receive{"s"};
  EXPECT_EQ(Repaired({kStart, subscribe, receive, connect, receive, subscribe, receive,
                      scenario::Stop{}, kStart, receive}),
            Described({kStart, connect, subscribe, receive, scenario::Stop{}, kStart}));
}

TEST(RepairTest, ARunThatIsInterruptedIsKilled) {
  const scenario::Interrupt interrupt;
  EXPECT_EQ(Repaired({kStart, interrupt, interrupt, kPublish, scenario::Stop{}}),
            Described({kStart, interrupt, kPublish, scenario::Kill{}}));
}

TEST(RepairTest, ExpectationsGoWithTheirSteps) {
  Scenario scenario = Of({kStart, kPublish, scenario::Stop{}});
  scenario.steps[0].label = "on";
  scenario.steps[1].label = "nobody asks";
  scenario.expectations.emplace_back().step = "on";
  scenario.expectations.emplace_back().step = "gone";
  Repair(scenario);
  ASSERT_EQ(scenario.expectations.size(), 1u);
  EXPECT_EQ(scenario.steps[0].label, "on");
  EXPECT_EQ(scenario.steps[1].label, "");
}

TEST(RepairTest, NeedsAreThoseOfTheSteps) {
  Scenario scenario = Of({kStart, scenario::Kill{}});
  scenario.needs = {"clock", "raw"};
  Repair(scenario);
  EXPECT_EQ(scenario.needs, (std::vector<std::string>{"clock", "file", "kill"}));
}

TEST(NamesTest, AChannelIsRenamedInPathsToo) {
  Scenario scenario = Of({kStart, kPublish, scenario::Read{"foo"}, scenario::Stop{},
                          scenario::Tamper{{scenario::RemoveFile{"foo/msgs.1.dat"},
                                            scenario::RenameFile{"food", "foo"}}}});
  Rename(scenario, Shared::kChannel, {{"foo", "bar"}});
  EXPECT_EQ(NamesOf(scenario, Shared::kChannel), std::vector<std::string>{"bar"});
  const auto& tamper = std::get<scenario::Tamper>(scenario.steps[4].action);
  EXPECT_EQ(std::get<scenario::RemoveFile>(tamper.operations[0]).file, "bar/msgs.1.dat");
  EXPECT_EQ(std::get<scenario::RenameFile>(tamper.operations[1]).file, "food");
  EXPECT_EQ(std::get<scenario::RenameFile>(tamper.operations[1]).to, "bar");
}

TEST(NamesTest, AKeyIsRenamedWhereItIsMentioned) {
  scenario::Start start;
  start.settings.key_variable = "usual";
  start.settings.arguments = {"--encryption_key={key:usual}"};
  Scenario scenario = Of({start, scenario::Inspect{{"usual", "other"}, {}}});
  scenario.keys = {{"usual", "u"}, {"other", "o"}};
  Rename(scenario, Shared::kKey, {{"usual", "K"}});
  EXPECT_EQ(scenario.keys, (std::map<std::string, std::string>{{"K", "u"}, {"other", "o"}}));
  EXPECT_EQ(std::get<scenario::Start>(scenario.steps[0].action).settings.arguments[0],
            "--encryption_key={key:K}");
  EXPECT_EQ(std::get<scenario::Inspect>(scenario.steps[1].action).keys,
            (std::vector<std::string>{"K", "other"}));
}

TEST(NamesTest, NamesMayChangePlaces) {
  Scenario scenario = Of({kStart, kPublish, scenario::Publish{"bar", {"b"}}});
  Rename(scenario, Shared::kChannel, {{"foo", "bar"}, {"bar", "foo"}});
  EXPECT_EQ(NamesOf(scenario, Shared::kChannel), (std::vector<std::string>{"bar", "foo"}));
}

}  // namespace
}  // namespace atrest::shrink
