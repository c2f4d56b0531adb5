#include "reference/store/client_log.h"

#include <gmock/gmock.h>

#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

using ::testing::ElementsAre;

class ClientLogTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  void Connect(const std::string& id, const std::string& inbox = "hb") {
    ClientInfo client;
    client.id = id;
    client.heartbeat_inbox = inbox;
    client.connection_id = ToBytes("nuid");
    client.protocol = 1;
    client.ping_interval_s = 5;
    client.ping_max_out = 88;
    ASSERT_TRUE(store_->AddClient(client).ok());
  }
  void Disconnect(const std::string& id) { ASSERT_TRUE(store_->DeleteClient(id).ok()); }
  // "id inbox" of each client recovered.
  std::vector<std::string> Recovered() {
    std::vector<std::string> all;
    for (const ClientInfo& client : state_.clients) {
      all.push_back(client.id + " " + client.heartbeat_inbox);
    }
    return all;
  }
};

TEST_F(ClientLogTest, WritesThrough) {
  Open();
  Connect("a");
  EXPECT_EQ(Hex("clients.dat").substr(0, 16),
            "01000000"
            "13000001");
  EXPECT_EQ(Hex("clients.dat").substr(24),
            "0a0161"
            "12026862"
            "1a046e756964"
            "2001"
            "2805"
            "3058");
  Kill();
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("a hb"));
}

TEST_F(ClientLogTest, TheLastAddWinsAndDeletesDelete) {
  Open();
  Connect("a");
  Connect("b");
  Connect("a", "new");
  Connect("c");
  Disconnect("b");
  Disconnect("unknown");
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("a new", "c hb"));
}

TEST_F(ClientLogTest, CompactsWhenHalfAreDeletions) {
  options_.compact_min_file_size = 0;
  Open();
  for (const char* id : {"a", "b", "c"}) Connect(id);
  // 1 of 3 deletions and clients, then 2 of 3.
  Disconnect("a");
  const size_t before = Size("clients.dat");
  Disconnect("b");
  EXPECT_LT(Size("clients.dat"), before);
  EXPECT_EQ(files_.List("d").value().size(), 2u);
  Connect("e");
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("c hb", "e hb"));
}

TEST_F(ClientLogTest, CountsWhatAnEarlierProcessWrote) {
  options_.compact_min_file_size = 100;
  Open();
  for (const char* id : {"a", "b", "c"}) Connect(id);
  Open();
  Disconnect("a");
  Disconnect("b");
  EXPECT_EQ(Size("clients.dat"), 4u + 27);
  Disconnect("c");
  EXPECT_GT(Size("clients.dat"), 4u + 27) << "twice within the interval";
}

TEST_F(ClientLogTest, NotBelowTheMinimumSize) {
  Open();
  Connect("a");
  Disconnect("a");
  EXPECT_GT(Size("clients.dat"), 4u);
}

TEST_F(ClientLogTest, ACompactionMakesUpForAFailedDelete) {
  options_.compact_min_file_size = 0;
  Open();
  Connect("a");
  files_.SetFaultHook([](const env::Mutation& change) {
    const bool refused =
        change.kind == env::Mutation::Kind::kWrite && change.path == "d/clients.dat";
    return refused ? env::Fault::Fail(Status(Code::kIo, "full")) : env::Fault();
  });
  Disconnect("a");
  EXPECT_EQ(Size("clients.dat"), 4u);
}

TEST_F(ClientLogTest, AFailedCompactionIsReported) {
  options_.compact_min_file_size = 0;
  Open();
  Connect("a");
  files_.SetFaultHook([](const env::Mutation& change) {
    const bool refused = change.kind == env::Mutation::Kind::kRename;
    return refused ? env::Fault::Fail(Status(Code::kIo, "no rename")) : env::Fault();
  });
  EXPECT_EQ(store_->DeleteClient("a").message(), "no rename");
  EXPECT_EQ(files_.List("d").value().size(), 2u) << "the temporary file is left";
  files_.SetFaultHook({});
  Connect("b");
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("b hb"));
}

TEST_F(ClientLogTest, AnUnknownType) {
  Open();
  Connect("a");
  Flip("clients.dat", 7, 8);
  EXPECT_EQ(Refusal(),
            "unable to recover client file \"d/clients.dat\": invalid client record type: 9");
}

TEST_F(ClientLogTest, ATornTail) {
  Open();
  Connect("a");
  Disconnect("a");
  CutBy("clients.dat", 1);
  EXPECT_EQ(Refusal(), "unable to recover client file \"d/clients.dat\": unexpected EOF");
  options_.truncate_unexpected_eof = true;
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("a hb"));
}

TEST_F(ClientLogTest, WhatIsCutBehindAHeaderStays) {
  Open();
  Connect("a");
  Disconnect("a");
  CutBy("clients.dat", 3);
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("a hb"));
  EXPECT_EQ(Size("clients.dat"), 4u + 27 + 8);
}

}  // namespace
}  // namespace atrest::store
