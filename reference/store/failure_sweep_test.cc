// Whatever the operating system refuses once, at whatever moment: either somebody is told, by an
// outcome or a line in the log, or everything goes on as if it had not been refused, also behind
// a crash of the machine.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "reference/store/file_store_fixture.h"

namespace atrest::store {
namespace {

constexpr char kRefusal[] = "refused by the test";

// Refuses the N-th operation, of any kind but removals: what cannot be removed stays, unreported,
// as with the real server.
class RefusingFileSystem : public env::FileSystem {
 public:
  explicit RefusingFileSystem(env::FileSystem& below) : below_(below) {}

  void Refuse(uint64_t n) { left_ = n; }
  bool has_refused() const { return left_ == 0; }
  Status Ask() {
    const bool refused = left_ > 0 && --left_ == 0;
    return refused ? Status(Code::kIo, kRefusal) : Status();
  }

  Result<std::unique_ptr<env::File>> Open(const std::string& path, Mode mode) override;
  Result<std::unique_ptr<env::File>> CreateTemporary(const std::string& directory,
                                                     const std::string& prefix,
                                                     std::string* path) override;
  Result<std::vector<env::DirectoryEntry>> List(const std::string& directory) override {
    ATREST_TRY(Ask());
    return below_.List(directory);
  }
  bool Exists(const std::string& path) override { return below_.Exists(path); }
  Status MakeDirectories(const std::string& directory) override {
    ATREST_TRY(Ask());
    return below_.MakeDirectories(directory);
  }
  Status Remove(const std::string& path) override { return below_.Remove(path); }
  Status RemoveAll(const std::string& path) override {
    ATREST_TRY(Ask());
    return below_.RemoveAll(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    ATREST_TRY(Ask());
    return below_.Rename(from, to);
  }
  Status SyncDirectory(const std::string& directory) override {
    ATREST_TRY(Ask());
    return below_.SyncDirectory(directory);
  }

 private:
  env::FileSystem& below_;
  uint64_t left_ = 0;
};

class RefusingFile : public env::File {
 public:
  RefusingFile(std::unique_ptr<env::File> below, RefusingFileSystem& files)
      : below_(std::move(below)), files_(files) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const override {
    ATREST_TRY(files_.Ask());
    return below_->ReadAt(offset, into);
  }
  Status WriteAt(uint64_t offset, ByteView bytes) override {
    ATREST_TRY(files_.Ask());
    return below_->WriteAt(offset, bytes);
  }
  Status Append(ByteView bytes) override {
    ATREST_TRY(files_.Ask());
    return below_->Append(bytes);
  }
  Status Truncate(uint64_t size) override {
    ATREST_TRY(files_.Ask());
    return below_->Truncate(size);
  }
  Status Sync() override {
    ATREST_TRY(files_.Ask());
    return below_->Sync();
  }
  Result<bool> TryLock() override { return below_->TryLock(); }
  Result<uint64_t> Size() const override {
    ATREST_TRY(files_.Ask());
    return below_->Size();
  }

 private:
  std::unique_ptr<env::File> below_;
  RefusingFileSystem& files_;
};

Result<std::unique_ptr<env::File>> Wrap(Result<std::unique_ptr<env::File>> opened,
                                        RefusingFileSystem& files) {
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<env::File>(
      std::make_unique<RefusingFile>(std::move(opened).value(), files));
}

Result<std::unique_ptr<env::File>> RefusingFileSystem::Open(const std::string& path, Mode mode) {
  ATREST_TRY(Ask());
  return Wrap(below_.Open(path, mode), *this);
}

Result<std::unique_ptr<env::File>> RefusingFileSystem::CreateTemporary(const std::string& directory,
                                                                       const std::string& prefix,
                                                                       std::string* path) {
  ATREST_TRY(Ask());
  return Wrap(below_.CreateTemporary(directory, prefix, path), *this);
}

struct Options {
  size_t buffer_size;
  size_t read_buffer_size;
  uint64_t slice_max_messages;
};

class FailureSweepTest : public ::testing::TestWithParam<Options> {
 protected:
  // One life of a store, told line by line, with the N-th operation refused; 0: none is.
  std::string Live(uint64_t n) {
    story_.clear();
    told_ = false;
    env::MemFileSystem disk;
    RefusingFileSystem files(disk);
    env::FixedClock clock(kStart);
    env::SeededEntropy entropy(1);
    LogBuffer log;
    const env::Env env{files, clock, entropy};
    files.Refuse(n);
    Write(env, clock, log);
    disk.LoseUnsynced();
    Read(env, clock, log);
    refused_ = n == 0 || files.has_refused();
    for (const LogBuffer::Line& line : log.Take()) told_ = told_ || Tells(line.text);
    return story_;
  }
  bool told() const { return told_; }
  bool refused() const { return refused_; }

 private:
  static constexpr int64_t kSecond = 1'000'000'000;
  static constexpr int64_t kStart = 1'700'000'000 * kSecond;

