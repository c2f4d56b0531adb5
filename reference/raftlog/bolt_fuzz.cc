// A small bolt file with arbitrary changes: opening, reading, writing and deleting end with results
// or errors, in bounded time. The input is a list of changes of four bytes: where and what, each
// u16 little-endian. Behind the end of the file "where" chooses a field of the newest meta, which
// is then written with a right checksum, so that a fuzzer gets past it.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/raftlog/raft_log.h"

namespace atrest::raftlog {
namespace {

constexpr char kPath[] = "raft.log";
constexpr uint32_t kPageSize = 1024;
constexpr size_t kChangesMax = 64;

// Branch, leaf and overflow pages, an inline bucket, and free pages.
Bytes MakeFile() {
  env::MemFileSystem files;
  BoltOptions options;
  options.page_size = kPageSize;
  auto db = BoltDb::Open(files, kPath, options).value();
  const auto put = [&](std::string_view bucket, const std::string& key, size_t size) {
    auto transaction = std::move(db->Begin()).value();
    ATREST_CHECK(transaction.CreateBucketIfNotExists(bucket).ok());
    ATREST_CHECK(transaction.Put(bucket, key, Bytes(size, 0x42)).ok());
    ATREST_CHECK(transaction.Commit().ok());
  };
  put(kConfBucket, "CurrentTerm", 8);
  put(kChannelsBucket, "foo", 8);
  for (char i = 1; i < 24; ++i) put(kLogsBucket, std::string(7, '\0') + i, i == 9 ? 2500 : 100);
  Bytes file = env::ReadWhole(files, kPath, 1 << 20).value();
  file.resize(static_cast<size_t>(db->pager().meta().high_water) * kPageSize);
  return file;
}

void ChangeMeta(Bytes& file, uint16_t field, uint16_t value) {
  Meta meta[2];
  for (size_t i = 0; i < 2; ++i) {
    const auto read = DecodeMeta(ByteView(file).subspan(i * kPageSize, kPageSize));
    if (!read.ok()) return;
    meta[i] = read.value();
  }
  Meta& newest = meta[meta[0].transaction < meta[1].transaction ? 1 : 0];
  switch (field % 4) {
    case 0:
      newest.root = value;
      break;
    case 1:
      newest.freelist = value;
      break;
    case 2:
      newest.high_water = value;
      break;
    default:
      newest.page_size = value;
  }
  const std::span<uint8_t> page =
      std::span(file).subspan(newest.transaction % 2 * kPageSize, kPageSize);
  std::ranges::fill(page, uint8_t{0});
  EncodeMeta(newest, page);
}

void Use(RaftLog& raft) {
  const auto last = raft.LastIndex();
  (void)raft.FirstIndex();
  (void)raft.GetUint64(kCurrentTerm);
  (void)raft.GetChannelId("foo");
  for (uint64_t i = 0; i < 30; ++i) (void)raft.GetLog(i);
  const uint64_t next = last.ok() ? last.value() + 1 : 1;
  const LogEntry entry{next, 3, LogType::kCommand, Bytes(700), {}, {}};
  if (!raft.StoreLogs({&entry, 1}).ok()) return;
  (void)raft.DeleteRange(3, 12);
  (void)raft.SetUint64(kCurrentTerm, 9);
}

void Run(ByteView changes) {
  static const Bytes kFile = MakeFile();
  Bytes file = kFile;
  for (size_t i = 0; i + 4 <= changes.size() && i < 4 * kChangesMax; i += 4) {
    const auto where = static_cast<uint16_t>(changes[i] | changes[i + 1] << 8);
    const auto what = static_cast<uint16_t>(changes[i + 2] | changes[i + 3] << 8);
    if (where + 1u < file.size()) {
      file[where] = changes[i + 2];
      file[where + 1u] = changes[i + 3];
    } else {
      ChangeMeta(file, where, what);
    }
  }
  env::MemFileSystem files;
  ATREST_CHECK(env::WriteWhole(files, kPath, file).ok());
  env::FixedClock clock;
  env::SeededEntropy entropy(1);
  LogBuffer log;
  for (int start = 0; start < 2; ++start) {
    auto raft = RaftLog::Open({files, clock, entropy}, log, kPath, {});
    ATREST_CHECK(raft.ok() == raft.status().message().empty());
    if (raft.ok()) Use(*raft.value());
  }
}

}  // namespace
}  // namespace atrest::raftlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  atrest::raftlog::Run({data, size});
  return 0;
}
