// Each rule twice: two texts that differ only in what the rule allows become equal, and two that
// really differ, in the same place, do not.
#include "harness/compare/normaliser.h"

#include <gtest/gtest.h>

#include "reference/crypto/secret.h"

namespace atrest::compare {
namespace {

const std::map<std::string, std::string> kKeys = {{"right", "a key"}, {"wrong", "another"}};
constexpr char kNuidA[] = "abcdefghijklmnopqrstuv";
constexpr char kNuidB[] = "0123456789ABCDEFGHIJKL";

Normaliser Fresh(const std::string& directory = "/store") { return Normaliser(directory, kKeys); }

std::string Inbox(const std::string& nuid) { return "inbox=_INBOX." + nuid + " of a"; }

Bytes Sealed(const std::string& text, std::array<uint8_t, 4> prefix, uint64_t counter,
             const std::string& key = "a key", crypto::Cipher cipher = crypto::Cipher::kAes) {
  crypto::Envelope envelope(cipher, crypto::DeriveChannelKey(crypto::Secret(AsBytes(key)), "foo"),
                            crypto::NonceSequence(prefix, counter));
  return envelope.Seal(AsBytes(text));
}

std::string Shown(const Bytes& data) {
  Normaliser normaliser = Fresh();
  return normaliser.Payload("foo", data);
}

TEST(Normaliser, N1IdentifiersAreNumberedByAppearance) {
  Normaliser left = Fresh();
  Normaliser right = Fresh();
  EXPECT_EQ(left.Text(Inbox(kNuidA)), right.Text(Inbox(kNuidB)));
  EXPECT_EQ(left.Identifier(kNuidA), right.Identifier(kNuidB));
  EXPECT_EQ(left.Text(Inbox(std::string(kNuidA) + "." + kNuidB)),
            right.Text(Inbox(std::string(kNuidB) + "." + kNuidA)));
  EXPECT_EQ(left.Text("guid:\"" + std::string(kNuidB) + "\""),
            right.Text("guid:\"" + std::string(kNuidA) + "\""));
}

TEST(Normaliser, N1AnotherIdentifierInPlaceOfTheFirstIsSeen) {
  Normaliser left = Fresh();
  Normaliser right = Fresh();
  EXPECT_EQ(left.Text(Inbox(kNuidA)), right.Text(Inbox(kNuidA)));
  EXPECT_NE(left.Text(Inbox(kNuidA)), right.Text(Inbox(kNuidB)));
}

TEST(Normaliser, N1WhatIsNoIdentifierIsSeen) {
  Normaliser normaliser = Fresh();
  EXPECT_EQ(normaliser.Text("_INBOX.short"), "_INBOX.short");
  EXPECT_EQ(normaliser.Text(std::string("channel ") + kNuidA), std::string("channel ") + kNuidA);
  EXPECT_EQ(normaliser.Identifier(""), "\"\"");
  EXPECT_EQ(normaliser.Identifier("abc"), "\"abc\"");
  EXPECT_NE(normaliser.Text(Inbox(std::string(kNuidA) + "x")), normaliser.Text(Inbox(kNuidA)));
}

TEST(Normaliser, N2TimesAreComparedByTheirOrder) {
  int64_t left = 0;
  int64_t right = 0;
  EXPECT_EQ(Time(1'700'000'000, left), Time(1'800'000'000, right));
  EXPECT_EQ(Time(1'700'000'001, left), Time(1'800'000'000, right));
  EXPECT_NE(Time(1'700'000'002, left), Time(1'799'999'999, right));
}

TEST(Normaliser, N3N4NonceAndCiphertextAreReplacedByWhatTheyHold) {
  EXPECT_EQ(Shown(Sealed("hello", {1, 2, 3, 4}, 7)), Shown(Sealed("hello", {9, 9, 9, 9}, 7)));
}

TEST(Normaliser, N3CountersAndRepeatedPrefixesAreSeen) {
  EXPECT_NE(Shown(Sealed("hello", {1, 2, 3, 4}, 7)), Shown(Sealed("hello", {1, 2, 3, 4}, 8)));
  Normaliser same = Fresh();
  Normaliser anew = Fresh();
  EXPECT_EQ(same.Payload("foo", Sealed("a", {1, 1, 1, 1}, 1)),
            anew.Payload("foo", Sealed("a", {2, 2, 2, 2}, 1)));
  EXPECT_NE(same.Payload("foo", Sealed("b", {1, 1, 1, 1}, 2)),
            anew.Payload("foo", Sealed("b", {3, 3, 3, 3}, 2)));
}

TEST(Normaliser, N4ContentsKeyAndCipherAreSeen) {
  const std::string usual = Shown(Sealed("hello", {1, 2, 3, 4}, 1));
  EXPECT_NE(usual, Shown(Sealed("hallo", {1, 2, 3, 4}, 1)));
  EXPECT_NE(usual, Shown(Sealed("hello", {1, 2, 3, 4}, 1, "another")));
  EXPECT_NE(usual, Shown(Sealed("hello", {1, 2, 3, 4}, 1, "a key", crypto::Cipher::kChaCha)));
  EXPECT_NE(usual, Shown(ToBytes("hello")));
}

TEST(Normaliser, N4AChangedCodeByteIsSeenAndTheRestStillOpened) {
  Bytes left = Sealed("hello", {1, 2, 3, 4}, 1);
  Bytes right = Sealed("hello", {9, 9, 9, 9}, 1);
  left[0] = right[0] = 0x81;
  EXPECT_EQ(Shown(left), Shown(right));
  right[0] = 0x03;
  EXPECT_NE(Shown(left), Shown(right));
}

TEST(Normaliser, N4DamageUnderAChangedCodeByteIsKnownByItsPrefix) {
  Normaliser left = Fresh();
  Normaliser right = Fresh();
  Bytes of_left = Sealed("hello", {1, 2, 3, 4}, 1);
  Bytes of_right = Sealed("hello", {9, 9, 9, 9}, 1);
  EXPECT_EQ(left.Payload("foo", of_left), right.Payload("foo", of_right));
  of_left[0] = of_right[0] = 0x81;
  of_left.back() = static_cast<uint8_t>(of_left.back() ^ 1);
  of_right.back() = static_cast<uint8_t>(of_right.back() ^ 1);
  EXPECT_NE(Shown(of_left), Shown(of_right));
  EXPECT_EQ(left.Payload("foo", of_left), right.Payload("foo", of_right));
}

TEST(Normaliser, WhatIsKnownOfBytesGoesWithThemWhereStoresAreExchanged) {
  Normaliser left = Fresh();
  Normaliser right = Fresh();
  EXPECT_EQ(left.Text(Inbox(kNuidA)), right.Text(Inbox(kNuidB)));
  left.ExchangeMemory(right);
  EXPECT_EQ(left.Text(Inbox(kNuidB)), right.Text(Inbox(kNuidA)));
  EXPECT_NE(left.Text(Inbox(kNuidA)), right.Text(Inbox(kNuidA)));
}

TEST(Normaliser, N4DamageIsComparedByLengthAndCounter) {
  Bytes left = Sealed("hello", {1, 2, 3, 4}, 1);
  Bytes right = Sealed("hello", {9, 9, 9, 9}, 1);
  left.back() = static_cast<uint8_t>(left.back() ^ 1);
  EXPECT_NE(Shown(left), Shown(right));
  right.back() = static_cast<uint8_t>(right.back() ^ 1);
  EXPECT_EQ(Shown(left), Shown(right));
  right.pop_back();
  EXPECT_NE(Shown(left), Shown(right));
}

TEST(Normaliser, N4WhatTheCasePublishedIsComparedByteForByte) {
  const std::string left = std::string("\x01") + std::string(40, 'x');
  const std::string right = std::string("\x01") + std::string(39, 'x') + "y";
  Normaliser normaliser = Fresh();
  EXPECT_EQ(normaliser.Payload("foo", AsBytes(left)), normaliser.Payload("foo", AsBytes(right)));
  normaliser.Know(left);
  normaliser.Know(right);
  EXPECT_NE(normaliser.Payload("foo", AsBytes(left)), normaliser.Payload("foo", AsBytes(right)));
}

TEST(Normaliser, N5ValuesOfChecksumsInTheLogAreLeftOut) {
  Normaliser normaliser = Fresh();
  EXPECT_EQ(normaliser.Text("corrupted data, expected crc to be 0x00000001, got 0x00000002"),
            normaliser.Text("corrupted data, expected crc to be 0xfffffff1, got 0xfffffff2"));
  EXPECT_EQ(normaliser.Text(" CRC : 0x00000001"), normaliser.Text(" CRC : 0x00000002"));
}

TEST(Normaliser, N5OtherNumbersAndWhetherAChecksumIsRightAreSeen) {
  Normaliser normaliser = Fresh();
  EXPECT_NE(normaliser.Text("expected record size to be 61 bytes, got 60 bytes"),
            normaliser.Text("expected record size to be 61 bytes, got 62 bytes"));
  EXPECT_NE(normaliser.Text("expected crc to be 0x1, got 0x2"),
            normaliser.Text("expected crc to be 0x1, got 0x3"));
  EXPECT_NE(Checksum(true), Checksum(false));
}

TEST(Normaliser, N6DumpsAreComparedByLength) {
  Normaliser normaliser = Fresh();
  EXPECT_EQ(normaliser.Text("3d 00 00 00 d9 a3 08 56"), normaliser.Text("3d 00 00 00 01 02 03 04"));
  EXPECT_EQ(normaliser.Text("08 05 0a - ..."), normaliser.Text("08 05 41 - ..A"));
  EXPECT_EQ(normaliser.Text("08 05    - .."), normaliser.Text("08 41    - .A"));
  EXPECT_NE(normaliser.Text("08 05 0a - ..."), normaliser.Text("08 05 - .."));
}

TEST(Normaliser, N6OtherLinesOfADumpAreSeen) {
  Normaliser normaliser = Fresh();
  EXPECT_EQ(normaliser.Text("Record header:\n Bytes:\n3d 00 00\n Size: 61"),
            "Record header:\n Bytes:\n<3 bytes>\n Size: 61");
  EXPECT_EQ(normaliser.Text("record payload expected to be 61 bytes, only read 56"),
            "record payload expected to be 61 bytes, only read 56");
  EXPECT_EQ(normaliser.Text("deadbeef is no dump"), "deadbeef is no dump");
}

using Kind = JournalRecord::Kind;

std::string Texts(const std::vector<JournalRecord>& records) {
  std::string texts;
  for (const JournalRecord& record : Ordered(records)) texts += record.text + " ";
  return texts;
}

TEST(Normaliser, N7SubscriptionsAndAcksMayInterleave) {
  EXPECT_EQ(Texts({{"1", Kind::kState, "new1"},
                   {"2", Kind::kState, "new2"},
                   {"1", Kind::kSent, "sent1.1"},
                   {"2", Kind::kSent, "sent2.1"},
                   {"1", Kind::kAcked, "ack1.1"},
                   {"1", Kind::kSent, "sent1.2"}}),
            Texts({{"2", Kind::kState, "new2"},
                   {"1", Kind::kState, "new1"},
                   {"2", Kind::kSent, "sent2.1"},
                   {"1", Kind::kSent, "sent1.2"},
                   {"1", Kind::kSent, "sent1.1"},
                   {"1", Kind::kAcked, "ack1.1"}}));
}

TEST(Normaliser, N7ClientsMayInterleaveButNotTheRecordsOfOne) {
  EXPECT_EQ(Texts({{"a", Kind::kState, "add a"}, {"b", Kind::kState, "add b"}}),
            Texts({{"b", Kind::kState, "add b"}, {"a", Kind::kState, "add a"}}));
  EXPECT_NE(Texts({{"a", Kind::kState, "add a"}, {"a", Kind::kState, "delete a"}}),
            Texts({{"a", Kind::kState, "delete a"}, {"a", Kind::kState, "add a"}}));
}

TEST(Normaliser, N7TheOrderWithinASubscriptionIsSeen) {
  const std::vector<JournalRecord> usual = {{"1", Kind::kState, "new"},
                                            {"1", Kind::kSent, "sent1"},
                                            {"1", Kind::kSent, "sent2"},
                                            {"1", Kind::kState, "closed"},
                                            {"1", Kind::kAcked, "ack1"}};
  auto twice = usual;
  twice.insert(twice.begin() + 2, twice[1]);
  EXPECT_NE(Texts(usual), Texts(twice));
  auto across = usual;
  std::swap(across[3], across[4]);
  EXPECT_NE(Texts(usual), Texts(across));
  EXPECT_NE(Texts(usual), Texts({usual.begin(), usual.end() - 1}));
}

TEST(Normaliser, N8FailedDeliveriesMayBeLoggedInAnyOrder) {
  const std::string first = "[ERR] Error looking up message foo:3 (x)";
  const std::string second = "[ERR] Error getting message for redelivery subid=1, seq=2, err=x";
  const std::string other = "[WRN] Reached limits";
  EXPECT_EQ(OrderedLog({first, second, other}), OrderedLog({second, first, other}));
  EXPECT_NE(OrderedLog({first, second, other}), OrderedLog({first, second}));
  EXPECT_NE(OrderedLog({first, second}), OrderedLog({first, first, second}));
  EXPECT_NE(OrderedLog({first, other}), OrderedLog({other, first}));
  EXPECT_NE(OrderedLog({other, "[ERR] y"}), OrderedLog({"[ERR] y", other}));
}

TEST(Normaliser, N9TheStoresDirectoryIsNamed) {
  Normaliser left = Fresh("/tmp/left");
  Normaliser right = Fresh("/tmp/right");
  EXPECT_EQ(left.Text("open /tmp/left/foo"), right.Text("open /tmp/right/foo"));
  EXPECT_NE(left.Text("open /tmp/left/foo"), right.Text("open /tmp/right/bar"));
}

}  // namespace
}  // namespace atrest::compare
