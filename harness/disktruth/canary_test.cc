#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/disktruth/canary_check.h"
#include "harness/disktruth/doctored_store.h"
#include "harness/disktruth/inflate.h"

namespace atrest::disktruth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CanaryTest : public testing::Test, protected DoctoredStore {
 protected:
  CanaryTest() {
    Start(Encrypted());
    Store("foo", canary_);
    EXPECT_THAT(LookFully(), IsEmpty());
  }

  // What is found once TEXT, with other bytes around it, stands at the end of a file.
  std::vector<std::string> Seen(const std::string& path, const std::string& text,
                                TreeEntry::Kind kind = TreeEntry::Kind::kStored) {
    tree.Put(path, ToBytes("before" + text + "after"), kind);
    std::vector<std::string> lines;
    for (const Finding& finding : LookFully()) {
      if (finding.check == Check::kCanary) lines.push_back(finding.requirement + finding.seen);
    }
    return lines;
  }

  std::string canary_ = MakeCanary(42);
};

TEST_F(CanaryTest, MadeFromASeed) {
  EXPECT_EQ(MakeCanary(1), MakeCanary(1));
  EXPECT_NE(MakeCanary(1), MakeCanary(2));
  EXPECT_EQ(MakeCanary(3, 500).size(), 500U);
}

TEST_F(CanaryTest, InATemporaryFile) {
  EXPECT_THAT(Seen("clients.dat123456", canary_),
              ElementsAre("D-01a payload of 24 bytes, as it is"));
}

TEST_F(CanaryTest, InAFileThatWasRenamed) {
  EXPECT_THAT(Seen("foo/msgs.1.dat.bak", canary_),
              ElementsAre("D-01a payload of 24 bytes, as it is"));
}

TEST_F(CanaryTest, InADeletedFileThatIsOpen) {
  EXPECT_THAT(Seen("/d/subs77 (deleted), open as 9", canary_, TreeEntry::Kind::kOpen),
              ElementsAre("D-01a payload of 24 bytes, as it is in a deleted file"));
}

TEST_F(CanaryTest, InALogFileIsNotAPromiseOfTheStore) {
  EXPECT_THAT(Seen("server.log", canary_, TreeEntry::Kind::kLog),
              ElementsAre("H-secret-in-loga payload of 24 bytes, as it is"));
}

TEST_F(CanaryTest, InHexadecimalAndUtf16) {
  EXPECT_THAT(Seen("a", ToHex(AsBytes(canary_))),
              ElementsAre("D-01a payload of 24 bytes, in hexadecimal"));
  std::string little;
  std::string big;
  for (const char letter : canary_) {
    little += {letter, '\0'};
    big += {'\0', letter};
  }
  EXPECT_THAT(Seen("b", little), ElementsAre("D-01a payload of 24 bytes, in UTF-16"));
  EXPECT_THAT(Seen("c", big), ElementsAre("D-01a payload of 24 bytes, in UTF-16"));
}

std::string PlainBase64(const std::string& text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<uint8_t*>(out.data()), AsBytes(text).data(),
                                   static_cast<int>(text.size()));
  return out.substr(0, static_cast<size_t>(size));
}

TEST_F(CanaryTest, InBase64OfEveryAlignment) {
  for (const char* before : {"", "x", "xy", "xyz", "wxyz"}) {
    for (const char* after : {"", "x", "xy"}) {
      const std::string name = std::string("base64-") + before + "-" + after;
      EXPECT_THAT(Seen(name, PlainBase64(before + canary_ + after)),
                  ElementsAre("D-01a payload of 24 bytes, in base64"))
          << name;
    }
  }
}

TEST_F(CanaryTest, InBase64InAClientId) {
  Bytes client;
  AppendBytesField(client, 1, AsBytes(PlainBase64("id:" + canary_)));
  AppendTo("clients.dat", Framed(client, 1));
  EXPECT_THAT(Look(), ElementsAre("canary D-01"));
}

TEST_F(CanaryTest, InASubscriptionsInbox) {
  Bytes subscription;
  AppendVarintField(subscription, 1, 1);
  AppendBytesField(subscription, 4, AsBytes("_INBOX." + canary_));
  AppendTo("foo/subs.dat", Framed(subscription, 1));
  EXPECT_THAT(Look(), ElementsAre("canary D-01"));
}

