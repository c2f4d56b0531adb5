#include "harness/runner/execute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/driver/nothing_driver.h"
#include "harness/driver/registry.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using testing::HasSubstr;
using verdict::Kind;
using Speak = ExecuteOptions::Oracles;

constexpr char kPayload[] = "a secret payload";

scenario::Start Encrypted(const std::string& key = "K") {
  scenario::Settings settings;
  settings.encrypt = true;
  settings.cipher = "AES";
  settings.key_variable = key;
  return {settings};
}

scenario::Publish Message(const std::string& payload = kPayload) { return {"foo", {payload}}; }

class ExecuteTest : public testing::Test {
 protected:
  // Does STEPS on TARGET.
  Executed Do(const std::string& target, const std::vector<scenario::Action>& steps,
              verdict::Suite about = verdict::Suite::kConformance) {
    scenario::Scenario scenario;
    scenario.id = "test/id";
    scenario.title = "t";
    scenario.suite = about;
    scenario.requirements = {"D-01"};
    scenario.keys = {{"K", "right"}, {"W", "wrong"}};
    for (const scenario::Action& step : steps) scenario.steps.push_back({"", step});
    const auto driver = driver::MakeDriver(target, {}).value();
    driver::DriverOptions another;
    another.seed = 9;
    const auto reference = driver::MakeDriver("inproc", another).value();
    ExecuteOptions options = options_;
    if (asks_reference_) options.reference = reference.get();
    const auto suite = Suite::Open(files_, ".").value();
    return ExecuteWith(scenario, *driver, suite, files_, options);
  }

  ExecuteOptions options_;
  bool asks_reference_ = false;
  env::PosixFileSystem files_;
};

std::vector<std::string> OraclesOf(const Executed& executed) {
  std::vector<std::string> names;
  for (const Found& found : executed.findings)
    names.push_back(found.finding.oracle + " " + found.finding.requirement);
  return names;
}

TEST_F(ExecuteTest, TheFirstFindingEndsTheScenario) {
  const Executed done = Do("canary:plain", {Encrypted(), Message(), scenario::Stop{},
                                            Encrypted("W"), scenario::Read{"foo"}});
  EXPECT_EQ(done.verdict.kind, Kind::kFail);
  ASSERT_EQ(done.findings.size(), 1u);
  EXPECT_EQ(done.findings[0].step, 4u);
  EXPECT_EQ(done.findings[0].finding.requirement, "D-14");
  EXPECT_EQ(done.verdict.message, done.findings[0].finding.message);
}

TEST_F(ExecuteTest, AllOraclesGatherOneFindingOfEachRequirement) {
  options_.oracles = Speak::kAll;
  asks_reference_ = true;
  const Executed done =
      Do("canary:plain", {Encrypted(), Message(), Message("and another one"), scenario::Stop{},
                          Encrypted("W"), scenario::Read{"foo"}, scenario::Read{"foo"}});
  EXPECT_EQ(done.verdict.kind, Kind::kFail);
  const auto names = OraclesOf(done);
  EXPECT_EQ(std::ranges::count(names, "disk D-01"), 1);
  EXPECT_EQ(std::ranges::count(names, "model D-14"), 1);
  EXPECT_EQ(std::ranges::count(names, "reference "), 1);
}

TEST_F(ExecuteTest, TheReferenceSpeaksAloneInCompatibility) {
  asks_reference_ = true;
  const std::vector<scenario::Action> steps = {Encrypted(), Message(), scenario::Stop{},
                                               Encrypted("W"), scenario::Read{"foo"}};
  const Executed done = Do("canary:plain", steps, verdict::Suite::kCompatibility);
  EXPECT_EQ(done.verdict.kind, Kind::kFail);
  EXPECT_EQ(done.verdict.oracle, "reference");
  EXPECT_THAT(done.verdict.message, HasSubstr("the reference: nothing came; the target: 1 \"a"));
}

TEST_F(ExecuteTest, WithoutAReferenceCompatibilityIsUndecided) {
  const Executed done = Do("inproc", {Encrypted()}, verdict::Suite::kCompatibility);
  EXPECT_EQ(done.verdict.kind, Kind::kUndecided);
}

