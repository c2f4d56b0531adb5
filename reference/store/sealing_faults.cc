#include "reference/store/sealing_faults.h"

#include <algorithm>
#include <optional>

#include "reference/base/crc32.h"
#include "reference/base/fault.h"
#include "reference/base/random.h"
#include "reference/base/utf8.h"

namespace atrest::store::faults {
namespace {

using crypto::kOverhead;
using fault::Is;
using fault::On;

constexpr size_t kHeaderSize = kOverhead - crypto::kTagSize;
constexpr size_t kBlockSize = 16;
constexpr size_t kPreviewSize = 8;
constexpr size_t kLong = 64 * 1024;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr std::string_view kRunMark = "\x1frun";
constexpr std::string_view kPadMark = "\x80pad";

bool LooksSealed(ByteView data) {
  return data.size() >= kOverhead && (data[0] == 1 || data[0] == 2);
}

uint32_t Checksum(ByteView bytes) {
  static const Crc32 crc(Crc32::kIeee);
  return crc.Of(bytes);
}

Bytes Joined(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) Append(all, part);
  return all;
}

ByteView From(ByteView bytes, size_t offset) {
  return bytes.subspan(std::min(offset, bytes.size()));
}

// The last message as it is stored; empty if there is none.
Bytes LastData(MessageStore& below) {
  const auto last = below.LastMessage();
  if (!last.ok() || last.value() == nullptr) return {};
  const ByteView data = last.value()->payload();
  return Bytes(data.begin(), data.end());
}

std::array<uint8_t, 4> PrefixOf(uint32_t number) {
  std::array<uint8_t, 4> prefix{};
  StoreLe32(prefix.data(), number);
  return prefix;
}

// --- Other forms of sealed data. Each is sealed by its first function and opened by its second,
// which gives nullopt for data in another form.

// Code and nonce as they should be, but what follows depends on no key.
Bytes Keyless(crypto::Envelope& envelope, ByteView payload) {
  Bytes data = envelope.Seal(payload);
  Random stream(LoadBe64(&data[5]));
  for (size_t i = 0; i < payload.size(); ++i) {
    data[kHeaderSize + i] = payload[i] ^ static_cast<uint8_t>(stream.Next());
  }
  Random(Checksum(payload)).Fill(std::span(data).last(crypto::kTagSize));
  return data;
}

std::optional<Bytes> OpenKeyless(ByteView data) {
  if (!LooksSealed(data)) return std::nullopt;
  Bytes payload(data.begin() + kHeaderSize, data.end() - crypto::kTagSize);
  Random stream(LoadBe64(&data[5]));
  for (uint8_t& byte : payload) byte ^= static_cast<uint8_t>(stream.Next());
  std::array<uint8_t, crypto::kTagSize> tag{};
  Random(Checksum(payload)).Fill(tag);
  if (!Equal(tag, data.last(crypto::kTagSize))) return std::nullopt;
  return payload;
}

Bytes Encoded(crypto::Envelope& envelope, ByteView payload) {
  const Bytes sealed = envelope.Seal(payload);
  const std::string hex = ToHex(payload);
  return Joined({ByteView(sealed).first(kHeaderSize), AsBytes(hex), Bytes(crypto::kTagSize)});
}

std::optional<Bytes> Decoded(ByteView data) {
  if (!LooksSealed(data)) return std::nullopt;
  const ByteView tag = data.last(crypto::kTagSize);
  if (!std::ranges::all_of(tag, [](uint8_t byte) { return byte == 0; })) return std::nullopt;
  return FromHex(AsText(data.subspan(kHeaderSize, data.size() - kOverhead)));
}

// The first block of the payload stands between header and ciphertext as it is.
Bytes HeadInClear(crypto::Envelope& envelope, ByteView payload) {
  const Bytes sealed = envelope.Seal(payload.subspan(kBlockSize));
  return Joined(
      {ByteView(sealed).first(kHeaderSize), payload.first(kBlockSize), From(sealed, kHeaderSize)});
}

std::optional<Bytes> OpenHeadInClear(const crypto::Envelope& envelope, ByteView data) {
  if (data.size() <= kOverhead + kBlockSize) return std::nullopt;
  const Result<Bytes> rest =
      envelope.Open(Joined({data.first(kHeaderSize), data.subspan(kHeaderSize + kBlockSize)}));
  if (!rest.ok() || !LooksSealed(data)) return std::nullopt;
  return Joined({data.subspan(kHeaderSize, kBlockSize), rest.value()});
}

// SIZE bytes of the payload are sealed, and what is behind them follows as it is.
Bytes RestInClear(crypto::Envelope& envelope, ByteView payload, size_t size) {
  const Bytes sealed = envelope.Seal(payload.first(size));
  return Joined({sealed, payload.subspan(size)});
}

std::optional<Bytes> OpenRestInClear(const crypto::Envelope& envelope, ByteView data, size_t size) {
  if (!LooksSealed(data) || data.size() <= size + kOverhead) return std::nullopt;
  const Result<Bytes> begun = envelope.Open(data.first(size + kOverhead));
  if (!begun.ok()) return std::nullopt;
  return Joined({begun.value(), data.subspan(size + kOverhead)});
}

// What is behind the seal tells how the payload begins.
std::optional<Bytes> OpenBeforePreview(const crypto::Envelope& envelope, ByteView data) {
  if (data.size() < kOverhead + kPreviewSize || !LooksSealed(data)) return std::nullopt;
  Result<Bytes> opened = envelope.Open(data.first(data.size() - kPreviewSize));
  if (!opened.ok()) return std::nullopt;
  return std::move(opened).value();
}

bool IsRun(ByteView payload) {
  return payload.size() > kBlockSize &&
         std::ranges::all_of(payload, [&](uint8_t byte) { return byte == payload[0]; });
}

Bytes Squeezed(ByteView payload) {
  std::array<uint8_t, 4> size{};
  StoreLe32(size.data(), static_cast<uint32_t>(payload.size()));
  return Joined({AsBytes(kRunMark), size, payload.first(1)});
}

Bytes Unsqueezed(Bytes opened) {
  const size_t mark = kRunMark.size();
  if (!AsText(opened).starts_with(kRunMark) || opened.size() != mark + 5) return opened;
  return Bytes(LoadLe32(&opened[mark]), opened.back());
}

Bytes Padded(ByteView payload) {
  const size_t pad = kBlockSize - payload.size() % kBlockSize;
  Bytes padded = Joined({payload, Bytes(pad), AsBytes(kPadMark)});
  padded.push_back(static_cast<uint8_t>(pad));
  return padded;
}

Bytes Unpadded(Bytes opened) {
  if (opened.size() < kPadMark.size() + 1) return opened;
  const ByteView mark = ByteView(opened).last(kPadMark.size() + 1).first(kPadMark.size());
  const size_t added = opened.back() + kPadMark.size() + 1;
  if (AsText(mark) == kPadMark && added <= opened.size()) opened.resize(opened.size() - added);
  return opened;
}

Bytes WithLength(ByteView payload) {
  std::array<uint8_t, 4> size{};
  StoreLe32(size.data(), static_cast<uint32_t>(payload.size()));
  return Joined({size, payload});
}

Bytes WithoutLength(Bytes opened) {
  if (opened.size() < 4 || LoadLe32(opened.data()) != opened.size() - 4) return opened;
  return Bytes(opened.begin() + 4, opened.end());
}

std::optional<Bytes> OpenOtherForm(const crypto::Envelope& envelope, ByteView stored) {
  std::optional<Bytes> opened;
  if (On(Fault::kSealingKeyless)) opened = OpenKeyless(stored);
  if (On(Fault::kSealingEncoded)) opened = Decoded(stored);
  if (On(Fault::kSealingHeadClear)) opened = OpenHeadInClear(envelope, stored);
  if (On(Fault::kSealingPreview)) opened = OpenBeforePreview(envelope, stored);
  if (On(Fault::kSealingLongOnlyBegun)) opened = OpenRestInClear(envelope, stored, kLong);
  const size_t text_size = stored.size() > kOverhead ? stored.size() - kOverhead : 0;
  if (text_size % kBlockSize != 0 && On(Fault::kSealingTailClear)) {
    opened = OpenRestInClear(envelope, stored, text_size - text_size % kBlockSize);
  }
  return opened;
}

void SetNonce(crypto::NonceSequence& nonces, const Seen& seen, const Message& message) {
  if (On(Fault::kNonceFromSeconds)) {
    nonces.set_counter(static_cast<uint64_t>(message.timestamp_ns / kSecondNs));
  }
  if (On(Fault::kNonceFromSize)) nonces.set_counter(message.payload().size());
  if (On(Fault::kNonceOfSequence)) nonces.set_counter(message.sequence);
  if (message.payload().size() >= 4 && On(Fault::kNoncePrefixOfPayload)) {
    nonces = {PrefixOf(LoadLe32(message.payload().data())), nonces.counter()};
  }
  if (seen.is_in_batch && On(Fault::kNonceOfBatch)) nonces.set_counter(nonces.counter() - 1);
}

}  // namespace

