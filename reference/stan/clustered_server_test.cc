// A node of a cluster: what clients see of the leader, and what the others know when it is their
// turn. Specification: cluster.md 1 and 2.
#include "reference/stan/clustered_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/cluster_fixture.h"

namespace atrest::stan {
namespace {

using testing::ElementsAre;

class OneNodeTest : public testing::Test, protected ClusterFixture {
 protected:
  OneNodeTest() : ClusterFixture(1) {}
};

TEST_F(OneNodeTest, ServesClients) {
  OpenAll();
  EXPECT_EQ(Connect("c"), "");
  EXPECT_EQ(Subscribe({}), "");
  EXPECT_EQ(Publish("foo", "one"), "");
  EXPECT_EQ(Publish("foo", "two"), "");
  EXPECT_EQ(Got("i"), "1:one 2:two");
  Ack("i", 1);
  EXPECT_EQ(server(0).FindChannel("foo")->subscriptions.front().pending_count, 1U);
  EXPECT_EQ(Unsubscribe("i"), "");
  EXPECT_EQ(Close("c"), "");
  EXPECT_EQ(Close("c"), "stan: unknown clientID");
  EXPECT_EQ(Stored(0), "1:one 2:two");
}

TEST_F(OneNodeTest, SaysWhatTheRealOneSays) {
  OpenAll();
  EXPECT_THAT(Logged(0), ElementsAre("INF Recovering the state...", "INF No recovered state",
                                     "INF server became leader, performing leader promotion "
                                     "actions",
                                     "INF finished leader promotion actions",
                                     "INF Streaming Server is ready"));
  EXPECT_EQ(server(0).phase(), ClusteredServer::Phase::kLeader);
  leader().LoseLeadership(clock_.NowNs());
  EXPECT_THAT(Logged(0),
              ElementsAre("INF server lost leadership, performing leader stepdown actions",
                          "INF finished leader stepdown actions"));
  EXPECT_EQ(server(0).phase(), ClusteredServer::Phase::kFollower);
}

}  // namespace
}  // namespace atrest::stan
