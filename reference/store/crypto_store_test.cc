#include "reference/store/crypto_store.h"

#include <gtest/gtest.h>

#include "reference/env/fixed_env.h"
#include "reference/store/memory_store.h"

namespace atrest::store {
namespace {

// A memory store that can be told to fail, and that outlives the store above it as files do: the
// crypto store owns a Below, the test owns what Below borrows.
struct Kept {
  env::FixedClock clock;
  LogBuffer log;
  std::unique_ptr<Store> memory = MakeMemoryStore(clock, log, StoreLimits());
  std::map<std::string, MessageStore*> inner;  // by channel, without the switch below
  bool fail = false;
};

class FailingMessages : public MessageStore {
 public:
  FailingMessages(MessageStore& inner, const bool& fail) : inner_(inner), fail_(fail) {}
  Status Store(Message message) override {
    if (fail_) return Status(Code::kIo, "no such file or directory");
    return inner_.Store(std::move(message));
  }
  Result<MessagePtr> Lookup(uint64_t sequence) override { return inner_.Lookup(sequence); }
  Result<MessagePtr> FirstMessage() override { return inner_.FirstMessage(); }
  Result<MessagePtr> LastMessage() override { return inner_.LastMessage(); }
  uint64_t FirstSequence() const override { return inner_.FirstSequence(); }
  uint64_t LastSequence() const override { return inner_.LastSequence(); }
  Result<uint64_t> SequenceFromTimestamp(int64_t timestamp_ns) override {
    return inner_.SequenceFromTimestamp(timestamp_ns);
  }
  MessageCounts Counts() const override { return inner_.Counts(); }
  Status Flush() override { return inner_.Flush(); }
  Status Empty() override { return inner_.Empty(); }
  void Tick() override { inner_.Tick(); }

 private:
  MessageStore& inner_;
  const bool& fail_;
};

class NoSubscriptions : public SubscriptionStore {
 public:
  Status Create(SubscriptionState&) override { return Status(); }
  Status Update(const SubscriptionState&) override { return Status(); }
  Status Delete(uint64_t) override { return Status(); }
  Status AddPending(uint64_t, uint64_t) override { return Status(); }
  Status AckPending(uint64_t, uint64_t) override { return Status(); }
  Status Flush() override { return Status(); }
  void Tick() override {}
};

class Below : public Store {
 public:
  explicit Below(Kept& kept) : kept_(kept) {}
  std::string Name() const override { return kept_.memory->Name(); }
  Result<std::optional<RecoveredState>> Recover() override {
    RecoveredState state;
    for (const auto& [name, messages] : kept_.inner) state.channels[name].channel = Wrap(name);
    return std::optional(std::move(state));
  }
  Status Init(const ServerInfo& server) override { return kept_.memory->Init(server); }
  Result<Channel*> CreateChannel(const std::string& name) override {
    Result<Channel*> created = kept_.memory->CreateChannel(name);
    if (!created.ok()) return created;
    kept_.inner[name] = created.value()->messages.get();
    return Wrap(name);
  }
  Channel* FindChannel(const std::string& name) override {
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : &found->second;
  }
  Status DeleteChannel(const std::string& name) override {
    channels_.erase(name);
    kept_.inner.erase(name);
    return kept_.memory->DeleteChannel(name);
  }
  Status AddClient(const ClientInfo& client) override { return kept_.memory->AddClient(client); }
  Status DeleteClient(const std::string& id) override { return kept_.memory->DeleteClient(id); }
  void SetLimits(const StoreLimits& limits) override { kept_.memory->SetLimits(limits); }
  void Tick() override { kept_.memory->Tick(); }
  Status Close() override { return Status(); }

 private:
  Channel* Wrap(const std::string& name) {
    Channel& channel = channels_[name];
    channel.messages = std::make_unique<FailingMessages>(*kept_.inner.at(name), kept_.fail);
    channel.subscriptions = std::make_unique<NoSubscriptions>();
    return &channel;
  }

