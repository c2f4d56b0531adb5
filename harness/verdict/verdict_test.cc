#include "harness/verdict/verdict.h"

#include <gtest/gtest.h>

namespace atrest::verdict {
namespace {

RunSummary SummaryOf(std::vector<std::pair<Suite, Kind>> verdicts, bool strict = false) {
  RunSummary summary;
  summary.strict = strict;
  for (const auto& [suite, kind] : verdicts) {
    Verdict verdict;
    verdict.suite = suite;
    verdict.kind = kind;
    summary.verdicts.push_back(verdict);
  }
  return summary;
}

constexpr auto kConf = Suite::kConformance;
constexpr auto kComp = Suite::kCompatibility;
constexpr auto kHard = Suite::kHardening;

TEST(ExitCodeTest, TheGravestWins) {
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kPass}})), ExitCode::kAsExpected);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kRejectedAsExpected}})), ExitCode::kAsExpected);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kPass}, {kConf, Kind::kFail}})),
            ExitCode::kConformanceFailed);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kCrashed}})), ExitCode::kConformanceFailed);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kComp, Kind::kCrashed}})), ExitCode::kConformanceFailed);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kFail}, {kConf, Kind::kTimeout}})),
            ExitCode::kConformanceFailed);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kPass}, {kConf, Kind::kTimeout}})),
            ExitCode::kUndecided);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kPass}, {kComp, Kind::kUndecided}})),
            ExitCode::kUndecided);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kFail}, {kConf, Kind::kHarnessError}})),
            ExitCode::kHarnessFailed);
}

TEST(ExitCodeTest, NothingRunIsNotSuccess) {
  EXPECT_EQ(ExitCodeOf(SummaryOf({})), ExitCode::kNothingRun);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kSkipped}})), ExitCode::kNothingRun);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kSkipped}, {kConf, Kind::kPass}})),
            ExitCode::kAsExpected);
}

TEST(ExitCodeTest, OtherSuitesCountOnlyWhenStrict) {
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kComp, Kind::kFail}})), ExitCode::kAsExpected);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kHard, Kind::kFail}})), ExitCode::kAsExpected);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kComp, Kind::kFail}}, true)), ExitCode::kCompatibilityDiffers);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kHard, Kind::kFail}}, true)), ExitCode::kHardeningFindings);
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kHard, Kind::kFail}, {kComp, Kind::kFail}}, true)),
            ExitCode::kCompatibilityDiffers);
}

TEST(ExitCodeTest, ADisputeIsNeverAFailure) {
  EXPECT_EQ(ExitCodeOf(SummaryOf({{kConf, Kind::kPass}, {kConf, Kind::kDisputed}})),
            ExitCode::kAsExpected);
}

TEST(ExitCodeTest, AKnownFailureIsNone) {
  for (const bool strict : {false, true}) {
    RunSummary summary = SummaryOf({{kConf, Kind::kFail}, {kHard, Kind::kFail}}, strict);
    for (Verdict& verdict : summary.verdicts) verdict.known = "it is archived";
    EXPECT_EQ(ExitCodeOf(summary), ExitCode::kAsExpected);
    EXPECT_EQ(CountsOf(summary).known, 2u);
    EXPECT_EQ(CountsOf(summary).failed, 0u);
  }
}

TEST(ExitCodeTest, ADepartureFromTheListFailsTheRun) {
  RunSummary summary = SummaryOf({{kHard, Kind::kPass}});
  summary.departures = {"a: listed, but its verdict is pass"};
  EXPECT_EQ(ExitCodeOf(summary), ExitCode::kConformanceFailed);
  summary.verdicts.front().kind = Kind::kHarnessError;
  EXPECT_EQ(ExitCodeOf(summary), ExitCode::kHarnessFailed);
}

TEST(FailureTest, IsWhatAListOfKnownOnesCanHold) {
  const auto is_failure = [](Kind kind) {
    return IsFailure(SummaryOf({{kConf, kind}}).verdicts.front());
  };
  for (const Kind kind : {Kind::kFail, Kind::kCrashed, Kind::kTimeout, Kind::kUndecided})
    EXPECT_TRUE(is_failure(kind)) << NameOf(kind);
  for (const Kind kind : {Kind::kPass, Kind::kRejectedAsExpected, Kind::kSkipped, Kind::kDisputed,
                          Kind::kHarnessError})
    EXPECT_FALSE(is_failure(kind)) << NameOf(kind);
}

TEST(NamesTest, ComeBack) {
  for (const Suite suite : {kConf, kComp, kHard}) {
    Suite parsed = Suite::kConformance;
    ASSERT_TRUE(Parse(NameOf(suite), parsed));
    EXPECT_EQ(parsed, suite);
  }
  Level level = Level::kMust;
  EXPECT_TRUE(Parse("SHOULD", level));
  EXPECT_EQ(level, Level::kShould);
  EXPECT_FALSE(Parse("should", level));
}

TEST(CountsTest, AFailureIsShownByItsSuite) {
  const RunSummary summary =
      SummaryOf({{kConf, Kind::kFail}, {kComp, Kind::kFail}, {kHard, Kind::kFail}});
  EXPECT_STREQ(ShownKind(summary.verdicts[1]), "differs");
  EXPECT_STREQ(ShownKind(summary.verdicts[2]), "finding");
  EXPECT_EQ(CountsOf(summary).failed, 1u);
  EXPECT_EQ(CountsOf(summary).differs, 1u);
  EXPECT_EQ(CountsOf(summary).findings, 1u);
}

}  // namespace
}  // namespace atrest::verdict
