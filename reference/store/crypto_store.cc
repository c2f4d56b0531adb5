#include "reference/store/crypto_store.h"

#include <array>
#include <set>
#include <utility>

#include "reference/base/crc32.h"
#include "reference/base/fault.h"

namespace atrest::store {
namespace {

// Messages of a store that were opened, by sequence.
using Opened = std::map<uint64_t, MessagePtr>;
constexpr char kSpilled[] = "_cache";

std::string Folded(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

bool LooksSealed(ByteView data) { return !data.empty() && (data[0] == 1 || data[0] == 2); }

MessagePtr WithData(const Message& stored, Bytes data) {
  Message message;
  message.sequence = stored.sequence;
  message.subject = stored.subject;
  message.reply = stored.reply;
  message.data = std::move(data);
  message.timestamp_ns = stored.timestamp_ns;
  message.redelivered = stored.redelivered;
  message.redelivery_count = stored.redelivery_count;
  message.crc32 = stored.crc32;
  return std::make_shared<const Message>(std::move(message));
}

class CryptoMessageStore : public MessageStore {
 public:
  // BELOW is borrowed, and so are OPTIONS and OPENED, which only faults look at.
  CryptoMessageStore(MessageStore& below, crypto::Envelope envelope,
                     const EncryptionOptions& options, Opened& opened)
      : below_(below), envelope_(std::move(envelope)), options_(options), opened_(opened) {}

  // The nonce is taken before the store below is asked: one that fails, or that ignores a sequence
  // it has, leaves it used up.
  Status Store(Message message) override {
    const bool in_clear = (subscribed_first_ && fault::On(Fault::kSubscribedChannelPlain)) ||
                          (in_batch_ && fault::On(Fault::kBatchTailPlain));
    in_batch_ = true;
    if (!message.payload().empty() && seals_ && !in_clear) {
      if (fault::On(Fault::kChecksumOfPlaintext)) {
        message.crc32 = Crc32(Crc32::kIeee).Of(message.payload());
      }
      message.data = envelope_.Seal(message.payload());
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
    in_batch_ = false;
    return below_.Flush();
  }
  Status Empty() override { return below_.Empty(); }
  void Tick() override { below_.Tick(); }

  // For faults: from now on payloads are stored as they come.
  void StopSealing() { seals_ = false; }

  // For faults: stores everything anew, opened and, if SEAL, sealed again; what cannot be opened as
  // it is.
  Status StoreAgain(bool seal) {
    std::vector<Message> all;
    for (uint64_t sequence = FirstSequence(); sequence <= LastSequence(); ++sequence) {
      const Result<MessagePtr> stored = below_.Lookup(sequence);
      if (!stored.ok() || stored.value() == nullptr) continue;
      Message message = *stored.value();
      const Result<Bytes> opened = envelope_.Open(message.payload());
      if (opened.ok() && !opened.value().empty()) {
        message.data = seal ? envelope_.Seal(opened.value()) : opened.value();
      }
      all.push_back(std::move(message));
    }
    ATREST_TRY(below_.Empty());
    for (Message& message : all) ATREST_TRY(below_.Store(std::move(message)));
    return below_.Flush();
  }
  void NoteSubscription() { subscribed_first_ = subscribed_first_ || LastSequence() == 0; }

 private:
  // Into a message of its own: the one found may be in a cache below, which holds ciphertext.
  Result<MessagePtr> Open(Result<MessagePtr> found) {
    if (!found.ok() || found.value() == nullptr || !found.value()->data) return found;
    const Message& stored = *found.value();
    if (failed_ && fault::On(Fault::kFailureSticks)) return failure_;
    if (failed_ && LooksSealed(*stored.data) && fault::On(Fault::kRawBehindFailure)) return found;
    Result<Bytes> opened = envelope_.Open(*stored.data);
    if (!opened.ok()) return Failed(found.value(), opened.status());
    if (LooksSealed(opened.value()) && fault::On(Fault::kOpenedInPlace)) {
      return OpenedInPlace(stored, opened.value());
    }
    const MessagePtr message = WithData(stored, std::move(opened).value());
    if (fault::On(Fault::kCacheWithoutChannel)) {
      return opened_.emplace(stored.sequence, message).first->second;
    }
    if (LooksSealed(*stored.data) && fault::On(Fault::kCacheSpilled)) {
      opened_[stored.sequence] = message;
    }
    return message;
  }

  // What becomes of STORED, which cannot be opened because of WHY.
  Result<MessagePtr> Failed(const MessagePtr& stored, const Status& why) {
    if (!std::exchange(failed_, true)) failure_ = why;
    if (seals_ && fault::On(Fault::kFailureEndsSealing)) seals_ = false;
    if (fault::On(Fault::kFailureIsEmpty)) return WithData(*stored, Bytes());
    if (fault::On(Fault::kFailureIsCiphertext)) return stored;
    if (fault::On(Fault::kFailureIsSkipped)) return MessagePtr();
    if (fault::On(Fault::kFailureReworded)) return Status(why.code(), "payload does not open");
    if (fault::On(Fault::kFailureQuotesKey)) {
      const crypto::Secret key = crypto::DeriveChannelKey(options_.key, stored->subject);
      return why.WithPrefix("under " + ToHex(key.view()) + ": ");
    }
    const bool is_first = stored->sequence == below_.FirstSequence();
    if (!is_first && fault::On(Fault::kFailureIsTheOneBefore)) {
      const Result<MessagePtr> before = Lookup(stored->sequence - 1);
      const bool has = before.ok() && before.value() != nullptr;
      return has ? WithData(*stored, ToBytes(AsText(before.value()->payload()))) : before;
    }
    if (!is_first && fault::On(Fault::kFailureQuotesPayload)) return Quoted(*stored, why);
    return why;
  }

  Result<MessagePtr> Quoted(const Message& stored, const Status& why) {
    const Result<MessagePtr> before = Lookup(stored.sequence - 1);
    if (!before.ok() || before.value() == nullptr) return why;
    return why.WithPrefix("behind " + std::string(AsText(before.value()->payload())) + ": ");
  }

  // The first time as it should be; then what was opened is opened again.
  Result<MessagePtr> OpenedInPlace(const Message& stored, const Bytes& opened) {
    if (in_place_.insert(stored.sequence).second) return WithData(stored, opened);
    Result<Bytes> again = envelope_.Open(opened);
    if (!again.ok()) return again.status();
    return WithData(stored, std::move(again).value());
  }

  MessageStore& below_;
  crypto::Envelope envelope_;
  bool seals_ = true;
  // Of use to faults only.
  const EncryptionOptions& options_;
  Opened& opened_;
  std::set<uint64_t> in_place_;
  bool failed_ = false;
  Status failure_;
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
      Channel& below = *channel.channel;
      const bool folds = Folded(name) != name && fault::On(Fault::kKeyOfFoldedDirectory);
      channel.channel = Wrap(name, folds ? Folded(name) : name, below);
      ATREST_TRY(Recovered(name, *below.messages));
    }
    return recovered;
  }

  Status Init(const ServerInfo& server) override {
    if (fault::On(Fault::kKeyDigestKept)) {
      ServerInfo with_digest = server;
      with_digest.node_id = ToHex(crypto::DeriveRaftKey(options_.key).view());
      return below_->Init(with_digest);
    }
    return below_->Init(server);
  }

  Result<Channel*> CreateChannel(const std::string& name) override {
    Result<Channel*> created = below_->CreateChannel(name);
    if (!created.ok()) return created;
    if (deleted_.contains(name) && fault::On(Fault::kRecreatedChannelPlain)) return created;
    return Wrap(name, name, *created.value());
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
    if (!opened_.empty() && fault::On(Fault::kCacheSpilled)) ATREST_TRY(Spill());
    return below_->Close();
  }

 private:
  // The counter of nonces begins behind the last sequence, in a new channel and in an old one.
  Channel* Wrap(const std::string& name, const std::string& key_name, Channel& below) {
    std::array<uint8_t, 4> random{};
    entropy_.Fill(random);
    crypto::NonceSequence nonces(random, below.messages->LastSequence() + 1);
    const bool is_wiped = wrapped_ && fault::On(Fault::kKeyWipedAfterUse);
    wrapped_ = true;
    const crypto::Secret key = is_wiped ? crypto::Secret(Bytes(32, 0)) : options_.key;
    crypto::Envelope envelope(options_.cipher, crypto::DeriveChannelKey(key, key_name),
                              std::move(nonces));
    Channel& channel = channels_[name];
    auto messages = std::make_unique<CryptoMessageStore>(*below.messages, std::move(envelope),
                                                         options_, opened_);
    channel.subscriptions =
        std::make_unique<BorrowedSubscriptionStore>(*below.subscriptions, *messages);
    channel.messages = std::move(messages);
    return &channel;
  }

  // What faults do to a channel that was recovered; else nothing is done and nothing is read.
  Status Recovered(const std::string& name, MessageStore& below) {
    auto& messages = static_cast<CryptoMessageStore&>(*channels_[name].messages);
    const uint64_t last = below.LastSequence();
    if (last == 0 || below.FirstSequence() > last) {
      if (fault::On(Fault::kEmptyChannelLeftPlain)) messages.StopSealing();
      return Status();
    }
    const auto first_looks_sealed = [&] {
      const Result<MessagePtr> first = below.FirstMessage();
      return first.ok() && first.value() != nullptr && LooksSealed(first.value()->payload());
    };
    if (fault::On(Fault::kPlainChannelStaysPlain)) {
      if (!first_looks_sealed()) messages.StopSealing();
    } else if (fault::On(Fault::kUnreadableChannelEmptied)) {
      if (first_looks_sealed() && !messages.FirstMessage().ok()) return below.Empty();
    } else if (fault::On(Fault::kMigratesInClear)) {
      if (HasOtherCipher(below)) return messages.StoreAgain(/*seal=*/false);
    } else if (fault::On(Fault::kResealsAtStart)) {
      if (HasOtherCipher(below)) return messages.StoreAgain(/*seal=*/true);
    } else if (fault::On(Fault::kWrongKeyRefused)) {
      const Result<MessagePtr> read = messages.LastMessage();
      if (!read.ok()) return read.status().WithPrefix("channel [" + name + "] does not open: ");
    }
    return Status();
  }

  bool HasOtherCipher(MessageStore& below) const {
    for (uint64_t sequence = below.FirstSequence(); sequence <= below.LastSequence(); ++sequence) {
      const Result<MessagePtr> stored = below.Lookup(sequence);
      if (!stored.ok() || stored.value() == nullptr) continue;
      const ByteView data = stored.value()->payload();
      if (LooksSealed(data) && data[0] != static_cast<uint8_t>(options_.cipher)) return true;
    }
    return false;
  }

  // For a fault: what was read, in a channel of its own that is not sealed.
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

  // Declared first: the channels borrow from it.
  std::unique_ptr<Store> below_;
  env::Entropy& entropy_;
  const EncryptionOptions options_;
  Opened opened_;
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
