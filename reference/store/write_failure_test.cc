// Writes that fail, and processes and machines that stop in the middle of one. Whatever happens, a
// message that was flushed is there after a restart, and the store opens again or says why not.
#include <gmock/gmock.h>

#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

using ::testing::AnyOf;

class WriteFailureTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  // Every write to PATH fails after BYTES of it.
  void FailWritesTo(const std::string& path, size_t bytes = 0) {
    files_.SetFaultHook([path, bytes](const env::Mutation& change) {
      const bool refused = change.kind == env::Mutation::Kind::kWrite && change.path == "d/" + path;
      return refused ? env::Fault::Fail(Status(Code::kIo, "write: no space left on device"), bytes)
                     : env::Fault();
    });
  }
  void Heal() { files_.SetFaultHook({}); }
};

TEST_F(WriteFailureTest, AFullDiskWithoutABuffer) {
  options_.buffer_size = 0;
  Open();
  PutUpTo(2);
  FailWritesTo("foo/msgs.1.dat", 10);
  EXPECT_EQ(TryPut(3, "c").message(), "write: no space left on device");
  EXPECT_EQ(State(), "1..2 2/128");
  Heal();
  // The piece that was written stays between the records: the real server does not remove it
  // either, and its offsets are wrong from here on until the files are opened again.
  EXPECT_TRUE(TryPut(3, "c").ok());
  Pass(2);
  EXPECT_THAT(Get(3), ::testing::StartsWith("error: "));
  EXPECT_EQ(Get(2), "xxxxx");
}

TEST_F(WriteFailureTest, AFullDiskInAFlushIsReportedFromThenOn) {
  Open();
  PutUpTo(2);
  Put(3, "c");
  FailWritesTo("foo/msgs.1.dat", 10);
  EXPECT_EQ(Messages().Flush().message(), "write: no space left on device");
  Heal();
  EXPECT_EQ(Messages().Flush().message(), "write: no space left on device");
  EXPECT_EQ(TryPut(4, "d").message(), "write: no space left on device");
  EXPECT_EQ(Get(3), "c") << "still in memory";
  Open();
  EXPECT_EQ(State(), "1..2 2/128") << "the index does not know of the torn record";
  PutUpTo(3);
  Open();
  EXPECT_EQ(Get(3), "xxxxx");
}

TEST_F(WriteFailureTest, AnIndexThatCannotBeWrittenIsNotTriedAgain) {
  Open();
  PutUpTo(2);
  Put(3, "c");
  FailWritesTo("foo/msgs.1.idx");
  EXPECT_FALSE(Messages().Flush().ok());
  Heal();
  EXPECT_TRUE(Messages().Flush().ok());
  Pass(2);
  EXPECT_EQ(Get(3), "(none)");
  Kill();
  Open();
  EXPECT_EQ(Messages().LastSequence(), 2u);
}

TEST_F(WriteFailureTest, ASliceThatCannotBeMade) {
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(2);
  FailWritesTo("foo/msgs.2.dat");
  EXPECT_FALSE(TryPut(3, "c").ok());
  EXPECT_EQ(State(), "1..2 2/128");
  Heal();
  // The empty file that is left has no version.
  EXPECT_EQ(TryPut(3, "c").message(), "unable to verify file version: EOF");
  Remove("foo/msgs.2.dat");
  Put(3, "c");
  EXPECT_EQ(Get(1), "xxxxx");
  EXPECT_EQ(Get(3), "c");
}

TEST_F(WriteFailureTest, ADirectoryThatIsGone) {
  options_.slice_max_messages = 1;
  Open();
  PutUpTo(1);
  ASSERT_TRUE(files_.RemoveAll("d/foo").ok());
  EXPECT_FALSE(TryPut(2, "b").ok());
  EXPECT_EQ(Messages().LastSequence(), 1u);
}

