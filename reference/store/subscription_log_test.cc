#include "reference/store/subscription_log.h"

#include <gmock/gmock.h>

#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SubscriptionLogTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  uint64_t Subscribe(const std::string& client) {
    SubscriptionState subscription;
    subscription.client_id = client;
    EXPECT_TRUE(Subscriptions().Create(subscription).ok());
    return subscription.id;
  }
  void Pending(uint64_t id, uint64_t sequence) {
    ASSERT_TRUE(Subscriptions().AddPending(id, sequence).ok());
  }
  void Ack(uint64_t id, uint64_t sequence) {
    ASSERT_TRUE(Subscriptions().AckPending(id, sequence).ok());
  }
  void Unsubscribe(uint64_t id) { ASSERT_TRUE(Subscriptions().Delete(id).ok()); }
  void Reopen() {
    ASSERT_TRUE(Subscriptions().Flush().ok());
    Open();
  }
  // Every subscription that was recovered: "id client last_sent {pending}".
  std::vector<std::string> Recovered() {
    std::vector<std::string> all;
    for (const RecoveredSubscription& one : state_.channels.at("foo").subscriptions) {
      std::string text = std::to_string(one.state.id) + " " + one.state.client_id + " " +
                         std::to_string(one.state.last_sent) + " {";
      for (const uint64_t sequence : one.pending) text += " " + std::to_string(sequence);
      all.push_back(text + " }");
    }
    return all;
  }
  void CompactEagerly() { options_.compact_min_file_size = 0; }
};

// A subs.dat that the real server wrote: a durable that got and acked one message and closed
// (fixtures/stores/subscriptions has more); the records of standalone.md 1.5.
TEST_F(SubscriptionLogTest, WritesTheRecordsOfADurable) {
  Open();
  SubscriptionState durable;
  durable.client_id = "c";
  durable.inbox = "_INBOX.in";
  durable.ack_inbox = "_INBOX.ack";
  durable.max_in_flight = 1024;
  durable.ack_wait_s = 30;
  durable.durable_name = "D";
  durable.is_durable = true;
  ASSERT_TRUE(Subscriptions().Create(durable).ok());
  Pending(1, 1);
  Ack(1, 1);
  durable.last_sent = 1;
  durable.is_closed = true;
  ASSERT_TRUE(Subscriptions().Update(durable).ok());
  ASSERT_TRUE(Subscriptions().Flush().ok());
  const std::string state =
      "08011201632209"
      "5f494e424f582e696e"
      "2a0a"
      "5f494e424f582e61636b"
      "308008"
      "381e"
      "420144";
  EXPECT_EQ(Hex("foo/subs.dat").substr(0, 8), "01000000");
  EXPECT_THAT(Hex("foo/subs.dat"), HasSubstr("01"
                                             "04000005"
                                             "03bff7d8"
                                             "08011001"
                                             "04000004"
                                             "03bff7d8"
                                             "08011001"));
  EXPECT_THAT(Hex("foo/subs.dat"), HasSubstr(state + "5001"));
  EXPECT_THAT(Hex("foo/subs.dat"), HasSubstr(state + "4801"
                                                     "5001"
                                                     "5801"));
}

TEST_F(SubscriptionLogTest, BuffersUntilFlushed) {
  Open();
  Subscribe("a");
  EXPECT_EQ(Size("foo/subs.dat"), 4u);
  ASSERT_TRUE(Subscriptions().Flush().ok());
  EXPECT_GT(Size("foo/subs.dat"), 4u);
  Pending(1, 1);
  Kill();
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("1 a 0 { }"));
}

TEST_F(SubscriptionLogTest, AutoSyncFlushes) {
  Open();
  Subscribe("a");
  Pass(59);
  EXPECT_EQ(Size("foo/subs.dat"), 4u);
  Pass();
  EXPECT_GT(Size("foo/subs.dat"), 4u);
}

TEST_F(SubscriptionLogTest, CloseFlushes) {
  Open();
  Subscribe("a");
  Close();
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("1 a 0 { }"));
}

TEST_F(SubscriptionLogTest, WritesThroughWithoutABuffer) {
  options_.buffer_size = 0;
  Open();
  Subscribe("a");
  Kill();
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("1 a 0 { }"));
}

