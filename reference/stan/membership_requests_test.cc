// Nodes that join, and administrators who add and remove them. Specification: cluster.md 3j.
#include "reference/stan/membership_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/cluster_fixture.h"

namespace atrest::stan {
namespace {

using Kind = raft::MembershipChange::Kind;

class MembershipRequestsTest : public testing::Test, protected ClusterFixture {
 protected:
  void Open() {
    for (size_t at = 0; at < 3; ++at) node(at).cluster.allow_add_remove_node = true;
    OpenAll();
    (void)Logged(0);
  }
  std::string Answer() {
    const std::vector<Bytes> answers = bus_.Take("reply");
    if (answers.size() != 1) return std::to_string(answers.size()) + " answers";
    return std::string(AsText(answers.front()));
  }
  void Change(const Status& outcome) {
    ASSERT_EQ(node(0).changes.size(), 1U);
    server(0).OnMembershipChanged(clock_.NowNs(), node(0).changes.front().second, outcome);
    node(0).changes.clear();
  }
};

TEST_F(MembershipRequestsTest, TheLeaderLetsANodeIn) {
  Open();
  Tell(JoinSubject("test-cluster"),
       EncodeJoinRequest({.node_id = "d", .address = "test-cluster.d.test-cluster"}));
  ASSERT_EQ(node(0).changes.size(), 1U);
  EXPECT_TRUE(node(1).changes.empty());
  EXPECT_EQ(node(0).changes[0].first.kind, Kind::kAddVoter);
  EXPECT_EQ(node(0).changes[0].first.id, "d");
  EXPECT_EQ(node(0).changes[0].first.address, "test-cluster.d.test-cluster");
  EXPECT_EQ(Answer(), "0 answers");
  Change(Status());
  EXPECT_EQ(Answer(), "");
}

TEST_F(MembershipRequestsTest, ANodeThatCannotBeLetInIsTold) {
  Open();
  Tell(JoinSubject("test-cluster"), EncodeJoinRequest({.node_id = "d", .address = "x"}));
  Change(Status(Code::kInvalid, "leadership lost while committing log"));
  EXPECT_EQ(DecodeJoinResponse(bus_.Take("reply").at(0)).value(),
            "leadership lost while committing log");
}

TEST_F(MembershipRequestsTest, TheLeaderItselfIsInAlready) {
  Open();
  Tell(JoinSubject("test-cluster"), EncodeJoinRequest({.node_id = "a", .address = "x"}));
  EXPECT_TRUE(node(0).changes.empty());
  EXPECT_EQ(Answer(), "");
}

TEST_F(MembershipRequestsTest, WhatIsNoRequestIsNotAnswered) {
  Open();
  Tell(JoinSubject("test-cluster"), FromHex("0aff").value());
  EXPECT_EQ(Answer(), "0 answers");
  EXPECT_THAT(Logged(0),
              testing::ElementsAre("ERR Invalid join request for Raft group test-cluster"));
}

TEST_F(MembershipRequestsTest, AdministratorsAddAndRemove) {
  Open();
  Tell("_STAN.raft.test-cluster.node.add", AsBytes("d"));
  EXPECT_EQ(node(0).changes.at(0).first.address, "test-cluster.d.test-cluster");
  Change(Status());
  EXPECT_EQ(Answer(), "+OK");
  Tell("_STAN.raft.test-cluster.node.add", {});
  EXPECT_EQ(Answer(), "-ERR adding node \"\": invalid node ID");
  Tell("_STAN.raft.test-cluster.node.remove", AsBytes("c"));
  EXPECT_EQ(node(0).changes.at(0).first.kind, Kind::kRemoveServer);
  Change(Status(Code::kInvalid, "no"));
  EXPECT_EQ(Answer(), "-ERR removing node \"c\": no");
  EXPECT_THAT(Logged(0), testing::ElementsAre("INF Added node \"d\"",
                                              "ERR Error adding node \"\": invalid node ID",
                                              "ERR Error removing node \"c\": no"));
}

TEST_F(MembershipRequestsTest, WithoutTheOptionAdministratorsAreNotHeard) {
  OpenAll();
  Tell("_STAN.raft.test-cluster.node.add", AsBytes("d"));
  EXPECT_TRUE(node(0).changes.empty());
}

TEST_F(MembershipRequestsTest, RequestsAndResponsesAreReadAsWritten) {
  const JoinRequest request{.node_id = "n", .address = "c.n.c"};
  EXPECT_EQ(DecodeJoinRequest(EncodeJoinRequest(request)).value(), request);
  EXPECT_EQ(ToHex(EncodeJoinRequest(request)), "0a016e1205632e6e2e63");
  EXPECT_EQ(DecodeJoinResponse(EncodeJoinResponse("no")).value(), "no");
  EXPECT_EQ(DecodeJoinResponse({}).value(), "");
  EXPECT_FALSE(DecodeJoinResponse(FromHex("0a05").value()).ok());
}

}  // namespace
}  // namespace atrest::stan
