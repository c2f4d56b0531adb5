// The file store against what the real server wrote: it reads every stored byte sequence, and
// writes every file again, byte for byte.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/store/file_store_fixture.h"
#include "reference/store/golden_stores.h"
#include "reference/store/journal.h"
#include "reference/store/record.h"
#include "reference/store/record_format.h"

namespace atrest::store {
namespace {

const Crc32 kCrc(Crc32::kIeee);

nlohmann::json GoldenExpectation(const std::string& name) {
  const Bytes text = ReadFixture(std::string(kGoldenStores) + "/" + name + "/expect.json");
  return nlohmann::json::parse(text.begin(), text.end());
}

class GoldenStore : public ::testing::TestWithParam<std::string>, protected FileStoreFixture {
 protected:
  void SetUp() override { LoadGolden(GetParam(), files_); }

  // What a subscriber that starts at SEQUENCE gets first.
  static nlohmann::json FirstFrom(MessageStore& messages, uint64_t sequence) {
    const uint64_t first = std::max(sequence, messages.FirstSequence());
    for (uint64_t at = first; at <= messages.LastSequence(); ++at) {
      const Result<MessagePtr> found = messages.Lookup(at);
      EXPECT_TRUE(found.ok()) << found.status().message();
      if (!found.ok() || found.value() == nullptr) continue;
      if (at != sequence) return {{"instead", at}};
      return ToHex(found.value()->payload());
    }
    return nullptr;
  }
};

TEST_P(GoldenStore, HoldsWhatTheRealServerDelivers) {
  // The reads without encryption are the stored bytes; some stores were never opened so.
  const nlohmann::json expectation = GoldenExpectation(GetParam());
  size_t compared = 0;
  for (const nlohmann::json& open : expectation.at("opens")) {
    if (open.at("encrypt").get<bool>()) continue;
    Open();
    EXPECT_TRUE(Logged().empty());
    for (const auto& [channel, reads] : open.at("read").items()) {
      Channel* found = store_->FindChannel(channel);
      for (const auto& [sequence, expected] : reads.items()) {
        const nlohmann::json got = found == nullptr
                                       ? nlohmann::json()
                                       : FirstFrom(*found->messages, std::stoull(sequence));
        EXPECT_EQ(got, expected) << channel << ":" << sequence;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 0u);
}

TEST_P(GoldenStore, OpeningChangesNothing) {
  Open();
  Close();
  for (const std::string& file : GoldenFiles(GetParam())) {
    EXPECT_EQ(File(file), GoldenFile(GetParam(), file)) << file;
  }
}

// Decodes PAYLOAD of a record of FILE and encodes it again.
Bytes Reencode(const std::string& file, uint8_t type, ByteView payload) {
  Bytes to;
  if (file.ends_with(kServerFile)) {
    Encode(DecodeServerInfo(payload).value(), to);
  } else if (file.ends_with(kClientsFile)) {
    if (type == 1) {
      Encode(DecodeClientInfo(payload).value(), to);
    } else {
      EncodeClientDelete(DecodeClientDelete(payload).value(), to);
    }
  } else if (file.ends_with(kSubscriptionsFile)) {
    switch (static_cast<SubscriptionRecord>(type)) {
      case SubscriptionRecord::kNew:
      case SubscriptionRecord::kUpdate:
        Encode(DecodeSubscriptionState(payload).value(), to);
        break;
      case SubscriptionRecord::kDelete:
        Encode(DecodeSubscriptionDelete(payload).value(), to);
        break;
      case SubscriptionRecord::kAck:
      case SubscriptionRecord::kPending:
        Encode(DecodeSubscriptionUpdate(payload).value(), to);
        break;
    }
  } else {
    wire::Encode(wire::DecodeMessage(payload).value(), to);
  }
  return to;
}

Bytes RebuildIndex(const Bytes& index) {
  Bytes rebuilt = *FromHex("01000000");
  EXPECT_EQ(index.size() % kIndexRecordSize, kFirstOffset);
  for (size_t at = kFirstOffset; at + kIndexRecordSize <= index.size(); at += kIndexRecordSize) {
    AppendIndexRecord(ParseIndexRecord(&index[at], kCrc, true).value().value(), kCrc, rebuilt);
  }
  return rebuilt;
}

Bytes RebuildRecords(const std::string& name, const env::File& file) {
  const bool typed = name.ends_with(kClientsFile) || name.ends_with(kSubscriptionsFile);
  RecordReader reader(file, typed ? Framing::kTyped : Framing::kUntyped, kCrc, true, kFirstOffset);
  Bytes rebuilt = *FromHex("01000000");
  while (reader.Next()) {
    const Bytes payload = Reencode(name, reader.type(), reader.payload());
    if (typed) {
      EXPECT_TRUE(AppendTypedRecord(reader.type(), payload, kCrc, rebuilt).ok());
    } else {
      AppendRecord(payload, kCrc, rebuilt);
    }
  }
  EXPECT_EQ(reader.stop(), ReadStop::kEnd) << reader.status().message();
  return rebuilt;
}

TEST_P(GoldenStore, EveryRecordIsWrittenAsItWas) {
  for (const std::string& name : GoldenFiles(GetParam())) {
    const Bytes golden = GoldenFile(GetParam(), name);
    const auto file = files_.Open("d/" + name, env::FileSystem::Mode::kRead);
    const Bytes rebuilt =
        name.ends_with(kIndexSuffix) ? RebuildIndex(golden) : RebuildRecords(name, *file.value());
    EXPECT_EQ(rebuilt, golden) << name;
  }
}

// A fresh store, fed with the messages of a golden one.
class Refed {
 public:
  Refed(env::Env env, LogBuffer& log, const StoreLimits& limits, const FileStoreOptions& options) {
    store_ = std::move(FileStore::Open(env, log, "fresh", limits, options)).value();
    ATREST_CHECK(!store_->Recover().value());
    ATREST_CHECK(store_->Init(MakeServerInfo("test-cluster")).ok());
  }
  // Messages that the golden store has removed are gone: fillers take their place, which must be
  // removed here too.
  void Feed(const std::string& channel, MessageStore& source) {
    MessageStore& target = *store_->CreateChannel(channel).value()->messages;
    for (uint64_t at = 1; at <= source.LastSequence(); ++at) {
      const MessagePtr message = source.Lookup(at).value();
      Message filler;
      filler.sequence = at;
      ATREST_CHECK(target.Store(message == nullptr ? filler : *message).ok());
      if (at % 3 == 0) ATREST_CHECK(target.Flush().ok());
    }
  }
  void Close() { ATREST_CHECK(store_->Close().ok()); }

 private:
  std::unique_ptr<Store> store_;
};

TEST_P(GoldenStore, AFreshStoreWritesTheSameMessageFiles) {
  Open();
  // As fixtures/stores/plans.json says of the one store that was written with other options.
  if (GetParam() == "slices-and-limits") {
    limits_.all.max_messages = 10;
    options_.slice_max_messages = 4;
  }
  Refed refed(env_, log_, limits_, options_);
  for (const auto& [channel, recovered] : state_.channels) {
    refed.Feed(channel, *recovered.channel->messages);
  }
  refed.Close();
  for (const std::string& file : GoldenFiles(GetParam())) {
    const bool comparable = file.find("msgs.") != std::string::npos || file == kServerFile;
    if (!comparable) continue;
    ASSERT_TRUE(files_.Exists("fresh/" + file)) << file;
    EXPECT_EQ(env::ReadWhole(files_, "fresh/" + file, 1 << 30).value(),
              GoldenFile(GetParam(), file))
        << file;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenStore, ::testing::ValuesIn(GoldenNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace atrest::store
