// The small parts: names, identifiers, timers, texts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "reference/base/random.h"
#include "reference/stan/log_text.h"
#include "reference/stan/names.h"
#include "reference/stan/nuid.h"
#include "reference/stan/timers.h"

namespace atrest::stan {
namespace {

using testing::ElementsAre;

TEST(Names, LowerCase) { EXPECT_EQ(LowerCase("AbZ.09"), "abz.09"); }

TEST(NuidTest, OneProcessKeepsItsPrefix) {
  Random random(7);
  Nuid nuid([&](std::span<uint8_t> into) { random.Fill(into); });
  const std::string first = nuid.Next();
  std::set<std::string> seen = {first};
  for (int i = 0; i < 1000; ++i) {
    const std::string next = nuid.Next();
    EXPECT_EQ(next.size(), 22U);
    EXPECT_EQ(next.substr(0, 12), first.substr(0, 12));
    EXPECT_EQ(
        next.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
        std::string::npos);
    EXPECT_TRUE(seen.insert(next).second);
  }
}

TEST(TimersTest, InOrderOfTimeThenOfStarting) {
  Timers timers;
  std::vector<int> ran;
  EXPECT_EQ(timers.Next(), std::nullopt);
  timers.Start(20, [&] { ran.push_back(3); });
  timers.Start(10, [&] { ran.push_back(1); });
  timers.Start(10, [&] { ran.push_back(2); });
  timers.Start(30, [&] { ran.push_back(4); });
  EXPECT_EQ(timers.Next(), 10);
  timers.RunDue(20);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
  EXPECT_EQ(timers.Next(), 30);
}

TEST(TimersTest, ActionsMayStartAndStop) {
  Timers timers;
  int ran = 0;
  Timers::Id second = 0;
  timers.Start(1, [&] {
    timers.Stop(second);
    timers.Start(1, [&] { ++ran; });
  });
  second = timers.Start(1, [&] { ran += 100; });
  timers.RunDue(5);
  EXPECT_EQ(ran, 0) << "what an action starts is for the next call";
  EXPECT_EQ(second, 0U);
  timers.RunDue(5);
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(timers.size(), 0U);
}

TEST(LogText, Times) {
  EXPECT_EQ(TimeText(0), "1970-01-01 00:00:00 +0000 UTC");
  EXPECT_EQ(TimeText(-1), "1969-12-31 23:59:59.999999999 +0000 UTC");
  EXPECT_EQ(TimeText(1'709'210'096'120'000'000), "2024-02-29 12:34:56.12 +0000 UTC");
  EXPECT_EQ(TimeText(INT64_MAX), "2262-04-11 23:47:16.854775807 +0000 UTC");
  EXPECT_EQ(TimeText(INT64_MIN), "1677-09-21 00:12:43.145224192 +0000 UTC");
}

TEST(LogText, PubMsgs) {
  wire::StanPubMsg message;
  EXPECT_EQ(PubMsgText(message), "");
  message.subject = "a\tb\\\x7f\xC3\xA9";
  message.data = Bytes();
  message.sha256 = {1};
  EXPECT_EQ(PubMsgText(message), "subject:\"a\\tb\\\\\\177\\303\\251\" sha256:\"\\001\" ");
}

}  // namespace
}  // namespace atrest::stan
