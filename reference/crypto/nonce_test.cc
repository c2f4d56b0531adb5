#include "reference/crypto/nonce.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/base/bytes.h"

namespace atrest::crypto {
namespace {

std::string NextHex(NonceSequence& nonces) { return ToHex(nonces.Next()); }

TEST(NonceSequenceTest, RandomBytesThenABigEndianCounter) {
  NonceSequence nonces({0x4F, 0x3F, 0xFF, 0x0D}, 1);
  EXPECT_EQ(NextHex(nonces), "4f3fff0d0000000000000001");
  EXPECT_EQ(NextHex(nonces), "4f3fff0d0000000000000002");
}

TEST(NonceSequenceTest, CarriesFromByteToByte) {
  NonceSequence nonces({1, 2, 3, 4}, 0xFF);
  EXPECT_EQ(NextHex(nonces), "0102030400000000000000ff");
  EXPECT_EQ(NextHex(nonces), "010203040000000000000100");
}

TEST(NonceSequenceTest, AWrapOfTheCounterCarriesIntoTheRandomBytes) {
  NonceSequence nonces({0, 0, 0, 0xFF}, UINT64_MAX);
  EXPECT_EQ(NextHex(nonces), "000000ffffffffffffffffff");
  EXPECT_EQ(NextHex(nonces), "000001000000000000000000");
}

TEST(NonceSequenceTest, TheWholeWrapsToZero) {
  NonceSequence nonces({0xFF, 0xFF, 0xFF, 0xFF}, UINT64_MAX);
  EXPECT_EQ(NextHex(nonces), "ffffffffffffffffffffffff");
  EXPECT_EQ(NextHex(nonces), "000000000000000000000000");
  EXPECT_EQ(NextHex(nonces), "000000000000000000000001");
}

RC_GTEST_PROP(NonceSequenceTest, CountsIn96Bits, (uint32_t random, uint64_t counter)) {
  counter = *rc::gen::element(counter, UINT64_MAX - counter % 64);
  std::array<uint8_t, 4> random_bytes;
  for (int i = 0; i < 4; ++i) {
    random_bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(random >> (24 - 8 * i));
  }
  NonceSequence nonces(random_bytes, counter);
  for (uint64_t i = 0; i < 100; ++i) {
    const Nonce nonce = nonces.Next();
    const uint64_t sum = counter + i;
    const uint32_t high = static_cast<uint32_t>(random + (sum < counter ? 1 : 0));
    RC_ASSERT(LoadBe64(&nonce[4]) == sum);
    const auto first = static_cast<uint32_t>(LoadBe64(&nonce[0]) >> 32);
    RC_ASSERT(first == high);
  }
}

}  // namespace
}  // namespace atrest::crypto
