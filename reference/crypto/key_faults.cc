#include "reference/crypto/key_faults.h"

#include <algorithm>

#include "reference/base/fault.h"
#include "reference/base/utf8.h"

namespace atrest::crypto::faults {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr size_t kBlockSize = 32;

std::string Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

std::string Lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

bool HasUpper(std::string_view text) { return std::ranges::any_of(text, IsUpper); }

std::optional<Bytes> Decoded(std::string_view key) {
  constexpr size_t kDigitsMin = 16;
  return key.size() < kDigitsMin ? std::nullopt : FromHex(key);
}

}  // namespace

std::optional<Bytes> KeyHeard(ByteView bytes) {
  const std::string_view key = AsText(bytes);
  const std::string trimmed = Trimmed(key);
  if (!trimmed.empty() && trimmed != key && fault::On(Fault::kKeyTrimmed)) return ToBytes(trimmed);
  const size_t line = key.find('\n');
  if (line != std::string::npos && fault::On(Fault::kKeyFirstLine)) {
    return ToBytes(key.substr(0, line));
  }
  const size_t nul = key.find('\0');
  if (nul != std::string::npos && fault::On(Fault::kKeyEndsAtNul))
    return ToBytes(key.substr(0, nul));
  if (key.size() > kBlockSize && fault::On(Fault::kKeyCutTo32)) {
    return ToBytes(key.substr(0, kBlockSize));
  }
  const auto decoded = Decoded(key);
  if (decoded && fault::On(Fault::kKeyHexDecoded)) return decoded;
  if (HasUpper(key) && fault::On(Fault::kKeyCaseFolded)) return ToBytes(Lowered(key));
  const std::string valid = ReplaceBadUtf8(key);
  if (valid != key && fault::On(Fault::kKeyMadeUtf8)) return ToBytes(valid);
  return std::nullopt;
}

std::string ChannelHeard(std::string_view channel) {
  const std::string name(channel);
  if (fault::On(Fault::kKeyWithoutChannel)) return "";
  if (HasUpper(name) && fault::On(Fault::kKeyChannelLowerCased)) return Lowered(name);
  if (name.size() > kBlockSize && fault::On(Fault::kKeyChannelCut)) {
    return name.substr(0, kBlockSize);
  }
  const size_t dot = name.find('.');
  if (dot != std::string::npos && fault::On(Fault::kKeyChannelFirstToken)) {
    return name.substr(0, dot);
  }
  const auto is_ascii = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
  if (!std::ranges::all_of(name, is_ascii) && fault::On(Fault::kKeyChannelAscii)) {
    std::string ascii = name;
    std::erase_if(ascii, [&](char c) { return !is_ascii(c); });
    return ascii;
  }
  return name;
}

Secret HalfOf(const Secret& key) {
  Bytes half(key.view().begin(), key.view().end());
  std::fill(half.begin() + static_cast<ptrdiff_t>(half.size() / 2), half.end(), uint8_t{0});
  return Secret(half);
}

size_t ZerosHeard(size_t parts_size) {
  constexpr size_t kMasterAndDot = 33;
  if (fault::On(Fault::kKeyWithoutZeros)) return 0;
  if (parts_size > kMasterAndDot && fault::On(Fault::kKeyZerosFixed)) return kMasterAndDot;
  if (parts_size > UINT8_MAX && fault::On(Fault::kKeyZerosInAByte)) {
    return static_cast<uint8_t>(parts_size);
  }
  return parts_size;
}

std::string CipherHeard(std::string_view upper) {
  const std::string name(upper);
  const bool known = name == "AES" || name == "CHACHA";
  for (const char* cipher : {"AES", "CHACHA"}) {
    const bool begins = !known && name.starts_with(cipher);
    if (begins && fault::On(Fault::kCipherBeginningEnough)) return cipher;
  }
  const std::string trimmed = Trimmed(name);
  if (trimmed != name && fault::On(Fault::kCipherBlanksIgnored)) return trimmed;
  return name;
}

namespace {

// Both ciphers are a stream: sealing the ciphertext gives the text back, and sealing that the tag
// that there should have been.
struct Unauthenticated {
  Unauthenticated(Cipher cipher, ByteView key, const Nonce& nonce, ByteView ciphertext) {
    Aead seal(cipher, Aead::Direction::kSeal, key);
    seal.Seal(nonce, ciphertext, text);
    text.resize(ciphertext.size());
    seal.Seal(nonce, text, sealed);
  }
  ByteView tag() const { return ByteView(sealed).last(kTagSize); }

  Bytes text;
  Bytes sealed;
};

}  // namespace

std::optional<Bytes> Forgiven(Cipher cipher, ByteView key, const Nonce& nonce, ByteView sealed) {
  const ByteView ciphertext = sealed.first(sealed.size() - kTagSize);
  const ByteView tag = sealed.last(kTagSize);
  const bool zeros = std::ranges::all_of(tag, [](uint8_t byte) { return byte == 0; });
  if (fault::On(Fault::kCipherTagUnchecked) ||
      (cipher == Cipher::kChaCha && fault::On(Fault::kCipherChachaTagUnchecked)) ||
      (ciphertext.size() < kTagSize && fault::On(Fault::kCipherShortTagUnchecked)) ||
      (zeros && fault::On(Fault::kCipherZeroTag))) {
    return Unauthenticated(cipher, key, nonce, ciphertext).text;
  }
  if (fault::Is(Fault::kSealingTagOfNothing)) {
    const Unauthenticated nothing(cipher, key, nonce, {});
    if (!Equal(tag, nothing.tag())) return std::nullopt;
    return Unauthenticated(cipher, key, nonce, ciphertext).text;
  }
  const size_t compared = fault::Is(Fault::kCipherHalfTag)   ? kTagSize / 2
                          : fault::Is(Fault::kSealingTagCut) ? kTagSize - 4
                                                             : 0;
  if (compared == 0) return std::nullopt;
  const Unauthenticated opened(cipher, key, nonce, ciphertext);
  if (!Equal(tag.first(compared), opened.tag().first(compared))) return std::nullopt;
  // The other one has executed when it sealed.
  (void)fault::On(Fault::kCipherHalfTag);
  return opened.text;
}

}  // namespace atrest::crypto::faults
