// How the encrypting layer (crypto_store.h) is made: one class around each store below. Here so
// that deliberate faults (crypto_store_faults.h) can be derived from it.
// Threads: one.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "reference/store/crypto_store.h"

namespace atrest::store {

class CryptoMessageStore : public MessageStore {
 public:
  // BELOW is borrowed.
  CryptoMessageStore(MessageStore& below, crypto::Envelope envelope)
      : below_(below), envelope_(std::move(envelope)) {}

  // The nonce is taken before the store below is asked: one that fails, or that ignores a sequence
  // it has, leaves it used up.
  Status Store(Message message) override;

  Result<MessagePtr> Lookup(uint64_t sequence) override { return Open(below_.Lookup(sequence)); }
  Result<MessagePtr> FirstMessage() override { return Open(below_.FirstMessage()); }
  Result<MessagePtr> LastMessage() override { return Open(below_.LastMessage()); }
  uint64_t FirstSequence() const override { return below_.FirstSequence(); }
  uint64_t LastSequence() const override { return below_.LastSequence(); }
  Result<uint64_t> SequenceFromTimestamp(int64_t timestamp_ns) override {
    return below_.SequenceFromTimestamp(timestamp_ns);
  }
  MessageCounts Counts() const override { return below_.Counts(); }
  Status Flush() override { return below_.Flush(); }
  Status Empty() override { return below_.Empty(); }
  void Tick() override { below_.Tick(); }

 protected:
  virtual Result<MessagePtr> Open(Result<MessagePtr> found);

  MessageStore& below_;
  crypto::Envelope envelope_;
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

 protected:
  SubscriptionStore& below_;
};

class CryptoStore : public Store {
 public:
  CryptoStore(std::unique_ptr<Store> below, env::Entropy& entropy, const EncryptionOptions& options)
      : below_(std::move(below)), entropy_(entropy), options_(options) {}

  std::string Name() const override { return below_->Name(); }
  Result<std::optional<RecoveredState>> Recover() override;
  Status Init(const ServerInfo& server) override { return below_->Init(server); }
  Result<Channel*> CreateChannel(const std::string& name) override;
  Channel* FindChannel(const std::string& name) override;
  Status DeleteChannel(const std::string& name) override;
  Status AddClient(const ClientInfo& client) override { return below_->AddClient(client); }
  Status DeleteClient(const std::string& id) override { return below_->DeleteClient(id); }
  void SetLimits(const StoreLimits& limits) override { below_->SetLimits(limits); }
  void Tick() override { below_->Tick(); }
  Status Close() override;

 protected:
  // The layer around the channel BELOW, which was RECOVERED or is new.
  virtual Channel Wrapped(const std::string& name, Channel& below, bool recovered);
  // 4 random bytes of a channel's nonces.
  std::array<uint8_t, 4> NonceRandom();

  // Declared first: the channels borrow from it.
  std::unique_ptr<Store> below_;
  env::Entropy& entropy_;
  const EncryptionOptions options_;
  std::map<std::string, Channel> channels_;

 private:
  Channel* Wrap(const std::string& name, Channel& below, bool recovered) {
    return &(channels_[name] = Wrapped(name, below, recovered));
  }
};

// A message as STORED with other DATA.
Message WithData(const Message& stored, Bytes data);

}  // namespace atrest::store
