// Rules that every layer of a store keeps: the defaults of options, how encryption is chosen, what
// passes through the crypto store, how failures of closing come back, records nobody can decode.
#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "reference/store/crypto_store.h"
#include "reference/store/file_store_fixture.h"
#include "reference/store/record.h"
#include "reference/wire/proto.h"

namespace atrest::store {
namespace {

using ::testing::HasSubstr;

// Specification, options.md.
TEST(StoreDefaultsTest, AreTheRealServers) {
  const FileStoreOptions options;
  EXPECT_EQ(options.buffer_size, 2'097'152u);
  EXPECT_EQ(options.read_buffer_size, 2'097'152u);
  EXPECT_TRUE(options.compact_enabled);
  EXPECT_EQ(options.compact_interval_ns, 300'000'000'000);
  EXPECT_EQ(options.compact_fragmentation, 50);
  EXPECT_EQ(options.compact_min_file_size, 1'048'576u);
  EXPECT_TRUE(options.check_crc && options.sync);
  EXPECT_EQ(options.auto_sync_ns, 60'000'000'000);
  EXPECT_EQ(options.slice_max_messages, 0u);
  EXPECT_EQ(options.slice_max_bytes, 67'108'864u);
  EXPECT_EQ(options.slice_max_age_ns, 0);
  EXPECT_FALSE(options.truncate_unexpected_eof);
  const StoreLimits limits;
  EXPECT_EQ(limits.max_channels, 100u);
  EXPECT_EQ(limits.all.max_messages, 1'000'000u);
  EXPECT_EQ(limits.all.max_bytes, 1'024'000'000u);
  EXPECT_EQ(limits.all.max_age_ns, 0);
  EXPECT_EQ(limits.all.max_subscriptions, 1000u);
  EXPECT_EQ(limits.all.max_inactivity_ns, 0);
}

TEST(StoreDefaultsTest, ANameOfAChannelGoesBeforePatterns) {
  StoreLimits limits;
  limits.per_channel["a.b"].max_messages = 1;
  limits.per_channel["a.*"].max_messages = 2;
  limits.per_channel["a.b.>"].max_messages = 3;
  EXPECT_EQ(limits.For("a.b").max_messages, 1u);
  EXPECT_EQ(limits.For("a.c").max_messages, 2u);
  EXPECT_FALSE(IsMoreSpecific("a", "a.b"));
  EXPECT_FALSE(IsMoreSpecific("a.b", "a"));
}

// Specification, standalone.md 3.6.
TEST(ResolveEncryptionTest, TheTable) {
  const auto resolve = [](const EncryptionChoice& choice) -> std::string {
    const auto options = ResolveEncryption(choice);
    if (!options.ok()) return options.status().message();
    if (!options.value()) return "off";
    return std::string(crypto::CipherName(options.value()->cipher)) + " " +
           std::string(AsText(options.value()->key.view()));
  };
  const std::string fallback(crypto::CipherName(crypto::DefaultCipher()));
  EXPECT_EQ(resolve({}), "off");
  EXPECT_EQ(resolve({false, "AES", "", "variable"}), "off");
  EXPECT_EQ(resolve({false, "nonsense", "", ""}), "off");
  EXPECT_EQ(resolve({false, "", "option", ""}), fallback + " option");
  EXPECT_EQ(resolve({false, "CHACHA", "option", "variable"}), "CHACHA variable");
  EXPECT_EQ(resolve({true, "aes", "option", ""}), "AES option");
  EXPECT_EQ(resolve({true, "chacha", "", "variable"}), "CHACHA variable");
  EXPECT_EQ(resolve({true, "AES", "", ""}), "encryption key required");
  EXPECT_EQ(resolve({true, "nonsense", "", ""}), "encryption cipher not supported");
  EXPECT_FALSE(EncryptionChoice().on);
}

class SealedStoreTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  void Start() {
    store_.reset();
    auto files = FileStore::Open(env_, log_, "d", limits_, options_);
    const EncryptionOptions options{crypto::Cipher::kAes, crypto::Secret(AsBytes("key"))};
    store_ = MakeCryptoStore(std::move(files).value(), entropy_, options).value();
  }
};

TEST_F(SealedStoreTest, AllButThePayloadPasses) {
  Start();
  EXPECT_FALSE(store_->Recover().value().has_value()) << "a store without a server";
  ASSERT_TRUE(store_->Init(MakeServerInfo("c")).ok());
  Message message;
  message.sequence = 1;
  message.subject = "foo";
  message.reply = "reply";
  message.data = ToBytes("payload");
  message.timestamp_ns = 12345;
  message.redelivered = true;
  message.redelivery_count = 3;
  message.crc32 = 77;
  ASSERT_TRUE(Messages().Store(message).ok());
  for (int i = 0; i < 2; ++i) {
    const MessagePtr found = Messages().Lookup(1).value();
    EXPECT_EQ(found->subject, "foo");
    EXPECT_EQ(found->reply, "reply");
    EXPECT_EQ(AsText(found->payload()), "payload");
    EXPECT_EQ(found->timestamp_ns, 12345);
    EXPECT_EQ(found->redelivered, true);
    EXPECT_EQ(found->redelivery_count, 3u);
    EXPECT_EQ(found->crc32, 77u);
    ASSERT_TRUE(Messages().Flush().ok());
    Pass(2);
  }
  ASSERT_TRUE(store_->Close().ok());
  EXPECT_EQ(store_->FindChannel("foo"), nullptr);
}

TEST_F(SealedStoreTest, TheClockReachesTheStoreBelow) {
  limits_.all.max_age_ns = 5 * kSecond;
  Start();
  ASSERT_TRUE(store_->Recover().ok());
  ASSERT_TRUE(store_->Init(MakeServerInfo("c")).ok());
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  Put(1, "a");
  Pass(5);
  EXPECT_EQ(Messages().Counts().count, 0u);
  Put(2, "b");
  clock_.Advance(5 * kSecond);
  Messages().Tick();
  EXPECT_EQ(Messages().Counts().count, 0u);
  clock_.Advance(60 * kSecond);
  Subscriptions().Tick();
  EXPECT_GT(Size("foo/subs.dat"), 4u);
  StoreLimits limits;
  limits.max_channels = 1;
  store_->SetLimits(limits);
  EXPECT_EQ(store_->CreateChannel("bar").status().message(), "too many channels");
  EXPECT_EQ(store_->CreateChannel("foo").status().message(), "already exists");
}

TEST_F(SealedStoreTest, ADeletionThatFailsLeavesTheChannel) {
  Start();
  ASSERT_TRUE(store_->Recover().ok());
  ASSERT_TRUE(store_->Init(MakeServerInfo("c")).ok());
  Put(1, "a");
  files_.SetFaultHook([](const env::Mutation& change) {
    const bool refused = change.kind == env::Mutation::Kind::kWrite;
    return refused ? env::Fault::Fail(Status(Code::kIo, "full")) : env::Fault();
  });
  EXPECT_EQ(store_->DeleteChannel("foo").message(), "full");
  ASSERT_NE(store_->FindChannel("foo"), nullptr);
  EXPECT_EQ(Get(1), "a");
  files_.SetFaultHook({});
}

TEST_F(SealedStoreTest, ARefusedRecoveryIsPassedOn) {
  Open();
  Close();
  Flip("server.dat", 20);
  Start();
  EXPECT_THAT(store_->Recover().status().message(), HasSubstr("unable to recover server file"));
}

class StoreRulesTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  void FailWritesTo(const std::string& suffix) {
    files_.SetFaultHook([suffix](const env::Mutation& change) {
      const bool refused =
          change.kind == env::Mutation::Kind::kWrite && change.path.ends_with(suffix);
      return refused ? env::Fault::Fail(Status(Code::kIo, "no room in " + suffix)) : env::Fault();
    });
  }
  // A record of the journal NAME that frames PAYLOAD.
  void AppendTyped(const std::string& name, uint8_t type, const std::string& hex) {
    Bytes file = File(name);
    ASSERT_TRUE(AppendTypedRecord(type, *FromHex(hex), Crc32(Crc32::kIeee), file).ok());
    SetFile(name, file);
  }
};

TEST_F(StoreRulesTest, TheFirstFailureOfClosingIsItsOutcome) {
  Open();
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  Put(1, "a");
  FailWritesTo("foo/subs.dat");
  EXPECT_EQ(store_->Close().message(), "no room in foo/subs.dat");
  EXPECT_EQ(store_->Close().message(), "no room in foo/subs.dat") << "and stays it";
  files_.SetFaultHook({});
  EXPECT_EQ(store_->FindChannel("foo"), nullptr);
  Open();
  EXPECT_EQ(Get(1), "a") << "the rest was written";
}

TEST_F(StoreRulesTest, OfSeveralChannelsTheFirst) {
  Open();
  for (const char* name : {"a", "b"}) {
    Message message;
    message.sequence = 1;
    message.subject = name;
    ASSERT_TRUE(In(name).messages->Store(std::move(message)).ok());
  }
  FailWritesTo("a/msgs.1.dat");
  EXPECT_EQ(store_->Close().message(), "no room in a/msgs.1.dat");
  files_.SetFaultHook({});
  Open();
  EXPECT_EQ(In("b").messages->LastSequence(), 1u);
  SubscriptionState one;
  ASSERT_TRUE(In("b").subscriptions->Create(one).ok());
  FailWritesTo("b/subs.dat");
  EXPECT_EQ(store_->Close().message(), "no room in b/subs.dat") << "also that of the second";
  files_.SetFaultHook({});
}

TEST_F(StoreRulesTest, AChannelStaysIfItsSubscriptionsCannotBeWritten) {
  Open();
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  FailWritesTo("subs.dat");
  EXPECT_EQ(store_->DeleteChannel("foo").message(), "no room in subs.dat");
  EXPECT_NE(store_->FindChannel("foo"), nullptr);
  EXPECT_TRUE(Exists("foo/subs.dat"));
  files_.SetFaultHook({});
}

TEST_F(StoreRulesTest, LimitsForChannelsMadeFromNowOn) {
  limits_.max_channels = 1;
  Open();
  In("foo");
  EXPECT_EQ(store_->CreateChannel("bar").status().message(), "too many channels");
  StoreLimits more;
  more.max_channels = 0;
  more.all.max_messages = 2;
  store_->SetLimits(more);
  for (uint64_t i = 1; i <= 4; ++i) {
    Message message;
    message.sequence = i;
    message.subject = "bar";
    ASSERT_TRUE(In("bar").messages->Store(std::move(message)).ok());
  }
  EXPECT_EQ(In("bar").messages->FirstSequence(), 3u);
}

TEST_F(StoreRulesTest, ANewChannelsSubscriptionFileIsNotRead) {
  Open();
  ASSERT_TRUE(files_.MakeDirectories("d/foo").ok());
  SetFile("foo/subs.dat", *FromHex("01000000"
                                   "0102"));
  EXPECT_TRUE(store_->CreateChannel("foo").ok());
}

TEST_F(StoreRulesTest, ADamagedChannelBehindADamagedOneIsLookedAt) {
  Open();
  for (const char* name : {"a", "b", "c"}) In(name);
  Close();
  for (const char* name : {"a/subs.dat", "b/subs.dat", "c/subs.dat"}) AppendHex(name, "0102");
  EXPECT_THAT(Refusal(), HasSubstr("[a]"));
  std::string logged;
  for (const std::string& line : Logged()) logged += line + "\n";
  EXPECT_THAT(logged, HasSubstr("d/b/subs.dat"));
  EXPECT_THAT(logged, ::testing::Not(HasSubstr("d/c/subs.dat")));
}

TEST_F(StoreRulesTest, RecordsThatNobodyCanDecode) {
  Open();
  In("foo");
  Close();
  const Bytes clients = File("clients.dat");
  const Bytes subscriptions = File("foo/subs.dat");
  // A field that ends behind the record.
  for (const uint8_t type : {uint8_t{1}, uint8_t{2}}) {
    AppendTyped("clients.dat", type, "0a05");
    EXPECT_THAT(Refusal(), HasSubstr("unable to recover client file")) << int{type};
    SetFile("clients.dat", clients);
  }
  for (uint8_t type = 1; type <= 5; ++type) {
    AppendTyped("foo/subs.dat", type, "0a05");
    EXPECT_THAT(Refusal(), HasSubstr("unable to recover subscription store")) << int{type};
    SetFile("foo/subs.dat", subscriptions);
  }
  EXPECT_EQ(Refusal(), "");
}

TEST_F(StoreRulesTest, ZeroPaddingBehindClientsIsCutOff) {
  Open();
  ASSERT_TRUE(store_->AddClient({.id = "a", .heartbeat_inbox = {}, .connection_id = {}}).ok());
  const size_t size = Size("clients.dat");
  Close();
  AppendHex("clients.dat", "0000000000000000");
  Open();
  EXPECT_EQ(Size("clients.dat"), size);
  EXPECT_EQ(state_.clients.size(), 1u);
  EXPECT_TRUE(Logged().empty());
}

// Fields of a later version are passed over.
TEST(JournalFieldsTest, UnknownFieldsAreSkipped) {
  const auto with_unknown = [](Bytes bytes) {
    wire::ProtoWriter writer(bytes);
    writer.String(50, "unknown");
    writer.Int32(51, 3);
    return bytes;
  };
  const auto encoded = [](const auto& value) {
    Bytes bytes;
    Encode(value, bytes);
    return bytes;
  };
  const ServerInfo server = MakeServerInfo("c");
  EXPECT_EQ(DecodeServerInfo(with_unknown(encoded(server))).value(), server);
  ClientInfo client;
  client.id = "c";
  client.ping_max_out = 3;
  EXPECT_EQ(DecodeClientInfo(with_unknown(encoded(client))).value(), client);
  Bytes gone;
  EncodeClientDelete("c", gone);
  EXPECT_EQ(DecodeClientDelete(with_unknown(gone)).value(), "c");
  SubscriptionState subscription;
  subscription.id = 3;
  subscription.is_closed = true;
  EXPECT_EQ(DecodeSubscriptionState(with_unknown(encoded(subscription))).value(), subscription);
  const SubscriptionUpdate update{7, 9};
  EXPECT_EQ(DecodeSubscriptionUpdate(with_unknown(encoded(update))).value().id, 7u);
  EXPECT_EQ(DecodeSubscriptionUpdate(with_unknown(encoded(update))).value().sequence, 9u);
  EXPECT_EQ(DecodeSubscriptionDelete(with_unknown(encoded(update))).value().id, 7u);
}

}  // namespace
}  // namespace atrest::store