TEST_F(SubscriptionLogTest, ReplaysPendingAndAcks) {
  Open();
  Subscribe("a");
  Subscribe("b");
  Pending(1, 5);
  Pending(1, 6);
  Pending(1, 3);
  Ack(1, 5);
  Pending(2, 1);
  Ack(2, 1);
  Reopen();
  EXPECT_THAT(Recovered(), ElementsAre("1 a 6 { 3 6 }", "2 b 1 { }"));
}

TEST_F(SubscriptionLogTest, IgnoresRecordsOfUnknownSubscriptions) {
  Open();
  Subscribe("a");
  Pending(7, 5);
  Ack(7, 5);
  Unsubscribe(8);
  Reopen();
  EXPECT_THAT(Recovered(), ElementsAre("1 a 0 { }"));
  // The delete record counts for the next id.
  EXPECT_EQ(Subscribe("b"), 9u);
}

TEST_F(SubscriptionLogTest, AnUpdateOfAnUnknownSubscriptionCreatesIt) {
  Open();
  SubscriptionState subscription;
  subscription.id = 4;
  subscription.client_id = "d";
  ASSERT_TRUE(Subscriptions().Update(subscription).ok());
  Reopen();
  EXPECT_THAT(Recovered(), ElementsAre("4 d 0 { }"));
  EXPECT_EQ(Subscribe("b"), 5u);
}

TEST_F(SubscriptionLogTest, AnUpdateKeepsWhatIsPending) {
  Open();
  SubscriptionState subscription;
  subscription.client_id = "a";
  ASSERT_TRUE(Subscriptions().Create(subscription).ok());
  Pending(1, 2);
  subscription.client_id = "other";
  subscription.last_sent = 2;
  ASSERT_TRUE(Subscriptions().Update(subscription).ok());
  Reopen();
  EXPECT_THAT(Recovered(), ElementsAre("1 other 2 { 2 }"));
}

TEST_F(SubscriptionLogTest, IdsAreNotGivenTwice) {
  Open();
  EXPECT_EQ(Subscribe("a"), 1u);
  EXPECT_EQ(Subscribe("b"), 2u);
  Unsubscribe(2);
  Reopen();
  EXPECT_EQ(Subscribe("c"), 3u);
}

TEST_F(SubscriptionLogTest, AtMostMaxSubscriptions) {
  limits_.all.max_subscriptions = 2;
  Open();
  Subscribe("a");
  Subscribe("b");
  SubscriptionState third;
  EXPECT_EQ(Subscriptions().Create(third).message(), "too many subscriptions per channel");
  Unsubscribe(1);
  EXPECT_EQ(Subscribe("c"), 3u);
}

TEST_F(SubscriptionLogTest, CompactsToWhatIsLive) {
  CompactEagerly();
  Open();
  Subscribe("a");
  for (uint64_t i = 1; i <= 4; ++i) Pending(1, i);
  // One of 5 records, then 2, then 3: the third is more than half.
  Ack(1, 1);
  Ack(1, 2);
  ASSERT_TRUE(Subscriptions().Flush().ok());
  const size_t before = Size("foo/subs.dat");
  Ack(1, 3);
  EXPECT_LT(Size("foo/subs.dat"), before);
  EXPECT_EQ(files_.List("d").value().size(), 3u) << "a temporary file is left";
  Kill();
  Open();
  EXPECT_THAT(Recovered(), ElementsAre("1 a 4 { 4 }"));
}

TEST_F(SubscriptionLogTest, ADeleteCompactsToo) {
  CompactEagerly();
  Open();
  Subscribe("a");
  Unsubscribe(1);
  EXPECT_EQ(Hex("foo/subs.dat"), "01000000");
  // Written to the new file.
  Subscribe("b");
  Reopen();
  EXPECT_THAT(Recovered(), ElementsAre("2 b 0 { }"));
}

TEST_F(SubscriptionLogTest, NotTwiceWithinTheInterval) {
  CompactEagerly();
  Open();
  Subscribe("a");
  Unsubscribe(1);
  Subscribe("b");
  Unsubscribe(2);
  ASSERT_TRUE(Subscriptions().Flush().ok());
  EXPECT_GT(Size("foo/subs.dat"), 4u);
  Pass(300);
  Subscribe("c");
  Unsubscribe(3);
  EXPECT_EQ(Size("foo/subs.dat"), 4u);
}

