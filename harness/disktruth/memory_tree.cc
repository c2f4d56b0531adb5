#include <algorithm>

#include "harness/disktruth/file_tree.h"

namespace atrest::disktruth {

void MemoryTree::Put(const std::string& path, Bytes bytes, TreeEntry::Kind kind) {
  const size_t slash = path.find('/');
  if (kind == TreeEntry::Kind::kStored && slash != std::string::npos) {
    MakeDirectory(path.substr(0, slash));
  }
  files_[path] = {kind, std::move(bytes), ++last_stamp_};
}

void MemoryTree::Remove(const std::string& path) { files_.erase(path); }

void MemoryTree::MakeDirectory(const std::string& path) {
  files_.try_emplace(path, Held{TreeEntry::Kind::kDirectory, {}, 0});
}

Result<std::vector<TreeEntry>> MemoryTree::List() {
  std::vector<TreeEntry> entries;
  for (const auto& [path, held] : files_) {
    entries.push_back({path, held.kind, held.bytes.size(), held.stamp});
  }
  return entries;
}

Result<Bytes> MemoryTree::Read(const TreeEntry& entry, uint64_t from) {
  ++reads_;
  const auto found = files_.find(entry.path);
  if (found == files_.end()) return Bytes();
  const Bytes& bytes = found->second.bytes;
  return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(from, bytes.size())),
               bytes.end());
}

}  // namespace atrest::disktruth
