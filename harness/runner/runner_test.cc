#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/driver/nothing_driver.h"
#include "harness/driver/registry.h"
#include "harness/runner/execute.h"
#include "harness/runner/run.h"
#include "harness/scenario/loader.h"
#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using verdict::Kind;

constexpr char kRegister[] = R"([
  {"id": "D-01", "suite": "conformance", "level": "MUST", "text": "t", "source": "s"},
  {"id": "K-1", "suite": "compatibility", "level": "MUST", "text": "t", "source": "s"},
  {"id": "H-1", "suite": "hardening", "level": "SHOULD", "text": "t", "source": "s"}])";

constexpr char kNeeds[] = "\"file\", \"kill\", \"format:stan-file-1\"";

class RunnerTest : public testing::Test {
 protected:
  // Runs a scenario of the suite with these steps and expectations.
  verdict::Verdict Judge(const std::string& target, const std::string& suite,
                         const std::string& steps, const std::string& expect = "\"model\"",
                         const std::string& needs = kNeeds) {
    const auto driver = driver::MakeDriver(target, {}).value();
    return JudgeOn(*driver, suite, steps, expect, needs);
  }

  verdict::Verdict JudgeOn(driver::Driver& driver, const std::string& suite,
                           const std::string& steps, const std::string& expect = "\"model\"",
                           const std::string& needs = kNeeds) {
    const std::string id = suite == "conformance" ? "D-01" : suite == "hardening" ? "H-1" : "K-1";
    const std::string level = suite == "hardening" ? "SHOULD" : "MUST";
    const std::string json = "{\"title\": \"t\", \"requirement\": [\"" + id + "\"], \"suite\": \"" +
                             suite + "\", \"level\": \"" + level + "\", \"needs\": [" + needs +
                             "], \"keys\": {\"k\": \"right\", \"w\": \"wrong\"}, \"steps\": [" +
                             steps + "], \"expect\": " + expect + "}";
    const auto requirements = scenario::Requirements::Parse("register", kRegister).value();
    const auto scenario = scenario::LoadScenario("test", "test/id", json, requirements);
    EXPECT_TRUE(scenario.ok()) << scenario.status().message();
    const auto suite_of_files = Suite::Open(files_, ".").value();
    return Execute(scenario.value(), driver, suite_of_files, files_);
  }

  env::PosixFileSystem files_;
};

constexpr char kStart[] = R"({"start": {"encrypt": true, "cipher": "AES", "key": "k"}, "as": "s"})";
constexpr char kPublish[] =
    R"({"publish": {"channel": "foo", "payloads": ["a secret payload"]}, "as": "p"})";
constexpr char kRead[] = R"({"read": {"channel": "foo", "from": "first"}, "as": "r"})";
constexpr char kStop[] = R"({"stop": {}})";
constexpr char kInspect[] = R"({"inspect": {}, "as": "d"})";

std::string Steps(std::initializer_list<const char*> steps) {
  std::string text;
  for (const char* step : steps) text += (text.empty() ? "" : ", ") + std::string(step);
  return text;
}

TEST_F(RunnerTest, TheReferencePassesItsRoundTripAndIsMarkedSelf) {
  const auto verdict =
      Judge("inproc", "conformance", Steps({kStart, kPublish, kRead, kStop, kInspect}));
  EXPECT_EQ(verdict.kind, Kind::kPass) << verdict.message;
  EXPECT_TRUE(verdict.self);
  ASSERT_EQ(verdict.trace.size(), 5u);
  EXPECT_EQ(verdict.trace[2], "read foo from first: 1 \"a secret payload\"");
}

TEST_F(RunnerTest, TheCanaryThatKeepsNothingFailsForThatReason) {
  const auto verdict = Judge("canary:nothing", "conformance", Steps({kStart, kPublish, kRead}));
  EXPECT_EQ(verdict.kind, Kind::kFail);
  EXPECT_EQ(verdict.oracle, "model");
  EXPECT_EQ(verdict.message, "foo:1 must be delivered, but was not");
  EXPECT_FALSE(verdict.self);
}

