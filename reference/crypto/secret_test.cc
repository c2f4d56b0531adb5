#include "reference/crypto/secret.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>

namespace atrest::crypto {
namespace {

TEST(SecretTest, EmptyUnlessGivenBytes) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret(ByteView()).empty());
  EXPECT_EQ(Secret(), Secret(ByteView()));
  EXPECT_FALSE(Secret(AsBytes(" ")).empty());
}

TEST(SecretTest, ComparesContents) {
  EXPECT_EQ(Secret(AsBytes("key")), Secret(AsBytes("key")));
  EXPECT_NE(Secret(AsBytes("key")), Secret(AsBytes("kez")));
  EXPECT_NE(Secret(AsBytes("key")), Secret(AsBytes("ke")));
  EXPECT_NE(Secret(AsBytes("key")), Secret());
}

TEST(SecretTest, ACopyKeepsTheBytesAlive) {
  std::optional<Secret> first(AsBytes("key"));
  const Secret copy = *first;
  first.reset();
  EXPECT_EQ(AsText(copy.view()), "key");
}

TEST(DerivationTest, KeysAreUsedAsGiven) {
  const Secret plain = DeriveRaftKey(Secret(AsBytes("envk")));
  EXPECT_NE(plain, DeriveRaftKey(Secret(AsBytes(" envk "))));
  EXPECT_NE(plain, DeriveRaftKey(Secret(AsBytes("envk\n"))));
  EXPECT_NE(DeriveRaftKey(Secret(AsBytes({"a\0b", 3}))), DeriveRaftKey(Secret(AsBytes("a"))));
}

// Without the leading zeros the hash would be this one, which no server uses (standalone.md 2.1).
TEST(DerivationTest, TheZerosAreHashed) {
  const Secret key = DeriveChannelKey(Secret(AsBytes("mykey")), "foo");
  EXPECT_EQ(ToHex(key.view()), "5e9e7bb8c8fd4571cef7ea6683b1b6fdf883488b242ab5f28433711b775cd6e3");
  EXPECT_NE(ToHex(key.view()).substr(0, 8), "2533b4d2");
}

RC_GTEST_PROP(DerivationTest, EachChannelHasAKeyOfItsOwn,
              (const Bytes& key, const std::string& one, const std::string& two)) {
  RC_PRE(one != two);
  const Secret secret{ByteView(key)};
  const Secret derived = DeriveChannelKey(secret, one);
  RC_ASSERT(derived.view().size() == 32u);
  RC_ASSERT(derived == DeriveChannelKey(secret, one));
  RC_ASSERT(!(derived == DeriveChannelKey(secret, two)));
  RC_ASSERT(!(derived == DeriveRaftKey(secret)));
}

}  // namespace
}  // namespace atrest::crypto
