// Which files a store holds open, and which of what it wrote is durable at which moment.
#include <gmock/gmock.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Knows the paths of the files that are open.
class WatchingFileSystem : public env::FileSystem {
 public:
  explicit WatchingFileSystem(env::FileSystem& below) : below_(below) {}

  Result<std::unique_ptr<env::File>> Open(const std::string& path, Mode mode) override {
    Result<std::unique_ptr<env::File>> opened = below_.Open(path, mode);
    if (!opened.ok()) return opened.status();
    return std::unique_ptr<env::File>(
        std::make_unique<Watched>(std::move(opened).value(), open_, path));
  }
  Result<std::unique_ptr<env::File>> CreateTemporary(const std::string& directory,
                                                     const std::string& prefix,
                                                     std::string* path) override {
    return below_.CreateTemporary(directory, prefix, path);
  }
  Result<std::vector<env::DirectoryEntry>> List(const std::string& directory) override {
    return below_.List(directory);
  }
  bool Exists(const std::string& path) override { return below_.Exists(path); }
  Status MakeDirectories(const std::string& directory) override {
    return below_.MakeDirectories(directory);
  }
  Status Remove(const std::string& path) override { return below_.Remove(path); }
  Status RemoveAll(const std::string& path) override { return below_.RemoveAll(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    return below_.Rename(from, to);
  }
  Status SyncDirectory(const std::string& directory) override {
    return below_.SyncDirectory(directory);
  }

  const std::multiset<std::string>& open() const { return open_; }

 private:
  class Watched : public env::File {
   public:
    Watched(std::unique_ptr<env::File> below, std::multiset<std::string>& open,
            const std::string& path)
        : below_(std::move(below)), open_(open), path_(path) {
      open_.insert(path_);
    }
    ~Watched() override { open_.erase(open_.find(path_)); }
    Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const override {
      return below_->ReadAt(offset, into);
    }
    Status WriteAt(uint64_t offset, ByteView bytes) override {
      return below_->WriteAt(offset, bytes);
    }
    Status Append(ByteView bytes) override { return below_->Append(bytes); }
    Status Truncate(uint64_t size) override { return below_->Truncate(size); }
    Status Sync() override { return below_->Sync(); }
    Result<bool> TryLock() override { return below_->TryLock(); }
    Result<uint64_t> Size() const override { return below_->Size(); }

   private:
    std::unique_ptr<env::File> below_;
    std::multiset<std::string>& open_;
    std::string path_;
  };

  env::FileSystem& below_;
  std::multiset<std::string> open_;
};

class OpenFilesTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  // The store goes before the file system that watches it.
  ~OpenFilesTest() override { store_.reset(); }
  void OpenWatched() {
    store_.reset();
    store_ = std::move(FileStore::Open(watched_env_, log_, "d", limits_, options_)).value();
    ATREST_CHECK(store_->Recover().ok());
  }
  // Of channel foo, without "d/foo/".
  std::vector<std::string> OpenOfFoo() const {
    std::vector<std::string> names;
    for (const std::string& path : watching_.open()) {
      if (path.starts_with("d/foo/")) names.push_back(path.substr(6));
    }
    return names;
  }

  WatchingFileSystem watching_{files_};
  env::Env watched_env_{watching_, clock_, entropy_};
};

TEST_F(OpenFilesTest, AfterARecoveryNoneOfAChannel) {
  options_.slice_max_messages = 2;
  Open();
  PutUpTo(5);
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  Close();
  OpenWatched();
  EXPECT_THAT(watching_.open(), ElementsAre("d/clients.dat", "d/server.dat"));
  ASSERT_TRUE(store_->Close().ok());
  EXPECT_THAT(watching_.open(), IsEmpty());
}

