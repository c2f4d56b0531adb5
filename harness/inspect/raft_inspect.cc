#include "harness/inspect/raft_inspect.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "harness/inspect/raft_pages.h"
#include "reference/raftlog/crc64.h"
#include "reference/raftlog/raft_log.h"

namespace atrest::inspect {
namespace {

using raftlog::LogType;

constexpr char kLogFile[] = "raft.log";
constexpr char kSnapshots[] = "snapshots";
constexpr uint64_t kFileSizeMax = uint64_t{1} << 34;

std::optional<crypto::Cipher> CipherOf(const raftlog::LogEntry& entry) {
  if (entry.type != LogType::kCommand || entry.data.size() < crypto::kOverhead) return std::nullopt;
  for (const crypto::Cipher cipher : {crypto::Cipher::kAes, crypto::Cipher::kChaCha}) {
    if (entry.data[0] == static_cast<uint8_t>(cipher)) return cipher;
  }
  return std::nullopt;
}

class RaftInspector {
 public:
  RaftInspector(env::FileSystem& files, const std::string& directory,
                const std::vector<crypto::Secret>& keys)
      : files_(files), directory_(directory) {
    for (const crypto::Secret& key : keys) {
      // Only opens, so that nonces are of no matter.
      openers_.emplace_back(crypto::Cipher::kAes, crypto::DeriveRaftKey(key),
                            crypto::NonceSequence({}, 0));
    }
  }

  Status Run();
  RaftInspection Take() { return std::move(found_); }

 private:
  struct Use {
    std::set<Bytes> data;
    std::set<uint64_t> indexes;
  };

  StoredEntry Look(raftlog::LogEntry entry);
  void ReadEntries(const std::vector<LocatedElement>& elements);
  void ReadChannels(const std::vector<LocatedElement>& elements);
  void ReadFreePage(const FreeLeaf& leaf);
  void AddLingering(const raftlog::Element& element, RaftFreePage& page);
  void FindNonceReuse();
  Status ReadSnapshots();
  void ReadSnapshot(const std::string& name);
  void AddDamage(const std::string& file, std::optional<raftlog::PageId> page, std::string why) {
    found_.damage.push_back({file, page, std::move(why)});
  }

