#include "reference/store/record.h"

#include <gtest/gtest.h>

#include "reference/env/mem_file_system.h"
#include "reference/store/record_format.h"

namespace atrest::store {
namespace {

class RecordTest : public ::testing::Test {
 protected:
  // A file of HEX behind its version.
  void SetContents(const std::string& hex) {
    Bytes bytes = *FromHex("01000000" + hex);
    ASSERT_TRUE(env::WriteWhole(files_, "f", bytes).ok());
    file_ = std::move(files_.Open("f", env::FileSystem::Mode::kReadWrite)).value();
  }
  // Payloads with their types, and why reading stopped: "1:aabb | EOF".
  std::string Read(Framing framing, bool check_crc = true, uint32_t expected_size = 0) {
    RecordReader reader(*file_, framing, crc_, check_crc, kFirstOffset);
    std::string all;
    while (reader.Next(expected_size)) {
      all += std::to_string(reader.type()) + ":" + ToHex(reader.payload()) + " ";
    }
    EXPECT_FALSE(reader.Next());
    stop_ = reader.stop();
    offset_ = reader.offset();
    return all + "| " + reader.status().message();
  }

  const Crc32 crc_{Crc32::kIeee};
  env::MemFileSystem files_;
  std::unique_ptr<env::File> file_;
  ReadStop stop_{};
  uint64_t offset_ = 0;
};

// "abc" has the checksum 352441c2.
constexpr char kUntyped[] = "03000000c2412435616263";
constexpr char kTyped[] = "03000005c2412435616263";

TEST_F(RecordTest, WritesTheHeaderBeforeThePayload) {
  Bytes untyped;
  AppendRecord(AsBytes("abc"), crc_, untyped);
  EXPECT_EQ(ToHex(untyped), kUntyped);
  Bytes typed;
  ASSERT_TRUE(AppendTypedRecord(5, AsBytes("abc"), crc_, typed).ok());
  EXPECT_EQ(ToHex(typed), kTyped);
}

TEST_F(RecordTest, ATypedRecordHas24BitsOfSize) {
  Bytes to;
  EXPECT_EQ(AppendTypedRecord(1, Bytes(kMaxTypedSize + 1), crc_, to).message(),
            "record size too big");
  EXPECT_TRUE(to.empty());
  ASSERT_TRUE(AppendTypedRecord(1, Bytes(kMaxTypedSize), crc_, to).ok());
  SetContents(ToHex(to));
  EXPECT_EQ(Read(Framing::kTyped).size(), 2 + 2 * kMaxTypedSize + 6u);
}

TEST_F(RecordTest, ReadsWhatWasWritten) {
  SetContents(std::string(kUntyped) + kUntyped);
  EXPECT_EQ(Read(Framing::kUntyped), "0:616263 0:616263 | EOF");
  EXPECT_EQ(stop_, ReadStop::kEnd);
  EXPECT_EQ(offset_, 4u + 22);
  SetContents(kTyped);
  EXPECT_EQ(Read(Framing::kTyped), "5:616263 | EOF");
}

TEST_F(RecordTest, AnEmptyFileEnds) {
  SetContents("");
  EXPECT_EQ(Read(Framing::kTyped), "| EOF");
}

TEST_F(RecordTest, ACutHeader) {
  SetContents(std::string(kUntyped) + "030000");
  EXPECT_EQ(Read(Framing::kUntyped), "0:616263 | unexpected EOF");
  EXPECT_EQ(stop_, ReadStop::kUnexpectedEof);
  EXPECT_EQ(offset_, 15u);
}

TEST_F(RecordTest, ACutPayload) {
  SetContents("03000000c24124356162");
  EXPECT_EQ(Read(Framing::kUntyped), "| unexpected EOF");
  EXPECT_EQ(stop_, ReadStop::kUnexpectedEof);
}

// As the real server reads it; standalone.md does not mention it.
TEST_F(RecordTest, AHeaderWithoutAnyOfItsPayloadIsTheEnd) {
  SetContents("03000000c2412435");
  EXPECT_EQ(Read(Framing::kUntyped), "| EOF");
  EXPECT_EQ(stop_, ReadStop::kEnd);
}

TEST_F(RecordTest, ASizeBeyondTheFileAllocatesNothing) {
  SetContents("ffffffff0000000061");
  EXPECT_EQ(Read(Framing::kUntyped), "| unexpected EOF");
}

TEST_F(RecordTest, ZeroPadding) {
  SetContents(std::string(kTyped) + "0000000000000000");
  EXPECT_EQ(Read(Framing::kTyped), "5:616263 | end of file padded with zeros");
  EXPECT_EQ(stop_, ReadStop::kZeroPadding);
  EXPECT_EQ(offset_, 15u);
}

TEST_F(RecordTest, SevenZeroBytesAreACutHeader) {
  SetContents("00000000000000");
  EXPECT_EQ(Read(Framing::kUntyped), "| unexpected EOF");
}

TEST_F(RecordTest, AnEmptyPayloadIsARecordIfATypeSaysSo) {
  SetContents("0000000500000000");
  EXPECT_EQ(Read(Framing::kTyped), "5: | EOF");
  SetContents("0000000001000000");
  EXPECT_EQ(Read(Framing::kUntyped),
            "| corrupted data, expected crc to be 0x00000001, got 0x00000000");
}

TEST_F(RecordTest, AWrongChecksum) {
  SetContents("03000000c2412435616264");
  EXPECT_EQ(Read(Framing::kUntyped),
            "| corrupted data, expected crc to be 0x352441c2, got 0xab40d461");
  EXPECT_EQ(stop_, ReadStop::kBadChecksum);
  EXPECT_EQ(Read(Framing::kUntyped, /*check_crc=*/false), "0:616264 | EOF");
}

TEST_F(RecordTest, AWrongSize) {
  SetContents(kUntyped);
  EXPECT_EQ(Read(Framing::kUntyped, true, 4), "| expected record size to be 4 bytes, got 3 bytes");
  EXPECT_EQ(stop_, ReadStop::kWrongSize);
  EXPECT_EQ(Read(Framing::kUntyped, true, 3), "0:616263 | EOF");
}

TEST_F(RecordTest, RecordsAcrossTheReadWindow) {
  Bytes all;
  const Bytes payload(100'000, 0x2A);
  for (int i = 0; i < 7; ++i) AppendRecord(payload, crc_, all);
  const Bytes large(600'000, 0x2B);
  AppendRecord(large, crc_, all);
  SetContents(ToHex(all));
  RecordReader reader(*file_, Framing::kUntyped, crc_, true, kFirstOffset);
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(reader.Next());
    ASSERT_TRUE(Equal(reader.payload(), payload));
  }
  ASSERT_TRUE(reader.Next());
  EXPECT_TRUE(Equal(reader.payload(), large));
  EXPECT_FALSE(reader.Next());
}

// The example of standalone.md 1.6.
TEST_F(RecordTest, AnIndexRecord) {
  const IndexEntry entry{1, 4, 0x18ea25c999b32363, 0x15};
  Bytes record;
  AppendIndexRecord(entry, crc_, record);
  EXPECT_EQ(ToHex(record),
            "01000000000000000400000000000000"
            "6323b399c925ea18"
            "15000000"
            "f1fb89f4");
  EXPECT_EQ(ParseIndexRecord(record.data(), crc_, true).value(), entry);
}

TEST_F(RecordTest, IndexRecordsThatAreNone) {
  Bytes record(kIndexRecordSize);
  EXPECT_EQ(ParseIndexRecord(record.data(), crc_, true).value(), std::nullopt);
  record[0] = 1;
  EXPECT_EQ(ParseIndexRecord(record.data(), crc_, true).status().message(),
            "corrupted data, expected crc to be 0x00000000, got 0x81c58af4");
  EXPECT_EQ(ParseIndexRecord(record.data(), crc_, false).value()->sequence, 1u);
}

}  // namespace
}  // namespace atrest::store
