#include "reference/server/server_clock.h"

#include <gtest/gtest.h>

namespace atrest::server {
namespace {

ServerClock Parsed(const std::string& text) { return ServerClock::Parse(text).value(); }

TEST(ServerClock, VirtualTimeStandsStillUntilMoved) {
  ServerClock clock = Parsed("virtual:1000");
  EXPECT_EQ(clock.NowNs(), 1000);
  EXPECT_EQ(clock.NowNs(), 1000);
  clock.MoveTo(1500);
  EXPECT_EQ(clock.NowNs(), 1500);
  clock.MoveTo(1200);  // never back
  EXPECT_EQ(clock.NowNs(), 1500);
}

TEST(ServerClock, VirtualTimeIsWaitedForOnlyIfItIsDue) {
  ServerClock clock = Parsed("virtual");
  EXPECT_EQ(clock.NowNs(), ServerClock::kVirtualStartNs);
  EXPECT_EQ(clock.WaitNs(ServerClock::kVirtualStartNs, 77), 0);
  EXPECT_EQ(clock.WaitNs(ServerClock::kVirtualStartNs + 1, 77), 77);
  EXPECT_EQ(clock.WaitNs(std::nullopt, 77), 77);
}

TEST(ServerClock, RealTimeIsWaitedForUpToTheMost) {
  ServerClock clock = Parsed("real");
  const int64_t now = clock.NowNs();
  EXPECT_LE(clock.WaitNs(now + 1'000'000'000, INT64_MAX), 1'000'000'000);
  EXPECT_EQ(clock.WaitNs(now + 1'000'000'000'000, 5), 5);
  EXPECT_EQ(clock.WaitNs(now, 5), 0);
}

TEST(ServerClock, AnythingElseIsRefused) {
  for (const char* text : {"", "fake", "virtual:", "virtual:x", "virtual:-1"}) {
    EXPECT_FALSE(ServerClock::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace atrest::server
