// Inheritance of limits and their list in the log: wire.md 2.11 and 3.1.
#include "reference/server/channel_limits.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace atrest::server {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// The sample of the specification.
Options Sample() {
  Options options;
  options.max_messages = 500;
  options.per_channel["foo.>"].max_messages = 10;
  options.per_channel["foo.>"].max_age_ns = 3600 * kSecond;
  options.per_channel["foo.bar"].max_bytes = 1 << 20;
  options.per_channel["foo.bar"].max_messages = 0;
  options.per_channel["foo.*.x"].max_inactivity_ns = 3 * kSecond;
  return options;
}

store::StoreLimits Resolved(const Options& options) {
  const auto limits = ResolveLimits(options);
  EXPECT_TRUE(limits.ok()) << limits.status().message();
  return limits.value();
}

TEST(ChannelLimits, AnEntryTakesWhatItDoesNotSayFromTheWiderOne) {
  const auto limits = Resolved(Sample());
  const auto& bar = limits.For("foo.bar");
  EXPECT_EQ(bar.max_messages, 0u);  // 0 in the file is unlimited
  EXPECT_EQ(bar.max_bytes, 1u << 20);
  EXPECT_EQ(bar.max_age_ns, 3600 * kSecond);
  const auto& x = limits.For("foo.any.x");
  EXPECT_EQ(x.max_messages, 10u);
  EXPECT_EQ(x.max_age_ns, 3600 * kSecond);
  EXPECT_EQ(x.max_inactivity_ns, 3 * kSecond);
}

TEST(ChannelLimits, AChannelTakesTheMostSpecificEntryThatMatches) {
  const auto limits = Resolved(Sample());
  EXPECT_EQ(limits.For("foo.other").max_messages, 10u);
  EXPECT_EQ(limits.For("foo.any.y").max_inactivity_ns, 0);
  EXPECT_EQ(limits.For("foo").max_messages, 500u);
  EXPECT_EQ(limits.For("bar.foo").max_messages, 500u);
}

TEST(ChannelLimits, NegativeIsUnlimitedToo) {
  Options options;
  options.per_channel["a"].max_messages = -1;
  options.per_channel["a"].max_subscriptions = -7;
  EXPECT_EQ(Resolved(options).For("a").max_messages, 0u);
  EXPECT_EQ(Resolved(options).For("a").max_subscriptions, 0u);
}

TEST(ChannelLimits, MoreLiteralNamesThanChannelsAreRefused) {
  Options options;
  options.max_channels = 1;
  options.per_channel["a"];
  options.per_channel["b.*"];
  EXPECT_TRUE(ResolveLimits(options).ok());
  options.per_channel["c"];
  EXPECT_EQ(ResolveLimits(options).status().message(),
            "too many channels defined (2). The max channels limit is set to 1");
}

TEST(ChannelLimits, TheLogListsDefaultsWithAStar) {
  const std::vector<std::string> expected = {
      "---------- Store Limits ----------", "Channels:                  100 *",
      "--------- Channels Limits --------", "  Subscriptions:          1000 *",
      "  Messages     :       1000000 *",   "  Bytes        :     976.56 MB *",
      "  Age          :     unlimited *",   "  Inactivity   :     unlimited *",
      "----------------------------------",
  };
  EXPECT_EQ(DescribeLimits(Resolved(Options())), expected);
}

TEST(ChannelLimits, TheLogListsWhatChannelsOverride) {
  Options options = Sample();
  options.per_channel["b.c"];
  const auto lines = DescribeLimits(Resolved(options));
  const std::vector<std::string> expected = {
      "-------- List of Channels ---------",  // as wide as the widest line
      "b.c",
      "foo.>",
      " |-> Messages                    10",
      " |-> Age                     1h0m0s",
      " foo.*.x",
      "  |-> Inactivity                 3s",
      " foo.bar",
      "  |-> Messages            unlimited",
      "  |-> Bytes                 1.00 MB",
      "-----------------------------------",
  };
  const std::vector<std::string> found(lines.end() - static_cast<std::ptrdiff_t>(expected.size()),
                                       lines.end());
  EXPECT_EQ(found, expected);
  EXPECT_EQ(lines[4], "  Messages     :           500");
}

}  // namespace
}  // namespace atrest::server