TEST_F(ExecuteTest, OneNonceMoreOrLessIsNoDifference) {
  // Without encryption both deliver what they sealed, each with a nonce of its own.
  asks_reference_ = true;
  options_.oracles = Speak::kAll;
  const Executed done = Do("inproc", {Encrypted(), Message(), scenario::Stop{}, scenario::Start{},
                                      scenario::Read{"foo"}});
  EXPECT_EQ(std::ranges::count(OraclesOf(done), "reference "), 0);
}

TEST_F(ExecuteTest, WhatTheReferenceBreaksTooIsDisputed) {
  // Where target and reference are the same canary, the page stands alone.
  scenario::Scenario scenario;
  scenario.requirements = {"D-14"};
  scenario.keys = {{"K", "right"}, {"W", "wrong"}};
  for (const scenario::Action& step : std::vector<scenario::Action>{
           Encrypted(), Message(), scenario::Stop{}, Encrypted("W"), scenario::Read{"foo"}})
    scenario.steps.push_back({"", step});
  const auto driver = driver::MakeDriver("canary:plain", {}).value();
  const auto reference = driver::MakeDriver("canary:plain", {}).value();
  options_.reference = reference.get();
  options_.disk = false;
  const auto suite = Suite::Open(files_, ".").value();
  const Executed done = ExecuteWith(scenario, *driver, suite, files_, options_);
  EXPECT_EQ(done.verdict.kind, Kind::kDisputed);
  ASSERT_EQ(done.findings.size(), 1u);
  EXPECT_TRUE(done.findings[0].disputed);
}

TEST_F(ExecuteTest, WhatARefusedServerCannotDoIsPassedOver) {
  options_.oracles = Speak::kAll;
  scenario::Start refused = Encrypted();
  refused.settings.cipher = "none";
  const Executed done = Do("inproc", {refused, Message(), scenario::Read{"foo"}, scenario::Stop{},
                                      Encrypted(), Message(), scenario::Stop{}});
  EXPECT_EQ(done.verdict.kind, Kind::kPass) << done.verdict.message;
  ASSERT_EQ(done.verdict.trace.size(), 7u);
  EXPECT_THAT(done.verdict.trace[1], HasSubstr("the server does not run"));
  EXPECT_THAT(done.verdict.trace[5], HasSubstr("1 acked"));
}

// Keeps a payload in clear beside the store, and refuses every start behind the first.
class LeakThenRefuse : public driver::NothingDriver {
 public:
  LeakThenRefuse() : NothingDriver(std::make_unique<env::MemFileSystem>(), "/store") {}
  driver::TargetInfo Info() const override {
    return {"leaks", "1", {"file", "kill", "interrupt", "format:stan-file-1"}};
  }
  Result<verdict::Observation> Start(const scenario::Settings&,
                                     const std::map<std::string, std::string>&) override {
    return verdict::Observation{verdict::Started{++starts_ == 1, starts_ == 1 ? "" : "no"}, {}};
  }
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override {
    ATREST_TRY(files().MakeDirectories("/store/foo"));
    ATREST_TRY(env::WriteWhole(files(), "/store/foo/x.tmp", AsBytes(publish.payloads[0])));
    return verdict::Observation{verdict::Published{1, ""}, {}};
  }
  Result<verdict::Observation> Interrupt(const scenario::Interrupt&) override {
    return verdict::Observation{};
  }
  bool InterruptCame() const override { return false; }

 private:
  int starts_ = 0;
};

class BadTargetTest : public ExecuteTest {
 protected:
  verdict::Verdict DoOnLeaking(const std::vector<scenario::Action>& steps,
                               verdict::Suite about = verdict::Suite::kConformance) {
    scenario::Scenario scenario;
    scenario.suite = about;
    scenario.requirements = {about == verdict::Suite::kHardening ? "H-swap" : "D-01"};
    scenario.keys = {{"K", "right"}, {"W", "wrong"}};
    for (const scenario::Action& step : steps) scenario.steps.push_back({"", step});
    if (about == verdict::Suite::kHardening) {
      scenario.steps.back().label = "last";
      scenario::Expectation expectation;
      expectation.step = "last";
      expectation.errors = std::vector<std::string>();
      scenario.expectations = {expectation};
    }
    LeakThenRefuse driver;
    const auto suite = Suite::Open(files_, ".").value();
    return Execute(scenario, driver, suite, files_);
  }
};

