// Channels that nobody uses are deleted: wire.md 2.11.
#include "reference/stan/channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/stan/stan_fixture.h"

namespace atrest::stan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class Inactivity : public StanFixture, public testing::Test {
 protected:
  void SetUp() override {
    limits_.per_channel["foo"].max_inactivity_ns = 3 * kSecond;
    Open();
    Connect("c");
    log_.Take();
  }
  bool Exists() { return server_->FindChannel("foo").has_value(); }
};

TEST_F(Inactivity, RunsFromTheLastPublish) {
  PublishMany(1);
  PublishMany(1, "bar");
  Pass(2 * kSecond);
  Publish("foo", "2");
  Pass(3 * kSecond - 1);
  EXPECT_TRUE(Exists());
  Pass(1);
  EXPECT_FALSE(Exists());
  EXPECT_FALSE(files_.Exists("d/foo"));
  EXPECT_THAT(Logged(), Contains("INF Channel \"foo\" has been deleted"));
  Pass(10 * kSecond);
  EXPECT_THAT(server_->ChannelNames(), ElementsAre("bar"));
}

TEST_F(Inactivity, ADeletedChannelBeginsAnew) {
  PublishMany(2);
  Subscribe({.inbox = "i", .durable = "d"});
  Got("i");
  CloseSub("i");
  Pass(3 * kSecond);
  EXPECT_FALSE(Exists());
  Publish("foo", "x");
  Subscribe({.inbox = "j", .durable = "d"});
  EXPECT_EQ(Got("j"), "1:x");
  EXPECT_EQ(server_->SubscriptionCount(), 1U);
}

TEST_F(Inactivity, AnActiveSubscriptionPreventsIt) {
  PublishMany(1);
  Subscribe({.inbox = "i", .group = "g"});
  Pass(10 * kSecond);
  EXPECT_TRUE(Exists());
  Unsubscribe("i");
  Pass(3 * kSecond);
  EXPECT_FALSE(Exists());
}

TEST_F(Inactivity, ClosingTheConnectionStartsIt) {
  Subscribe({.inbox = "i", .durable = "d"});
  Pass(10 * kSecond);
  Close("c");
  Pass(3 * kSecond - 1);
  EXPECT_TRUE(Exists());
  Pass(1);
  EXPECT_FALSE(Exists());
}

TEST_F(Inactivity, ARefusedSubscriptionStartsItAgain) {
  Subscribe({.inbox = "i", .group = "g", .durable = "a:b"});
  EXPECT_TRUE(Exists());
  Pass(3 * kSecond);
  EXPECT_FALSE(Exists());
}

TEST_F(Inactivity, RunsFromTheStartForRecoveredChannels) {
  PublishMany(1);
  Pass(2 * kSecond);
  Open();
  Pass(3 * kSecond - 250 * kMs - 1);
  EXPECT_TRUE(Exists());
  Pass(1);
  EXPECT_FALSE(Exists());
}

TEST_F(Inactivity, DebugLines) {
  options_.debug = true;
  Open();
  Connect("c");
  log_.Take();
  PublishMany(1);
  EXPECT_THAT(Logged(), ElementsAre("DBG Channel \"foo\" delete timer set to fire in 3s",
                                    "INF Channel \"foo\" has been created"));
  Pass(1500 * kMs);
  Publish("foo", "2");
  Pass(1500 * kMs);
  EXPECT_THAT(Logged(),
              ElementsAre("DBG Channel \"foo\" cannot be deleted now, reset timer to fire "
                          "in 1.5s",
                          "DBG Channel \"foo\" delete timer set to fire in 1.5s"));
  Subscribe({.inbox = "i"});
  EXPECT_THAT(Logged(), Contains("DBG Channel \"foo\" delete timer stopped"));
  Unsubscribe("i");
  log_.Take();
  Pass(3 * kSecond);
  EXPECT_THAT(Logged(), ElementsAre("DBG Channel \"foo\" is being deleted",
                                    "DBG Channel \"foo\" delete timer stopped",
                                    "INF Channel \"foo\" has been deleted"));
}

TEST_F(Inactivity, AChannelWhoseFilesStayIsGoneAllTheSame) {
  PublishMany(1);
  files_.SetFaultHook([](const env::Mutation& mutation) {
    return mutation.kind == env::Mutation::Kind::kRemove
               ? env::Fault::Fail(Status(Code::kIo, "unlinkat d/foo: device busy"))
               : env::Fault();
  });
  log_.Take();
  Pass(3 * kSecond);
  EXPECT_THAT(Logged(), ElementsAre("ERR Error deleting channel \"foo\": unlinkat d/foo: device "
                                    "busy"));
  EXPECT_FALSE(Exists());
}

}  // namespace
}  // namespace atrest::stan
