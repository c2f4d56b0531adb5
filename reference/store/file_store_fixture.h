// For tests: a file store over a file system in memory, with verbs for what happens to stores:
// opened, killed, closed, damaged. The directory is "d". Expectations that verbs rely on are
// CHECKs.
// Threads: none shared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/store/file_store.h"

namespace atrest::store {

class FileStoreFixture {
 protected:
  static constexpr int64_t kSecond = 1'000'000'000;
  static constexpr int64_t kStart = 1'700'000'000 * kSecond;

  // A new process opens the store and recovers; a store that was never used is initialised.
  // Whatever ran before is killed.
  Status TryOpen() {
    store_.reset();
    log_.Take();
    Result<std::unique_ptr<Store>> opened = FileStore::Open(env_, log_, "d", limits_, options_);
    ATREST_TRY(opened.status());
    store_ = std::move(opened).value();
    Result<std::optional<RecoveredState>> recovered = store_->Recover();
    ATREST_TRY(recovered.status());
    state_ = recovered.value().value_or(RecoveredState());
    return recovered.value() ? Status() : store_->Init(MakeServerInfo("test-cluster"));
  }
  void Open() { ATREST_CHECK(TryOpen().ok()); }
  // Why the store refuses to open; "" if it does not.
  std::string Refusal() { return TryOpen().message(); }
  void Kill() { store_.reset(); }
  // The machine stops. Of the server's own file, which is never synced, and of versions, the system
  // was quicker: without them no store opens again.
  void LoseWhatIsNotSynced() {
    const Bytes server = File("server.dat");
    store_.reset();
    files_.LoseUnsynced();
    SetFile("server.dat", server);
    for (const std::string directory : {"", "foo/"}) {
      const auto entries = files_.List("d/" + directory);
      for (const env::DirectoryEntry& entry : entries.value()) {
        const std::string name = directory + entry.name;
        if (!entry.is_directory && Size(name) == 0) SetFile(name, *FromHex("01000000"));
      }
    }
  }
  void Close() {
    ATREST_CHECK(store_->Close().ok());
    store_.reset();
  }

  Channel& In(const std::string& name) {
    Channel* channel = store_->FindChannel(name);
    return channel != nullptr ? *channel : *store_->CreateChannel(name).value();
  }
  MessageStore& Messages() { return *In("foo").messages; }
  SubscriptionStore& Subscriptions() { return *In("foo").subscriptions; }

  Status TryPut(uint64_t sequence, const std::string& data) {
    Message message;
    message.sequence = sequence;
    message.subject = "foo";
    if (!data.empty()) message.data = ToBytes(data);
    message.timestamp_ns = clock_.NowNs();
    return Messages().Store(std::move(message));
  }
  void Put(uint64_t sequence, const std::string& data) {
    ATREST_CHECK(TryPut(sequence, data).ok());
  }
  // The messages behind the last one up to LAST, with data of SIZE bytes, each flushed.
  void PutUpTo(uint64_t last, size_t size = 5) {
    for (uint64_t i = Messages().LastSequence() + 1; i <= last; ++i) {
      Put(i, std::string(size, 'x'));
      ATREST_CHECK(Messages().Flush().ok());
    }
  }
  // A second passes, and the background task runs: nothing is cached any more.
  void Pass(int64_t seconds = 1) {
    clock_.Advance(seconds * kSecond);
    store_->Tick();
  }

  // The payload, "(none)", or "error: ...".
  std::string Get(uint64_t sequence) {
    const Result<MessagePtr> found = Messages().Lookup(sequence);
    if (!found.ok()) return "error: " + found.status().message();
    return found.value() ? std::string(AsText(found.value()->payload())) : "(none)";
  }
  // "first..last count/bytes"
  std::string State() {
    const MessageCounts counts = Messages().Counts();
    return std::to_string(Messages().FirstSequence()) + ".." +
           std::to_string(Messages().LastSequence()) + " " + std::to_string(counts.count) + "/" +
           std::to_string(counts.bytes);
  }
  std::vector<std::string> Logged() {
    std::vector<std::string> texts;
    for (const LogBuffer::Line& line : log_.Take()) texts.push_back(line.text);
    return texts;
  }

  // Files are named from the store's directory on: "foo/msgs.1.dat".
  Bytes File(const std::string& name) {
    return env::ReadWhole(files_, "d/" + name, uint64_t{1} << 30).value();
  }
  std::string Hex(const std::string& name) { return ToHex(File(name)); }
  size_t Size(const std::string& name) { return File(name).size(); }
  bool Exists(const std::string& name) { return files_.Exists("d/" + name); }
  // "1: 1-3, 2: 4-5": what the index of each slice of channel foo holds, up to slice 30.
  std::string Slices() {
    std::string all;
    for (int i = 1; i <= 30; ++i) {
      const std::string name = "foo/msgs." + std::to_string(i) + ".idx";
      if (!Exists(name)) continue;
      const Bytes index = File(name);
      all += (all.empty() ? "" : ", ") + std::to_string(i) + ": ";
      if (index.size() < 36) continue;
      all += std::to_string(LoadLe64(&index[4])) + "-" +
             std::to_string(LoadLe64(&index[index.size() - 32]));
    }
    return all;
  }
  void SetFile(const std::string& name, ByteView bytes) {
    ATREST_CHECK(env::WriteWhole(files_, "d/" + name, bytes).ok());
  }
  void Remove(const std::string& name) { ATREST_CHECK(files_.Remove("d/" + name).ok()); }
  void CutBy(const std::string& name, size_t by) {
    Bytes bytes = File(name);
    bytes.resize(bytes.size() - by);
    SetFile(name, bytes);
  }
  void AppendHex(const std::string& name, const std::string& hex) {
    Bytes bytes = File(name);
    Append(bytes, *FromHex(hex));
    SetFile(name, bytes);
  }
  void Flip(const std::string& name, size_t at, uint8_t mask = 1) {
    Bytes bytes = File(name);
    bytes.at(at) ^= mask;
    SetFile(name, bytes);
  }
  // The names in foo's directory.
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto entries = files_.List("d/foo");
    ATREST_CHECK(entries.ok());
    for (const env::DirectoryEntry& entry : entries.value()) names.push_back(entry.name);
    return names;
  }

  env::MemFileSystem files_;
  env::FixedClock clock_{kStart};
  env::SeededEntropy entropy_{1};
  env::Env env_{files_, clock_, entropy_};
  LogBuffer log_;
  StoreLimits limits_;
  FileStoreOptions options_;
  std::unique_ptr<Store> store_;
  RecoveredState state_;
};

}  // namespace atrest::store
