// Properties and error texts; bytes are in envelope_vectors_test.cc.
#include "reference/crypto/envelope.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "reference/base/random.h"

namespace atrest::crypto {
namespace {

constexpr const char* kAesRefused = "cipher: message authentication failed";
constexpr const char* kChaChaRefused = "chacha20poly1305: message authentication failed";

Envelope Make(Cipher cipher, std::string_view key = "mykey", std::string_view channel = "foo") {
  return Envelope(cipher, DeriveChannelKey(Secret(AsBytes(key)), channel),
                  NonceSequence({1, 2, 3, 4}, 1));
}

// The text of the refusal, "" if there is none.
std::string Refusal(const Envelope& envelope, ByteView stored) {
  const Status status = envelope.Open(stored).status();
  EXPECT_TRUE(status.ok() || status.code() == Code::kCorrupt);
  return status.message();
}

const char* RefusalOf(Cipher cipher) {
  return cipher == Cipher::kAes ? kAesRefused : kChaChaRefused;
}

rc::Gen<Cipher> AnyCipher() { return rc::gen::element(Cipher::kAes, Cipher::kChaCha); }

// Around the sizes of cipher blocks and buffers, which RapidCheck's own containers do not reach.
Bytes AnyPlaintext() {
  const auto size =
      *rc::gen::oneOf(rc::gen::inRange<size_t>(0, 300), rc::gen::inRange<size_t>(4000, 4200),
                      rc::gen::inRange<size_t>(65500, 65600));
  Bytes bytes(size);
  Random(*rc::gen::arbitrary<uint64_t>()).Fill(bytes);
  return bytes;
}

RC_GTEST_PROP(EnvelopeTest, OpenUndoesSeal, ()) {
  Envelope envelope = Make(*AnyCipher());
  for (int i = 0; i < 3; ++i) {
    const Bytes plaintext = AnyPlaintext();
    const Bytes sealed = envelope.Seal(plaintext);
    RC_ASSERT(sealed.size() == plaintext.size() + kOverhead);
    RC_ASSERT(envelope.Open(sealed).value() == plaintext);
  }
}

TEST(EnvelopeTest, EverySizeOpens) {
  for (const Cipher cipher : {Cipher::kAes, Cipher::kChaCha}) {
    Envelope envelope = Make(cipher);
    for (size_t size = 0; size < 600; ++size) {
      const Bytes plaintext(size, static_cast<uint8_t>(size));
      ASSERT_EQ(envelope.Open(envelope.Seal(plaintext)).value(), plaintext) << size;
    }
  }
}

RC_GTEST_PROP(EnvelopeTest, AnyFlippedBitIsRefused, ()) {
  const Cipher cipher = *AnyCipher();
  Envelope envelope = Make(cipher);
  const Bytes plaintext = AnyPlaintext();
  Bytes sealed = envelope.Seal(plaintext);
  const auto at = *rc::gen::inRange<size_t>(1, sealed.size());
  const auto bit = static_cast<uint8_t>(1 << *rc::gen::inRange(0, 8));
  sealed[at] ^= bit;
  RC_ASSERT(Refusal(envelope, sealed) == RefusalOf(cipher));
  sealed[at] ^= bit;
  RC_ASSERT(envelope.Open(sealed).value() == plaintext);
}

RC_GTEST_PROP(EnvelopeTest, AnotherLengthIsRefused, ()) {
  const Cipher cipher = *AnyCipher();
  Envelope envelope = Make(cipher);
  Bytes sealed = envelope.Seal(AnyPlaintext());
  const size_t size = sealed.size();
  sealed.resize(*rc::gen::inRange<size_t>(1 + kNonceSize + 1, size + 100));
  RC_PRE(sealed.size() != size);
  RC_ASSERT(Refusal(envelope, sealed) == RefusalOf(cipher));
}

RC_GTEST_PROP(EnvelopeTest, TheOtherCodeByteIsRefused, ()) {
  const Cipher cipher = *AnyCipher();
  Envelope envelope = Make(cipher);
  Bytes sealed = envelope.Seal(AnyPlaintext());
  sealed[0] ^= 3;
  RC_ASSERT(Refusal(envelope, sealed) ==
            RefusalOf(cipher == Cipher::kAes ? Cipher::kChaCha : Cipher::kAes));
}

TEST(EnvelopeTest, WrongKeysAreRefused) {
  for (const Cipher cipher : {Cipher::kAes, Cipher::kChaCha}) {
    const Bytes sealed = Make(cipher).Seal(AsBytes("hello"));
    EXPECT_EQ(Refusal(Make(cipher, "Mykey"), sealed), RefusalOf(cipher));
    EXPECT_EQ(Refusal(Make(cipher, "mykey", "bar"), sealed), RefusalOf(cipher));
    EXPECT_EQ(Refusal(Make(cipher), sealed), "");
  }
}

TEST(EnvelopeTest, EitherCipherOpensBoth) {
  const Bytes aes = Make(Cipher::kAes).Seal(AsBytes("one"));
  const Bytes chacha = Make(Cipher::kChaCha).Seal(AsBytes("two"));
  for (const Cipher cipher : {Cipher::kAes, Cipher::kChaCha}) {
    const Envelope envelope = Make(cipher);
    EXPECT_EQ(envelope.Open(aes).value(), ToBytes("one"));
    EXPECT_EQ(envelope.Open(chacha).value(), ToBytes("two"));
  }
}

// What standalone.md 2.3 says of every length up to 60.
TEST(EnvelopeTest, LengthsOfWhatIsNotSealed) {
  const Envelope envelope = Make(Cipher::kAes);
  EXPECT_EQ(Refusal(envelope, {}), "trying to decrypt data that is not (len=0)");
  for (const uint8_t code : {uint8_t{1}, uint8_t{2}}) {
    for (size_t size = 1; size <= 60; ++size) {
      Bytes stored(size, 0x55);
      stored[0] = code;
      const std::string not_sealed =
          "trying to decrypt data that is not (len=" + std::to_string(size) + ")";
      EXPECT_EQ(Refusal(envelope, stored), size <= 13 ? not_sealed : RefusalOf(Cipher{code}));
    }
  }
}

TEST(EnvelopeTest, OtherFirstBytesArePlaintext) {
  const Envelope envelope = Make(Cipher::kAes);
  for (int first = 0; first < 256; ++first) {
    if (first == 1 || first == 2) continue;
    for (const size_t size : {1u, 13u, 14u, 29u, 100u}) {
      Bytes stored(size, 0x55);
      stored[0] = static_cast<uint8_t>(first);
      ASSERT_EQ(envelope.Open(stored).value(), stored);
    }
  }
}

TEST(EnvelopeTest, EachSealTakesOneNonce) {
  Envelope envelope(Cipher::kAes, DeriveRaftKey(Secret(AsBytes("mykey"))),
                    NonceSequence({1, 2, 3, 0xFF}, UINT64_MAX - 1));
  const auto next_nonce = [&](std::string_view plaintext) {
    const Bytes sealed = envelope.Seal(AsBytes(plaintext));
    return ToHex(ByteView(sealed).subspan(1, kNonceSize));
  };
  EXPECT_EQ(next_nonce("a"), "010203fffffffffffffffffe");
  EXPECT_EQ(next_nonce(""), "010203ffffffffffffffffff");
  EXPECT_EQ(Refusal(envelope, Bytes(50, 1)), kAesRefused);
  EXPECT_EQ(next_nonce("a"), "010204000000000000000000");
}

TEST(EnvelopeTest, MovesWithItsNonces) {
  Envelope first = Make(Cipher::kChaCha);
  (void)first.Seal({});
  Envelope second = std::move(first);
  EXPECT_EQ(second.Seal({})[kNonceSize], 2);
  Envelope third = Make(Cipher::kAes, "other");
  third = std::move(second);
  const Bytes sealed = third.Seal(AsBytes("hello"));
  EXPECT_EQ(sealed[kNonceSize], 3);
  EXPECT_EQ(Refusal(Make(Cipher::kAes), sealed), "");
}

TEST(EnvelopeDeathTest, KeysHave32Bytes) {
  EXPECT_DEATH(Envelope(Cipher::kAes, Secret(AsBytes("mykey")), NonceSequence({}, 1)),
               "check failed");
}

}  // namespace
}  // namespace atrest::crypto
