#include "reference/store/crypto_store.h"

#include <utility>

#include "reference/base/fault.h"
#include "reference/store/crypto_layers.h"
#include "reference/store/crypto_store_faults.h"

namespace atrest::store {

Message WithData(const Message& stored, Bytes data) {
  Message message;
  message.sequence = stored.sequence;
  message.subject = stored.subject;
  message.reply = stored.reply;
  message.data = std::move(data);
  message.timestamp_ns = stored.timestamp_ns;
  message.redelivered = stored.redelivered;
  message.redelivery_count = stored.redelivery_count;
  message.crc32 = stored.crc32;
  return message;
}

Status CryptoMessageStore::Store(Message message) {
  if (!message.payload().empty()) message.data = envelope_.Seal(message.payload());
  return below_.Store(std::move(message));
}

// Into a message of its own: the one found may be in a cache below, which holds ciphertext.
Result<MessagePtr> CryptoMessageStore::Open(Result<MessagePtr> found) {
  if (!found.ok() || found.value() == nullptr || !found.value()->data) return found;
  Result<Bytes> opened = envelope_.Open(*found.value()->data);
  if (!opened.ok()) return opened.status();
  return MessagePtr(
      std::make_shared<const Message>(WithData(*found.value(), std::move(opened).value())));
}

Result<std::optional<RecoveredState>> CryptoStore::Recover() {
  Result<std::optional<RecoveredState>> recovered = below_->Recover();
  if (!recovered.ok() || !recovered.value()) return recovered;
  for (auto& [name, channel] : recovered.value()->channels) {
    channel.channel = Wrap(name, *channel.channel, /*recovered=*/true);
  }
  return recovered;
}

Result<Channel*> CryptoStore::CreateChannel(const std::string& name) {
  Result<Channel*> created = below_->CreateChannel(name);
  if (!created.ok()) return created;
  return Wrap(name, *created.value(), /*recovered=*/false);
}

Channel* CryptoStore::FindChannel(const std::string& name) {
  const auto found = channels_.find(name);
  return found == channels_.end() ? nullptr : &found->second;
}

Status CryptoStore::DeleteChannel(const std::string& name) {
  const Status deleted = below_->DeleteChannel(name);
  // What it wraps may be gone even where the files could not be removed.
  if (below_->FindChannel(name) == nullptr) channels_.erase(name);
  return deleted;
}

Status CryptoStore::Close() {
  channels_.clear();
  return below_->Close();
}

std::array<uint8_t, 4> CryptoStore::NonceRandom() {
  std::array<uint8_t, 4> random{};
  entropy_.Fill(random);
  return random;
}

// The counter of nonces begins behind the last sequence, in a new channel and in an old one.
Channel CryptoStore::Wrapped(const std::string& name, Channel& below, bool) {
  crypto::NonceSequence nonces(NonceRandom(), below.messages->LastSequence() + 1);
  crypto::Envelope envelope(options_.cipher, crypto::DeriveChannelKey(options_.key, name), nonces);
  return {std::make_unique<CryptoMessageStore>(*below.messages, std::move(envelope)),
          std::make_unique<BorrowedSubscriptionStore>(*below.subscriptions)};
}

Result<std::optional<EncryptionOptions>> ResolveEncryption(const EncryptionChoice& choice) {
  // A key option switches encryption on by itself; the variable never does.
  if (!choice.on && choice.key_option.empty()) return std::optional<EncryptionOptions>();
  const auto cipher = crypto::ParseCipher(choice.cipher);
  if (!cipher.ok()) return cipher.status();
  std::string_view key = choice.key_variable.empty() ? choice.key_option : choice.key_variable;
  if (fault::IsAny()) key = faults::KeyOf(choice, key);
  if (key.empty()) return Status(Code::kInvalid, "encryption key required");
  return std::optional(EncryptionOptions{cipher.value(), crypto::Secret(AsBytes(key))});
}

Result<std::unique_ptr<Store>> MakeCryptoStore(std::unique_ptr<Store> below, env::Entropy& entropy,
                                               const EncryptionOptions& options) {
  if (options.key.empty()) return Status(Code::kInvalid, "encryption key required");
  if (fault::IsAny()) return faults::MakeFaultyStore(std::move(below), entropy, options);
  return std::unique_ptr<Store>(std::make_unique<CryptoStore>(std::move(below), entropy, options));
}

}  // namespace atrest::store
