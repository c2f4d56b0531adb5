#include "harness/shrink/reproduce.h"

#include <gtest/gtest.h>

#include "harness/driver/registry.h"
#include "harness/scenario/loader.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::shrink {
namespace {

using scenario::Publish;
using scenario::Scenario;

driver::DriverFactory Make(const std::string& target) {
  return [target](const driver::DriverOptions& options) {
    return driver::MakeDriver(target, options);
  };
}

class ReproduceTest : public testing::Test {
 protected:
  ReproduceTest() : suite_(runner::Suite::Open(fixtures_, ".").value()) {}
  Bench On(const std::string& target) { return {suite_, fixtures_, Make(target), Make("inproc")}; }

  // Two runs with encryption.
  static Scenario Twice() {
    scenario::Settings settings;
    settings.encrypt = true;
    settings.key_variable = "mine";
    Scenario scenario;
    scenario.id = "twice";
    scenario.title = "t";
    scenario.requirements = {"D-01"};
    scenario.needs = {"file"};
    scenario.keys = {{"mine", "a key of mine"}};
    scenario.steps = {{"", scenario::Start{settings}},
                      {"", Publish{"x.y", {"first text of two"}}},
                      {"", scenario::Stop{}},
                      {"", scenario::Start{settings}},
                      {"", Publish{"x.y", {"second text of two"}}},
                      {"", scenario::Stop{}}};
    return scenario;
  }

  env::PosixFileSystem fixtures_;
  runner::Suite suite_;
  env::MemFileSystem files_;
};

TEST_F(ReproduceTest, WritesAScenarioThatFailsAndTheStoreBeforeIt) {
  const Bench bench = On("canary:lazy-key");
  const auto failure = FailureOf(bench, Twice()).value();
  ASSERT_TRUE(failure);
  EXPECT_EQ(Show(*failure), "conformance: fail D-01 (disk)");
  const auto minimum =
      Reproduce(bench, Twice(), *failure, {}, files_, {"/found.json", "/found.store-before"});
  ASSERT_TRUE(minimum.ok()) << minimum.status().message();
  EXPECT_TRUE(minimum.value().complete);

  const auto text = env::ReadWhole(files_, "/found.json", 1u << 20).value();
  const auto loaded =
      scenario::LoadScenario("found.json", "found", AsText(text), suite_.requirements());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(FailureOf(bench, loaded.value()).value(), failure);
  EXPECT_FALSE(FailureOf(On("inproc"), loaded.value()).value());
  // Before the second publish the channel has one message, and it is not the failing one.
  const auto log = env::ReadWhole(files_, "/found.store-before/foo/msgs.1.dat", 1u << 20);
  ASSERT_TRUE(log.ok()) << log.status().message();
  EXPECT_EQ(AsText(log.value()).find("message no. 2"), std::string::npos);
}

TEST_F(ReproduceTest, ATargetThatPassesLeavesNothing) {
  const Fingerprint failure{verdict::Suite::kConformance, "fail", "disk", "D-01", ""};
  const auto minimum =
      Reproduce(On("inproc"), Twice(), failure, {}, files_, {"/found.json", "/before"});
  ASSERT_TRUE(minimum.ok());
  EXPECT_FALSE(minimum.value().reproduced);
  EXPECT_FALSE(files_.Exists("/found.json"));
}

// Without its first publish, the expectation of two messages would fail anywhere.
TEST_F(ReproduceTest, AnExpectationStaysRight) {
  Scenario scenario = Twice();
  scenario.steps[5] = {"all", scenario::Read{"x.y"}};
  scenario.steps.push_back({"", scenario::Stop{}});
  scenario::Expectation expected;
  expected.step = "all";
  expected.requirement = "D-01";
  expected.receives = {{1, "first text of two", {}}, {2, "second text of two", {}}};
  scenario.expectations = {expected};
  const Bench bench = On("canary:nothing");
  const Fingerprint failure{verdict::Suite::kConformance, "fail", "expectation", "D-01", ""};
  scenario.suite = verdict::Suite::kHardening;
  Fingerprint in_hardening = failure;
  in_hardening.suite = scenario.suite;
  const shrink::Run run = RunFor(bench, in_hardening, scenario);
  ASSERT_TRUE(run(scenario));
  const Minimum minimum = Minimise(scenario, in_hardening, run, {}, nullptr);
  size_t published = 0;
  for (const scenario::Step& step : minimum.scenario.steps) {
    if (const auto* publish = std::get_if<Publish>(&step.action))
      published += publish->payloads.size();
  }
  EXPECT_EQ(published, 2u);
  EXPECT_FALSE(FailureOf(On("inproc"), minimum.scenario).value());
}

TEST_F(ReproduceTest, TheSnapshotHasTheNameOfItsScenario) {
  EXPECT_EQ(StoreBeforeOf("out/found.json"), "out/found.store-before");
  EXPECT_EQ(StoreBeforeOf("found"), "found.store-before");
}

}  // namespace
}  // namespace atrest::shrink
