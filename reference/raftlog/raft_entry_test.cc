#include "reference/raftlog/raft_entry.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/raftlog/msgpack.h"

namespace atrest::raftlog {
namespace {

std::string Encoded(const LogEntry& entry) {
  Bytes encoded;
  EncodeEntry(entry, encoded);
  return ToHex(encoded);
}

// What of an entry or its error reading HEX gives.
std::string Read(const std::string& hex) {
  const auto entry = DecodeEntry(*FromHex(hex));
  if (!entry.ok()) return entry.status().message();
  const LogEntry& e = entry.value();
  std::string text = std::to_string(e.index) + " " + std::to_string(e.term) + " " +
                     LogTypeName(e.type) + " " + ToHex(e.data);
  if (e.appended_at) {
    text += " " + std::to_string(e.appended_at->seconds) + "." +
            std::to_string(e.appended_at->nanoseconds);
  }
  return text;
}

// cluster.md 1.8: B1 and the noop.
TEST(RaftEntryTest, EntriesOfTheSpecification) {
  const std::string noop =
      "86aa417070656e6465644174a8d7696ea86b01f1bca444617461c0aa457874656e73696f6e73c0a5496e64657802"
      "a45465726d02a45479706501";
  EXPECT_EQ(Read(noop), "2 2 Noop  1795289532.903502762");
  const LogEntry entry{2, 2, LogType::kNoop, {}, {}, LogTime{1795289532, 903502762}};
  EXPECT_EQ(Encoded(entry), noop);
  EXPECT_EQ(
      Read("86aa417070656e6465644174a82d2ade4c6b01f1bca444617461da004402a6594f1300000000000000"
           "026d35450261c386bf839db84e415bc8982e16efb73a1afa9a8f8b635633fc568905b2498dbada0953"
           "20a4b97e8a1e501b1f00f3dbfba009aa457874656e73696f6e73c0a5496e64657805a45465726d02a4"
           "5479706500")
          .substr(0, 16),
      "5 2 Command 02a6");
}

TEST(RaftEntryTest, TimesTakeTheirShortestForm) {
  const auto time = [](LogTime value) {
    LogEntry entry;
    entry.appended_at = value;
    const std::string hex = Encoded(entry);
    EXPECT_EQ(DecodeEntry(*FromHex(hex)).value().appended_at, value);
    return hex.substr(24, hex.find("a444617461") - 24);
  };
  EXPECT_EQ(time({5, 0}), "a400000005");
  EXPECT_EQ(time({0xFFFFFFFF, 0}), "a4ffffffff");
  EXPECT_EQ(time({0x100000000, 0}), "a80000000100000000");
  EXPECT_EQ(time({5, 1}), "a80000000400000005");
  EXPECT_EQ(time({-1, 7}), "ac00000007ffffffffffffffff");
  EXPECT_EQ(time({int64_t{1} << 34, 0}), "ac000000000000000400000000");
  EXPECT_EQ(LogTimeOfNs(-1), (LogTime{-1, 999'999'999}));
  EXPECT_EQ(LogTimeOfNs(1'500'000'000), (LogTime{1, 500'000'000}));
}

// What go-msgpack 2.1.1 made of the same bytes.
TEST(RaftEntryTest, ReadsWhatTheRealLibraryReads) {
  EXPECT_EQ(Read("c0"), "0 0 Command ");
  EXPECT_EQ(Read("80"), "0 0 Command ");
  EXPECT_EQ(Read("93010203"), "1 2 3 ");
  EXPECT_EQ(Read("81a444617461d90161"), "0 0 Command 61");
  EXPECT_EQ(Read("81a444617461c40161"), "0 0 Command 61");
  EXPECT_EQ(Read("81a4446174619161"), "0 0 Command 61");
  EXPECT_EQ(Read("81a444617461a3616263aa"), "0 0 Command 616263");
  EXPECT_EQ(Read("81a3466f6f9301c30282"), "0 0 Command ");
  EXPECT_EQ(Read("82a5496e64657801a5496e64657802"), "2 0 Command ");
  EXPECT_EQ(Read("81a5696e64657801"), "0 0 Command ");
  EXPECT_EQ(Read("81a5496e646578cf8000000000000000"), "9223372036854775808 0 Command ");
  EXPECT_EQ(Read("81aa417070656e6465644174a461626364"), "0 0 Command  1633837924.0");
  EXPECT_EQ(Read("81aa417070656e6465644174d6ff00000001"), "0 0 Command  1.0");
  EXPECT_EQ(Read("81aa417070656e6465644174ac000000010000000000000005"), "0 0 Command  5.1");
}

TEST(RaftEntryTest, RefusesWithTheRealLibrarysTexts) {
  for (const char* cut : {"", "81", "87", "86aa41", "81a449e0", "81a5496e646578ce", "deffff",
                          "81a444617461da000561", "81a444617461db7fffffff61"}) {
    EXPECT_EQ(Read(cut), "EOF") << cut;
  }
  EXPECT_EQ(Read("05"),
            "msgpack decode error [pos 1]: only encoded map or array can be decoded into a struct");
  EXPECT_EQ(Read("8100"),
            "msgpack decode error [pos 2]: invalid byte descriptor for decoding bytes, got: 0x0");
  const auto index = [](const std::string& value) { return Read("81a5496e646578" + value); };
  const std::string refused =
      "msgpack decode error [pos 8]: cannot decode unsigned integer: unrecognized descriptor "
      "byte: ";
  EXPECT_EQ(index("c3"), refused + "c3/true");
  EXPECT_EQ(index("a0"), refused + "a0/string|bytes");
  EXPECT_EQ(index("cb4014000000000000"), refused + "cb/float");
  EXPECT_EQ(index("ff"),
            "msgpack decode error [pos 8]: assigning negative signed value: 255, to "
            "unsigned type");
  EXPECT_EQ(index("d0ff"),
            "msgpack decode error [pos 9]: assigning negative signed value: -1, to "
            "unsigned type");
  EXPECT_EQ(Read("81a454797065cd0100"), "msgpack decode error [pos 9]: uint64 overflow: 256");
  EXPECT_EQ(Read("81aa417070656e6465644174a3616263"),
            "msgpack decode error [pos 16]: invalid bytes for decoding time - expecting string or "
            "4, 8, or 12 bytes, got 3");
  EXPECT_EQ(Read("81aa417070656e6465644174ce00000001"),
            "msgpack decode error [pos 14]: invalid stream for decoding time as extension: got "
            "0xce, 0x0");
  EXPECT_EQ(Read("81a3466f6fc1"),
            "msgpack decode error [pos 6]: cannot infer value: unrecognized descriptor byte: "
            "Oxc1/193/unknown");
}

// A count that no bytes stand behind ends at the end of the bytes, at once.
TEST(RaftEntryTest, FalseCountsEnd) {
  EXPECT_EQ(Read("dfffffffff"), "EOF");
  EXPECT_EQ(Read("81a3466f6fddffffffff"), "EOF");
  EXPECT_EQ(Read("81a3466f6fdfffffffff0101"), "EOF");
  EXPECT_EQ(Read("81a444617461ddffffffff01"), "EOF");
  std::string nested = "81a3466f6f";
  for (int i = 0; i < 10000; ++i) nested += "91";
  EXPECT_EQ(Read(nested), "EOF");
}

// cluster.md 1.4
TEST(RaftEntryTest, ConfigurationOfTheSpecification) {
  const std::vector<RaftServer> servers = {{0, "a", RaftAddress("tc", "a")}};
  const Bytes encoded = EncodeConfiguration(servers);
  EXPECT_EQ(ToHex(encoded),
            "81a7536572766572739183a741646472657373a774632e612e7463a24944a161a8537566667261676500");
  EXPECT_EQ(DecodeConfiguration(encoded).value(), servers);
  EXPECT_EQ(DecodeConfiguration(*FromHex("12")).status().message(),
            "msgpack decode error [pos 1]: only encoded map or array can be decoded into a struct");
  EXPECT_EQ(ToHex(EncodePeers(servers)), "91a774632e612e7463");
}

RC_GTEST_PROP(RaftEntryTest, EntriesComeBack, ()) {
  LogEntry entry;
  const int shift = *rc::gen::inRange(0, 64);
  entry.index = *rc::gen::arbitrary<uint64_t>() >> shift;
  entry.term = *rc::gen::arbitrary<uint64_t>() >> shift;
  entry.type = static_cast<LogType>(*rc::gen::arbitrary<uint8_t>());
  entry.data = Bytes(*rc::gen::element<size_t>(0, 1, 31, 32, 255, 256, 65535, 65536), 0xA5);
  entry.extensions = *rc::gen::arbitrary<Bytes>();
  if (*rc::gen::arbitrary<bool>()) {
    entry.appended_at = LogTime{*rc::gen::arbitrary<int64_t>() >> shift,
                                *rc::gen::inRange<uint32_t>(0, 1'000'000'000)};
  }
  Bytes encoded;
  EncodeEntry(entry, encoded);
  RC_ASSERT(DecodeEntry(encoded).value() == entry);
}

}  // namespace
}  // namespace atrest::raftlog
