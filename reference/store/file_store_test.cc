#include "reference/store/file_store.h"

#include <gmock/gmock.h>

#include "reference/store/file_context.h"
#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class FileStoreTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  std::vector<std::string> RecoveredChannels() {
    std::vector<std::string> names;
    for (const auto& [name, channel] : state_.channels) names.push_back(name);
    return names;
  }
};

TEST_F(FileStoreTest, NeedsADirectory) {
  EXPECT_EQ(FileStore::Open(env_, log_, "", limits_, options_).status().message(),
            "for FILE stores, root directory must be specified");
}

TEST_F(FileStoreTest, AFreshStore) {
  Open();
  EXPECT_EQ(store_->Name(), "FILE");
  EXPECT_EQ(Hex("clients.dat"), "01000000");
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_EQ(store_->FindChannel("foo"), nullptr);
}

// The bytes of standalone.md 1.3.
TEST_F(FileStoreTest, WritesServerDat) {
  Open();
  EXPECT_EQ(Size("server.dat"), 208u);
  EXPECT_EQ(Hex("server.dat").substr(0, 24 + 28),
            "01000000"
            "c4000000"
            "f42887ff"
            "0a0c746573742d636c7573746572");
  Open();
  EXPECT_EQ(state_.server, MakeServerInfo("test-cluster"));
}

TEST_F(FileStoreTest, InitReplacesWhatWasThere) {
  Open();
  ASSERT_TRUE(store_->Init(MakeServerInfo("c")).ok());
  Open();
  EXPECT_EQ(state_.server, MakeServerInfo("c"));
}

TEST_F(FileStoreTest, ServerFileMissingButChannelsPresent) {
  Open();
  PutUpTo(1);
  Close();
  Remove("server.dat");
  EXPECT_EQ(TryOpen().code(), Code::kNotFound);
  EXPECT_EQ(Hex("server.dat"), "01000000");
  ASSERT_TRUE(store_->Init(MakeServerInfo("test-cluster")).ok());
  const auto again = store_->Recover();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value()->channels.size(), 1u);
}

TEST_F(FileStoreTest, DamagedServerFiles) {
  Open();
  const Bytes good = File("server.dat");
  const std::string text = "unable to recover server file \"d/server.dat\": ";
  Flip("server.dat", 30);
  EXPECT_EQ(Refusal(), text + "corrupted data, expected crc to be 0xff8728f4, got 0x3bf3e27a");
  EXPECT_THAT(Logged(), ElementsAre("Server file \"d/server.dat\" corrupted: corrupted data, "
                                    "expected crc to be 0xff8728f4, got 0x3bf3e27a",
                                    "Follow instructions in documentation in order to recover "
                                    "from this"));
  SetFile("server.dat", ByteView(good).first(199));
  EXPECT_EQ(Refusal(), text + "unexpected EOF");
  SetFile("server.dat", good);
  AppendHex("server.dat", "00");
  EXPECT_EQ(Refusal(), text + "incorrect file size, expected 208 bytes, got 209 bytes");
  EXPECT_THAT(Logged(), IsEmpty());
  SetFile("server.dat", *FromHex("01000000000000000000000000"));
  EXPECT_EQ(Refusal(), text + "end of file padded with zeros");
  SetFile("server.dat", {});
  EXPECT_EQ(Refusal(),
            "unable to recover server file \"server.dat\": unable to verify file "
            "version: EOF");
}

TEST_F(FileStoreTest, AnotherPolynomialIsNoticedAtOnce) {
  Open();
  options_.crc_polynomial = 0x82F63B78;
  EXPECT_EQ(Refusal(),
            "unable to recover server file \"d/server.dat\": corrupted data, expected "
            "crc to be 0xff8728f4, got 0xd16e4a11");
}

TEST_F(FileStoreTest, EverySubdirectoryIsAChannel) {
  Open();
  for (const char* name : {"d/b", "d/.hidden", "d/bad chan*"}) {
    ASSERT_TRUE(files_.MakeDirectories(name).ok());
  }
  Open();
  EXPECT_THAT(RecoveredChannels(), ElementsAre(".hidden", "b", "bad chan*"));
  EXPECT_EQ(Hex("bad chan*/subs.dat"), "01000000");
}