crypto::NonceSequence FirstNonces(std::array<uint8_t, 4> random, const Seen& seen,
                                  MessageStore& below, env::Entropy& entropy) {
  uint64_t counter = below.LastSequence() + 1;
  if (On(Fault::kNonceNoPrefix)) random = {};
  if (On(Fault::kNoncePrefixOfChannel)) random = PrefixOf(Checksum(AsBytes(seen.channel)));
  if (On(Fault::kNonceSeededAlike)) {
    random = PrefixOf(static_cast<uint32_t>(Random(seen.channels_before).Next()));
  }
  if (On(Fault::kNonceBeginsAgain)) {
    random = PrefixOf(Checksum(AsBytes(seen.channel)));
    counter = 1;
  }
  if (On(Fault::kNonceFromLast)) counter = below.LastSequence();
  if (On(Fault::kNonceFromCount)) counter = below.Counts().count + 1;
  if (On(Fault::kVariantNonceFromOne)) counter = 1;
  if (On(Fault::kVariantNonceFromAnywhere)) {
    std::array<uint8_t, 4> start{};
    entropy.Fill(start);
    counter = LoadLe32(start.data());
  }
  if (seen.recovered && On(Fault::kNonceGoesOn)) {
    const Bytes last = LastData(below);
    if (LooksSealed(last)) {
      std::copy_n(last.begin() + 1, random.size(), random.begin());
      counter = LoadBe64(&last[1 + random.size()]) + 1;
    }
  }
  return {random, counter};
}

