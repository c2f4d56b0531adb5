#include "reference/env/env.h"

#include <gtest/gtest.h>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"

namespace atrest::env {
namespace {

TEST(ReadWholeTest, ReadsWhatWriteWholeWrote) {
  MemFileSystem files;
  ASSERT_TRUE(WriteWhole(files, "a", AsBytes("longer")).ok());
  ASSERT_TRUE(WriteWhole(files, "a", AsBytes("short")).ok());
  EXPECT_EQ(ReadWhole(files, "a", 5).value(), ToBytes("short"));
}

TEST(ReadWholeTest, EmptyFile) {
  MemFileSystem files;
  ASSERT_TRUE(WriteWhole(files, "a", {}).ok());
  EXPECT_EQ(ReadWhole(files, "a", 0).value(), Bytes{});
}

TEST(ReadWholeTest, RefusesMoreThanTheLimit) {
  MemFileSystem files;
  ASSERT_TRUE(WriteWhole(files, "a", AsBytes("12345")).ok());
  const Status status = ReadWhole(files, "a", 4).status();
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.message(), "read a: 5 bytes are more than the limit of 4");
}

TEST(ReadWholeTest, PassesFailuresOn) {
  MemFileSystem files;
  EXPECT_EQ(ReadWhole(files, "none", 1).status().code(), Code::kNotFound);
  EXPECT_EQ(WriteWhole(files, "none/a", {}).message(), "open none/a: no such file or directory");
}

TEST(FixedClockTest, MovesOnlyWhenTold) {
  FixedClock clock(5);
  EXPECT_EQ(clock.NowNs(), 5);
  clock.Advance(2);
  EXPECT_EQ(clock.NowNs(), 7);
  clock.Set(1);
  EXPECT_EQ(clock.NowNs(), 1);
}

TEST(SeededEntropyTest, IsAFunctionOfTheSeed) {
  Bytes a(20), b(20), c(20);
  SeededEntropy(1).Fill(a);
  SeededEntropy(1).Fill(b);
  SeededEntropy(2).Fill(c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

}  // namespace
}  // namespace atrest::env