TEST_F(OpenFilesTest, TheSliceThatIsWrittenAndOneThatIsRead) {
  options_.slice_max_messages = 2;
  options_.read_buffer_size = 0;
  Open();
  PutUpTo(7);
  Close();
  OpenWatched();
  PutUpTo(8);
  EXPECT_THAT(OpenOfFoo(), ElementsAre("msgs.4.dat", "msgs.4.idx"));
  PutUpTo(9);
  EXPECT_THAT(OpenOfFoo(), ElementsAre("msgs.5.dat", "msgs.5.idx")) << "the full one is closed";
  EXPECT_EQ(Get(1), "xxxxx");
  EXPECT_THAT(OpenOfFoo(), ElementsAre("msgs.1.dat", "msgs.1.idx", "msgs.5.dat", "msgs.5.idx"));
  EXPECT_EQ(Get(3), "xxxxx");
  EXPECT_THAT(OpenOfFoo(), ElementsAre("msgs.2.dat", "msgs.2.idx", "msgs.5.dat", "msgs.5.idx"));
  Pass();
  EXPECT_THAT(OpenOfFoo(), ElementsAre("msgs.2.dat", "msgs.2.idx", "msgs.5.dat", "msgs.5.idx"))
      << "it was used since the last second began";
  Pass();
  EXPECT_THAT(OpenOfFoo(), ElementsAre("msgs.5.dat", "msgs.5.idx"));
  EXPECT_EQ(Get(3), "xxxxx");
  EXPECT_EQ(Messages().SequenceFromTimestamp(kStart - 1).value(), 1u);
  ASSERT_TRUE(store_->Close().ok());
  EXPECT_THAT(watching_.open(), IsEmpty());
}

TEST_F(OpenFilesTest, OfSubscriptionsOnceTheyAreWritten) {
  Open();
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  Close();
  OpenWatched();
  EXPECT_THAT(OpenOfFoo(), IsEmpty());
  ASSERT_TRUE(Subscriptions().Flush().ok());
  EXPECT_THAT(OpenOfFoo(), IsEmpty()) << "there is nothing to flush";
  ASSERT_TRUE(Subscriptions().AddPending(1, 1).ok());
  EXPECT_THAT(OpenOfFoo(), ElementsAre("subs.dat"));
}

TEST_F(OpenFilesTest, OfASliceThatIsRemoved) {
  options_.slice_max_messages = 2;
  limits_.all.max_messages = 3;
  OpenWatched();
  ASSERT_TRUE(store_->Init(MakeServerInfo("c")).ok());
  PutUpTo(4);
  EXPECT_EQ(Get(2), "xxxxx");
  PutUpTo(5);
  Pass();
  EXPECT_EQ(Get(3), "xxxxx");
  PutUpTo(6);
  EXPECT_THAT(OpenOfFoo(),
              ElementsAre("msgs.2.dat", "msgs.2.idx", "msgs.3.dat", "msgs.3.idx", "subs.dat"));
  PutUpTo(7);
  Pass(2);
  EXPECT_EQ(Get(5), "xxxxx");
}

TEST_F(OpenFilesTest, AChannelThatIsDeletedOrEmptied) {
  OpenWatched();
  ASSERT_TRUE(store_->Init(MakeServerInfo("c")).ok());
  PutUpTo(3);
  ASSERT_TRUE(Messages().Empty().ok());
  EXPECT_THAT(OpenOfFoo(), ElementsAre("subs.dat"));
  PutUpTo(2);
  ASSERT_TRUE(store_->DeleteChannel("foo").ok());
  EXPECT_THAT(OpenOfFoo(), IsEmpty());
}

class DurabilityTest : public ::testing::Test, protected FileStoreFixture {
 protected:
  // What is left after the machine stops.
  std::string Crash() {
    LoseWhatIsNotSynced();
    Open();
    return State();
  }
};

TEST_F(DurabilityTest, AFullSliceIsSyncedUnflushed) {
  options_.slice_max_messages = 2;
  Open();
  for (uint64_t i = 1; i <= 5; ++i) Put(i, "xxxxx");
  EXPECT_EQ(Crash().substr(0, 4), "1..4");
}

TEST_F(DurabilityTest, AndItIsNotWithoutSync) {
  options_.slice_max_messages = 2;
  options_.sync = false;
  Open();
  for (uint64_t i = 1; i <= 5; ++i) Put(i, "xxxxx");
  store_.reset();
  files_.LoseUnsynced();
  EXPECT_TRUE(File("foo/msgs.1.dat").empty());
  EXPECT_TRUE(File("foo/msgs.1.idx").empty());
}

