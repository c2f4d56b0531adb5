#include "reference/store/crypto_store.h"

#include <array>
#include <set>
#include <utility>

#include "reference/base/fault.h"
#include "reference/store/sealing_faults.h"

namespace atrest::store {
namespace {

class CryptoMessageStore : public MessageStore {
 public:
  // BELOW is borrowed.
  CryptoMessageStore(MessageStore& below, crypto::Envelope envelope, faults::Seen seen)
      : below_(below), envelope_(std::move(envelope)), seen_(std::move(seen)) {}

  // The nonce is taken before the store below is asked: one that fails, or that ignores a sequence
  // it has, leaves it used up.
  Status Store(Message message) override {
    if (!message.payload().empty()) {
      if (!faults::StaysClear(seen_, message)) Seal(message);
      seen_.has_just_read = false;
    } else if (fault::On(Fault::kSealingEmptyToo)) {
      Seal(message);
    } else {
      faults::PassEmpty(envelope_, seen_);
    }
    return below_.Store(std::move(message));
  }

  Result<MessagePtr> Lookup(uint64_t sequence) override { return Open(below_.Lookup(sequence)); }
  Result<MessagePtr> FirstMessage() override { return Open(below_.FirstMessage()); }
  Result<MessagePtr> LastMessage() override { return Open(below_.LastMessage()); }
  uint64_t FirstSequence() const override { return below_.FirstSequence(); }
  uint64_t LastSequence() const override { return below_.LastSequence(); }
  Result<uint64_t> SequenceFromTimestamp(int64_t timestamp_ns) override {
    return below_.SequenceFromTimestamp(timestamp_ns);
  }
  MessageCounts Counts() const override { return below_.Counts(); }
  Status Flush() override {
    seen_.is_in_batch = false;
    return below_.Flush();
  }
  Status Empty() override { return below_.Empty(); }
  void Tick() override { below_.Tick(); }

  // For a fault: ENVELOPE seals from now on, and opens what the first one does not.
  void SealBy(crypto::Envelope envelope) { second_.emplace(std::move(envelope)); }

 private:
  void Seal(Message& message) {
    crypto::Envelope& envelope = second_ ? *second_ : envelope_;
    Bytes sealed = faults::SealAs(envelope, seen_, message);
    faults::MarkSealed(envelope, message.payload(), message);
    message.data = std::move(sealed);
  }

  // Into a message of its own: the one found may be in a cache below, which holds ciphertext.
  Result<MessagePtr> Open(Result<MessagePtr> found) {
    if (!found.ok() || found.value() == nullptr || !found.value()->data) return found;
    const Message& stored = *found.value();
    Result<Bytes> opened = faults::OpenAs(envelope_, *stored.data);
    if (!opened.ok() && second_) opened = second_->Open(*stored.data);
    faults::PassRead(envelope_.nonces(), seen_, *stored.data);
    seen_.failed_to_open = seen_.failed_to_open || !opened.ok();
    if (!opened.ok()) return opened.status();
    Message message;
    message.sequence = stored.sequence;
    message.subject = stored.subject;
    message.reply = stored.reply;
    message.data = std::move(opened).value();
    message.timestamp_ns = stored.timestamp_ns;
    message.redelivered = stored.redelivered;
    message.redelivery_count = stored.redelivery_count;
    message.crc32 = stored.crc32;
    faults::MarkOpened(seen_, message);
    return MessagePtr(std::make_shared<const Message>(std::move(message)));
  }

  MessageStore& below_;
  crypto::Envelope envelope_;
  std::optional<crypto::Envelope> second_;  // only by a fault
  faults::Seen seen_;                       // only faults look at it
};

// That of the store below as it is: nothing of a subscription is sealed.
class BorrowedSubscriptionStore : public SubscriptionStore {
 public:
  explicit BorrowedSubscriptionStore(SubscriptionStore& below) : below_(below) {}
  Status Create(SubscriptionState& subscription) override { return below_.Create(subscription); }
  Status Update(const SubscriptionState& subscription) override {
    return below_.Update(subscription);
  }
  Status Delete(uint64_t id) override { return below_.Delete(id); }
  Status AddPending(uint64_t id, uint64_t sequence) override {
    return below_.AddPending(id, sequence);
  }
  Status AckPending(uint64_t id, uint64_t sequence) override {
    return below_.AckPending(id, sequence);
  }
  Status Flush() override { return below_.Flush(); }
  void Tick() override { below_.Tick(); }

 private:
  SubscriptionStore& below_;
};

class CryptoStore : public Store {
 public:
  CryptoStore(std::unique_ptr<Store> below, env::Entropy& entropy, const EncryptionOptions& options)
      : below_(std::move(below)), entropy_(entropy), options_(options) {}

  std::string Name() const override { return below_->Name(); }

  Result<std::optional<RecoveredState>> Recover() override {
    Result<std::optional<RecoveredState>> recovered = below_->Recover();
    if (!recovered.ok() || !recovered.value()) return recovered;
    for (auto& [name, channel] : recovered.value()->channels) {
      channel.channel = Wrap(name, *channel.channel, /*recovered=*/true);
    }
    has_recovered_ = !recovered.value()->channels.empty();
    return recovered;
  }

  Status Init(const ServerInfo& server) override { return below_->Init(server); }

