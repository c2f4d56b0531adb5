#include "reference/crypto/cipher.h"

#include <string>

#include "reference/base/fault.h"
#include "reference/crypto/key_faults.h"

namespace atrest::crypto {
namespace {

// As Go's strings.ToUpper, as far as it can lead to a name of ours: the one letter outside ASCII
// whose capital is in one of them is U+017F, the long s.
std::string ToUpper(std::string_view name) {
  constexpr std::string_view kLongS = "\xC5\xBF";
  std::string upper;
  while (!name.empty()) {
    const char c = name[0];
    const bool is_long_s = name.starts_with(kLongS);
    const bool is_small = c >= 'a' && c <= 'z';
    upper += is_long_s ? 'S' : is_small ? static_cast<char>(c - 'a' + 'A') : c;
    name.remove_prefix(is_long_s ? kLongS.size() : 1);
  }
  return upper;
}

}  // namespace

Result<Cipher> ParseCipher(std::string_view name) {
  if (name.empty())
    return fault::On(Fault::kCipherDefaultChacha) ? Cipher::kChaCha : DefaultCipher();
  std::string upper = ToUpper(name);
  if (fault::IsAny()) upper = faults::CipherHeard(upper);
  if (upper != name && fault::On(Fault::kCipherNamesExact)) upper = name;
  for (const Cipher cipher : {Cipher::kAes, Cipher::kChaCha}) {
    if (upper == CipherName(cipher)) return cipher;
  }
  if (fault::On(Fault::kCipherUnknownIsDefault)) return DefaultCipher();
  return Status(Code::kInvalid, "encryption cipher not supported");
}

std::string_view CipherName(Cipher cipher) { return cipher == Cipher::kAes ? "AES" : "CHACHA"; }

Cipher DefaultCipher() {
#if defined(__x86_64__) || defined(__i386__)
  return Cipher::kAes;
#else
  return Cipher::kChaCha;
#endif
}

}  // namespace atrest::crypto
