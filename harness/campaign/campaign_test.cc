#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "harness/campaign/campaign_fixture.h"
#include "harness/campaign/campaign_report.h"
#include "harness/driver/nothing_driver.h"
#include "harness/scenario/loader.h"
#include "harness/scenario/print.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/temporary_directory.h"

namespace atrest::campaign {
namespace {

using shrink::Fingerprint;
using verdict::Suite;

TEST(TallyTest, FailuresAreCountedByFingerprint) {
  Tally tally;
  const Fingerprint swap{Suite::kHardening, "fail", "ideal", "H-swap", ""};
  tally.Note(swap, false, "first", 7, 3, 5);
  tally.Note(swap, false, "second", 8, 4, 6);
  tally.Note({Suite::kHardening, "fail", "ideal", "H-forge", ""}, false, "third", 9, 3, 5);
  ASSERT_EQ(tally.failure_count(), 2u);
  EXPECT_EQ(tally.failure(0).count, 2u);
  EXPECT_EQ(tally.failure(0).seed, 7u);
  EXPECT_EQ(tally.failure(0).message.str(), "first");
  EXPECT_EQ(tally.failure(0).fingerprint(), swap);
}

TEST(TallyTest, TwoAddUpToTheLowestSeed) {
  const Fingerprint swap{Suite::kHardening, "fail", "ideal", "H-swap", ""};
  Tally one;
  one.Note(swap, false, "late", 9, 3, 5);
  one.cases = 4;
  Tally two;
  two.Note(swap, false, "early", 2, 1, 1);
  two.Note(swap, true, "disputed", 3, 1, 1);
  two.cases = 3;
  one.Add(two);
  ASSERT_EQ(one.failure_count(), 2u);
  EXPECT_EQ(one.failure(0).count, 2u);
  EXPECT_EQ(one.failure(0).message.str(), "early");
  EXPECT_TRUE(one.failure(1).disputed);
  EXPECT_EQ(one.cases, 7u);
}

TEST(TallyTest, WhatThereIsNoRoomForIsCounted) {
  Tally tally;
  for (size_t i = 0; i < Tally::kFailuresMax + 5; ++i) {
    tally.Note({Suite::kHardening, "fail", "ideal", "H-" + std::to_string(i), ""}, false, "", i, 0,
               0);
  }
  EXPECT_EQ(tally.failure_count(), Tally::kFailuresMax);
  EXPECT_EQ(tally.dropped, 5u);
}

TEST(TallyTest, AKindThatIsTooLongForItsRoomIsStillOneKind) {
  Tally tally;
  const Fingerprint wordy{Suite::kHardening, std::string(500, 'k'), "", "", std::string(500, 'a')};
  tally.Note(wordy, false, "first", 7, 3, 5);
  tally.Note(wordy, false, "second", 8, 4, 6);
  ASSERT_EQ(tally.failure_count(), 1u);
  EXPECT_EQ(tally.failure(0).count, 2u);
}

TEST(SeedsTest, JobsAndShardsTakeEveryCaseOnce) {
  std::map<uint64_t, int> taken;
  for (uint64_t shard = 0; shard < 3; ++shard) {
    JobOptions options;
    options.seed = 10;
    options.cases = 20;
    options.jobs = 2;
    options.shard = shard;
    options.shards = 3;
    for (uint64_t job = 0; job < options.jobs; ++job) {
      for (Seeds seeds(options, job); !seeds.done();) ++taken[seeds.Take()];
    }
  }
  EXPECT_EQ(taken.size(), 20u);
  EXPECT_EQ(taken.begin()->first, 10u);
  for (const auto& [seed, times] : taken) EXPECT_EQ(times, 1) << seed;
}

class CampaignTest : public testing::Test, protected CampaignFixture {
 protected:
  JobsOutcome Jobs(const CaseOptions& options, const JobOptions& jobs) {
    const Cases cases(*suite_, files_, options);
    auto outcome = RunJobs(cases, jobs, clock_, watch_);
    EXPECT_TRUE(outcome.ok()) << outcome.status().message();
    return outcome.ok() ? std::move(outcome).value() : JobsOutcome();
  }
  InterruptWatch watch_;
  static JobOptions Of(uint64_t cases, uint64_t jobs = 1) {
    JobOptions options;
    options.cases = cases;
    options.jobs = jobs;
    return options;
  }
};

TEST_F(CampaignTest, PropertiesAreChosenByPatternAndCapabilities) {
  EXPECT_EQ(PropertiesFor({"property/tamper/swap"}, {"file", "format:stan-file-1"}).size(), 1u);
  EXPECT_TRUE(PropertiesFor({"property/tamper/*"}, {"file"}).empty());
  EXPECT_TRUE(PropertiesFor({"property/none"}, {"file"}).empty());
  EXPECT_GE(PropertiesFor({}, {"file"}).size(), 20u);
}

TEST_F(CampaignTest, ACaseIsRepeatedByItsPropertyAndSeed) {
  const Cases all(*suite_, files_, On("inproc"));
  for (uint64_t seed = 1; seed < 30; ++seed) {
    const scenario::Scenario one = all.ScenarioOf(seed);
    CaseOptions alone = options_;
    alone.properties = PropertiesFor({one.id}, alone.generate.capabilities);
    EXPECT_EQ(scenario::PrintScenario(Cases(*suite_, files_, alone).ScenarioOf(seed)),
              scenario::PrintScenario(one));
  }
}

TEST_F(CampaignTest, ManyJobsFindWhatOneFinds) {
  const CaseOptions& options = On("inproc", {"property/tamper/*"});
  const JobsOutcome one = Jobs(options, Of(60));
  const JobsOutcome three = Jobs(options, Of(60, 3));
  EXPECT_EQ(one.tally.cases, 60u);
  EXPECT_EQ(three.tally.cases, 60u);
  EXPECT_EQ(one.tally.steps, three.tally.steps);
  ASSERT_EQ(one.tally.failure_count(), three.tally.failure_count());
  const auto first = InOrder(one.tally);
  const auto second = InOrder(three.tally);
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(one.tally.failure(first[i]).fingerprint(),
              three.tally.failure(second[i]).fingerprint());
    EXPECT_EQ(one.tally.failure(first[i]).count, three.tally.failure(second[i]).count);
    EXPECT_EQ(one.tally.failure(first[i]).seed, three.tally.failure(second[i]).seed);
  }
}

TEST_F(CampaignTest, WithoutOraclesTheStepsAreDoneAndNothingIsFound) {
  On("inproc", {"property/tamper/swap"});
  options_.oracles = false;
  const JobsOutcome outcome = Jobs(options_, Of(5));
  EXPECT_EQ(outcome.tally.cases, 5u);
  EXPECT_EQ(outcome.tally.failure_count(), 0u);
}

// Also where the oracle counts a requirement of one suite in another.
TEST_F(CampaignTest, WhateverSuiteAFailureIsOfItsScenarioCanBeLoaded) {
  const CaseOptions& options = On("inproc", {"property/store/full_disk"});
  const JobsOutcome found = Jobs(options, Of(40));
  const Cases cases(*suite_, files_, options);
  const env::TemporaryDirectory directory;
  for (size_t i = 0; i < found.tally.failure_count(); ++i) {
    const Failure& failure = found.tally.failure(i);
    const auto reduced =
        Reduce(failure, cases, {directory.path(), 60'000, 60}, files_, clock_, watch_);
    ASSERT_TRUE(reduced.ok()) << reduced.status().message();
    EXPECT_TRUE(reduced.value().reproduced) << shrink::Show(failure.fingerprint());
    const auto json = env::ReadWhole(files_, reduced.value().file, 1u << 20);
    ASSERT_TRUE(json.ok());
    const auto loaded =
        scenario::LoadScenario("reduced", "reduced", AsText(json.value()), suite_->requirements());
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  }
  EXPECT_GT(found.tally.failure_count(), 0u);
}

// A target whose publish does not come back as it should.
class BadDriver : public driver::NothingDriver {
 public:
  explicit BadDriver(void (*publish)())
      : NothingDriver(std::make_unique<env::MemFileSystem>(), "/store"), publish_(publish) {}
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override {
    publish_();
    return NothingDriver::Publish(publish);
  }

 private:
  void (*publish_)();
};

TEST_F(CampaignTest, AJobThatDiesTakesOneCaseWithIt) {
  const auto make = [](const driver::DriverOptions&) -> Result<std::unique_ptr<driver::Driver>> {
    return std::unique_ptr<driver::Driver>(new BadDriver([] { std::_Exit(1); }));
  };
  const auto make_abort =
      [](const driver::DriverOptions&) -> Result<std::unique_ptr<driver::Driver>> {
    return std::unique_ptr<driver::Driver>(new BadDriver([] { kill(getpid(), SIGKILL); }));
  };
  const JobsOutcome outcome = Jobs(On(make_abort, {"property/crypto/round_trip"}), Of(5, 2));
  EXPECT_EQ(outcome.tally.cases, 5u);
  ASSERT_EQ(outcome.tally.failure_count(), 1u);
  EXPECT_EQ(outcome.tally.failure(0).count, 5u);
  EXPECT_EQ(outcome.tally.failure(0).kind.str(), "the process of a job ended by itself: signal 9");
  // A job that ends with a code and no word is the harness's own failure.
  On(make, {"property/crypto/round_trip"});
  EXPECT_FALSE(Jobs(options_, Of(5)).failed.ok());
}

TEST_F(CampaignTest, AnExceptionTakesOneCaseWithIt) {
  const auto make = [](const driver::DriverOptions&) -> Result<std::unique_ptr<driver::Driver>> {
    return std::unique_ptr<driver::Driver>(
        new BadDriver([] { throw std::runtime_error("not caught"); }));
  };
  const JobsOutcome outcome = Jobs(On(make, {"property/crypto/round_trip"}), Of(5, 2));
  EXPECT_TRUE(outcome.failed.ok());
  EXPECT_EQ(outcome.tally.cases, 5u);
  ASSERT_EQ(outcome.tally.failure_count(), 1u);
  EXPECT_EQ(outcome.tally.failure(0).message.str(), "not caught");
  EXPECT_EQ(outcome.tally.failure(0).count, 5u);
}

TEST_F(CampaignTest, WhatWasFoundBeforeNoTargetCouldBeMadeIsKept) {
  On("inproc", {"property/tamper/swap"});
  const auto make = options_.make_driver;
  options_.make_driver =
      [make, made = std::make_shared<int>()](const driver::DriverOptions& how) mutable {
        return ++*made > 3 ? Status(Code::kIo, "no more targets") : make(how);
      };
  const JobsOutcome outcome = Jobs(options_, Of(10));
  EXPECT_EQ(outcome.failed.message(), "no more targets");
  EXPECT_EQ(outcome.tally.cases, 3u);
  EXPECT_GT(outcome.tally.failure_count(), 0u);
}

TEST_F(CampaignTest, ASignalThatEndsTheReductionIsTold) {
  const auto make = [](const driver::DriverOptions&) -> Result<std::unique_ptr<driver::Driver>> {
    return std::unique_ptr<driver::Driver>(new BadDriver([] { kill(getpid(), SIGKILL); }));
  };
  const JobsOutcome found = Jobs(On(make, {"property/crypto/round_trip"}), Of(1));
  ASSERT_EQ(found.tally.failure_count(), 1u);
  const env::TemporaryDirectory directory;
  const auto reduced = Reduce(found.tally.failure(0), Cases(*suite_, files_, options_),
                              {directory.path(), 60'000, 60}, files_, clock_, watch_);
  EXPECT_EQ(reduced.value().trouble, "the process that reduced ended by signal 9");
}

TEST_F(CampaignTest, ACaseThatHangsIsEnded) {
  const auto make = [](const driver::DriverOptions&) -> Result<std::unique_ptr<driver::Driver>> {
    return std::unique_ptr<driver::Driver>(new BadDriver([] {
      while (true) pause();
    }));
  };
  JobOptions jobs = Of(2);
  jobs.case_ms = 30;
  const JobsOutcome outcome = Jobs(On(make, {"property/crypto/round_trip"}), jobs);
  ASSERT_EQ(outcome.tally.failure_count(), 1u);
  EXPECT_EQ(outcome.tally.failure(0).kind.str(), "timeout");
  EXPECT_EQ(outcome.tally.failure(0).count, 2u);
}

TEST_F(CampaignTest, AFailureBecomesOneSmallScenario) {
  const CaseOptions& options = On("inproc", {"property/tamper/swap"});
  const JobsOutcome found = Jobs(options, Of(3));
  const Cases cases(*suite_, files_, options);
  const env::TemporaryDirectory directory;
  size_t swaps = 0;
  for (size_t i = 0; i < found.tally.failure_count(); ++i) {
    const Failure& failure = found.tally.failure(i);
    if (failure.requirement.str() != "H-swap") continue;
    ++swaps;
    const auto reduced =
        Reduce(failure, cases, {directory.path(), 60'000, 150}, files_, clock_, watch_);
    ASSERT_TRUE(reduced.ok()) << reduced.status().message();
    EXPECT_TRUE(reduced.value().reproduced);
    // Start, publish, stop, tamper, start, read.
    EXPECT_EQ(reduced.value().steps, 6u);
    EXPECT_EQ(reduced.value().file, directory.path() + "/hardening-H-swap-ideal.json");
    const auto json = env::ReadWhole(files_, reduced.value().file, 1u << 20);
    ASSERT_TRUE(json.ok());
    const auto loaded =
        scenario::LoadScenario("reduced", "reduced", AsText(json.value()), suite_->requirements());
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    EXPECT_EQ(loaded.value().requirements, std::vector<std::string>{"H-swap"});
    EXPECT_TRUE(files_.Exists(shrink::StoreBeforeOf(reduced.value().file)));
  }
  EXPECT_EQ(swaps, 1u);
}

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    report_.target = "inproc";
    report_.outcome = &outcome_;
    report_.capabilities = {"file"};
    outcome_.tally.cases = 10;
  }
  void Fail(Suite suite, const std::string& requirement, bool disputed = false,
            const std::string& kind = "fail") {
    outcome_.tally.Note({suite, kind, "ideal", requirement, ""}, disputed, "what was seen", 4, 0,
                        2);
  }

  JobsOutcome outcome_;
  Report report_;
};

TEST_F(ReportTest, OnlyConformanceFailsUnlessStrict) {
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kAsExpected);
  Fail(Suite::kHardening, "H-swap");
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kAsExpected);
  report_.strict = true;
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kHardeningFindings);
  Fail(Suite::kConformance, "D-14", true);
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kHardeningFindings) << "a dispute";
  Fail(Suite::kConformance, "D-14");
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kConformanceFailed);
  Fail(Suite::kConformance, "", false, "harness-error");
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kHarnessFailed);
}