crypto::Cipher CipherFor(crypto::Cipher selected, const Seen& seen, MessageStore& below) {
  const crypto::Cipher by_default = crypto::DefaultCipher();
  if (seen.recovered && selected != by_default && On(Fault::kCipherDefaultAfterRecovery)) {
    return by_default;
  }
  if (!seen.recovered || !On(Fault::kCipherOfLastMessage)) return selected;
  const Bytes last = LastData(below);
  return LooksSealed(last) ? crypto::Cipher(last[0]) : selected;
}

bool LastIsPlain(MessageStore& below) {
  const Bytes last = LastData(below);
  return !last.empty() && !LooksSealed(last);
}

bool StaysClear(const Seen& seen, const Message& message) {
  const ByteView payload = message.payload();
  const size_t size = payload.size();
  const auto is_zero = [](uint8_t byte) { return byte == 0; };
  return (size == 1 && On(Fault::kSealingOneByteClear)) ||
         (size < kBlockSize && On(Fault::kSealingShortClear)) ||
         (size % 64 == 0 && On(Fault::kSealingBlocksClear)) ||
         (size > kLong && On(Fault::kSealingLongClear)) ||
         (message.sequence == 1 && On(Fault::kSealingFirstClear)) ||
         (seen.recovered && !seen.has_sealed && On(Fault::kSealingFirstAfterStartClear)) ||
         (!seen.recovered && seen.others_recovered && On(Fault::kSealingNewChannelClear)) ||
         (seen.channel.starts_with('_') && On(Fault::kSealingInternalClear)) ||
         (seen.channel.find('.') != std::string::npos && On(Fault::kSealingDottedClear)) ||
         (LooksSealed(payload) && On(Fault::kSealingLookalikeKept)) ||
         (message.sequence % 256 == 0 && On(Fault::kSealingEvery256thClear)) ||
         (seen.has_sealed && *seen.ticks > seen.last_tick && On(Fault::kSealingIdleClear)) ||
         (seen.has_just_read && On(Fault::kSealingBehindReadClear)) ||
         (seen.failed_to_open && On(Fault::kSealingClearAfterFailure)) ||
         (seen.was_deleted && On(Fault::kSealingSecondLifeClear)) ||
         (seen.was_plain && On(Fault::kSealingPlainGoesOn)) ||
         (seen.channels_before >= 4 && On(Fault::kSealingFifthChannelClear)) ||
         (seen.in_memory && On(Fault::kSealingMemoryClear)) ||
         (std::ranges::all_of(payload, is_zero) && On(Fault::kSealingZerosClear)) ||
         (ReplaceBadUtf8(AsText(payload)) != AsText(payload) && On(Fault::kSealingBinaryClear));
}

