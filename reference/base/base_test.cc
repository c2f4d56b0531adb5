#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/base/bytes.h"
#include "reference/base/crc32.h"
#include "reference/base/logger.h"
#include "reference/base/random.h"
#include "reference/base/status.h"

namespace atrest {
namespace {

uint32_t BitwiseCrc(ByteView bytes, uint32_t polynomial) {
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
  }
  return ~crc;
}

// The check values of the CRC catalogue for "123456789": CRC-32/ISO-HDLC and CRC-32/ISCSI.
TEST(Crc32Test, CheckValues) {
  EXPECT_EQ(Crc32(Crc32::kIeee).Of(AsBytes("123456789")), 0xCBF43926u);
  EXPECT_EQ(Crc32(0x82F63B78).Of(AsBytes("123456789")), 0xE3069283u);
  EXPECT_EQ(Crc32(Crc32::kIeee).Of({}), 0u);
}

RC_GTEST_PROP(Crc32Test, SlicedTablesAgreeWithTheDefinition,
              (const Bytes& bytes, uint32_t polynomial)) {
  RC_ASSERT(Crc32(polynomial).Of(bytes) == BitwiseCrc(bytes, polynomial));
}

RC_GTEST_PROP(BytesTest, HexComesBack, (const Bytes& bytes)) {
  RC_ASSERT(FromHex(ToHex(bytes)) == bytes);
}

TEST(BytesTest, BadHexIsRefused) {
  EXPECT_EQ(FromHex("0"), std::nullopt);
  EXPECT_EQ(FromHex("0g"), std::nullopt);
  EXPECT_EQ(FromHex("Ff"), Bytes{0xFF});
}

TEST(BytesTest, IntegersHaveTheirByteOrder) {
  const Bytes bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(LoadLe32(bytes.data()), 0x04030201u);
  EXPECT_EQ(LoadLe64(bytes.data()), 0x0807060504030201u);
  EXPECT_EQ(LoadBe64(bytes.data()), 0x0102030405060708u);
  Bytes written(8);
  StoreLe64(written.data(), 0x0807060504030201u);
  EXPECT_EQ(written, bytes);
  StoreBe64(written.data(), 0x0102030405060708u);
  EXPECT_EQ(written, bytes);
  StoreLe32(written.data(), 0xAABBCCDD);
  EXPECT_EQ(ToHex(ByteView(written).first(4)), "ddccbbaa");
}

TEST(BytesTest, Hex32IsPadded) { EXPECT_EQ(Hex32(0xAB), "0x000000ab"); }

TEST(StatusTest, KeepsCodeAndText) {
  EXPECT_TRUE(Status().ok());
  const Status failed = Status(Code::kIo, "no space").WithPrefix("write: ");
  EXPECT_EQ(failed.code(), Code::kIo);
  EXPECT_EQ(failed.message(), "write: no space");
}

TEST(StatusTest, ResultHoldsEither) {
  EXPECT_EQ(Result<int>(3).value(), 3);
  EXPECT_TRUE(Result<int>(3).status().ok());
  EXPECT_EQ(Result<int>(Status(Code::kInvalid, "x")).status().message(), "x");
}

TEST(StatusDeathTest, ValueOfAFailureStopsTheProcess) {
  EXPECT_DEATH({ (void)Result<int>(Status(Code::kIo, "x")).value(); }, "check failed");
}

// Published first outputs of splitmix64 for seed 1234567 (Vigna's reference implementation).
TEST(RandomTest, IsSplitmix64) {
  Random random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317u);
  EXPECT_EQ(random.Next(), 3203168211198807973u);
}

TEST(LoggerTest, BufferKeepsOrder) {
  LogBuffer log;
  log.Log(LogLevel::kError, "one");
  log.Log(LogLevel::kInfo, "two");
  const auto lines = log.Take();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1].text, "two");
  EXPECT_TRUE(log.lines().empty());
}

}  // namespace
}  // namespace atrest
