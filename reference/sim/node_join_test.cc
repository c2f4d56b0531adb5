// A node that asks to be let into a cluster, against a bus that only notes what it is told.
#include "reference/sim/node_join.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference/sim/event_queue.h"
#include "reference/stan/membership_requests.h"

namespace atrest::sim {
namespace {

constexpr uint64_t kHandles = 1000;
constexpr int64_t kTry = kNsPerSecond + 20 * kNsPerMs;

class NotingBus : public stan::Bus {
 public:
  Status Publish(std::string_view subject, std::string_view reply, ByteView payload) override {
    sent.emplace_back(subject);
    replies.emplace_back(reply);
    last = Bytes(payload.begin(), payload.end());
    return Status();
  }
  Status Subscribe(uint64_t handle, const std::string& subject) override {
    open.push_back(handle);
    subjects.push_back(subject);
    return Status();
  }
  void Unsubscribe(uint64_t handle) override { std::erase(open, handle); }

  std::vector<std::string> sent, replies, subjects;
  std::vector<uint64_t> open;
  Bytes last;
};

class NotingLogger : public Logger {
 public:
  void Log(LogLevel /*level*/, const std::string& text) override { lines.push_back(text); }
  std::vector<std::string> lines;
};

class NodeJoinTest : public testing::Test {
 protected:
  bool Answer(uint64_t handle, const std::string& error, bool no_responders = false) {
    const Bytes payload = stan::EncodeJoinResponse(error);
    stan::Incoming incoming;
    incoming.handle = handle;
    incoming.payload = payload;
    incoming.no_responders = no_responders;
    return join_.OnMessage(now_ns_, incoming);
  }
  // Goes on to the next thing that is due.
  void Next() {
    now_ns_ = join_.deadline_ns();
    join_.Tick(now_ns_);
  }

  NotingBus bus_;
  NotingLogger log_;
  NodeJoin join_{bus_, log_, "tc", "b", "_INBOX.x", kHandles};
  int64_t now_ns_ = kBeginNs;
};

TEST_F(NodeJoinTest, ItSendsItsAddressToTheGroup) {
  join_.Start(now_ns_);
  EXPECT_EQ(log_.lines, std::vector<std::string>{"Joining Raft group tc"});
  EXPECT_EQ(bus_.sent, std::vector<std::string>{"_STAN.raft.tc.join"});
  EXPECT_EQ(bus_.replies, bus_.subjects);
  const auto request = stan::DecodeJoinRequest(bus_.last);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request.value(), (stan::JoinRequest{"b", "tc.b.tc"}));
  EXPECT_TRUE(Answer(kHandles + 1, ""));
  EXPECT_EQ(join_.state(), NodeJoin::State::kJoined);
  EXPECT_EQ(join_.deadline_ns(), INT64_MAX);
  EXPECT_TRUE(bus_.open.empty());
}

TEST_F(NodeJoinTest, FiveTriesOfASecondWithAPauseBehindEach) {
  join_.Start(now_ns_);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(join_.state(), NodeJoin::State::kAsking);
    Next();
  }
  EXPECT_EQ(join_.state(), NodeJoin::State::kFailed);
  EXPECT_EQ(join_.failure(), "failed to join Raft group tc");
  EXPECT_EQ(bus_.sent.size(), 5u);
  EXPECT_EQ(now_ns_, kBeginNs + 5 * kTry);
  EXPECT_TRUE(bus_.open.empty());
}

TEST_F(NodeJoinTest, WhatIsRefusedIsAskedForAgainSoon) {
  join_.Start(now_ns_);
  EXPECT_TRUE(Answer(kHandles + 1, "leadership lost while committing log"));
  EXPECT_EQ(join_.deadline_ns(), kBeginNs + 20 * kNsPerMs);
  Next();
  EXPECT_EQ(bus_.sent.size(), 2u);
  EXPECT_TRUE(Answer(kHandles + 2, "", /*no_responders=*/true));
  EXPECT_EQ(join_.deadline_ns(), now_ns_ + kTry);
}

TEST_F(NodeJoinTest, AnAnswerToAnEarlierTryAndMessagesOfOthersCountForNothing) {
  join_.Start(now_ns_);
  Next();
  Next();
  EXPECT_TRUE(Answer(kHandles + 1, ""));
  EXPECT_EQ(join_.state(), NodeJoin::State::kAsking);
  EXPECT_FALSE(Answer(1, ""));
  EXPECT_TRUE(Answer(kHandles + 2, ""));
  EXPECT_EQ(join_.state(), NodeJoin::State::kJoined);
}

}  // namespace
}  // namespace atrest::sim
