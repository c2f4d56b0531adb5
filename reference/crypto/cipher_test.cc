#include "reference/crypto/cipher.h"

#include <gtest/gtest.h>

namespace atrest::crypto {
namespace {

// The table of standalone.md 3.6. The long s (U+017F) is accepted since Go's ToUpper makes it an S.
TEST(CipherTest, NamesThatAreAccepted) {
  for (const char* name : {"AES", "aes", "Aes", "ae\xC5\xBF", "\x41\x45\xC5\xBF"}) {
    EXPECT_EQ(ParseCipher(name).value(), Cipher::kAes) << name;
  }
  for (const char* name : {"CHACHA", "chacha", "ChaCha"}) {
    EXPECT_EQ(ParseCipher(name).value(), Cipher::kChaCha) << name;
  }
  EXPECT_EQ(ParseCipher("").value(), DefaultCipher());
}

TEST(CipherTest, NamesThatAreRefused) {
  for (const char* name : {"CHACHA20", "AES256", "AES-GCM", " AES", "AES ", "none", "CHAHA", "A",
                           "AESAES", "\xC5\xBF", "ae\xC5"}) {
    const auto cipher = ParseCipher(name);
    ASSERT_FALSE(cipher.ok()) << name;
    EXPECT_EQ(cipher.status().code(), Code::kInvalid);
    EXPECT_EQ(cipher.status().message(), "encryption cipher not supported");
  }
  EXPECT_FALSE(ParseCipher(std::string_view("AES\0", 4)).ok());
}

TEST(CipherTest, NamesComeBack) {
  for (const Cipher cipher : {Cipher::kAes, Cipher::kChaCha}) {
    EXPECT_EQ(ParseCipher(CipherName(cipher)).value(), cipher);
  }
}

TEST(CipherTest, CodesArePersisted) {
  EXPECT_EQ(static_cast<int>(Cipher::kAes), 1);
  EXPECT_EQ(static_cast<int>(Cipher::kChaCha), 2);
}

}  // namespace
}  // namespace atrest::crypto