  static bool Tells(const std::string& text) { return text.find(kRefusal) != std::string::npos; }
  void Tell(const std::string& what, const Status& status) {
    story_ += what + ": " + (status.ok() ? "ok" : status.message()) + "\n";
    told_ = told_ || Tells(status.message());
  }
  std::unique_ptr<Store> Open(const env::Env& env, LogBuffer& log) {
    FileStoreOptions options;
    options.buffer_size = GetParam().buffer_size;
    options.read_buffer_size = GetParam().read_buffer_size;
    options.slice_max_messages = GetParam().slice_max_messages;
    options.compact_min_file_size = 0;
    options.compact_interval_ns = 0;
    StoreLimits limits;
    limits.all.max_messages = 12;
    limits.all.max_age_ns = 1000 * kSecond;
    Result<std::unique_ptr<Store>> opened = FileStore::Open(env, log, "d", limits, options);
    Tell("open", opened.status());
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  void Put(Channel& channel, uint64_t sequence, env::FixedClock& clock) {
    Message message;
    message.sequence = sequence;
    message.subject = "foo";
    message.data = Bytes(100, static_cast<uint8_t>(sequence));
    message.timestamp_ns = clock.NowNs();
    clock.Advance(kSecond);
    Tell("store " + std::to_string(sequence), channel.messages->Store(std::move(message)));
  }
  void LookUp(MessageStore& messages) {
    for (uint64_t i = 1; i <= 24; ++i) {
      const Result<MessagePtr> found = messages.Lookup(i);
      Tell("look up " + std::to_string(i), found.status());
      if (found.ok() && found.value() != nullptr) story_ += ToHex(found.value()->payload()) + "\n";
    }
    for (const int64_t seconds : {1, 9, 11, 13, 18, 40}) {
      const Result<uint64_t> found = messages.SequenceFromTimestamp(kStart + seconds * kSecond);
      Tell("sequence at " + std::to_string(seconds), found.status());
      if (found.ok()) story_ += std::to_string(found.value()) + "\n";
    }
    story_ += std::to_string(messages.FirstSequence()) + ".." +
              std::to_string(messages.LastSequence()) + " " +
              std::to_string(messages.Counts().count) + "\n";
  }
  void Write(const env::Env& env, env::FixedClock& clock, LogBuffer& log) {
    const std::unique_ptr<Store> store = Open(env, log);
    if (store == nullptr) return;
    Tell("recover", store->Recover().status());
    Tell("init", store->Init(MakeServerInfo("cluster")));
    const Result<Channel*> made = store->CreateChannel("foo");
    Tell("create", made.status());
    if (!made.ok()) return;
    Channel& channel = *made.value();
    SubscriptionState one;
    SubscriptionState two;
    Tell("subscribe", channel.subscriptions->Create(one));
    Tell("subscribe", channel.subscriptions->Create(two));
    Tell("client", store->AddClient({.id = "a", .heartbeat_inbox = {}, .connection_id = {}}));
    Tell("client", store->AddClient({.id = "b", .heartbeat_inbox = {}, .connection_id = {}}));
    for (const uint64_t i : {1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15}) {
      Put(channel, i, clock);
      Tell("pending", channel.subscriptions->AddPending(one.id, i));
      if (i % 2 == 0) Tell("flush", channel.messages->Flush());
      if (i % 4 == 0) Tell("flush", channel.subscriptions->Flush());
      store->Tick();
    }
    Tell("flush", channel.messages->Flush());
    LookUp(*channel.messages);
    for (uint64_t i = 1; i <= 9; ++i) Tell("ack", channel.subscriptions->AckPending(one.id, i));
    Tell("update", channel.subscriptions->Update(two));
    Tell("unsubscribe", channel.subscriptions->Delete(one.id));
    Tell("bye", store->DeleteClient("a"));
    Tell("flush", channel.subscriptions->Flush());
    clock.Advance(kSecond);
    store->Tick();
    store->Tick();
    Put(channel, 16, clock);
    Tell("close", store->Close());
  }
  void Read(const env::Env& env, env::FixedClock& clock, LogBuffer& log) {
    const std::unique_ptr<Store> store = Open(env, log);
    if (store == nullptr) return;
    Result<std::optional<RecoveredState>> recovered = store->Recover();
    Tell("recover", recovered.status());
    if (!recovered.ok() || !recovered.value()) return;
    const RecoveredState& state = *recovered.value();
    for (const ClientInfo& client : state.clients) story_ += "client " + client.id + "\n";
    for (const auto& [name, found] : state.channels) {
      for (const RecoveredSubscription& subscription : found.subscriptions) {
        story_ += "subscription " + std::to_string(subscription.state.id);
        for (const uint64_t sequence : subscription.pending)
          story_ += " " + std::to_string(sequence);
        story_ += "\n";
      }
      LookUp(*found.channel->messages);
      Put(*found.channel, 17, clock);
      Tell("flush", found.channel->messages->Flush());
      clock.Advance(1200 * kSecond);
      store->Tick();
      store->Tick();
      LookUp(*found.channel->messages);
    }
    if (store->FindChannel("foo") != nullptr) Tell("delete", store->DeleteChannel("foo"));
    Tell("close", store->Close());
  }

  std::string story_;
  bool told_ = false;
  bool refused_ = false;
};

TEST_P(FailureSweepTest, IsToldOrHasNoConsequence) {
  const std::string whole = Live(0);
  ASSERT_EQ(whole.find("refused"), std::string::npos);
  uint64_t n = 1;
  for (;; ++n) {
    const std::string story = Live(n);
    if (!refused()) break;
    EXPECT_TRUE(told() || story == whole) << "operation " << n << "\n" << story;
  }
  EXPECT_GT(n, 150u);
}

INSTANTIATE_TEST_SUITE_P(All, FailureSweepTest,
                         ::testing::Values(Options{2 << 20, 2 << 20, 4}, Options{0, 0, 4},
                                           Options{2 << 20, 0, 0}, Options{600, 300, 5}));

}  // namespace
}  // namespace atrest::store
