// Who is told of an operation, and who is not.
#include "reference/stan/proposals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace atrest::stan {
namespace {

class FakeReplication : public Replication {
 public:
  Result<uint64_t> Propose(std::vector<Bytes> operations) override {
    if (!leads) return Status(Code::kInvalid, "node is not the leader");
    const uint64_t first = last + 1;
    last += operations.size();
    return first;
  }
  uint64_t term() const override { return current_term; }
  uint64_t last_index() const override { return last; }
  void ChangeMembership(const raft::MembershipChange&, uint64_t) override {}

  bool leads = true;
  uint64_t last = 4;
  uint64_t current_term = 2;
};

class ProposalsTest : public testing::Test {
 protected:
  Proposals::Done Note(const std::string& name) {
    return
        [this, name](const Outcome& outcome) { told_.push_back(name + outcome.status.message()); };
  }
  void Apply(uint64_t index, uint64_t term) {
    const Proposals::Done done = proposals_.Take(index, term);
    if (done != nullptr) done({});
  }

  FakeReplication replication_;
  Proposals proposals_{replication_};
  std::vector<std::string> told_;
};

TEST_F(ProposalsTest, EachIsToldOfItsOwnEntry) {
  std::vector<Proposals::Proposal> two(2);
  two[0].done = Note("a");
  two[1].done = Note("b");
  proposals_.ProposeAll(std::move(two));
  proposals_.Propose({}, Note("c"));
  EXPECT_TRUE(told_.empty());
  for (uint64_t index = 5; index <= 8; ++index) Apply(index, 2);
  EXPECT_THAT(told_, testing::ElementsAre("a", "b", "c"));
  Apply(5, 2);
  EXPECT_EQ(told_.size(), 3U);
}

TEST_F(ProposalsTest, AnotherLeadersEntryInItsPlaceIsNotIt) {
  proposals_.Propose({}, Note("a"));
  Apply(5, 3);
  Apply(5, 2);
  EXPECT_TRUE(told_.empty());
}

TEST_F(ProposalsTest, WithoutALeaderAllAreToldAtOnce) {
  replication_.leads = false;
  std::vector<Proposals::Proposal> two(2);
  two[0].done = Note("a: ");
  two[1].done = Note("b: ");
  proposals_.ProposeAll(std::move(two));
  EXPECT_THAT(told_,
              testing::ElementsAre("a: node is not the leader", "b: node is not the leader"));
}

TEST_F(ProposalsTest, AfterClearNobodyIsTold) {
  proposals_.Propose({}, Note("a"));
  proposals_.Clear();
  Apply(5, 2);
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace atrest::stan