TEST_F(RunnerTest, TheCanaryThatNeverEncryptsFailsForThatReason) {
  const auto verdict =
      Judge("canary:plain", "conformance", Steps({kStart, kPublish, kRead, kStop, kInspect}));
  EXPECT_EQ(verdict.kind, Kind::kFail);
  EXPECT_EQ(verdict.oracle, "disk");
  EXPECT_EQ(verdict.requirement, "D-01");
}

TEST_F(RunnerTest, TheDiskIsLookedAtUnasked) {
  const auto verdict = Judge("canary:plain", "conformance", Steps({kStart, kPublish, kRead}));
  EXPECT_EQ(verdict.kind, Kind::kFail);
  EXPECT_EQ(verdict.oracle, "disk");
  EXPECT_EQ(verdict.requirement, "D-01");
  EXPECT_THAT(verdict.message, testing::HasSubstr("foo/msgs.1.dat at 21"));
}

TEST_F(RunnerTest, WhatIsAckedAndNotStoredFailsAtTheStop) {
  const auto verdict = Judge("canary:nothing", "conformance", Steps({kStart, kPublish, kStop}));
  EXPECT_EQ(verdict.kind, Kind::kFail);
  EXPECT_EQ(verdict.oracle, "disk");
  EXPECT_THAT(verdict.message, testing::HasSubstr("no record of it"));
}

TEST_F(RunnerTest, NeitherKeysNorTheirBytesAreInAVerdict) {
  const auto verdict =
      Judge("canary:plain", "conformance", Steps({kStart, kPublish, kRead, kStop, kInspect}));
  std::string all = verdict.message;
  for (const std::string& line : verdict.trace) all += line;
  for (const std::string& line : verdict.log) all += line;
  EXPECT_EQ(all.find("right"), std::string::npos);
}

TEST_F(RunnerTest, ExpectationsDecideInTheOtherSuites) {
  const std::string steps = Steps({kStart, kPublish, kRead});
  EXPECT_EQ(Judge("inproc", "compatibility", steps,
                  R"([{"step": "r", "receives": [[1, "a secret payload"]]}])")
                .kind,
            Kind::kPass);
  const auto differs =
      Judge("inproc", "compatibility", steps, R"([{"step": "r", "receives": []}])");
  EXPECT_EQ(differs.kind, Kind::kFail);
  EXPECT_STREQ(verdict::ShownKind(differs), "differs");
  EXPECT_EQ(differs.requirement, "K-1");
}

TEST_F(RunnerTest, ARefusalThatIsRightEndsTheScenario) {
  const auto verdict =
      Judge("inproc", "compatibility", R"({"start": {"encrypt": true}, "as": "s"})",
            R"([{"step": "s", "refused": "encryption key required"}])");
  EXPECT_EQ(verdict.kind, Kind::kRejectedAsExpected);
}

TEST_F(RunnerTest, ARefusalThatNobodyExpectsIsADifference) {
  const auto verdict =
      Judge("inproc", "compatibility", Steps({R"({"start": {"encrypt": true}})", kPublish, kRead}),
            R"([{"step": "r", "receives": []}])");
  EXPECT_EQ(verdict.kind, Kind::kFail);
  EXPECT_EQ(verdict.message, "a start is expected, but it refused: encryption key required");
}

// A target that can do nothing, and says a publish when asked to read.
class LackingDriver : public driver::NothingDriver {
 public:
  explicit LackingDriver(std::vector<std::string> capabilities)
      : NothingDriver(std::make_unique<env::MemFileSystem>(), "/store"),
        capabilities_(std::move(capabilities)) {}
  driver::TargetInfo Info() const override { return {"lacking", "1", capabilities_, false}; }
  Result<verdict::Observation> Read(const scenario::Read&) override {
    return verdict::Observation{verdict::Published{}, {}};
  }