  env::FileSystem& files_;
  const std::string directory_;
  std::vector<crypto::Envelope> openers_;
  std::map<std::pair<crypto::Cipher, crypto::Nonce>, Use> uses_;
  RaftInspection found_;
};

StoredEntry RaftInspector::Look(raftlog::LogEntry entry) {
  StoredEntry looked;
  looked.cipher = CipherOf(entry);
  looked.stored = std::move(entry);
  const Bytes& data = looked.stored.data;
  if (looked.cipher) {
    std::copy_n(data.begin() + 1, crypto::kNonceSize, looked.nonce.begin());
    Use& use = uses_[{*looked.cipher, looked.nonce}];
    use.data.insert(data);
    use.indexes.insert(looked.stored.index);
    for (size_t i = 0; i < openers_.size(); ++i) {
      auto opened = openers_[i].Open(data);
      if (!opened.ok()) continue;
      looked.opened_by.push_back(i + 1);
      if (!looked.plaintext) looked.plaintext = std::move(opened).value();
    }
  } else {
    looked.plaintext = data;
  }
  if (looked.stored.type == LogType::kCommand && looked.plaintext) {
    auto operation = raftlog::DecodeOperation(*looked.plaintext);
    if (operation.ok()) looked.operation = std::move(operation).value();
  }
  return looked;
}

void RaftInspector::ReadEntries(const std::vector<LocatedElement>& elements) {
  for (const auto& [page, element] : elements) {
    if (element.flags != 0) continue;
    auto entry = raftlog::DecodeEntry(element.value);
    if (element.key.size() != 8) {
      AddDamage(kLogFile, page, "page " + std::to_string(page) + ": a key is no index");
    } else if (!entry.ok()) {
      AddDamage(kLogFile, page,
                "page " + std::to_string(page) + ": no log entry: " + entry.status().message());
    } else {
      found_.entries.push_back(Look(std::move(entry).value()));
    }
  }
}

void RaftInspector::ReadChannels(const std::vector<LocatedElement>& elements) {
  for (const auto& [page, element] : elements) {
    if (element.flags != 0) continue;
    if (element.value.size() == 8) {
      found_.channels.push_back({element.key, LoadBe64(element.value.data())});
    } else {
      AddDamage(kLogFile, page, "page " + std::to_string(page) + ": no channel id");
    }
  }
}

void RaftInspector::AddLingering(const raftlog::Element& element, RaftFreePage& page) {
  if (element.key.size() != 8) return;
  auto entry = raftlog::DecodeEntry(element.value);
  if (!entry.ok() || entry.value().index != LoadBe64(AsBytes(element.key).data())) return;
  page.entries.push_back(Look(std::move(entry).value()));
}

void RaftInspector::ReadFreePage(const FreeLeaf& leaf) {
  RaftFreePage page{leaf.page, {}};
  for (const raftlog::Element& element : leaf.elements) {
    if ((element.flags & raftlog::kBucketFlag) == 0) {
      AddLingering(element, page);
      continue;
    }
    const auto bucket = raftlog::DecodeBucket(element.value);
    if (!bucket.ok()) continue;
    for (const raftlog::Element& inner : bucket.value().inline_node.elements) {
      AddLingering(inner, page);
    }
  }
  if (!page.entries.empty()) found_.free_pages.push_back(std::move(page));
}

void RaftInspector::FindNonceReuse() {
  for (const auto& [sealed, use] : uses_) {
    if (use.data.size() < 2) continue;
    found_.nonce_reuse.push_back(
        {sealed.first, sealed.second, {use.indexes.begin(), use.indexes.end()}});
  }
  std::ranges::stable_sort(found_.nonce_reuse, {},
                           [](const RaftNonceReuse& reuse) { return reuse.indexes.front(); });
}

void RaftInspector::ReadSnapshot(const std::string& name) {
  const std::string path = std::string(kSnapshots) + "/" + name;
  const auto read = [&](const char* file) {
    return env::ReadWhole(files_, directory_ + "/" + path + "/" + file, kFileSizeMax);
  };
  const auto json = read("meta.json");
  auto meta = json.ok() ? raftlog::DecodeSnapshotMeta(AsText(json.value())) : json.status();
  if (!meta.ok()) return AddDamage(path + "/meta.json", std::nullopt, meta.status().message());
  StoredSnapshot snapshot{name, std::move(meta).value(), false, std::nullopt};
  const auto state = read("state.bin");
  if (state.ok()) {
    Bytes crc(8);
    StoreBe64(crc.data(), raftlog::Crc64(state.value()));
    snapshot.crc_ok = snapshot.meta.crc == crc;
  }
  auto decoded = state.ok() ? raftlog::DecodeSnapshot(state.value()) : state.status();
  if (decoded.ok()) {
    snapshot.state = std::move(decoded).value();
  } else {
    AddDamage(path + "/state.bin", std::nullopt, decoded.status().message());
  }
  found_.snapshots.push_back(std::move(snapshot));
}

Status RaftInspector::ReadSnapshots() {
  const std::string path = directory_ + "/" + kSnapshots;
  if (!files_.Exists(path)) return Status();
  const auto entries = files_.List(path);
  if (!entries.ok()) return entries.status();
  for (const env::DirectoryEntry& entry : entries.value()) {
    if (entry.is_directory && !entry.name.ends_with(".tmp")) ReadSnapshot(entry.name);
  }
  return Status();
}

Status RaftInspector::Run() {
  const auto file = env::ReadWhole(files_, directory_ + "/" + kLogFile, kFileSizeMax);
  if (!file.ok()) return file.status();
  RaftPages pages = ReadRaftPages(file.value(), kLogFile);
  found_.metas = pages.metas;
  found_.damage = std::move(pages.damage);
  for (const auto& [page, element] : pages.buckets[std::string(raftlog::kConfBucket)]) {
    if (element.flags == 0) found_.conf.push_back({element.key, element.value});
  }
  ReadChannels(pages.buckets[std::string(raftlog::kChannelsBucket)]);
  ReadEntries(pages.buckets[std::string(raftlog::kLogsBucket)]);
  for (const FreeLeaf& leaf : pages.free_leaves) ReadFreePage(leaf);
  FindNonceReuse();
  ATREST_TRY(ReadSnapshots());
  // A page that is absent sorts first.
  std::ranges::stable_sort(found_.damage, [](const RaftDamage& a, const RaftDamage& b) {
    return std::tie(a.file, a.page) < std::tie(b.file, b.page);
  });
  return Status();
}

}  // namespace

bool IsRaftDirectory(env::FileSystem& files, const std::string& directory) {
  return files.Exists(directory + "/" + kLogFile);
}

Result<RaftInspection> InspectRaft(env::FileSystem& files, const std::string& directory,
                                   const std::vector<crypto::Secret>& keys, bool keep_payloads) {
  RaftInspector inspector(files, directory, keys);
  ATREST_TRY(inspector.Run());
  RaftInspection inspection = inspector.Take();
  inspection.payloads_kept = keep_payloads;
  return inspection;
}

}  // namespace atrest::inspect
