#include "harness/compare/compare.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/driver/registry.h"

namespace atrest::compare {
namespace {

Target Named(const std::string& name, uint64_t seed) {
  driver::DriverOptions options;
  options.seed = seed;
  return {name,
          [name](const driver::DriverOptions& made) { return driver::MakeDriver(name, made); },
          options};
}

std::vector<CaseReport> Reports(const std::string& left, const std::string& right, uint64_t cases) {
  std::vector<CaseReport> reports;
  CompareOptions options;
  options.cases = cases;
  const Status compared =
      Compare(options, Named(left, 1), Named(right, 2),
              [&](const Case&, const CaseReport& report) { reports.push_back(report); });
  EXPECT_TRUE(compared.ok()) << compared.message();
  return reports;
}

TEST(Compare, OneTargetWithTwoSeedsIsEqualToItself) {
  for (const CaseReport& report : Reports("inproc", "inproc", 300)) {
    EXPECT_EQ(report.kind, CaseReport::Kind::kEqual)
        << "seed " << report.shrunk.seed << ": " << report.difference.mismatch.field << ": "
        << report.difference.mismatch.left << " | " << report.difference.mismatch.right
        << report.why;
  }
}

TEST(Compare, ATargetThatNeverEncryptsIsFoundAndShrunkToAFewSteps) {
  size_t different = 0;
  for (const CaseReport& report : Reports("inproc", "canary:plain", 20)) {
    if (report.kind == CaseReport::Kind::kEqual) continue;
    EXPECT_EQ(report.kind, CaseReport::Kind::kDifferent);
    EXPECT_LE(report.shrunk.steps.size(), 8u);
    ++different;
  }
  EXPECT_GE(different, 10u);
}

TEST(Compare, ATargetThatKeepsNothingIsFound) {
  const auto reports = Reports("canary:nothing", "inproc", 3);
  ASSERT_EQ(reports.size(), 3u);
  for (const CaseReport& report : reports) EXPECT_EQ(report.kind, CaseReport::Kind::kDifferent);
}

TEST(Compare, AShrunkCaseShowsItsDifferenceAgain) {
  const auto reports = Reports("inproc", "canary:plain", 5);
  for (const CaseReport& report : reports) {
    if (report.kind != CaseReport::Kind::kDifferent) continue;
    const PairOutcome again = RunPair(report.shrunk, Named("inproc", 1), Named("canary:plain", 2));
    ASSERT_TRUE(again.difference);
    EXPECT_EQ(again.difference->step, report.difference.step);
    EXPECT_EQ(again.difference->mismatch.left, report.difference.mismatch.left);
  }
}

TEST(Compare, JobsShareTheCases) {
  CompareOptions options;
  options.cases = 7;
  options.jobs = 3;
  std::vector<uint64_t> seeds;
  for (options.job = 0; options.job < 3; ++options.job) {
    ASSERT_TRUE(Compare(options, Named("inproc", 1), Named("inproc", 2),
                        [&](const Case& one, const CaseReport&) { seeds.push_back(one.seed); })
                    .ok());
  }
  std::ranges::sort(seeds);
  EXPECT_EQ(seeds, (std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7}));
}

TEST(Compare, AnUnknownTargetIsRefused) {
  const Status compared =
      Compare({}, Named("inproc", 1), Named("nobody", 2), [](const Case&, const CaseReport&) {});
  EXPECT_EQ(compared.code(), Code::kNotFound);
}

}  // namespace
}  // namespace atrest::compare