 private:
  std::vector<std::string> capabilities_;
};

TEST_F(RunnerTest, WhatATargetLacksIsSkippedWithTheReason) {
  LackingDriver lacking({"file"});
  const auto verdict = JudgeOn(lacking, "conformance", Steps({kStart, R"({"kill": {}})"}));
  EXPECT_EQ(verdict.kind, Kind::kSkipped);
  EXPECT_EQ(verdict.message, "the target lacks the capability \"kill\"");
}

TEST_F(RunnerTest, AnOutcomeOfAnotherStepIsTheHarnesssFault) {
  LackingDriver lacking({"file", "kill", "format:stan-file-1"});
  const auto verdict = JudgeOn(lacking, "conformance", Steps({kStart, kRead}));
  EXPECT_EQ(verdict.kind, Kind::kHarnessError);
}

TEST_F(RunnerTest, ARefusalInHardeningIsDetection) {
  const auto verdict =
      Judge("inproc", "hardening", Steps({R"({"start": {"encrypt": true}})", kRead}),
            R"([{"step": "r", "tampering": "detected"}])");
  EXPECT_EQ(verdict.kind, Kind::kRejectedAsExpected);
}

TEST_F(RunnerTest, AnExpectationThatDoesNotSpeakOfTheStartDoesNotExcuseItsRefusal) {
  const auto verdict = Judge("inproc", "compatibility",
                             Steps({R"({"start": {"encrypt": true}, "as": "s"})", kPublish}),
                             R"([{"step": "s", "errors": []}])");
  EXPECT_EQ(verdict.kind, Kind::kFail);
  const auto last = Judge("inproc", "compatibility", R"({"start": {"encrypt": true}, "as": "s"})",
                          R"([{"step": "s", "errors": []}])");
  EXPECT_EQ(last.kind, Kind::kFail);
}

TEST_F(RunnerTest, AStoreThatSaysItsNextMessageIsFarAwayIsUndecided) {
  // A record of sequence 2^62 behind the nine of the store, and no index, so that it counts.
  const char* tamper = R"({"tamper": [
      {"op": "append", "file": "k/msgs.1.dat",
       "hex": "0f00000000000000088080808080808080401203666f6f"},
      {"op": "record", "file": "k/msgs.1.dat", "record": 10, "offset": 0, "xor": 0,
       "repairCrc": true},
      {"op": "remove", "file": "k/msgs.1.idx"}]})";
  const auto verdict = Judge("inproc", "compatibility",
                             Steps({R"({"golden": "killed"})", tamper, R"({"start": {}})",
                                    R"({"read": {"channel": "k", "from": 9}, "as": "r"})"}),
                             R"([{"step": "r", "receives": []}])");
  EXPECT_EQ(verdict.kind, Kind::kUndecided) << verdict.message;
}

TEST_F(RunnerTest, AGoldenStoreThatDoesNotExistIsTheHarnesssFault) {
  const auto verdict = Judge("inproc", "conformance", Steps({R"({"golden": "none"})", kStart}));
  EXPECT_EQ(verdict.kind, Kind::kHarnessError);
  EXPECT_NE(verdict.message.find("none"), std::string::npos);
}

TEST_F(RunnerTest, TamperingIsClassified) {
  const char* flip =
      R"({"tamper": [{"op": "record", "file": "foo/msgs.1.dat", "record": 1, "from": "data",
                                     "offset": 0, "set": 3, "repairCrc": true}]})";
  const auto verdict = Judge(
      "inproc", "hardening",
      Steps({kStart, kPublish, kStop, flip, R"({"start": {"encrypt": true, "key": "k"}})", kRead}),
      R"([{"step": "r", "tampering": "detected"}])");
  EXPECT_EQ(verdict.oracle, "tampering");
  EXPECT_STREQ(verdict::ShownKind(verdict), "finding");
}

