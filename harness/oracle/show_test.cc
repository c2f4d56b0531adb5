#include <gtest/gtest.h>

#include <string>

#include "harness/oracle/finding.h"

namespace atrest::oracle {
namespace {

TEST(ShowTest, TextIsQuotedAndCutAtFortyBytes) {
  EXPECT_EQ(Show(" ~"), "\" ~\"");
  const std::string forty(40, 'x');
  EXPECT_EQ(Show(forty), '"' + forty + '"');
  EXPECT_EQ(Show(forty + "y"), '"' + forty + "\"... (41 bytes)");
}

TEST(ShowTest, OtherBytesAreHex) {
  EXPECT_EQ(Show(""), "an empty payload");
  EXPECT_EQ(Show("a\x1f"), "hex 611f");
  EXPECT_EQ(Show("\x7f"), "hex 7f");
}

}  // namespace
}  // namespace atrest::oracle