TEST_F(BadTargetTest, ARefusalDoesNotExcuseWhatIsOnDisk) {
  const auto verdict = DoOnLeaking({Encrypted(), Message(), scenario::Stop{}, Encrypted("W")});
  EXPECT_EQ(verdict.kind, Kind::kFail) << verdict.message;
  EXPECT_EQ(verdict.requirement, "D-01");
  EXPECT_EQ(verdict.oracle, "disk");
}

TEST_F(BadTargetTest, ARefusalOfAStartThatIsOwedShowsNothingInHardening) {
  const auto verdict = DoOnLeaking({Encrypted(), scenario::Stop{}, Encrypted(), scenario::Stop{}},
                                   verdict::Suite::kHardening);
  EXPECT_EQ(verdict.kind, Kind::kUndecided) << verdict.message;
}

TEST_F(BadTargetTest, AKillThatNeverComesIsNoPass) {
  scenario::Interrupt interrupt;
  interrupt.count = 9999;
  const auto verdict = DoOnLeaking({Encrypted(), interrupt, scenario::Kill{}});
  EXPECT_EQ(verdict.kind, Kind::kSkipped) << verdict.message;
}

TEST_F(ExecuteTest, OnlyRequirementsThatAreAskedForCount) {
  options_.oracles = Speak::kAll;
  options_.requirements = {"D-14"};
  const Executed done = Do("canary:plain", {Encrypted(), Message(), scenario::Stop{},
                                            Encrypted("W"), scenario::Read{"foo"}});
  EXPECT_EQ(OraclesOf(done), std::vector<std::string>{"model D-14"});
}

TEST_F(ExecuteTest, WithoutOraclesNothingIsFound) {
  options_.oracles = Speak::kNone;
  options_.trace = false;
  const Executed done = Do("canary:plain", {Encrypted(), Message(), scenario::Stop{}});
  EXPECT_EQ(done.verdict.kind, Kind::kPass);
  EXPECT_TRUE(done.verdict.trace.empty());
}

class Watcher : public StepObserver {
 public:
  Status Before(size_t index, driver::Driver&) override {
    told_.push_back("before " + std::to_string(index));
    return Status();
  }
  Status After(size_t index, const scenario::Step&, const verdict::Observation&,
               driver::Driver&) override {
    told_.push_back("after " + std::to_string(index));
    return index == 1 ? Status(Code::kIo, "the watcher fails") : Status();
  }
  std::vector<std::string> told_;
};

TEST_F(ExecuteTest, AnObserverIsToldOfEachStepAndMayFail) {
  Watcher watcher;
  options_.observer = &watcher;
  const Executed done = Do("inproc", {Encrypted(), Message(), scenario::Stop{}});
  EXPECT_EQ(watcher.told_,
            (std::vector<std::string>{"before 0", "after 0", "before 1", "after 1"}));
  EXPECT_EQ(done.verdict.kind, Kind::kHarnessError);
  EXPECT_EQ(done.verdict.message, "the watcher fails");
}

class LackingDriver : public driver::NothingDriver {
 public:
  using NothingDriver::NothingDriver;
  driver::TargetInfo Info() const override {
    driver::TargetInfo info = NothingDriver::Info();
    info.lacks["interrupt"] = "ptrace is not permitted";
    return info;
  }
};

TEST_F(ExecuteTest, ASkipSaysWhatIsLackingAndWhyIfThatIsKnown) {
  const auto suite = Suite::Open(files_, ".").value();
  LackingDriver driver(std::make_unique<env::MemFileSystem>(), "/store");
  scenario::Scenario scenario;
  scenario.requirements = {"D-01"};
  scenario.needs = {"file", "interrupt"};
  const auto skipped = Execute(scenario, driver, suite, files_);
  EXPECT_EQ(skipped.kind, Kind::kSkipped);
  EXPECT_EQ(skipped.message,
            "the target lacks the capability \"interrupt\": ptrace is not permitted");
  scenario.needs = {"clock"};
  EXPECT_EQ(Execute(scenario, driver, suite, files_).message,
            "the target lacks the capability \"clock\"");
}

}  // namespace
}  // namespace atrest::runner
