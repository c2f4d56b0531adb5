#include "reference/store/crypto_store.h"

#include <array>
#include <set>
#include <utility>

#include "reference/base/fault.h"

namespace atrest::store {
namespace {

class CryptoMessageStore : public MessageStore {
 public:
  // BELOW is borrowed.
  CryptoMessageStore(MessageStore& below, crypto::Envelope envelope)
      : below_(below), envelope_(std::move(envelope)) {}

  // The nonce is taken before the store below is asked: one that fails, or that ignores a sequence
  // it has, leaves it used up.
  Status Store(Message message) override {
    const bool in_clear = (subscribed_first_ && fault::On(Fault::kSubscribedChannelPlain)) ||
                          (in_batch_ && fault::On(Fault::kBatchTailPlain));
    in_batch_ = true;
    if (!in_clear && !message.payload().empty()) message.data = envelope_.Seal(message.payload());
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
    in_batch_ = false;
    return below_.Flush();
  }
  Status Empty() override { return below_.Empty(); }
  void Tick() override { below_.Tick(); }

  void NoteSubscription() { subscribed_first_ = subscribed_first_ || LastSequence() == 0; }

 private:
  // Into a message of its own: the one found may be in a cache below, which holds ciphertext.
  Result<MessagePtr> Open(Result<MessagePtr> found) const {
    if (!found.ok() || found.value() == nullptr || !found.value()->data) return found;
    const Message& stored = *found.value();
    Result<Bytes> opened = envelope_.Open(*stored.data);
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
    return MessagePtr(std::make_shared<const Message>(std::move(message)));
  }

  MessageStore& below_;
  crypto::Envelope envelope_;
  // For faults.
  bool in_batch_ = false;  // something was stored that is not flushed
  bool subscribed_first_ = false;
};

// That of the store below as it is: nothing of a subscription is sealed.
class BorrowedSubscriptionStore : public SubscriptionStore {
 public:
  BorrowedSubscriptionStore(SubscriptionStore& below, CryptoMessageStore& messages)
      : below_(below), messages_(messages) {}
  Status Create(SubscriptionState& subscription) override {
    messages_.NoteSubscription();
    return below_.Create(subscription);
  }
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
  CryptoMessageStore& messages_;
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
      channel.channel = Wrap(name, *channel.channel);
    }
    return recovered;
  }

  Status Init(const ServerInfo& server) override { return below_->Init(server); }

  Result<Channel*> CreateChannel(const std::string& name) override {
    Result<Channel*> created = below_->CreateChannel(name);
    if (!created.ok()) return created;
    if (deleted_.contains(name) && fault::On(Fault::kRecreatedChannelPlain)) return created;
    return Wrap(name, *created.value());
  }

  Channel* FindChannel(const std::string& name) override {
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : &found->second;
  }

  Status DeleteChannel(const std::string& name) override {
    const Status deleted = below_->DeleteChannel(name);
    // What it wraps may be gone even where the files could not be removed.
    if (below_->FindChannel(name) == nullptr) channels_.erase(name);
    if (fault::On(Fault::kRecreatedChannelPlain)) deleted_.insert(name);
    return deleted;
  }

  Status AddClient(const ClientInfo& client) override { return below_->AddClient(client); }
  Status DeleteClient(const std::string& id) override { return below_->DeleteClient(id); }
  void SetLimits(const StoreLimits& limits) override { below_->SetLimits(limits); }
  void Tick() override { below_->Tick(); }

  Status Close() override {
    channels_.clear();
    return below_->Close();
  }

 private:
  // The counter of nonces begins behind the last sequence, in a new channel and in an old one.
  Channel* Wrap(const std::string& name, Channel& below) {
    std::array<uint8_t, 4> random{};
    entropy_.Fill(random);
    crypto::NonceSequence nonces(random, below.messages->LastSequence() + 1);
    const bool is_wiped = wrapped_ && fault::On(Fault::kKeyWipedAfterUse);
    wrapped_ = true;
    const crypto::Secret key = is_wiped ? crypto::Secret(Bytes(32, 0)) : options_.key;
    crypto::Envelope envelope(options_.cipher, crypto::DeriveChannelKey(key, name),
                              std::move(nonces));
    Channel& channel = channels_[name];
    auto messages = std::make_unique<CryptoMessageStore>(*below.messages, std::move(envelope));
    channel.subscriptions =
        std::make_unique<BorrowedSubscriptionStore>(*below.subscriptions, *messages);
    channel.messages = std::move(messages);
    return &channel;
  }

  // Declared first: the channels borrow from it.
  std::unique_ptr<Store> below_;
  env::Entropy& entropy_;
  const EncryptionOptions options_;
  std::map<std::string, Channel> channels_;
  // For faults.
  std::set<std::string> deleted_;  // names of channels
  bool wrapped_ = false;           // one, at least
};

}  // namespace

Result<std::optional<EncryptionOptions>> ResolveEncryption(const EncryptionChoice& choice) {
  // A key option switches encryption on by itself; the variable never does.
  if (!choice.on && choice.key_option.empty()) return std::optional<EncryptionOptions>();
  const auto cipher = crypto::ParseCipher(choice.cipher);
  if (!cipher.ok()) return cipher.status();
  const std::string_view key =
      choice.key_variable.empty() ? choice.key_option : choice.key_variable;
  if (key.empty()) return Status(Code::kInvalid, "encryption key required");
  return std::optional(EncryptionOptions{cipher.value(), crypto::Secret(AsBytes(key))});
}

Result<std::unique_ptr<Store>> MakeCryptoStore(std::unique_ptr<Store> below, env::Entropy& entropy,
                                               const EncryptionOptions& options) {
  if (options.key.empty()) return Status(Code::kInvalid, "encryption key required");
  return std::unique_ptr<Store>(std::make_unique<CryptoStore>(std::move(below), entropy, options));
}

}  // namespace atrest::store