TEST_F(SubscriptionLogTest, OnlyFromTheMinimumSizeOn) {
  options_.compact_min_file_size = 60;
  Open();
  Subscribe("a");
  Unsubscribe(1);
  ASSERT_TRUE(Subscriptions().Flush().ok());
  EXPECT_GT(Size("foo/subs.dat"), 4u);
  Subscribe("b");
  Unsubscribe(2);
  Subscribe("c");
  Unsubscribe(3);
  EXPECT_EQ(Size("foo/subs.dat"), 4u);
}

TEST_F(SubscriptionLogTest, NotIfSwitchedOff) {
  CompactEagerly();
  options_.compact_enabled = false;
  Open();
  Subscribe("a");
  Unsubscribe(1);
  ASSERT_TRUE(Subscriptions().Flush().ok());
  EXPECT_GT(Size("foo/subs.dat"), 4u);
}

TEST_F(SubscriptionLogTest, AFailedCompactionChangesNothing) {
  CompactEagerly();
  Open();
  Subscribe("a");
  ASSERT_TRUE(Subscriptions().Flush().ok());
  files_.SetFaultHook([](const env::Mutation& change) {
    const bool refused = change.kind == env::Mutation::Kind::kRename;
    return refused ? env::Fault::Fail(Status(Code::kIo, "no")) : env::Fault();
  });
  Unsubscribe(1);
  EXPECT_EQ(files_.List("d").value().size(), 3u);
  files_.SetFaultHook({});
  Subscribe("b");
  Reopen();
  EXPECT_THAT(Recovered(), ElementsAre("2 b 0 { }"));
}

TEST_F(SubscriptionLogTest, TheOldFileStaysIfTheProcessEndsInACompaction) {
  CompactEagerly();
  Open();
  Subscribe("a");
  files_.SetFaultHook([](const env::Mutation& change) {
    return change.kind == env::Mutation::Kind::kRename ? env::Fault::Stop() : env::Fault();
  });
  (void)Subscriptions().Delete(1);
  store_.reset();
  files_.SetFaultHook({});
  files_.Restart();
  Open();
  EXPECT_THAT(Recovered(), ElementsAre());
  EXPECT_EQ(Subscribe("b"), 2u);
}

TEST_F(SubscriptionLogTest, AnUnknownType) {
  Open();
  Subscribe("a");
  Close();
  Flip("foo/subs.dat", 7, 8);
  EXPECT_EQ(Refusal(), "unable to recover subscription store for [foo]: unexpected record type: 9");
}

TEST_F(SubscriptionLogTest, ATornTailIsDumped) {
  Open();
  Subscribe("ab");
  Close();
  CutBy("foo/subs.dat", 2);
  EXPECT_EQ(Refusal(), "unable to recover subscription store for [foo]: unexpected EOF");
  EXPECT_THAT(
      Logged(),
      ElementsAre("Unexpected EOF for file \"d/foo/subs.dat\"",
                  "It is recommended that you make a copy of the whole datatstore \"d\".",
                  "Restart with the ContinueOnUnexpectedEOF flag to truncate this file to this "
                  "offset: 4.",
                  "Dataloss may occur. Details about the first corrupted record follows...",
                  "Record header:", " Bytes:", "06 00 00 01 96 1b 3f 46", " Type: 1", " Size: 6",
                  " CRC : 0x463f1b96",
                  "Record payload:", "08 01 12 02" + std::string(48, ' ') + " - ....",
                  "record payload expected to be 6 bytes, only read 4"));
  options_.truncate_unexpected_eof = true;
  Open();
  EXPECT_EQ(Size("foo/subs.dat"), 4u);
  EXPECT_THAT(Logged(),
              ElementsAre("Unexpected EOF for file \"d/foo/subs.dat\"", "Record header:", " Bytes:",
                          "06 00 00 01 96 1b 3f 46", " Type: 1", " Size: 6", " CRC : 0x463f1b96",
                          "Record payload:", "08 01 12 02" + std::string(48, ' ') + " - ....",
                          "File \"d/foo/subs.dat\" has been truncated to offset: 4",
                          "Recovery resumes..."));
}

TEST_F(SubscriptionLogTest, ZeroPaddingIsCutOff) {
  Open();
  Subscribe("a");
  Close();
  const size_t size = Size("foo/subs.dat");
  AppendHex("foo/subs.dat", "000000000000000000000000");
  Open();
  EXPECT_EQ(Size("foo/subs.dat"), size);
  EXPECT_TRUE(Logged().empty());
  EXPECT_THAT(Recovered(), ElementsAre("1 a 0 { }"));
}

}  // namespace
}  // namespace atrest::store
