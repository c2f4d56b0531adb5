#include "harness/driver/stan_bytes.h"

#include <gtest/gtest.h>

namespace atrest::driver {
namespace {

using std::string_literals::operator""s;

TEST(StanBytesTest, TheDataFieldIsThereAndEmpty) {
  EXPECT_EQ(ExplicitlyEmpty("a", "g", "foo"),
            "\x0a\x01"
            "a\x12\x01g\x1a\x03"
            "foo\x2a\x00"s);
  EXPECT_EQ(ExplicitlyEmpty("", "", std::string(200, 'c')).substr(4, 3), "\x1a\xc8\x01");
}

TEST(StanBytesTest, AnAckHasAnIdAndMaybeAnError) {
  EXPECT_EQ(ErrorOfAck("\x0a\x01g"), "");
  EXPECT_EQ(ErrorOfAck("\x0a\x01g\x12\x02no"), "no");
  EXPECT_EQ(ErrorOfAck("\x12\x02no"), std::nullopt);
  EXPECT_EQ(ErrorOfAck(""), std::nullopt);
  EXPECT_EQ(ErrorOfAck("\x0a\x05g"), std::nullopt);
  EXPECT_EQ(ErrorOfAck("\x0a"), std::nullopt);
  EXPECT_EQ(ErrorOfAck("\x0a\xff\xff\xff\xff\xff\xff"), std::nullopt);
}

}  // namespace
}  // namespace atrest::driver