// Made with Python's zlib: fixed codes, stored, and dynamic codes in a gzip member.
TEST_F(CanaryTest, InCompressedData) {
  const std::string canary = "Zq7LmT0xWc4RvB9nYk2HsJ8d";
  Store("foo", canary);
  const std::string fixed =
      "78daab56ca4c51b232d4512a48acccc94f04b295a20acd7d72430c2ac2934d82ca9c2cf322b38d3c8abd"
      "2c529474944a327353812a8c0c8c0c740d0c8128c4c0c00a8ca2946a1512f3521472f38b52154a522b4a"
      "74b032012dcb21cc";
  const std::string stored =
      "7801016f0090ff7b226964223a312c227061796c6f6164223a225a71374c6d543078576334527642396e"
      "596b3248734a3864222c2274696d65223a22323032302d30312d30315430303a30303a30305a227d2061"
      "6e64206d6f726520746578742c206d6f726520746578742c206d6f726520746578742dcb21cc";
  const std::string dynamic =
      "1f8b08000000000002039dd6390a02411040d1dc53d4010caccd2535123112413413d7c17106175c6e2f"
      "66a6bfd3861f3daaaaebaad94b4fda836ca46e8ff2aa1e27b96c9a8fbcdadbee2e5523d5a3fbf7d2a97f"
      "85e2c270e1b8085c242efab818e062888b11172c40e7eacad995bb2b87572eaf9c5eb9bd727ce5fac6f5"
      "ad60e6b9be717de3fac6f58deb1bd737ae6f5cdfb9be737d2f58f95cdfb9be737de7facef59deb3bd70f"
      "ae1f5c3fb87e145c7cae1f5c3fb87e70fde0fac1f593eb27d74fae9f5c3f0b3e7c5c3fb97e72fde4fa89"
      "f4d7d7c1ecb2e8bd97db983fc7a36675b6c97d3adc75be2c477296030c0000";
  for (const std::string& hex : {fixed, stored, dynamic}) {
    const Bytes stream = *FromHex(hex);
    const auto seen = Seen("z" + std::to_string(stream.size()), std::string(AsText(stream)));
    ASSERT_FALSE(seen.empty());
    EXPECT_THAT(seen[0], HasSubstr("a payload of 24 bytes, as it is"));
  }
  // A stream that a look sees the beginning of goes on in the next.
  const Bytes whole = *FromHex(dynamic);
  tree.Put("grows", Bytes(whole.begin(), whole.begin() + 40));
  EXPECT_THAT(Look(), IsEmpty());
  tree.Put("grows", whole);
  EXPECT_THAT(Look(), ElementsAre("canary D-01"));
}

TEST(InflateTest, GarbageEnds) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const std::string garbage = MakeCanary(seed, 64);
    EXPECT_LE(Inflate(AsBytes(garbage), 1000).bytes.size(), 1000U);
    EXPECT_LE(Inflate(Sha256({AsBytes(garbage)}), 1000).bytes.size(), 1000U);
  }
}

TEST_F(CanaryTest, AcrossTwoLooks) {
  tree.Put("t", ToBytes("xx" + canary_.substr(0, 10)));
  EXPECT_THAT(Look(), IsEmpty());
  AppendTo("t", AsBytes(canary_.substr(10)));
  const Findings found = LookFully();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].check, Check::kCanary);
  EXPECT_EQ(found[0].offset, 2U);
}

TEST_F(CanaryTest, PartsOfALongPayload) {
  const std::string payload = MakeCanary(5, 2000);
  Store("foo", payload);
  EXPECT_THAT(Seen("t", payload.substr(1960)), ElementsAre(HasSubstr("of 2000 bytes")));
}

TEST_F(CanaryTest, AKeyInAFile) {
  EXPECT_THAT(Seen("t", kKey), ElementsAre("H-key-on-diskkey K, as it is"));
}

TEST_F(CanaryTest, WhatIsDerivedFromAKey) {
  const Digest32 digest = Derive(Derivation::kPlain, kKey, "");
  EXPECT_THAT(Seen("t", ToHex(digest)), ElementsAre(HasSubstr("H-key-on-diskkey K by")));
  const Digest32 derived = Derive(Derivation::kChannel, kKey, "foo");
  EXPECT_THAT(Seen("u", std::string(AsText(derived))),
              ElementsAre(HasSubstr("of channel foo, as it is")));
}

TEST_F(CanaryTest, PayloadsThatWerePublishedInClearToo) {
  Start(Mode{});
  Store("foo", canary_);
  EXPECT_THAT(LookFully(), IsEmpty());
  EXPECT_THAT(Seen("t", canary_), IsEmpty());
}

TEST_F(CanaryTest, PayloadsThatAreNames) {
  Store("orders.eu.west", "orders.eu.west");
  EXPECT_THAT(LookFully(), IsEmpty());
}

TEST(TextSearchTest, FindsAllOfManyPatterns) {
  TextSearch search;
  std::string text;
  for (size_t number = 0; number < 500; ++number) {
    search.Add(MakeCanary(number, 16 + number % 40), number);
    text += MakeCanary(number, 16 + number % 40);
  }
  std::vector<size_t> found;
  search.Find(AsBytes(text), 0, [&](size_t tag, size_t) { found.push_back(tag); });
  ASSERT_EQ(found.size(), 500U);
  for (size_t number = 0; number < 500; ++number) EXPECT_EQ(found[number], number);
}

TEST(TextSearchTest, PatternsOfOneBeginning) {
  TextSearch search;
  search.Add("beginning-a", 1);
  search.Add("beginning-b", 2);
  search.Add("beginnin", 3);
  std::vector<size_t> found;
  const std::string text = "-beginning-b";
  search.Find(AsBytes(text), 0, [&](size_t tag, size_t) { found.push_back(tag); });
  EXPECT_THAT(found, testing::UnorderedElementsAre(2, 3));
  found.clear();
  search.Find(AsBytes(text), 2, [&](size_t tag, size_t) { found.push_back(tag); });
  EXPECT_THAT(found, IsEmpty());
}

}  // namespace
}  // namespace atrest::disktruth