  Kept& kept_;
  std::map<std::string, Channel> channels_;
};

EncryptionOptions Options(const std::string& key, crypto::Cipher cipher = crypto::Cipher::kAes) {
  return {cipher, crypto::Secret(AsBytes(key))};
}

class CryptoStoreTest : public ::testing::Test {
 protected:
  // A server's start: what is kept is recovered.
  void Start(const EncryptionOptions& options = Options("mykey")) {
    store_ = MakeCryptoStore(std::make_unique<Below>(kept_), entropy_, options).value();
    ASSERT_TRUE(store_->Recover().ok());
  }
  MessageStore& Messages(const std::string& channel = "foo") {
    if (store_->FindChannel(channel) == nullptr) {
      EXPECT_TRUE(store_->CreateChannel(channel).ok());
    }
    return *store_->FindChannel(channel)->messages;
  }
  Status Put(const std::string& payload) { return Put(payload, Messages().LastSequence() + 1); }
  Status Put(const std::string& payload, uint64_t sequence) {
    Message message;
    message.sequence = sequence;
    message.subject = "foo";
    if (!payload.empty()) message.data.emplace(ToBytes(payload));
    return Messages().Store(message);
  }
  // As it is stored, bypassing encryption.
  void PutStored(const Bytes& data) {
    Message message;
    message.sequence = Messages().LastSequence() + 1;
    message.data.emplace(data);
    ASSERT_TRUE(kept_.inner.at("foo")->Store(message).ok());
  }
  Bytes Stored(uint64_t sequence, const std::string& channel = "foo") {
    return kept_.inner.at(channel)->Lookup(sequence).value()->data.value_or(Bytes());
  }
  uint64_t Counter(uint64_t sequence) { return LoadBe64(Stored(sequence).data() + 5); }
  Bytes RandomPart(uint64_t sequence) {
    const Bytes stored = Stored(sequence);
    return Bytes(stored.begin() + 1, stored.begin() + 5);
  }
  // The payload, or the error.
  std::string Read(uint64_t sequence) {
    const Result<MessagePtr> found = Messages().Lookup(sequence);
    if (!found.ok()) return found.status().message();
    return found.value() == nullptr ? "none" : std::string(AsText(found.value()->payload()));
  }

