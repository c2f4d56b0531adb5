// The same transactions leave the same file, byte for byte, that bbolt leaves: pages are split,
// joined, placed and freed by the same rules.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/env/mem_file_system.h"
#include "reference/raftlog/bolt_db.h"
#include "reference/raftlog/crc64.h"
#include "reference/raftlog/golden_cluster.h"
#include "reference/raftlog/raft_log.h"

namespace atrest::raftlog {
namespace {

using nlohmann::json;

constexpr char kPath[] = "raft.log";

std::string Key(uint64_t index) {
  Bytes key(8);
  StoreBe64(key.data(), index);
  return std::string(AsText(key));
}

class BoltVectorsTest : public ::testing::Test {
 protected:
  void Commit(const std::function<Status(BoltTransaction&)>& change) {
    auto transaction = std::move(db_->Begin()).value();
    ASSERT_TRUE(change(transaction).ok());
    ASSERT_TRUE(transaction.Commit().ok());
  }

  void Open() {
    db_.reset();
    db_ = BoltDb::Open(files_, kPath, options_).value();
    Commit([](BoltTransaction& transaction) {
      for (const std::string_view bucket : {kConfBucket, kLogsBucket, kChannelsBucket}) {
        ATREST_TRY(transaction.CreateBucketIfNotExists(bucket));
      }
      return Status();
    });
  }

  void Put(uint64_t first, uint64_t count, size_t size) {
    Commit([&](BoltTransaction& transaction) {
      for (uint64_t i = first; i < first + count; ++i) {
        ATREST_TRY(
            transaction.Put(kLogsBucket, Key(i), Bytes(size, static_cast<uint8_t>(i + size))));
      }
      return Status();
    });
  }

  void Delete(uint64_t first, uint64_t last) {
    Commit([&](BoltTransaction& transaction) {
      for (uint64_t i = first; i <= last; ++i) {
        ATREST_TRY(transaction.Delete(kLogsBucket, Key(i)));
      }
      return Status();
    });
  }

  void Do(const std::string& operation, const json& arguments) {
    if (operation == "reopen") {
      Open();
    } else if (operation == "put") {
      Put(arguments.at(0), arguments.at(1), arguments.at(2));
    } else if (operation == "delete") {
      Delete(arguments.at(0), arguments.at(1));
    } else {
      ASSERT_EQ(operation, "conf");
      const size_t size = arguments.at(1);
      Commit([&](BoltTransaction& transaction) {
        return transaction.Put(kConfBucket, arguments.at(0).get<std::string>(),
                               Bytes(size, static_cast<uint8_t>(size)));
      });
    }
  }

  env::MemFileSystem files_;
  BoltOptions options_;
  std::unique_ptr<BoltDb> db_;
};

TEST_F(BoltVectorsTest, FilesAreThoseOfBbolt) {
  const Bytes text = ReadGolden("fixtures/vectors/bolt_files.json");
  const json cases = json::parse(text.begin(), text.end()).at("cases");
  EXPECT_EQ(cases.size(), 5u);
  for (const json& item : cases) {
    SCOPED_TRACE(item.at("name"));
    db_.reset();
    ASSERT_TRUE(files_.RemoveAll(kPath).ok());
    options_.store_freelist = item.at("store_freelist");
    Open();
    for (const json& step : item.at("steps")) {
      for (const auto& [operation, arguments] : step.items()) Do(operation, arguments);
    }
    db_.reset();
    const Bytes file = env::ReadWhole(files_, kPath, uint64_t{1} << 30).value();
    Bytes crc(8);
    StoreBe64(crc.data(), Crc64(file));
    EXPECT_EQ(file.size(), item.at("size").get<size_t>());
    EXPECT_EQ(ToHex(crc), item.at("crc64").get<std::string>());
  }
}

}  // namespace
}  // namespace atrest::raftlog
