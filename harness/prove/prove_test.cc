// The proof itself: a fault is noticed, the reference as it is is not blamed, and a process that a
// fault takes along is trouble and no kill.
#include "harness/prove/prove.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

#include "harness/driver/registry.h"
#include "reference/base/check.h"
#include "reference/env/posix_env.h"

namespace atrest::prove {
namespace {

class ProveTest : public ::testing::Test {
 protected:
  ProveTest() {
    auto opened = runner::Suite::Open(files_, ".");
    ATREST_CHECK(opened.ok());
    suite_ = std::make_unique<runner::Suite>(std::move(opened).value());
    options_.make_reference = [](const driver::DriverOptions& made) {
      return driver::MakeDriver("inproc", made);
    };
    options_.make_driver = options_.make_reference;
    options_.cases = 30;
  }

  std::vector<Tried> Try(const std::vector<const fault::Row*>& rows, bool early_end = false) {
    auto scenarios = suite_->Load({"crypto/cipher*"});
    ATREST_CHECK(scenarios.ok() && !scenarios.value().empty());
    const std::string quick = scenarios.value().front().id;
    Trial trial(*suite_, files_, options_, std::move(scenarios).value(), {quick});
    ATREST_CHECK(trial.Learn(2).ok());
    how_.jobs = 2;
    how_.early_end = early_end;
    auto tried = Prove(trial, "inproc", rows, how_, files_, clock_, {});
    ATREST_CHECK(tried.ok());
    return std::move(tried).value();
  }

  env::PosixFileSystem files_;
  env::SystemClock clock_;
  std::unique_ptr<runner::Suite> suite_;
  TrialOptions options_;
  ProveOptions how_;
};

// A row of no fault: the target is as it is.
constexpr fault::Row kNothing{
    Fault::kNone, "", fault::Kind::kHardening, fault::Place::kStore, "H-swap", "", ""};

TEST_F(ProveTest, NoticesAFault) {
  const auto tried = Try({fault::Find("key/without-channel")});
  EXPECT_EQ(OutcomeOf(tried[0]), Outcome::kKilled);
  EXPECT_GT(tried[0].evidence.scenarios, 10u);
  EXPECT_EQ(tried[0].evidence.cases, 30u);
}

TEST_F(ProveTest, BlamesNothingWithoutAFault) {
  const auto tried = Try({&kNothing});
  EXPECT_TRUE(tried[0].evidence.kills.empty());
  EXPECT_FALSE(tried[0].evidence.executed);
  EXPECT_EQ(OutcomeOf(tried[0]), Outcome::kUnexecuted);
}

TEST_F(ProveTest, MayEndEarly) {
  const auto tried = Try({fault::Find("key/without-channel"), &kNothing}, true);
  EXPECT_EQ(OutcomeOf(tried[0]), Outcome::kKilled);
  EXPECT_LT(tried[0].evidence.scenarios + tried[0].evidence.cases,
            tried[1].evidence.scenarios + tried[1].evidence.cases);
}

TEST_F(ProveTest, AProcessThatEndsIsTrouble) {
  const auto make = options_.make_driver;
  options_.make_driver = [make](const driver::DriverOptions& made) {
    if (!made.fault.empty()) ::raise(SIGKILL);
    return make(made);
  };
  const auto tried = Try({fault::Find("key/without-channel")});
  EXPECT_EQ(OutcomeOf(tried[0]), Outcome::kTrouble);
}

TEST_F(ProveTest, AFaultThatNeverEndsIsTrouble) {
  const auto make = options_.make_driver;
  options_.make_driver = [make](const driver::DriverOptions& made) {
    if (!made.fault.empty()) ::pause();
    return make(made);
  };
  how_.seconds_max = 1;
  const auto tried = Try({fault::Find("key/without-channel")});
  EXPECT_EQ(OutcomeOf(tried[0]), Outcome::kTrouble);
}

TEST_F(ProveTest, ATargetThatCannotBeMadeIsTrouble) {
  constexpr fault::Row kUnknown{
      Fault::kNone, "no/such", fault::Kind::kHardening, fault::Place::kStore, "H-swap", "", ""};
  const auto tried = Try({&kUnknown});
  EXPECT_EQ(tried[0].evidence.trouble, "no fault is named \"no/such\"");
}

}  // namespace
}  // namespace atrest::prove
