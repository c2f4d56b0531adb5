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