  Kept kept_;
  env::SeededEntropy entropy_{1};
  std::unique_ptr<Store> store_;
};

TEST_F(CryptoStoreTest, AKeyIsRequired) {
  const auto made = MakeCryptoStore(std::make_unique<Below>(kept_), entropy_, Options(""));
  EXPECT_EQ(made.status().message(), "encryption key required");
}

TEST_F(CryptoStoreTest, PayloadsAreSealedBelowAndOpenAbove) {
  Start();
  ASSERT_TRUE(Put("hello").ok());
  EXPECT_EQ(Read(1), "hello");
  EXPECT_EQ(AsText(Messages().FirstMessage().value()->payload()), "hello");
  EXPECT_EQ(AsText(Messages().LastMessage().value()->payload()), "hello");
  const Bytes stored = Stored(1);
  EXPECT_EQ(stored.size(), 5 + crypto::kOverhead);
  EXPECT_EQ(stored[0], 1);
  // Limits and counts are about what is stored. The message read back is otherwise the same.
  EXPECT_EQ(Messages().Counts().bytes, EncodedSize(*kept_.inner.at("foo")->Lookup(1).value()));
  EXPECT_EQ(Messages().Lookup(1).value()->subject, "foo");
  EXPECT_EQ(Messages().Lookup(1).value()->sequence, 1u);
  EXPECT_EQ(Read(2), "none");
}

// Specification, standalone.md 2.5, server-made vectors 1: the nonce is all the server chose.
TEST_F(CryptoStoreTest, TheBytesAreThoseOfTheRealServer) {
  class Fixed : public env::Entropy {
   public:
    explicit Fixed(std::string_view hex) : bytes_(FromHex(hex).value()) {}
    void Fill(std::span<uint8_t> into) override {
      ASSERT_EQ(into.size(), bytes_.size());
      std::copy(bytes_.begin(), bytes_.end(), into.begin());
    }

   private:
    Bytes bytes_;
  };
  const auto stored = [&](const char* random, crypto::Cipher cipher) {
    Fixed entropy(random);
    auto memory = MakeMemoryStore(kept_.clock, kept_.log, StoreLimits());
    Store& below = *memory;
    auto store = MakeCryptoStore(std::move(memory), entropy, Options("mykey", cipher)).value();
    Message message;
    message.sequence = 1;
    message.data.emplace(ToBytes("hello"));
    EXPECT_TRUE(store->CreateChannel("foo").value()->messages->Store(message).ok());
    return ToHex(*below.FindChannel("foo")->messages->Lookup(1).value()->data);
  };
  EXPECT_EQ(stored("4f3fff0d", crypto::Cipher::kAes),
            "014f3fff0d00000000000000016e4ce09a92a28077451a2f61db40ca7ab296ae66ff");
  EXPECT_EQ(stored("d3f46fdc", crypto::Cipher::kChaCha),
            "02d3f46fdc0000000000000001665c2703eeb71139d467b83e87b4ccaa01fc73b634");
}

TEST_F(CryptoStoreTest, EmptyPayloadsPassAsTheyAre) {
  Start();
  ASSERT_TRUE(Put("").ok());
  EXPECT_EQ(Messages().Lookup(1).value()->data, std::nullopt);
  // Present and empty: stored so, and not readable while it is.
  PutStored(Bytes());
  EXPECT_EQ(Read(2), "trying to decrypt data that is not (len=0)");
  EXPECT_EQ(Messages().LastMessage().status().message(),
            "trying to decrypt data that is not (len=0)");
}

TEST_F(CryptoStoreTest, PlaintextIsReadByItsFirstByte) {
  Start();
  PutStored(ToBytes("plain"));
  PutStored(ToBytes("\x01"));
  PutStored(Bytes(14, 1));
  PutStored(Bytes(60, 2));
  EXPECT_EQ(Read(1), "plain");
  EXPECT_EQ(Read(2), "trying to decrypt data that is not (len=1)");
  EXPECT_EQ(Read(3), "cipher: message authentication failed");
  EXPECT_EQ(Read(4), "chacha20poly1305: message authentication failed");
}

// Specification, standalone.md 3.3 and 3.4.
TEST_F(CryptoStoreTest, CiphersMixAndKeysDoNot) {
  Start(Options("mykey", crypto::Cipher::kAes));
  ASSERT_TRUE(Put("aes").ok());
  Start(Options("mykey", crypto::Cipher::kChaCha));
  ASSERT_TRUE(Put("chacha").ok());
  EXPECT_EQ(Read(1), "aes");
  EXPECT_EQ(Read(2), "chacha");
  Start(Options("other"));
  EXPECT_EQ(Read(1), "cipher: message authentication failed");
  EXPECT_EQ(Read(2), "chacha20poly1305: message authentication failed");
}

TEST_F(CryptoStoreTest, EachChannelHasItsKey) {
  Start();
  ASSERT_TRUE(Put("hello").ok());
  Messages("bar");
  Message moved = *kept_.inner.at("foo")->Lookup(1).value();
  ASSERT_TRUE(kept_.inner.at("bar")->Store(moved).ok());
  EXPECT_EQ(Messages("bar").Lookup(1).status().message(), "cipher: message authentication failed");
}

// Specification, standalone.md 3.9: a, empty, b, empty, empty, c; then a restart.
TEST_F(CryptoStoreTest, NoncesCountPayloadsAndGoOnBehindTheLastSequence) {
  Start();
  for (const char* payload : {"a", "", "b", "", "", "c"}) ASSERT_TRUE(Put(payload).ok());
  EXPECT_EQ(Counter(1), 1u);
  EXPECT_EQ(Counter(3), 2u);
  EXPECT_EQ(Counter(6), 3u);
  EXPECT_EQ(RandomPart(1), RandomPart(6));
  Start();
  ASSERT_TRUE(Put("d").ok());
  ASSERT_TRUE(Put("e").ok());
  EXPECT_EQ(Counter(7), 7u);
  EXPECT_EQ(Counter(8), 8u);
  EXPECT_NE(RandomPart(7), RandomPart(6));
}

TEST_F(CryptoStoreTest, FailedStoresBurnNonces) {
  Start();
  ASSERT_TRUE(Put("1").ok());
  ASSERT_TRUE(Put("2").ok());
  kept_.fail = true;
  EXPECT_EQ(Put("3").message(), "no such file or directory");
  EXPECT_FALSE(Put("3").ok());
  kept_.fail = false;
  ASSERT_TRUE(Put("3").ok());
  EXPECT_EQ(Counter(3), 5u);
  Start();
  ASSERT_TRUE(Put("4").ok());
  EXPECT_EQ(Counter(4), 4u);
}

TEST_F(CryptoStoreTest, IgnoredSequencesBurnNonces) {
  Start();
  ASSERT_TRUE(Put("1").ok());
  ASSERT_TRUE(Put("again", 1).ok());
  ASSERT_TRUE(Put("2").ok());
  EXPECT_EQ(Read(1), "1");
  EXPECT_EQ(Counter(2), 3u);
}

TEST_F(CryptoStoreTest, ADeletedChannelBeginsAgain) {
  Start();
  ASSERT_TRUE(Put("1").ok());
  ASSERT_TRUE(Put("2").ok());
  const Bytes random = RandomPart(1);
  ASSERT_TRUE(store_->DeleteChannel("foo").ok());
  EXPECT_EQ(store_->FindChannel("foo"), nullptr);
  ASSERT_TRUE(Put("1").ok());
  EXPECT_EQ(Counter(1), 1u);
  EXPECT_NE(RandomPart(1), random);
}

TEST_F(CryptoStoreTest, SubscriptionsAreThoseBelow) {
  auto memory = MakeMemoryStore(kept_.clock, kept_.log, StoreLimits());
  Store& below = *memory;
  auto store = MakeCryptoStore(std::move(memory), entropy_, Options("mykey")).value();
  SubscriptionStore& subscriptions = *store->CreateChannel("foo").value()->subscriptions;
  SubscriptionState first, second;
  ASSERT_TRUE(subscriptions.Create(first).ok());
  ASSERT_TRUE(below.FindChannel("foo")->subscriptions->Create(second).ok());
  EXPECT_EQ(first.id, 1u);
  EXPECT_EQ(second.id, 2u);
}

// A snapshot restore empties a channel under a running server, which keeps its nonces.
TEST_F(CryptoStoreTest, AnEmptiedChannelGoesOn) {
  Start();
  ASSERT_TRUE(Put("1").ok());
  ASSERT_TRUE(Messages().Empty().ok());
  ASSERT_TRUE(Put("1").ok());
  EXPECT_EQ(Counter(1), 2u);
}

}  // namespace
}  // namespace atrest::store
