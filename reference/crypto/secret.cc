#include "reference/crypto/secret.h"

#include <botan/hash.h>
#include <botan/mem_ops.h>
#include <botan/secmem.h>

#include <initializer_list>

#include "reference/base/check.h"
#include "reference/base/fault.h"

namespace atrest::crypto {
namespace {

// Of the concatenation of PARTS.
Secret Sha256(std::initializer_list<ByteView> parts) {
  const auto hash = Botan::HashFunction::create("SHA-256");
  ATREST_CHECK(hash != nullptr);
  for (const ByteView part : parts) hash->update(part.data(), part.size());
  return Secret(hash->final());
}

}  // namespace

struct Secret::Storage {
  Botan::secure_vector<uint8_t> bytes;
};

Secret::Secret() = default;

Secret::Secret(ByteView bytes)
    : storage_(std::make_shared<Storage>(
          Storage{Botan::secure_vector<uint8_t>(bytes.begin(), bytes.end())})) {}

ByteView Secret::view() const { return storage_ == nullptr ? ByteView() : storage_->bytes; }

bool operator==(const Secret& a, const Secret& b) {
  const ByteView x = a.view();
  const ByteView y = b.view();
  return x.size() == y.size() && Botan::constant_time_compare(x.data(), y.data(), x.size());
}

Secret DeriveChannelKey(const Secret& key, std::string_view channel) {
  if (fault::On(Fault::kKeyWithoutChannel)) channel = "";
  const Secret master = Sha256({key.view()});
  const Bytes zeros(master.view().size() + 1 + channel.size());
  return Sha256({zeros, master.view(), AsBytes("."), AsBytes(channel)});
}

Secret DeriveRaftKey(const Secret& key) { return Sha256({key.view()}); }

}  // namespace atrest::crypto