TEST_F(WriteFailureTest, SubscriptionsOnAFullDisk) {
  options_.buffer_size = 0;
  Open();
  SubscriptionState subscription;
  ASSERT_TRUE(Subscriptions().Create(subscription).ok());
  FailWritesTo("foo/subs.dat");
  EXPECT_FALSE(Subscriptions().AddPending(1, 1).ok());
  EXPECT_FALSE(Subscriptions().AckPending(1, 1).ok());
  EXPECT_FALSE(Subscriptions().Update(subscription).ok());
  SubscriptionState refused;
  EXPECT_FALSE(Subscriptions().Create(refused).ok());
  EXPECT_FALSE(Subscriptions().Delete(1).ok());
  Heal();
  ASSERT_TRUE(Subscriptions().Create(subscription).ok());
  EXPECT_EQ(subscription.id, 3u) << "the id of the refused one is used up";
}

// A life with every kind of write: slices, limits, expiry, subscriptions, clients, compactions.
// Counts what was acknowledged.
class CrashTest : public WriteFailureTest {
 protected:
  void SetUp() override {
    options_.slice_max_messages = 4;
    options_.compact_min_file_size = 0;
    options_.compact_interval_ns = 0;
    limits_.all.max_messages = 9;
  }
  void Live() {
    flushed_ = 0;
    if (!TryOpen().ok()) return;
    Result<Channel*> made = store_->CreateChannel("foo");
    if (!made.ok()) return;
    Channel& channel = *made.value();
    SubscriptionState subscription;
    (void)channel.subscriptions->Create(subscription);
    (void)store_->AddClient({.id = "c", .heartbeat_inbox = {}, .connection_id = {}});
    for (uint64_t i = 1; i <= 14 && !files_.stopped(); ++i) {
      (void)TryPut(i, std::string(3 * i, 'a'));
      (void)channel.subscriptions->AddPending(subscription.id, i);
      if (i % 2 == 0 && channel.messages->Flush().ok() && channel.messages->LastSequence() == i) {
        flushed_ = i;
      }
      (void)channel.subscriptions->AckPending(subscription.id, i);
      (void)channel.subscriptions->Flush();
    }
    (void)store_->DeleteClient("c");
    (void)store_->Close();
  }
  // The process or the machine stops at each change in turn, after some of its bytes.
  void StopAtEachChange(bool lose_unsynced) {
    bool stopped = true;
    for (size_t at = 0; stopped; ++at) {
      FaultAt(at);
      Live();
      stopped = files_.stopped();
      store_.reset();
      Heal();
      lose_unsynced ? files_.LoseUnsynced() : files_.Restart();
      CheckAfter(at);
      store_.reset();
      ASSERT_TRUE(files_.RemoveAll("d").ok());
      changes_ = at;
    }
  }
  void FaultAt(size_t at) {
    files_.SetFaultHook([at, seen = size_t{0}](const env::Mutation& change) mutable {
      return seen++ == at ? env::Fault::Stop(change.bytes.size() / 2) : env::Fault();
    });
  }
  void CheckAfter(size_t at) {
    const std::string refusal = Refusal();
    if (!refusal.empty()) {
      // A version or a record is cut, which the real server refuses too.
      EXPECT_THAT(refusal, AnyOf(::testing::EndsWith("EOF"),
                                 ::testing::HasSubstr("no server state recovered")))
          << "change " << at;
      ++refused_;
      return;
    }
    if (!state_.channels.contains("foo")) return;
    EXPECT_GE(Messages().LastSequence(), flushed_) << "change " << at;
    for (uint64_t i = Messages().FirstSequence(); i != 0 && i <= Messages().LastSequence(); ++i) {
      EXPECT_EQ(Get(i), std::string(3 * i, 'a')) << "change " << at;
    }
  }

  uint64_t flushed_ = 0;
  size_t changes_ = 0;
  size_t refused_ = 0;
};

TEST_F(CrashTest, TheProcessStopsAtEachChange) {
  StopAtEachChange(/*lose_unsynced=*/false);
  EXPECT_GT(changes_, 100u);
  EXPECT_LT(refused_, changes_);
}

TEST_F(CrashTest, TheMachineStopsAtEachChange) {
  StopAtEachChange(/*lose_unsynced=*/true);
  EXPECT_GT(changes_, 100u);
}

}  // namespace
}  // namespace atrest::store
