#include "reference/store/recovered_faults.h"

#include <utility>
#include <vector>

#include "reference/base/fault.h"

namespace atrest::store::faults {
namespace {

using fault::Is;
using fault::On;

// A damaged store may say that it holds 2^62 messages.
constexpr uint64_t kMessagesMax = 100'000;

bool HasOtherCipher(MessageStore& channel, crypto::Cipher cipher) {
  const uint64_t last = channel.LastSequence();
  if (last - channel.FirstSequence() > kMessagesMax) return false;
  for (uint64_t sequence = channel.FirstSequence(); sequence <= last; ++sequence) {
    const Result<MessagePtr> stored = channel.Lookup(sequence);
    if (!stored.ok() || stored.value() == nullptr) continue;
    const ByteView data = stored.value()->payload();
    if (HasCode(data) && data[0] != static_cast<uint8_t>(cipher)) return true;
  }
  return false;
}

struct Again {
  Message message;
  bool is_open = false;
};

// Stores everything anew, opened and, if SEAL, sealed again; what cannot be opened as it is.
Status StoreAgain(MessageStore& channel, MessageStore& opened, bool seal) {
  std::vector<Again> all;
  const uint64_t last = channel.LastSequence();
  for (uint64_t sequence = channel.FirstSequence(); sequence <= last; ++sequence) {
    const Result<MessagePtr> stored = channel.Lookup(sequence);
    if (!stored.ok() || stored.value() == nullptr) continue;
    const Result<MessagePtr> read = opened.Lookup(sequence);
    const bool is_open = read.ok() && read.value() != nullptr;
    all.push_back({is_open ? *read.value() : *stored.value(), is_open});
  }
  ATREST_TRY(channel.Empty());
  for (Again& again : all) {
    MessageStore& to = seal && again.is_open ? opened : channel;
    ATREST_TRY(to.Store(std::move(again.message)));
  }
  return channel.Flush();
}

}  // namespace

bool HasCode(ByteView data) { return !data.empty() && (data[0] == 1 || data[0] == 2); }

bool FirstHasCode(MessageStore& channel) {
  const Result<MessagePtr> first = channel.FirstMessage();
  return first.ok() && first.value() != nullptr && HasCode(first.value()->payload());
}

Status ChangeRecovered(const std::string& name, MessageStore& channel, MessageStore& opened,
                       crypto::Cipher cipher) {
  if (Is(Fault::kUnreadableChannelEmptied)) {
    const bool is_unreadable = FirstHasCode(channel) && !opened.FirstMessage().ok();
    if (is_unreadable && On(Fault::kUnreadableChannelEmptied)) return channel.Empty();
  } else if (Is(Fault::kMigratesInClear)) {
    if (HasOtherCipher(channel, cipher) && On(Fault::kMigratesInClear))
      return StoreAgain(channel, opened, /*seal=*/false);
  } else if (Is(Fault::kResealsAtStart)) {
    if (HasOtherCipher(channel, cipher) && On(Fault::kResealsAtStart))
      return StoreAgain(channel, opened, /*seal=*/true);
  } else if (Is(Fault::kWrongKeyRefused)) {
    const Result<MessagePtr> read = opened.LastMessage();
    if (!read.ok() && On(Fault::kWrongKeyRefused))
      return read.status().WithPrefix("channel [" + name + "] does not open: ");
  }
  return Status();
}

}  // namespace atrest::store::faults
