// The scenarios of clusters on the simulator's nodes, each with its expectations turned against it
// too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/driver/registry.h"
#include "harness/runner/execute.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using testing::HasSubstr;
using verdict::Kind;

class ClusterScenariosTest : public testing::Test {
 protected:
  std::vector<scenario::Scenario> All() {
    auto all = suite_.Load({"cluster/nodes"});
    EXPECT_TRUE(all.ok()) << all.status().message();
    return all.ok() ? std::move(all).value() : std::vector<scenario::Scenario>();
  }
  scenario::Scenario One(const std::string& id) {
    for (scenario::Scenario& scenario : All()) {
      if (scenario.id == id) return std::move(scenario);
    }
    ADD_FAILURE() << "no scenario " << id;
    return {};
  }
  verdict::Verdict On(const std::string& target, const scenario::Scenario& scenario) {
    const auto driver = driver::MakeDriver(target, {}).value();
    return Execute(scenario, *driver, suite_, files_);
  }

  env::PosixFileSystem files_;
  Suite suite_ = Suite::Open(files_, ".").value();
};

// Another expectation in the place of the one that holds; false where it expects nothing that can
// be turned.
bool Turn(scenario::Expectation& expected) {
  if (expected.exit_code) {
    expected.exit_code = 3 - *expected.exit_code;
  } else if (expected.started) {
    expected.started = !*expected.started;
  } else if (expected.published) {
    expected.published = !*expected.published;
  } else if (expected.receives) {
    expected.receives->push_back({99, std::string("never published"), {}});
  } else if (!expected.entries.empty()) {
    expected.entries.front().is_there = !expected.entries.front().is_there;
  } else if (!expected.messages.empty()) {
    expected.messages.front().cipher = "no cipher";
  } else if (!expected.texts.empty()) {
    expected.texts.begin()->second = !expected.texts.begin()->second;
  } else {
    return false;
  }
  return true;
}

TEST_F(ClusterScenariosTest, EachPassesOnTheSimulator) {
  const auto all = All();
  EXPECT_GE(all.size(), 30u);
  for (const scenario::Scenario& scenario : all) {
    const verdict::Verdict verdict = On("sim", scenario);
    EXPECT_EQ(verdict.kind, Kind::kPass) << scenario.id << ": " << verdict.message;
  }
}

TEST_F(ClusterScenariosTest, NoExpectationHoldsWhenItIsTurned) {
  for (const scenario::Scenario& scenario : All()) {
    for (size_t i = 0; i < scenario.expectations.size(); ++i) {
      scenario::Scenario turned = scenario;
      ASSERT_TRUE(Turn(turned.expectations[i])) << scenario.id << " " << i;
      const verdict::Verdict verdict = On("sim", turned);
      EXPECT_EQ(verdict.kind, Kind::kFail) << scenario.id << " " << i;
      EXPECT_THAT(verdict.message, HasSubstr("\"" + turned.expectations[i].step + "\""))
          << scenario.id;
    }
  }
}

TEST_F(ClusterScenariosTest, TheNodeThatFailsIsNamed) {
  scenario::Scenario scenario = One("cluster/nodes/keys/own");
  for (scenario::Expectation& expected : scenario.expectations) {
    if (expected.step == "disk-b") expected.entries.front().opened_by = {"key-a"};
  }
  EXPECT_EQ(On("sim", scenario).message,
            "node b: step \"disk-b\": the Raft log and foo:1: opened by key-a is expected, but it "
            "is key-b");
}

TEST_F(ClusterScenariosTest, ARefusalThatNothingSpeaksOfFails) {
  scenario::Scenario scenario = One("cluster/nodes/wrong_key/chacha");
  scenario.steps.push_back({"then", scenario::Start{}, "b"});
  scenario.expectations.front().step = "then";
  scenario.expectations.front().refusal.reset();
  scenario.expectations.front().exit_code.reset();
  scenario.expectations.front().started = true;
  const verdict::Verdict verdict = On("sim", scenario);
  EXPECT_EQ(verdict.kind, Kind::kFail);
  EXPECT_THAT(verdict.message, HasSubstr("node c: a start is expected, but it refused"));
}

TEST_F(ClusterScenariosTest, TwoRunsAreTheSame) {
  const scenario::Scenario scenario = One("cluster/nodes/keys/own");
  const verdict::Verdict first = On("sim", scenario);
  const verdict::Verdict second = On("sim", scenario);
  EXPECT_EQ(first.trace, second.trace);
  EXPECT_EQ(first.log, second.log);
}

TEST_F(ClusterScenariosTest, OthersSkipThemWithTheReason) {
  const verdict::Verdict verdict = On("inproc", One("cluster/nodes/keys/own"));
  EXPECT_EQ(verdict.kind, Kind::kSkipped);
  EXPECT_EQ(verdict.message, "the target lacks the capability \"nodes\"");
}

TEST_F(ClusterScenariosTest, WhatANodeIsInNoStateForIsNoVerdictOnIt) {
  scenario::Scenario scenario = One("cluster/nodes/keys/same");
  scenario.steps.push_back({"", scenario::Start{}, "a"});
  const verdict::Verdict verdict = On("sim", scenario);
  EXPECT_EQ(verdict.kind, Kind::kHarnessError);
  EXPECT_EQ(verdict.message, "node a runs already");
}

}  // namespace
}  // namespace atrest::runner
