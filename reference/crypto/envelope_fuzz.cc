// Bytes of a stranger are opened or refused, never more; and what is sealed opens to what it was.
#include <cstddef>
#include <cstdint>

#include "reference/base/check.h"
#include "reference/crypto/envelope.h"

namespace atrest::crypto {
namespace {

Envelope FixedEnvelope(Cipher cipher) {
  const Secret key(AsBytes("mykey"));
  return Envelope(cipher, DeriveChannelKey(key, "foo"), NonceSequence({1, 2, 3, 4}, 1));
}

void OpenStrange(ByteView bytes) {
  const auto opened = FixedEnvelope(Cipher::kAes).Open(bytes);
  if (opened.ok()) {
    ATREST_CHECK(Equal(opened.value(), bytes) || bytes.size() == opened.value().size() + kOverhead);
  } else {
    ATREST_CHECK(opened.status().code() == Code::kCorrupt);
  }
}

void SealAndOpen(Cipher cipher, ByteView bytes) {
  Envelope envelope = FixedEnvelope(cipher);
  const Bytes sealed = envelope.Seal(bytes);
  ATREST_CHECK(sealed.size() == bytes.size() + kOverhead);
  const auto opened = envelope.Open(sealed);
  ATREST_CHECK(opened.ok() && Equal(opened.value(), bytes));
}

}  // namespace
}  // namespace atrest::crypto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const atrest::ByteView bytes(data, size);
  atrest::crypto::OpenStrange(bytes);
  atrest::crypto::SealAndOpen(atrest::crypto::Cipher::kAes, bytes);
  atrest::crypto::SealAndOpen(atrest::crypto::Cipher::kChaCha, bytes);
  return 0;
}