TEST_F(FileStoreTest, ARefusalLeavesTheFilesThatWereOpenedFirst) {
  Open();
  PutUpTo(1);
  Close();
  Remove("clients.dat");
  Remove("foo/subs.dat");
  SetFile("foo/msgs.1.dat", {});
  EXPECT_NE(Refusal(), "");
  EXPECT_TRUE(Exists("clients.dat"));
  EXPECT_FALSE(Exists("foo/subs.dat"));
}

TEST_F(FileStoreTest, AChannelBehindADamagedOneIsStillRecovered) {
  Open();
  for (const char* name : {"d/a", "d/b", "d/c", "d/e"}) {
    ASSERT_TRUE(files_.MakeDirectories(name).ok());
  }
  SetFile("b/subs.dat", {});
  EXPECT_THAT(Refusal(), StartsWith("unable to recover subscription store for [b]"));
  EXPECT_TRUE(Exists("a/subs.dat"));
  EXPECT_TRUE(Exists("c/subs.dat"));
  EXPECT_FALSE(Exists("e/subs.dat"));
}

TEST_F(FileStoreTest, CreatesChannels) {
  limits_.max_channels = 2;
  Open();
  ASSERT_TRUE(store_->CreateChannel("foo").ok());
  EXPECT_EQ(store_->CreateChannel("foo").status().message(), "already exists");
  ASSERT_TRUE(store_->CreateChannel("foo.bar").ok());
  EXPECT_EQ(store_->CreateChannel("x").status().message(), "too many channels");
  EXPECT_EQ(Hex("foo.bar/subs.dat"), "01000000");
}

TEST_F(FileStoreTest, AChannelKeepsItsLimits) {
  limits_.per_channel["foo"].max_messages = 2;
  Open();
  PutUpTo(3);
  EXPECT_EQ(Messages().FirstSequence(), 2u);
  limits_.per_channel["foo"].max_messages = 1;
  store_->SetLimits(limits_);
  PutUpTo(4);
  EXPECT_EQ(Messages().FirstSequence(), 3u);
}

TEST_F(FileStoreTest, DeletesChannels) {
  Open();
  PutUpTo(3);
  ASSERT_TRUE(store_->DeleteChannel("foo").ok());
  EXPECT_FALSE(Exists("foo"));
  EXPECT_EQ(store_->DeleteChannel("foo").message(), "not found");
  PutUpTo(1);
  EXPECT_EQ(State(), "1..1 1/64");
}

TEST_F(FileStoreTest, CloseWritesWhatIsBufferedAndKillingDoesNot) {
  Open();
  Put(1, "a");
  Close();
  Open();
  EXPECT_EQ(Get(1), "a");
  Put(2, "b");
  Kill();
  Open();
  EXPECT_EQ(Messages().LastSequence(), 1u);
}

TEST_F(FileStoreTest, ClosingTwice) {
  Open();
  EXPECT_TRUE(store_->Close().ok());
  EXPECT_TRUE(store_->Close().ok());
}

TEST_F(FileStoreTest, TruncatingTwiceInARowIsRefused) {
  options_.truncate_unexpected_eof = true;
  Open();
  EXPECT_EQ(Size(".truncate.lck"), 0u);
  EXPECT_EQ(Refusal(),
            "file store should not be opened consecutively with the "
            "TruncateUnexpectedEOF option set to true");
  options_.truncate_unexpected_eof = false;
  Open();
  EXPECT_FALSE(Exists(".truncate.lck"));
  options_.truncate_unexpected_eof = true;
  Open();
}

TEST(JoinPathTest, CleansLexically) {
  EXPECT_EQ(JoinPath("d", "server.dat"), "d/server.dat");
  EXPECT_EQ(JoinPath("./d/", "foo/subs.dat"), "d/foo/subs.dat");
  EXPECT_EQ(JoinPath("/a//b/../c", "x"), "/a/c/x");
  EXPECT_EQ(JoinPath("/..", "x"), "/x");
  EXPECT_EQ(JoinPath("../d", "x"), "../d/x");
  EXPECT_EQ(JoinPath("", "x"), "x");
  EXPECT_EQ(JoinPath("/", "x"), "/x");
}

}  // namespace
}  // namespace atrest::store