Bytes SealAs(crypto::Envelope& envelope, Seen& seen, const Message& message) {
  const ByteView payload = message.payload();
  const size_t size = payload.size();
  SetNonce(envelope.nonces(), seen, message);
  seen.has_sealed = seen.is_in_batch = true;
  seen.last_tick = *seen.ticks;
  if (size > kLong && On(Fault::kSealingLongOnlyBegun))
    return RestInClear(envelope, payload, kLong);
  if (size > kBlockSize && On(Fault::kSealingHeadClear)) return HeadInClear(envelope, payload);
  if (size > kBlockSize && size % kBlockSize != 0 && On(Fault::kSealingTailClear)) {
    return RestInClear(envelope, payload, size - size % kBlockSize);
  }
  if (On(Fault::kSealingKeyless)) return Keyless(envelope, payload);
  if (On(Fault::kSealingEncoded)) return Encoded(envelope, payload);
  if (On(Fault::kSealingTwice)) return envelope.Seal(envelope.Seal(payload));
  if (On(Fault::kSealingLengthInside)) return envelope.Seal(WithLength(payload));
  if (IsRun(payload) && On(Fault::kSealingSqueezed)) return envelope.Seal(Squeezed(payload));
  if (On(Fault::kSealingPadded)) return envelope.Seal(Padded(payload));
  const bool keeps_nonce = size > kLong && On(Fault::kNonceKeptByLong);
  if (On(Fault::kNonceOfEqualPayloads)) {
    Bytes& sealed = seen.sealed[Bytes(payload.begin(), payload.end())];
    if (sealed.empty()) sealed = envelope.Seal(payload);
    return sealed;
  }
  Bytes sealed = envelope.Seal(payload);
  if (keeps_nonce) envelope.nonces().set_counter(envelope.nonces().counter() - 1);
  if (size >= kPreviewSize && On(Fault::kSealingPreview)) {
    Append(sealed, payload.first(kPreviewSize));
  }
  if (On(Fault::kSealingTagCut)) std::fill(sealed.end() - 4, sealed.end(), uint8_t{0});
  return sealed;
}

Result<Bytes> OpenAs(const crypto::Envelope& envelope, ByteView stored) {
  auto other_form = OpenOtherForm(envelope, stored);
  if (other_form) return *std::move(other_form);
  Result<Bytes> opened = envelope.Open(stored);
  if (!opened.ok() || !LooksSealed(stored)) return opened;
  if (On(Fault::kSealingTwice) && LooksSealed(opened.value())) {
    Result<Bytes> inner = envelope.Open(opened.value());
    return inner.ok() ? std::move(inner) : std::move(opened);
  }
  if (On(Fault::kSealingLengthInside)) return WithoutLength(std::move(opened).value());
  if (Is(Fault::kSealingSqueezed)) return Unsqueezed(std::move(opened).value());
  if (On(Fault::kSealingPadded)) return Unpadded(std::move(opened).value());
  return opened;
}

void PassRead(crypto::NonceSequence& nonces, Seen& seen, ByteView stored) {
  if (!LooksSealed(stored)) return;
  seen.has_just_read = true;
  if (!On(Fault::kNonceMovedByReading)) return;
  nonces = {PrefixOf(LoadLe32(&stored[1])), LoadBe64(&stored[5]) + 1};
}

void MarkSealed(crypto::Envelope& envelope, ByteView payload, Message& message) {
  if (message.reply.empty() && On(Fault::kSealingCopyInReply)) {
    message.reply = std::string(AsText(payload));
  }
  if (On(Fault::kSealingChecksumKept)) message.crc32 = Checksum(payload);
  if (On(Fault::kSealingSubjectToo)) {
    message.subject = ToHex(envelope.Seal(AsBytes(message.subject)));
  }
}

void MarkOpened(const Seen& seen, Message& message) {
  if (On(Fault::kSealingCopyInReply)) message.reply.clear();
  if (On(Fault::kSealingChecksumKept)) message.crc32 = 0;
  if (On(Fault::kSealingSubjectToo)) message.subject = seen.channel;
}

void PassEmpty(crypto::Envelope& envelope, const Seen& seen) {
  crypto::NonceSequence& nonces = envelope.nonces();
  if (On(Fault::kVariantNonceForEmpty)) (void)nonces.Next();
  if (seen.has_sealed && On(Fault::kNoncePutBackByEmpty)) nonces.set_counter(nonces.counter() - 1);
}

void PassFailure(crypto::Envelope& envelope) {
  crypto::NonceSequence& nonces = envelope.nonces();
  if (On(Fault::kNoncePutBackByFailure)) nonces.set_counter(nonces.counter() - 1);
}

}  // namespace atrest::store::faults
