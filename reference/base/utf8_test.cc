#include "reference/base/utf8.h"

#include <gtest/gtest.h>

namespace atrest {
namespace {

TEST(Utf8Test, Lengths) {
  EXPECT_EQ(Utf8Length(""), 0u);
  EXPECT_EQ(Utf8Length(std::string_view("\0", 1)), 1u);
  EXPECT_EQ(Utf8Length("é."), 2u);
  EXPECT_EQ(Utf8Length("鍵."), 3u);
  EXPECT_EQ(Utf8Length("😀."), 4u);
}

// Table 3-7 of the Unicode standard: what is just outside its ranges.
TEST(Utf8Test, WhatIsNoCharacter) {
  for (const char* bad : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF",
                          "\xED\xA0\x80", "\xE2\x82", "\xE2\x82(", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF0\x9F\x98", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(Utf8Length(bad), 0u) << bad;
  }
  for (const char* good : {"\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(Utf8Length(good), std::string_view(good).size()) << good;
  }
}

TEST(Utf8Test, EachBadByteIsReplaced) {
  EXPECT_EQ(ReplaceBadUtf8("été"), "été");
  EXPECT_EQ(ReplaceBadUtf8("a\xE2\x82z\xFF"), "a\uFFFD\uFFFDz\uFFFD");
}

}  // namespace
}  // namespace atrest
