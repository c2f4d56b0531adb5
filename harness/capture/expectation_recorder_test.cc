#include "harness/capture/expectation_recorder.h"

#include <gtest/gtest.h>

#include "harness/driver/registry.h"
#include "harness/runner/execute.h"
#include "harness/scenario/loader.h"
#include "harness/scenario/print.h"
#include "reference/env/posix_env.h"

namespace atrest::capture {
namespace {

using scenario::Scenario;
using verdict::Kind;

Result<std::unique_ptr<driver::Driver>> MakeInproc(const driver::DriverOptions& options) {
  return driver::MakeDriver("inproc", options);
}

class RecordTest : public testing::Test {
 protected:
  RecordTest() : suite_(runner::Suite::Open(files_, ".").value()) {}

  Result<Scenario> Recorded(const Scenario& scenario) {
    return Record(scenario, MakeInproc, suite_, files_);
  }
  Result<Scenario> Loaded(const std::string& printed) {
    return scenario::LoadScenario("printed", "id", printed, suite_.requirements());
  }
  verdict::Verdict Executed(const Scenario& scenario, const std::string& target) {
    driver::DriverOptions options;
    options.seed = 77;
    const auto driver = driver::MakeDriver(target, options).value();
    return runner::Execute(scenario, *driver, suite_, files_);
  }
  static Scenario Simple() {
    scenario::Settings settings;
    settings.encrypt = true;
    settings.key_variable = "K";
    Scenario scenario;
    scenario.title = "t";
    scenario.suite = verdict::Suite::kHardening;
    scenario.level = verdict::Level::kShould;
    scenario.requirements = {"H-forge"};
    scenario.needs = {"file"};
    scenario.keys = {{"K", "a key"}};
    scenario.steps = {
        {"", scenario::Start{settings}}, {"", scenario::Publish{"foo", {"one", "two"}}},
        {"", scenario::Read{"foo"}},     {"", scenario::Stop{}},
        {"", scenario::Start{}},         {"", scenario::Read{"foo"}}};
    return scenario;
  }

  env::PosixFileSystem files_;
  runner::Suite suite_;
};

TEST_F(RecordTest, WhatIsShownIsExpected) {
  const auto recorded = Recorded(Simple());
  ASSERT_TRUE(recorded.ok()) << recorded.status().message();
  const auto& expectations = recorded.value().expectations;
  ASSERT_EQ(expectations.size(), 5u);
  EXPECT_EQ(expectations[0].started, true);
  EXPECT_EQ(expectations[0].errors, std::vector<std::string>());
  EXPECT_EQ(expectations[1].published, true);
  ASSERT_TRUE(expectations[2].receives);
  EXPECT_EQ(std::get<std::string>((*expectations[2].receives)[1].payload), "two");
  // With encryption off sealed bytes are delivered, which differ from run to run.
  ASSERT_TRUE(expectations[4].receives);
  EXPECT_EQ(std::get<scenario::SealedPayload>((*expectations[4].receives)[0].payload).size, 3u);
}

TEST_F(RecordTest, ATargetThatDoesOtherwiseFails) {
  const Scenario recorded = Recorded(Simple()).value();
  EXPECT_EQ(Executed(recorded, "inproc").kind, Kind::kPass);
  EXPECT_EQ(Executed(recorded, "canary:plain").kind, Kind::kFail);
  EXPECT_EQ(Executed(recorded, "canary:nothing").kind, Kind::kFail);
}

TEST_F(RecordTest, OnlyWhatIsLabelledIsAskedFor) {
  Scenario scenario = Simple();
  scenario.steps[2].label = "all";
  const auto recorded = Recorded(scenario);
  ASSERT_TRUE(recorded.ok());
  ASSERT_EQ(recorded.value().expectations.size(), 1u);
  EXPECT_EQ(recorded.value().expectations[0].step, "all");
}

TEST_F(RecordTest, ARefusalEndsTheScenario) {
  Scenario scenario = Simple();
  std::get<scenario::Start>(scenario.steps[4].action).settings.cluster_id = "another";
  const auto recorded = Recorded(scenario);
  ASSERT_TRUE(recorded.ok());
  EXPECT_EQ(recorded.value().steps.size(), 5u);
  EXPECT_EQ(recorded.value().expectations.back().refusal,
            "cluster ID \"another\" does not match recovered value of \"test-cluster\"");
}

TEST_F(RecordTest, WhatTheTargetCannotDoIsSaid) {
  Scenario scenario = Simple();
  scenario.needs = {"raw"};
  EXPECT_FALSE(Recorded(scenario).ok());
}

// Every scenario that there is, without its expectations: recorded, written, read and run again.
TEST_F(RecordTest, RecordedScenariosPass) {
  size_t recorded = 0;
  for (const Scenario& scenario : suite_.Load({}).value()) {
    const std::string once = scenario::PrintScenario(scenario);
    const auto same = Loaded(once);
    ASSERT_TRUE(same.ok()) << scenario.id << ": " << same.status().message();
    EXPECT_EQ(scenario::PrintScenario(same.value()), once) << scenario.id;

    Scenario bare = scenario;
    bare.expectations.clear();
    const auto with = Recorded(bare);
    if (!with.ok()) continue;
    ++recorded;
    const auto loaded = Loaded(scenario::PrintScenario(with.value()));
    ASSERT_TRUE(loaded.ok()) << scenario.id << ": " << loaded.status().message();
    const auto verdict = Executed(loaded.value(), "inproc");
    // What the disk shows is found whatever is expected.
    if (verdict.oracle == "disk" && Executed(scenario, "inproc").oracle == "disk") continue;
    EXPECT_TRUE(verdict.kind == Kind::kPass || verdict.kind == Kind::kRejectedAsExpected)
        << scenario.id << ": " << verdict::NameOf(verdict.kind) << ": " << verdict.message;
  }
  EXPECT_GE(recorded, 180u);
}

}  // namespace
}  // namespace atrest::capture
