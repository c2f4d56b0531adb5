#include "reference/crypto/secret.h"

#include <botan/hash.h>
#include <botan/mem_ops.h>
#include <botan/secmem.h>

#include <initializer_list>
#include <string>

#include "reference/base/check.h"
#include "reference/base/fault.h"
#include "reference/crypto/key_faults.h"

namespace atrest::crypto {
namespace {

// Of the concatenation of PARTS.
Secret Sha256(std::initializer_list<ByteView> parts) {
  const auto hash = Botan::HashFunction::create("SHA-256");
  ATREST_CHECK(hash != nullptr);
  for (const ByteView part : parts) hash->update(part.data(), part.size());
  return Secret(hash->final());
}

Secret MasterOf(const Secret& key) {
  const auto heard = fault::IsAny() ? faults::KeyHeard(key.view()) : std::nullopt;
  return Sha256({heard ? ByteView(*heard) : key.view()});
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
  const Secret master = MasterOf(key);
  const std::string name = fault::IsAny() ? faults::ChannelHeard(channel) : std::string(channel);
  const std::string_view dot = fault::On(Fault::kKeyWithoutDot) ? "" : ".";
  const size_t parts_size = master.view().size() + dot.size() + name.size();
  const Bytes zeros(fault::IsAny() ? faults::ZerosHeard(parts_size) : parts_size);
  const Secret derived = Sha256({zeros, master.view(), AsBytes(dot), AsBytes(name)});
  return fault::On(Fault::kKeyOf128Bits) ? faults::HalfOf(derived) : derived;
}

Secret DeriveRaftKey(const Secret& key) { return MasterOf(key); }

}  // namespace atrest::crypto