TEST_F(RunnerTest, ARunStampsItsSummaryAndTellsOfEachVerdict) {
  const auto suite = Suite::Open(files_, ".").value();
  env::FixedClock clock(1'767'323'045'000'000'000);
  std::vector<std::string> told;
  const RunEvents events = {
      [&](const verdict::RunSummary&) { told.push_back("start"); },
      [&](const verdict::Verdict& verdict) { told.push_back(verdict.scenario); }};
  const auto scenarios = suite.Load({"crypto/round_trip"}).value();
  ASSERT_FALSE(scenarios.empty());
  RunOptions options;
  options.target = "inproc";
  options.make_driver = [&](const driver::DriverOptions& made) {
    return driver::MakeDriver(options.target, made);
  };
  const auto summary = runner::Run(suite, scenarios, options, events, files_, clock).value();
  EXPECT_EQ(summary.started_at, "2026-01-02T03:04:05Z");
  EXPECT_EQ(told.size(), scenarios.size() + 1);
  EXPECT_EQ(summary.verdicts[0].replay, "atrest run " + scenarios[0].id + " --target inproc");
  options.target = "nobody";
  EXPECT_EQ(runner::Run(suite, scenarios, options, {}, files_, clock).status().code(),
            Code::kNotFound);
}

// Ends the process that reads from it.
class CrashingDriver : public LackingDriver {
 public:
  CrashingDriver() : LackingDriver({"file", "kill", "format:stan-file-1"}) {}
  Result<verdict::Observation> Read(const scenario::Read&) override { ::_exit(3); }
};

TEST_F(RunnerTest, AJobThatEndsLosesNoVerdict) {
  const auto suite = Suite::Open(files_, ".").value();
  const auto scenarios = suite.Load({"crypto/round_trip"}).value();
  env::FixedClock clock(0);
  std::vector<std::string> told;
  RunOptions options;
  options.jobs = 2;
  options.make_driver =
      [](const driver::DriverOptions&) -> Result<std::unique_ptr<driver::Driver>> {
    return std::unique_ptr<driver::Driver>(std::make_unique<CrashingDriver>());
  };
  options.settle = [](verdict::Verdict& verdict) { verdict.known = "seen"; };
  const RunEvents events = {
      {}, [&](const verdict::Verdict& verdict) { told.push_back(verdict.scenario); }};
  const auto summary = runner::Run(suite, scenarios, options, events, files_, clock).value();
  ASSERT_EQ(summary.verdicts.size(), scenarios.size());
  size_t lost = 0;
  for (size_t i = 0; i < scenarios.size(); ++i) {
    const verdict::Verdict& verdict = summary.verdicts[i];
    EXPECT_EQ(verdict.scenario, scenarios[i].id);
    EXPECT_EQ(told[i], scenarios[i].id);
    EXPECT_EQ(verdict.known, "seen");
    if (verdict.kind != Kind::kHarnessError) continue;
    ++lost;
    EXPECT_EQ(verdict.message, "the process that ran the scenario gave no verdict: exit 3");
  }
  EXPECT_GT(lost, 3u);
}

TEST(PatternTest, IdsFoldersAndGlobs) {
  EXPECT_TRUE(MatchesPattern("crypto/a", "crypto/a"));
  EXPECT_TRUE(MatchesPattern("crypto", "crypto/a/b"));
  EXPECT_TRUE(MatchesPattern("crypto/", "crypto/a"));
  EXPECT_TRUE(MatchesPattern("*/a?", "crypto/x/ab"));
  EXPECT_FALSE(MatchesPattern("crypt", "crypto/a"));
  EXPECT_FALSE(MatchesPattern("*/b", "crypto/a"));
  EXPECT_FALSE(MatchesPattern("", "crypto/a"));
}

}  // namespace
}  // namespace atrest::runner
