// The encrypting layer with faults (base/fault.h): the layer of crypto_layers.h, which goes wrong
// where one is on. Taken in its place while any fault is on, so that the layer as it is has no
// trace of them.
// Threads: one.
#pragma once

#include <memory>
#include <string_view>

#include "reference/base/check.h"
#include "reference/store/crypto_store.h"

namespace atrest::store::faults {

#ifdef ATREST_FAULTS

// While one that is ON lives, messages are stored and looked up as they are.
class Bypass {
 public:
  explicit Bypass(bool on);
  ~Bypass();
  Bypass(const Bypass&) = delete;
  Bypass& operator=(const Bypass&) = delete;

 private:
  const bool before_;
};

// The key that CHOICE comes to, KEY by right.
std::string_view KeyOf(const EncryptionChoice& choice, std::string_view key);

// As MakeCryptoStore.
std::unique_ptr<Store> MakeFaultyStore(std::unique_ptr<Store> below, env::Entropy& entropy,
                                       const EncryptionOptions& options);

#else

class Bypass {
 public:
  explicit Bypass(bool) {}
  ~Bypass() {}
};

inline std::string_view KeyOf(const EncryptionChoice&, std::string_view key) { return key; }
// Never called: without faults none is on.
inline std::unique_ptr<Store> MakeFaultyStore(std::unique_ptr<Store>, env::Entropy&,
                                              const EncryptionOptions&) {
  ATREST_CHECK(false);
  return nullptr;
}

#endif

}  // namespace atrest::store::faults