TEST_F(ReportTest, FailuresWithoutRoomFailToo) {
  outcome_.tally.dropped = 1;
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kConformanceFailed);
}

TEST_F(ReportTest, WhatEndedEarlyIsTheHarnessesFailureAndIsReported) {
  Fail(Suite::kConformance, "D-14");
  outcome_.failed = Status(Code::kIo, "no more targets");
  std::ostringstream text;
  PrintReport(report_, text);
  EXPECT_NE(text.str().find("D-14"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("\nended early: no more targets\n"), std::string::npos) << text.str();
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kHarnessFailed);
}

TEST_F(ReportTest, NothingRunAndNothingDecidedAreSaid) {
  outcome_.tally.undecided = 10;
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kUndecided);
  outcome_.tally.cases = outcome_.tally.undecided = 0;
  EXPECT_EQ(ExitCodeOf(report_), verdict::ExitCode::kNothingRun);
}

TEST_F(ReportTest, AFailureIsShownWithItsCommands) {
  Fail(Suite::kHardening, "H-swap");
  report_.reduced[0] = {true, "DIR/one.json", 6, 40, true, ""};
  std::ostringstream text;
  PrintReport(report_, text);
  EXPECT_NE(text.str().find("hardening: fail H-swap (ideal): 1 case, first seed 4 of "
                            "property/crypto/round_trip\n"
                            "  what was seen\n"
                            "  again: atrest fuzz --target inproc --property "
                            "property/crypto/round_trip --seed 4 --cases 1 --steps 20\n"
                            "  6 steps, minimal (40 executions)\n"
                            "  replay: atrest replay DIR/one.json --target inproc\n"),
            std::string::npos)
      << text.str();
  const auto json = nlohmann::json::parse(JsonOf(report_));
  EXPECT_EQ(json["failures"][0]["requirement"], "H-swap");
  EXPECT_EQ(json["failures"][0]["replay"], "atrest replay DIR/one.json --target inproc");
  EXPECT_EQ(json["coverage"]["seen"], 0);
  EXPECT_GT(json["coverage"]["unseen"].size(), 100u);
}

TEST_F(ReportTest, TheGravestComesFirst) {
  Fail(Suite::kHardening, "H-swap");
  Fail(Suite::kConformance, "D-14", true);
  Fail(Suite::kConformance, "D-01");
  const auto order = InOrder(outcome_.tally);
  EXPECT_EQ(order, (std::vector<size_t>{2, 0, 1}));
}

}  // namespace
}  // namespace atrest::campaign
