#include "reference/base/go_quote.h"

#include <gtest/gtest.h>

namespace atrest {
namespace {

TEST(GoQuoteTest, EscapesWhatCannotBeSeen) {
  EXPECT_EQ(GoQuote("foo.bar"), "\"foo.bar\"");
  EXPECT_EQ(GoQuote("a\"b\\c\n\x01\x7f"), R"("a\"b\\c\n\x01\x7f")");
  EXPECT_EQ(GoQuote("été 鍵 😀"), "\"été 鍵 😀\"");
  EXPECT_EQ(GoQuote("\xff\xc3(\xed\xa0\x80"), R"("\xff\xc3(\xed\xa0\x80")");
  EXPECT_EQ(GoQuote("\xe2\x82"), R"("\xe2\x82")");
  EXPECT_EQ(GoQuote("\u009b\u00a0\u00ad\u00a1"), R"("\u009b\u00a0\u00ad)"
                                                 "\u00a1\"");
}

}  // namespace
}  // namespace atrest
