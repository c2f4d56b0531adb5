#include "reference/raftlog/snapshot_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "reference/base/fault.h"
#include "reference/raftlog/crc64.h"

namespace atrest::raftlog {
namespace {

constexpr char kMetaFile[] = "meta.json";
constexpr char kStateFile[] = "state.bin";
constexpr char kTemporarySuffix[] = ".tmp";
constexpr char kPermissionTest[] = "permTest";
constexpr int64_t kVersionMax = 1;
constexpr uint64_t kMetaSizeMax = uint64_t{1} << 24;
constexpr uint64_t kStateSizeMax = uint64_t{1} << 32;
constexpr int64_t kNsPerMillisecond = 1'000'000;

std::string SnapshotName(uint64_t term, uint64_t index, int64_t now_ns) {
  return std::to_string(term) + "-" + std::to_string(index) + "-" +
         std::to_string(now_ns / kNsPerMillisecond);
}

Bytes BigEndian(uint64_t value) {
  Bytes bytes(8);
  StoreBe64(bytes.data(), value);
  return bytes;
}

// An id comes from meta.json and becomes a path: a damaged one must not lead elsewhere.
bool IsPlainName(const std::string& id) {
  return !id.empty() && id != "." && id != ".." && id.find('/') == id.npos;
}

Bytes ChecksumOf(ByteView state) {
  if (fault::On(Fault::kSnapshotCrcOfHalf)) state = state.first(state.size() / 2);
  return BigEndian(Crc64(state));
}

std::string ListText(ByteView bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += (text.empty() ? "" : ", ") + std::to_string(byte);
  return "[" + text + "]";
}

}  // namespace

Result<std::unique_ptr<SnapshotStore>> SnapshotStore::Open(env::Env env, Logger& log,
                                                           const std::string& directory,
                                                           int retain) {
  if (retain < 1) return Status(Code::kInvalid, "must retain at least one snapshot");
  auto store = std::make_unique<SnapshotStore>(env, log, directory, retain);
  const Status made = env.files.MakeDirectories(store->path_);
  if (!made.ok()) return made.WithPrefix("snapshot path not accessible: ");
  const Status tested = store->TestPermissions();
  if (!tested.ok()) return tested.WithPrefix("permissions test failed: ");
  return store;
}

Status SnapshotStore::TestPermissions() {
  const std::string path = path_ + "/" + kPermissionTest;
  ATREST_TRY(env_.files.Open(path, env::FileSystem::Mode::kCreate).status());
  return env_.files.Remove(path);
}

Result<SnapshotMeta> SnapshotStore::ReadMeta(const std::string& name) {
  if (!IsPlainName(name)) return Status(Code::kNotFound, "no snapshot can have this name");
  const auto json = env::ReadWhole(env_.files, path_ + "/" + name + "/" + kMetaFile, kMetaSizeMax);
  if (!json.ok()) return json.status();
  return DecodeSnapshotMeta(AsText(json.value()));
}

// The newest first.
Result<std::vector<SnapshotMeta>> SnapshotStore::All() {
  const auto entries = env_.files.List(path_);
  if (!entries.ok()) return entries.status();
  std::vector<SnapshotMeta> all;
  for (const env::DirectoryEntry& entry : entries.value()) {
    if (!entry.is_directory) continue;
    if (entry.name.ends_with(kTemporarySuffix)) {
      log_.Log(LogLevel::kWarning, "snapshot: found temporary snapshot: name=" + entry.name);
      continue;
    }
    auto meta = ReadMeta(entry.name);
    if (!meta.ok()) {
      log_.Log(LogLevel::kWarning, "snapshot: failed to read metadata: name=" + entry.name +
                                       " error=\"" + meta.status().message() + "\"");
    } else if (meta.value().version < 0 || meta.value().version > kVersionMax) {
      log_.Log(LogLevel::kWarning, "snapshot: snapshot version not supported: name=" + entry.name +
                                       " version=" + std::to_string(meta.value().version));
    } else {
      all.push_back(std::move(meta).value());
    }
  }
  const auto age = [](const SnapshotMeta& meta) {
    return std::tie(meta.term, meta.index, meta.id);
  };
  std::ranges::sort(all,
                    [&](const SnapshotMeta& a, const SnapshotMeta& b) { return age(a) > age(b); });
  return all;
}

Result<std::vector<SnapshotMeta>> SnapshotStore::List() {
  auto all = All();
  if (all.ok() && all.value().size() > static_cast<size_t>(retain_)) {
    all.value().resize(static_cast<size_t>(retain_));
  }
  return all;
}

Result<Bytes> SnapshotStore::Read(const std::string& id) {
  const auto meta = ReadMeta(id);
  if (!meta.ok()) return meta.status();
  auto state = env::ReadWhole(env_.files, path_ + "/" + id + "/" + kStateFile, kStateSizeMax);
  if (!state.ok()) return state;
  const Bytes computed = ChecksumOf(state.value());
  if (meta.value().crc == computed) return state;
  log_.Log(LogLevel::kError, "snapshot: CRC checksum failed: stored=" + ListText(meta.value().crc) +
                                 " computed=" + ListText(computed));
  return Status(Code::kCorrupt, "CRC mismatch");
}

Status SnapshotStore::WriteDurably(const std::string& path, ByteView bytes) {
  const auto file = env_.files.Open(path, env::FileSystem::Mode::kCreate);
  if (!file.ok()) return file.status();
  ATREST_TRY(file.value()->Truncate(0));
  ATREST_TRY(file.value()->WriteAt(0, bytes));
  return file.value()->Sync();
}

// The meta is written twice, as the real server does, whose state arrives in between.
Status SnapshotStore::Write(const std::string& directory, SnapshotMeta& meta, ByteView state) {
  const std::string meta_path = directory + "/" + kMetaFile;
  ATREST_TRY(env_.files.MakeDirectories(directory));
  ATREST_TRY(WriteDurably(meta_path, AsBytes(EncodeSnapshotMeta(meta))));
  ATREST_TRY(WriteDurably(directory + "/" + kStateFile, state));
  meta.size = static_cast<int64_t>(state.size());
  meta.crc = ChecksumOf(state);
  return WriteDurably(meta_path, AsBytes(EncodeSnapshotMeta(meta)));
}

Result<SnapshotMeta> SnapshotStore::Create(const SnapshotMeta& meta, ByteView state) {
  SnapshotMeta written;
  written.id = SnapshotName(meta.term, meta.index, env_.clock.NowNs());
  written.index = meta.index;
  written.term = meta.term;
  written.peers = EncodePeers(meta.servers);
  written.servers = meta.servers;
  written.configuration_index = meta.configuration_index;
  const std::string path = path_ + "/" + written.id;
  const bool in_place = fault::On(Fault::kSnapshotInPlace);
  const std::string temporary = in_place ? path : path + kTemporarySuffix;
  log_.Log(LogLevel::kInfo, "snapshot: creating new snapshot: path=" + temporary);
  const Status status = Write(temporary, written, state);
  if (!status.ok()) {
    // Best effort: what stays behind is passed over.
    (void)env_.files.RemoveAll(temporary);
    return status;
  }
  if (!in_place) ATREST_TRY(env_.files.Rename(temporary, path));
  ATREST_TRY(env_.files.SyncDirectory(path_));
  ATREST_TRY(Reap());
  return written;
}

Status SnapshotStore::Reap() {
  const auto all = All();
  if (!all.ok()) return all.status();
  for (size_t i = static_cast<size_t>(retain_); i < all.value().size(); ++i) {
    const size_t reaped = fault::On(Fault::kSnapshotNewestReaped) ? 0 : i;
    if (!IsPlainName(all.value()[reaped].id)) continue;
    const std::string path = path_ + "/" + all.value()[reaped].id;
    log_.Log(LogLevel::kInfo, "snapshot: reaping snapshot: path=" + path);
    ATREST_TRY(env_.files.RemoveAll(path));
  }
  return Status();
}

}  // namespace atrest::raftlog
