// The proof itself: a fault is noticed, the reference as it is is not blamed, and a process that a
// fault takes along is trouble and no kill.
#include "harness/prove/prove.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>

#include "harness/driver/nothing_driver.h"
#include "harness/driver/registry.h"
#include "harness/prove/trial.h"
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

  Trial MakeTrial() {
    auto scenarios =
        suite_->Load({"crypto/cipher*", "crypto/tampering/detect_moved_within_prefix"});
    ATREST_CHECK(scenarios.ok() && !scenarios.value().empty());
    const std::string quick = scenarios.value().front().id;
    return Trial(*suite_, files_, options_, std::move(scenarios).value(), {quick});
  }

  Status Learnt() { return MakeTrial().Learn(2); }

  std::vector<Tried> Try(const std::vector<const fault::Row*>& rows, bool early_end = false) {
    Trial trial = MakeTrial();
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

// Keeps nothing, and is in a trouble of the test's choice before its first step.
class Troubled : public driver::NothingDriver {
 public:
  Troubled(std::unique_ptr<driver::Driver> instead_of, const verdict::Outcome& trouble)
      : NothingDriver(nullptr, ""), other_(std::move(instead_of)), trouble_(trouble) {}
  driver::TargetInfo Info() const override {
    return {"troubled", "1", other_->Info().capabilities, false};
  }
  std::optional<verdict::Observation> Trouble() const override {
    return verdict::Observation{trouble_, {}};
  }
  env::FileSystem& files() override { return other_->files(); }
  std::string directory() const override { return other_->directory(); }

 private:
  const std::unique_ptr<driver::Driver> other_;
  const verdict::Outcome trouble_;
};

// MAKE's targets, those in trouble that have the fault of a row, or those that have none.
driver::DriverFactory InTrouble(driver::DriverFactory make, bool with_fault,
                                const verdict::Outcome& trouble) {
  return [make = std::move(make), with_fault,
          trouble](const driver::DriverOptions& made) -> Result<std::unique_ptr<driver::Driver>> {
    auto driver = make(made);
    if (!driver.ok() || made.fault.empty() == with_fault) return driver;
    return std::unique_ptr<driver::Driver>(
        std::make_unique<Troubled>(std::move(driver).value(), trouble));
  };
}

TEST_F(ProveTest, ACrashIsNoKillForTheStatedReason) {
  options_.make_driver = InTrouble(options_.make_driver, true, verdict::Crashed{"signal 11"});
  auto tried = Try({fault::Find("key/without-channel")});
  tried[0].evidence.executed = true;
  ASSERT_FALSE(tried[0].evidence.kills.empty());
  EXPECT_EQ(OutcomeOf(tried[0]), Outcome::kWrongReason);
}

TEST_F(ProveTest, AHarnessThatFailsIsTrouble) {
  options_.make_driver = InTrouble(options_.make_driver, true, verdict::Violated{"nonsense"});
  const auto tried = Try({fault::Find("key/without-channel")});
  EXPECT_EQ(OutcomeOf(tried[0]), Outcome::kTrouble);
  EXPECT_NE(tried[0].evidence.trouble.find("nonsense"), std::string::npos);
}

TEST_F(ProveTest, WhatIsUndecidedWithTheFaultAloneIsNoted) {
  options_.make_driver = InTrouble(options_.make_driver, true, verdict::Undecided{"who knows"});
  const auto tried = Try({fault::Find("key/without-channel")});
  EXPECT_TRUE(tried[0].evidence.kills.empty());
  EXPECT_GT(tried[0].evidence.undecided.size(), 10u);
}

TEST_F(ProveTest, NothingIsLearntOfATargetThatIsInTroubleByItself) {
  const auto make = options_.make_driver;
  for (const verdict::Outcome& trouble : {verdict::Outcome(verdict::Crashed{"signal 11"}),
                                          verdict::Outcome(verdict::TimedOut{"late"}),
                                          verdict::Outcome(verdict::Violated{"nonsense"})}) {
    options_.make_driver = InTrouble(make, false, trouble);
    EXPECT_FALSE(Learnt().ok());
  }
}

TEST_F(ProveTest, ATargetThatNeverEndsByItselfEndsTheProof) {
  const auto make = options_.make_driver;
  bool is_probe = true;
  options_.make_driver = [make, &is_probe](const driver::DriverOptions& made) {
    if (!is_probe) ::pause();
    is_probe = false;
    return make(made);
  };
  options_.seconds_max = 1;
  const Status learnt = Learnt();
  EXPECT_NE(learnt.message().find("its process ended by signal 14"), std::string::npos)
      << learnt.message();
}

// One that is ended leaves its files where the caller looks for them.
TEST_F(ProveTest, WorkersKeepTheirFilesWhereTheyAreTold) {
  const auto make = options_.make_driver;
  options_.make_driver =
      [make](const driver::DriverOptions& made) -> Result<std::unique_ptr<driver::Driver>> {
    if (!made.fault.empty()) return Status(Code::kIo, std::getenv("TMPDIR"));
    return make(made);
  };
  options_.temporary = "/somewhere/else";
  EXPECT_EQ(Try({fault::Find("key/without-channel")})[0].evidence.trouble, "/somewhere/else");
}

// The options of a trial are its own: the caller's may change.
TEST_F(ProveTest, ATrialKeepsItsOptions) {
  auto trial = std::make_unique<prove::Trial>(MakeTrial());
  options_ = TrialOptions();
  ATREST_CHECK(trial->Learn(2).ok());
  const auto tried =
      Prove(*trial, "inproc", {fault::Find("key/without-channel")}, how_, files_, clock_, {});
  ASSERT_TRUE(tried.ok());
  EXPECT_EQ(tried.value()[0].evidence.cases, 30u);
}

TEST_F(ProveTest, ATargetThatCannotBeMadeIsTrouble) {
  constexpr fault::Row kUnknown{
      Fault::kNone, "no/such", fault::Kind::kHardening, fault::Place::kStore, "H-swap", "", ""};
  const auto tried = Try({&kUnknown});
  EXPECT_EQ(tried[0].evidence.trouble, "no fault is named \"no/such\"");
}

}  // namespace
}  // namespace atrest::prove
