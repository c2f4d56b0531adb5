#include "reference/store/crypto_store_faults.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "reference/base/fault.h"
#include "reference/store/crypto_layers.h"
#include "reference/store/recovered_faults.h"
#include "reference/store/sealing_faults.h"

namespace atrest::store::faults {
namespace {

using fault::Is;
using fault::On;

constexpr char kSpilled[] = "_cache";
constexpr size_t kHead = 16;

bool g_is_bypassed = false;

// Messages of a store that were opened, by sequence.
using Opened = std::map<uint64_t, MessagePtr>;

MessagePtr Copy(const Message& stored, Bytes data) {
  return std::make_shared<const Message>(WithData(stored, std::move(data)));
}

std::string Folded(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

// How TEXT begins; nothing of what is no text.
std::string_view HeadOf(ByteView text) {
  const std::string_view head = AsText(text.first(kHead));
  return std::ranges::all_of(head, [](char c) { return c >= 32; }) ? head : "";
}

class FaultyMessageStore : public CryptoMessageStore {
 public:
  // BELOW, MASTER and OPENED are borrowed.
  FaultyMessageStore(MessageStore& below, crypto::Envelope envelope, Seen seen,
                     const crypto::Secret& master, Opened& opened)
      : CryptoMessageStore(below, std::move(envelope)),
        seen_(std::move(seen)),
        master_(master),
        opened_(opened) {}

  Status Store(Message message) override {
    if (g_is_bypassed) return below_.Store(std::move(message));
    const bool seals = !message.payload().empty() && !StaysInClear(message);
    if (!message.payload().empty()) {
      if (seals) Seal(message);
      seen_.has_just_read = false;
    } else if (On(Fault::kSealingEmptyToo)) {
      Seal(message);
    } else {
      PassEmpty(envelope_, seen_);
    }
    is_in_batch_ = true;
    const Status stored = below_.Store(std::move(message));
    if (seals && !stored.ok()) PassFailure(envelope_);
    return stored;
  }

  Status Flush() override {
    is_in_batch_ = seen_.is_in_batch = false;
    return below_.Flush();
  }

  // Seals from now on; what ENVELOPE does not open may be of the first.
  void SealBy(crypto::Envelope envelope) { second_.emplace(std::move(envelope)); }
  // From now on payloads are stored as they come.
  void StopSealing() { seals_ = false; }
  void NoteSubscription() { subscribed_first_ = subscribed_first_ || LastSequence() == 0; }

 protected:
  Result<MessagePtr> Open(Result<MessagePtr> found) override {
    if (!found.ok() || found.value() == nullptr || !found.value()->data) return found;
    if (g_is_bypassed) return found;
    const Message& stored = *found.value();
    if (failed_ && On(Fault::kFailureSticks)) return failure_;
    if (failed_ && HasCode(*stored.data) && On(Fault::kRawBehindFailure)) return found;
    Result<Bytes> opened = OpenAs(envelope_, *stored.data);
    if (!opened.ok() && second_) opened = second_->Open(*stored.data);
    PassRead(envelope_.nonces(), seen_, *stored.data);
    seen_.failed_to_open = seen_.failed_to_open || !opened.ok();
    if (!opened.ok()) return Failed(found.value(), opened.status());
    if (HasCode(opened.value()) && On(Fault::kOpenedInPlace))
      return OpenedInPlace(stored, opened.value());
    Message message = WithData(stored, std::move(opened).value());
    MarkOpened(seen_, message);
    return Kept(stored, std::make_shared<const Message>(std::move(message)));
  }

 private:
  bool StaysInClear(const Message& message) {
    return !seals_ || (subscribed_first_ && On(Fault::kSubscribedChannelPlain)) ||
           (is_in_batch_ && On(Fault::kBatchTailPlain)) || StaysClear(seen_, message);
  }

  void Seal(Message& message) {
    crypto::Envelope& envelope = second_ ? *second_ : envelope_;
    Bytes sealed = SealAs(envelope, seen_, message);
    MarkSealed(envelope, message.payload(), message);
    if (message.payload().size() > kHead && On(Fault::kHeadInReply))
      message.reply = HeadOf(message.payload());
    message.data = std::move(sealed);
  }

  // What was opened of STORED, and what is kept of it.
  MessagePtr Kept(const Message& stored, MessagePtr message) {
    if (On(Fault::kCacheWithoutChannel))
      return opened_.emplace(stored.sequence, message).first->second;
    if (HasCode(*stored.data) && On(Fault::kCacheSpilled)) opened_[stored.sequence] = message;
    return message;
  }

  // What becomes of STORED, which cannot be opened because of WHY.
  Result<MessagePtr> Failed(const MessagePtr& stored, const Status& why) {
    if (!std::exchange(failed_, true)) failure_ = why;
    if (seals_ && On(Fault::kFailureEndsSealing)) seals_ = false;
    if (On(Fault::kFailureIsEmpty)) return Copy(*stored, Bytes());
    if (On(Fault::kFailureIsCiphertext)) return stored;
    if (On(Fault::kFailureIsSkipped)) return MessagePtr();
    if (On(Fault::kFailureReworded)) return Status(why.code(), "payload does not open");
    if (On(Fault::kFailureQuotesKey)) {
      const crypto::Secret key = crypto::DeriveChannelKey(master_, stored->subject);
      return why.WithPrefix("under " + ToHex(key.view()) + ": ");
    }
    const bool is_first = stored->sequence == below_.FirstSequence();
    if (!is_first && On(Fault::kFailureIsTheOneBefore)) {
      const Bytes before = Before(*stored);
      return before.empty() ? Result<MessagePtr>(why) : Copy(*stored, before);
    }
    if (!is_first && On(Fault::kFailureQuotesPayload))
      return why.WithPrefix("behind " + std::string(AsText(Before(*stored))) + ": ");
    return why;
  }

  // The payload of the message before STORED, empty if it cannot be had.
  Bytes Before(const Message& stored) {
    const Result<MessagePtr> before = below_.Lookup(stored.sequence - 1);
    if (!before.ok() || before.value() == nullptr) return Bytes();
    const Result<Bytes> opened = envelope_.Open(before.value()->payload());
    return opened.ok() ? opened.value() : Bytes();
  }

  // The first time as it should be; then what was opened is opened again.
  Result<MessagePtr> OpenedInPlace(const Message& stored, const Bytes& opened) {
    if (in_place_.insert(stored.sequence).second) return Copy(stored, opened);
    Result<Bytes> again = envelope_.Open(opened);
    if (!again.ok()) return again.status();
    return Copy(stored, std::move(again).value());
  }

  Seen seen_;
  const crypto::Secret& master_;
  Opened& opened_;
  std::optional<crypto::Envelope> second_;
  std::set<uint64_t> in_place_;
  bool seals_ = true;
  bool is_in_batch_ = false;  // something was stored that is not flushed
  bool subscribed_first_ = false;
  bool failed_ = false;
  Status failure_;
};

class FaultySubscriptionStore : public BorrowedSubscriptionStore {
 public:
  // All are borrowed.
  FaultySubscriptionStore(SubscriptionStore& below, FaultyMessageStore& messages,
                          const crypto::Secret& master, std::string channel)
      : BorrowedSubscriptionStore(below),
        messages_(messages),
        master_(master),
        channel_(std::move(channel)) {}

  Status Create(SubscriptionState& subscription) override {
    messages_.NoteSubscription();
    if (subscription.is_durable || !On(Fault::kKeyInSubscriptions))
      return below_.Create(subscription);
    SubscriptionState with_key = subscription;
    with_key.inbox += ":" + ToHex(crypto::DeriveChannelKey(master_, channel_).view());
    const Status created = below_.Create(with_key);
    subscription.id = with_key.id;
    return created;
  }

 private:
  FaultyMessageStore& messages_;
  const crypto::Secret& master_;
  const std::string channel_;
};

class FaultyStore : public CryptoStore {
 public:
  using CryptoStore::CryptoStore;
  // Channels borrow from members of this class.
  ~FaultyStore() override { channels_.clear(); }

  Result<std::optional<RecoveredState>> Recover() override {
    Result<std::optional<RecoveredState>> recovered = CryptoStore::Recover();
    if (!recovered.ok() || !recovered.value()) return recovered;
    has_recovered_ = !recovered.value()->channels.empty();
    for (const auto& [name, channel] : recovered.value()->channels) {
      ATREST_TRY(Recovered(name, *below_->FindChannel(name)->messages));
    }
    return recovered;
  }

  Status Init(const ServerInfo& server) override {
    if (!On(Fault::kKeyDigestKept)) return below_->Init(server);
    ServerInfo with_digest = server;
    with_digest.node_id = ToHex(crypto::DeriveRaftKey(options_.key).view());
    return below_->Init(with_digest);
  }

  Status DeleteChannel(const std::string& name) override {
    deleted_.insert(name);
    return CryptoStore::DeleteChannel(name);
  }

  void Tick() override {
    ++ticks_;
    below_->Tick();
  }

  Status Close() override {
    channels_.clear();
    if (!opened_.empty() && On(Fault::kCacheSpilled)) ATREST_TRY(Spill());
    return below_->Close();
  }

 protected:
  Channel Wrapped(const std::string& name, Channel& below, bool recovered) override {
    Seen seen = SeenOf(name, *below.messages, recovered);
    const auto nonces = FirstNonces(Prefix(), seen, *below.messages, entropy_);
    const auto cipher = CipherFor(options_.cipher, seen, *below.messages);
    crypto::Envelope envelope(cipher, crypto::DeriveChannelKey(Master(), KeyName(seen)), nonces);
    auto messages = std::make_unique<FaultyMessageStore>(*below.messages, std::move(envelope),
                                                         std::move(seen), options_.key, opened_);
    if (recovered && On(Fault::kKeyRaftAfterRecovery))
      messages->SealBy(crypto::Envelope(cipher, crypto::DeriveRaftKey(options_.key), nonces));
    auto subscriptions = std::make_unique<FaultySubscriptionStore>(*below.subscriptions, *messages,
                                                                   options_.key, name);
    return {std::move(messages), std::move(subscriptions)};
  }

 private:
  std::array<uint8_t, 4> Prefix() {
    const auto random = NonceRandom();
    if (!first_prefix_) first_prefix_ = random;
    return random != *first_prefix_ && On(Fault::kNoncePrefixOfProcess) ? *first_prefix_ : random;
  }

  crypto::Secret Master() {
    const bool is_wiped = wrapped_ && On(Fault::kKeyWipedAfterUse);
    wrapped_ = true;
    return is_wiped ? crypto::Secret(Bytes(crypto::kKeySize, 0)) : options_.key;
  }

  Seen SeenOf(const std::string& name, MessageStore& messages, bool recovered) const {
    Seen seen;
    seen.channel = name;
    seen.in_memory = below_->Name() == "MEMORY";
    seen.recovered = recovered;
    seen.others_recovered = has_recovered_;
    seen.channels_before = channels_.size();
    seen.ticks = &ticks_;
    seen.was_deleted = deleted_.contains(name);
    seen.was_plain = recovered && Is(Fault::kSealingPlainGoesOn) && LastIsPlain(messages) &&
                     On(Fault::kSealingPlainGoesOn);
    return seen;
  }

  // The name that the channel's key is derived from.
  std::string KeyName(const Seen& seen) {
    if (first_created_.empty() && !seen.recovered) first_created_ = seen.channel;
    const bool differs = !seen.recovered && seen.channel != first_created_;
    if (differs && On(Fault::kKeyOfFirstChannel)) return first_created_;
    const std::string folded = Folded(seen.channel);
    const bool folds = seen.recovered && folded != seen.channel;
    return folds && On(Fault::kKeyOfFoldedDirectory) ? folded : seen.channel;
  }

  Status Recovered(const std::string& name, MessageStore& below) {
    auto& messages = static_cast<FaultyMessageStore&>(*channels_.at(name).messages);
    if (below.LastSequence() == 0 || below.FirstSequence() > below.LastSequence()) {
      if (On(Fault::kEmptyChannelLeftPlain)) messages.StopSealing();
      return Status();
    }
    // To look changes what is cached, which other faults are about.
    const bool is_plain = Is(Fault::kPlainChannelStaysPlain) && !FirstHasCode(below);
    if (is_plain && On(Fault::kPlainChannelStaysPlain)) messages.StopSealing();
    return ChangeRecovered(name, below, messages, options_.cipher);
  }

  // What was read, in a channel of its own that is not sealed.
  Status Spill() {
    Channel* spilled = below_->FindChannel(kSpilled);
    if (spilled == nullptr) {
      const Result<Channel*> created = below_->CreateChannel(kSpilled);
      if (!created.ok()) return created.status();
      spilled = created.value();
    }
    for (const auto& [sequence, message] : opened_) {
      Message copy = *message;
      copy.sequence = spilled->messages->LastSequence() + 1;
      ATREST_TRY(spilled->messages->Store(std::move(copy)));
    }
    opened_.clear();
    return spilled->messages->Flush();
  }

  Opened opened_;
  uint64_t ticks_ = 0;
  bool has_recovered_ = false;
  bool wrapped_ = false;  // a channel, at least
  std::string first_created_;
  std::optional<std::array<uint8_t, 4>> first_prefix_;
  std::set<std::string> deleted_;
};

}  // namespace

Bypass::Bypass(bool on) : before_(std::exchange(g_is_bypassed, g_is_bypassed || on)) {}
Bypass::~Bypass() { g_is_bypassed = before_; }

std::string_view KeyOf(const EncryptionChoice& choice, std::string_view key) {
  const std::string_view option = choice.key_option;
  const std::string_view variable = choice.key_variable;
  const bool both = !variable.empty() && !option.empty() && variable != option;
  if (both && On(Fault::kKeyOptionFirst)) return option;
  if (both && option.size() > variable.size() && On(Fault::kKeyLongerWins)) return option;
  if (key.empty() && On(Fault::kKeyEmptyAccepted)) return std::string_view("\0", 1);
  return key;
}

std::unique_ptr<Store> MakeFaultyStore(std::unique_ptr<Store> below, env::Entropy& entropy,
                                       const EncryptionOptions& options) {
  return std::make_unique<FaultyStore>(std::move(below), entropy, options);
}

}  // namespace atrest::store::faults