TEST_F(DurabilityTest, ClosingSyncsWhateverTheOptions) {
  options_.sync = false;
  Open();
  Put(1, "a");
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  Close();
  EXPECT_EQ(Crash().substr(0, 4), "1..1");
  EXPECT_EQ(state_.channels.at("foo").subscriptions.size(), 1u);
}

TEST_F(DurabilityTest, ClosingSyncsWhatWasOnlyFlushed) {
  options_.sync = false;
  Open();
  PutUpTo(2);
  Close();
  EXPECT_EQ(Crash().substr(0, 4), "1..2");
}

TEST_F(DurabilityTest, FlushedSubscriptionsAreSynced) {
  Open();
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  ASSERT_TRUE(Subscriptions().Flush().ok());
  Crash();
  EXPECT_EQ(state_.channels.at("foo").subscriptions.size(), 1u);
}

TEST_F(DurabilityTest, WithoutSyncSubscriptionsAreSyncedByTheClock) {
  options_.sync = false;
  for (const bool waits : {false, true}) {
    Open();
    SubscriptionState one;
    ASSERT_TRUE(Subscriptions().Create(one).ok());
    if (!waits) {
      ASSERT_TRUE(Subscriptions().Flush().ok());
    }
    Pass(waits ? 60 : 59);
    store_.reset();
    files_.LoseUnsynced();
    EXPECT_EQ(Size("foo/subs.dat") > 4, waits);
    ASSERT_TRUE(files_.RemoveAll("d").ok());
  }
}

TEST_F(DurabilityTest, EachSyncIsMadeOnce) {
  Open();
  PutUpTo(2);
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  ASSERT_TRUE(Subscriptions().Flush().ok());
  int syncs = 0;
  files_.SetFaultHook([&](const env::Mutation& change) {
    syncs += change.kind == env::Mutation::Kind::kSync;
    return env::Fault();
  });
  ASSERT_TRUE(Messages().Flush().ok());
  ASSERT_TRUE(Subscriptions().Flush().ok());
  Pass(60);
  EXPECT_EQ(syncs, 0) << "nothing was written since";
  Put(3, "c");
  Pass(60);
  EXPECT_EQ(syncs, 2) << "the message and its index";
  Pass(60);
  EXPECT_EQ(syncs, 2);
  ASSERT_TRUE(Subscriptions().AddPending(1, 1).ok());
  Pass(59);
  EXPECT_EQ(syncs, 2);
  Pass(1);
  EXPECT_EQ(syncs, 3);
  files_.SetFaultHook({});
}

TEST_F(DurabilityTest, NeverByTheClockIfThatIsOff) {
  options_.auto_sync_ns = 0;
  Open();
  Put(1, "a");
  SubscriptionState one;
  ASSERT_TRUE(Subscriptions().Create(one).ok());
  Pass(1000);
  EXPECT_EQ(Size("foo/msgs.1.dat"), 4u);
  EXPECT_EQ(Size("foo/subs.dat"), 4u);
}

TEST_F(DurabilityTest, ASubscriptionBufferGrowsAndShrinks) {
  options_.auto_sync_ns = 0;
  Open();
  // 12 bytes each: 10 of them in 128, then 21 in 256.
  for (uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(Subscriptions().AddPending(1, i).ok());
  EXPECT_EQ(Size("foo/subs.dat"), 4u);
  ASSERT_TRUE(Subscriptions().AddPending(1, 11).ok());
  EXPECT_EQ(Size("foo/subs.dat"), 4u + 120);
  Pass(5);
  Pass(4);
  EXPECT_EQ(Size("foo/subs.dat"), 4u + 120);
  Pass(1);
  EXPECT_EQ(Size("foo/subs.dat"), 4u + 132) << "half empty twice: halved, and flushed";
  for (uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(Subscriptions().AddPending(1, i).ok());
  EXPECT_EQ(Size("foo/subs.dat"), 4u + 132);
  ASSERT_TRUE(Subscriptions().AddPending(1, 11).ok());
  EXPECT_EQ(Size("foo/subs.dat"), 4u + 252);
}

}  // namespace
}  // namespace atrest::store
