// What verdicts and findings amount to, before anything is compared.
#include "harness/prove/seen.h"

#include <gtest/gtest.h>

#include <memory>

#include "reference/base/check.h"
#include "reference/env/posix_env.h"

namespace atrest::prove {
namespace {

using verdict::Kind;
using verdict::Suite;

class SeenTest : public ::testing::Test {
 protected:
  SeenTest() {
    auto opened = runner::Suite::Open(files_, ".");
    ATREST_CHECK(opened.ok());
    suite_ = std::make_unique<runner::Suite>(std::move(opened).value());
    scenario_.requirements = {"H-swap"};
    scenario_.suite = Suite::kCompatibility;
  }

  SeenAll InScenario(Kind kind, const std::string& requirement = "") {
    runner::Executed executed;
    executed.verdict.kind = kind;
    executed.verdict.oracle = "model";
    executed.verdict.requirement = requirement;
    return SeenInScenario(executed, scenario_, *suite_);
  }

  env::PosixFileSystem files_;
  std::unique_ptr<runner::Suite> suite_;
  scenario::Scenario scenario_;
};

// A scenario about one requirement has not found that broken where its target ends.
TEST_F(SeenTest, AnEndIsOfNoRequirement) {
  for (const Kind kind : {Kind::kCrashed, Kind::kTimeout, Kind::kUndecided}) {
    const SeenAll all = InScenario(kind);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].kind, kind);
    EXPECT_EQ(all[0].failure, Failure(verdict::NameOf(kind), ""));
    EXPECT_EQ(all[0].suite, Suite::kConformance);
  }
}

TEST_F(SeenTest, AFailureIsOfItsRequirementAndThatOnesSuite) {
  const SeenAll named = InScenario(Kind::kFail, "D-01");
  ASSERT_EQ(named.size(), 1u);
  EXPECT_EQ(named[0].failure, Failure("model", "D-01"));
  EXPECT_EQ(named[0].suite, suite_->requirements().Find("D-01")->suite);
  EXPECT_EQ(InScenario(Kind::kFail).at(0).failure.second, "H-swap");
  EXPECT_TRUE(InScenario(Kind::kPass).empty());
}

TEST_F(SeenTest, ACaseShowsItsEndBesidesItsFindings) {
  runner::Executed executed;
  executed.verdict.kind = Kind::kCrashed;
  executed.findings.resize(1);
  executed.findings[0].finding.oracle = "disk";
  executed.findings[0].finding.requirement = "H-swap";
  const SeenAll all = SeenInCase(executed, scenario_, *suite_);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].failure, Failure("crashed", ""));
  EXPECT_EQ(all[1].failure, Failure("disk", "H-swap"));
}

// What is disputed without the fault may be broken with it.
TEST_F(SeenTest, ADisputeExcusesNothing) {
  EXPECT_TRUE(KnownOf(InScenario(Kind::kDisputed, "D-01")).empty());
  EXPECT_EQ(KnownOf(InScenario(Kind::kFail, "D-01")), std::set<Failure>({{"model", "D-01"}}));
  EXPECT_EQ(KnownOf(InScenario(Kind::kUndecided)), std::set<Failure>({{"undecided", ""}}));
}

}  // namespace
}  // namespace atrest::prove
