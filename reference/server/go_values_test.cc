// Cases from the documentation of Go's strconv and time packages and from options.md 1.1.
#include "reference/server/go_values.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/go_duration.h"

namespace atrest::server {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(GoValuesTest, Durations) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"0", 0},
      {"-0", 0},
      {"0s", 0},
      {"5s", 5 * kSecond},
      {"300ms", 300'000'000},
      {"1.5h", 5400 * kSecond},
      {"1h30m", 5400 * kSecond},
      {"2m5s", 125 * kSecond},
      {"1h2m3.5s", 3723 * kSecond + 500'000'000},
      {"-1s", -kSecond},
      {"+5s", 5 * kSecond},
      {".5s", 500'000'000},
      {"5.s", 5 * kSecond},
      {"10ns", 10},
      {"11us", 11'000},
      {"12\xC2\xB5s", 12'000},
      {"12\xCE\xBCs", 12'000},
      {"0.3333333333333333333h", 1'199'999'999'999},
      {"0.100000000000000000000h", 360 * kSecond},
      {"9223372036854775807ns", std::numeric_limits<int64_t>::max()},
      {"-9223372036854775808ns", std::numeric_limits<int64_t>::min()},
  };
  for (const auto& [text, nanoseconds] : cases) {
    ASSERT_TRUE(ParseGoDuration(text).ok()) << text;
    EXPECT_EQ(ParseGoDuration(text).value(), nanoseconds) << text;
  }
}

TEST(GoValuesTest, RefusedDurations) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"5", R"(time: missing unit in duration "5")"},
      {"1d", R"(time: unknown unit "d" in duration "1d")"},
      {"zz", R"(time: invalid duration "zz")"},
      {"", R"(time: invalid duration "")"},
      {"-", R"(time: invalid duration "-")"},
      {".s", R"(time: invalid duration ".s")"},
      {"1s 2s", R"(time: unknown unit "s " in duration "1s 2s")"},
      {"9223372036854775808ns", R"(time: invalid duration "9223372036854775808ns")"},
      {"3000000h", R"(time: invalid duration "3000000h")"},
      {"99999999999999999999s", R"(time: invalid duration "99999999999999999999s")"},
  };
  for (const auto& [text, error] : cases) {
    EXPECT_EQ(ParseGoDuration(text).status().message(), error);
  }
}

RC_GTEST_PROP(GoValuesTest, PrintedDurationsAreRead, (int64_t nanoseconds)) {
  RC_ASSERT(ParseGoDuration(GoDurationText(nanoseconds)).value() == nanoseconds);
}

TEST(GoValuesTest, PrintedDurations) {
  EXPECT_EQ(GoDurationText(0), "0s");
  EXPECT_EQ(GoDurationText(-kSecond), "-1s");
  EXPECT_EQ(GoDurationText(3723 * kSecond + 500'000'000), "1h2m3.5s");
  EXPECT_EQ(GoDurationText(3600 * kSecond), "1h0m0s");
  EXPECT_EQ(GoDurationText(1'100'000), "1.1ms");
  EXPECT_EQ(GoDurationText(2200), "2.2\xC2\xB5s");
  EXPECT_EQ(GoDurationText(7), "7ns");
  EXPECT_EQ(GoDurationText(std::numeric_limits<int64_t>::min()), "-2562047h47m16.854775808s");
}

TEST(GoValuesTest, Integers) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"10", 10},    {"-1", -1}, {"+7", 7},      {"0x4e8f", 20111},
      {"0o17", 15},  {"010", 8}, {"0b101", 5},   {"1_000", 1000},
      {"0x_f", 15},  {"0", 0},   {"-0x10", -16}, {"9223372036854775807", INT64_MAX},
      {"0XFF", 255}, {"00", 0},  {"0_7", 7},     {"-9223372036854775808", INT64_MIN},
  };
  for (const auto& [text, value] : cases) {
    ASSERT_TRUE(ParseGoInt(text).ok()) << text;
    EXPECT_EQ(ParseGoInt(text).value(), value) << text;
  }
}

TEST(GoValuesTest, RefusedIntegers) {
  for (const char* text : {"", "-", "x", "1x", "08", "0x", "_1", "1_", "1__0", "1.5", " 1", "1k"}) {
    EXPECT_EQ(ParseGoInt(text).status().message(), "parse error") << text;
  }
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "0x10000000000000000"}) {
    EXPECT_EQ(ParseGoInt(text).status().message(), "value out of range") << text;
  }
}

TEST(GoValuesTest, Booleans) {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True"}) EXPECT_TRUE(*ParseGoBool(text));
  for (const char* text : {"0", "f", "F", "FALSE", "False"}) EXPECT_FALSE(*ParseGoBool(text));
  for (const char* text : {"", "yes", "on", "tRUE", "2"}) EXPECT_FALSE(ParseGoBool(text)) << text;
}

}  // namespace
}  // namespace atrest::server