  Result<Channel*> CreateChannel(const std::string& name) override {
    Result<Channel*> created = below_->CreateChannel(name);
    if (!created.ok()) return created;
    return Wrap(name, *created.value(), /*recovered=*/false);
  }

  Channel* FindChannel(const std::string& name) override {
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : &found->second;
  }

  Status DeleteChannel(const std::string& name) override {
    const Status deleted = below_->DeleteChannel(name);
    // What it wraps may be gone even where the files could not be removed.
    if (below_->FindChannel(name) == nullptr) channels_.erase(name);
    deleted_.insert(name);
    return deleted;
  }

  Status AddClient(const ClientInfo& client) override { return below_->AddClient(client); }
  Status DeleteClient(const std::string& id) override { return below_->DeleteClient(id); }
  void SetLimits(const StoreLimits& limits) override { below_->SetLimits(limits); }
  void Tick() override {
    ++ticks_;
    below_->Tick();
  }

  Status Close() override {
    channels_.clear();
    return below_->Close();
  }

 private:
  // The counter of nonces begins behind the last sequence, in a new channel and in an old one.
  Channel* Wrap(const std::string& name, Channel& below, bool recovered) {
    MessageStore& messages = *below.messages;
    faults::Seen seen = SeenOf(name, messages, recovered);
    std::array<uint8_t, 4> random{};
    entropy_.Fill(random);
    if (!first_prefix_) first_prefix_ = random;
    if (random != *first_prefix_ && fault::On(Fault::kNoncePrefixOfProcess))
      random = *first_prefix_;
    const auto nonces = faults::FirstNonces(random, seen, messages, entropy_);
    const auto cipher = faults::CipherFor(options_.cipher, seen, messages);
    crypto::Envelope envelope(cipher, crypto::DeriveChannelKey(options_.key, KeyName(seen)),
                              nonces);
    auto sealing =
        std::make_unique<CryptoMessageStore>(messages, std::move(envelope), std::move(seen));
    if (recovered && fault::On(Fault::kKeyRaftAfterRecovery)) {
      sealing->SealBy(crypto::Envelope(cipher, crypto::DeriveRaftKey(options_.key), nonces));
    }
    Channel& channel = channels_[name];
    channel.messages = std::move(sealing);
    channel.subscriptions = std::make_unique<BorrowedSubscriptionStore>(*below.subscriptions);
    return &channel;
  }

  faults::Seen SeenOf(const std::string& name, MessageStore& messages, bool recovered) const {
    faults::Seen seen;
    seen.channel = name;
    seen.in_memory = below_->Name() == "MEMORY";
    seen.recovered = recovered;
    seen.others_recovered = has_recovered_;
    seen.channels_before = channels_.size();
    seen.ticks = &ticks_;
    seen.was_deleted = deleted_.contains(name);
    seen.was_plain =
        recovered && fault::On(Fault::kSealingPlainGoesOn) && faults::LastIsPlain(messages);
    return seen;
  }

  // The name that the channel's key is derived from.
  const std::string& KeyName(const faults::Seen& seen) {
    if (first_created_.empty() && !seen.recovered) first_created_ = seen.channel;
    const bool differs = !seen.recovered && seen.channel != first_created_;
    return differs && fault::On(Fault::kKeyOfFirstChannel) ? first_created_ : seen.channel;
  }

  // Declared first: the channels borrow from it.
  std::unique_ptr<Store> below_;
  env::Entropy& entropy_;
  const EncryptionOptions options_;
  std::map<std::string, Channel> channels_;
  // Only faults look at these.
  uint64_t ticks_ = 0;
  bool has_recovered_ = false;
  std::string first_created_;
  std::optional<std::array<uint8_t, 4>> first_prefix_;
  std::set<std::string> deleted_;
};

}  // namespace

Result<std::optional<EncryptionOptions>> ResolveEncryption(const EncryptionChoice& choice) {
  // A key option switches encryption on by itself; the variable never does.
  if (!choice.on && choice.key_option.empty()) return std::optional<EncryptionOptions>();
  const auto cipher = crypto::ParseCipher(choice.cipher);
  if (!cipher.ok()) return cipher.status();
  const std::string_view option = choice.key_option;
  const std::string_view variable = choice.key_variable;
  std::string_view key = variable.empty() ? option : variable;
  const bool both = !variable.empty() && !option.empty() && variable != option;
  if (both && fault::On(Fault::kKeyOptionFirst)) key = option;
  if (both && option.size() > variable.size() && fault::On(Fault::kKeyLongerWins)) key = option;
  if (key.empty() && fault::On(Fault::kKeyEmptyAccepted)) key = std::string_view("\0", 1);
  if (key.empty()) return Status(Code::kInvalid, "encryption key required");
  return std::optional(EncryptionOptions{cipher.value(), crypto::Secret(AsBytes(key))});
}

Result<std::unique_ptr<Store>> MakeCryptoStore(std::unique_ptr<Store> below, env::Entropy& entropy,
                                               const EncryptionOptions& options) {
  if (options.key.empty()) return Status(Code::kInvalid, "encryption key required");
  return std::unique_ptr<Store>(std::make_unique<CryptoStore>(std::move(below), entropy, options));
}

}  // namespace atrest::store
