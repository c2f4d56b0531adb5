// That a fault in the nodes of a simulated cluster is noticed by the checkers, for its reason, and
// that the cluster as it is is not blamed.
#include "harness/prove/sim_trial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/prove/digest.h"
#include "harness/prove/prove.h"
#include "reference/base/check.h"
#include "reference/env/posix_env.h"

namespace atrest::prove {
namespace {

class SimTrialTest : public ::testing::Test {
 protected:
  SimTrialTest() {
    auto opened = runner::Suite::Open(files_, ".");
    ATREST_CHECK(opened.ok());
    suite_ = std::make_unique<runner::Suite>(std::move(opened).value());
    how_.jobs = 2;
  }

  Tried Try(const fault::Row* row, uint64_t runs) {
    const SimTrial trial(*suite_, {.seed = 1, .runs = runs});
    auto tried = Prove(trial, "sim", {row}, how_, files_, clock_, {});
    ATREST_CHECK(tried.ok());
    return tried.value().front();
  }

  env::PosixFileSystem files_;
  env::SystemClock clock_;
  std::unique_ptr<runner::Suite> suite_;
  ProveOptions how_;
};

// A row of no fault: the cluster is as it is.
constexpr fault::Row kNothing{
    Fault::kNone, "", fault::Kind::kHardening, fault::Place::kCluster, "H-nonce-reuse", "", ""};

TEST_F(SimTrialTest, NoticesAFaultForItsReason) {
  const fault::Row* row = fault::Find("raftlog/nonce-one-for-a-write");
  const Tried tried = Try(row, 2);
  EXPECT_EQ(OutcomeOf(tried), Outcome::kKilled);
  EXPECT_EQ(tried.evidence.cases, 2u);
  const Digest digest = DigestOf(*row, tried.evidence);
  ASSERT_NE(digest.first, nullptr);
  EXPECT_EQ(digest.first->check, "sim/nonce-reuse");
  EXPECT_EQ(digest.first->eye, Eye::kNonces);
  EXPECT_EQ(ReplayOf(tried, *digest.first),
            "atrest simulate --seed 1 --ops 300 --faults swarm --fault "
            "raftlog/nonce-one-for-a-write");
}

TEST_F(SimTrialTest, BlamesNothingWithoutAFault) {
  const Tried tried = Try(&kNothing, 8);
  EXPECT_TRUE(tried.evidence.kills.empty());
  EXPECT_EQ(tried.evidence.trouble, "");
  EXPECT_EQ(OutcomeOf(tried), Outcome::kUnexecuted);
}

TEST_F(SimTrialTest, EndsEarlyWhereThatIsAskedFor) {
  how_.early_end = true;
  const Tried tried = Try(fault::Find("role/follower-stores-in-clear"), 8);
  EXPECT_EQ(OutcomeOf(tried), Outcome::kKilled);
  EXPECT_EQ(tried.evidence.cases, 1u);
}

TEST_F(SimTrialTest, DamageShowsWhatASwarmCannot) {
  const Tried tried = Try(fault::Find("raftlog/plain-refused"), 8);
  EXPECT_EQ(OutcomeOf(tried), Outcome::kKilled);
}

TEST_F(SimTrialTest, EachCheckHasItsName) {
  const SimTrial trial(*suite_, {});
  const auto checks = trial.Checks();
  EXPECT_EQ(std::set<std::string>(checks.begin(), checks.end()).size(), checks.size());
  for (const char* name : {"sim/acked", "sim/liveness", "sim/nonce-reuse", "sim/one-leader"})
    EXPECT_NE(std::ranges::find(checks, name), checks.end()) << name;
  EXPECT_EQ(std::ranges::find(checks, "sim/findings"), checks.end());
}

TEST_F(SimTrialTest, ThereAreEnoughFaults) {
  EXPECT_GE(std::ranges::count(fault::Rows(), fault::Place::kCluster, &fault::Row::place), 20);
}

}  // namespace
}  // namespace atrest::prove
