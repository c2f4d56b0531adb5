#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "harness/disktruth/file_tree.h"

namespace atrest::disktruth {
namespace {

constexpr size_t kDepthMax = 64;

Status Failure(const std::string& what, const std::string& path) {
  return {Code::kIo, what + " " + path + ": " + std::strerror(errno)};
}

// Changes with the inode, the size and both times that the file system keeps of a change.
uint64_t StampOf(const struct stat& file) {
  const auto mix = [](uint64_t into, uint64_t value) {
    return (into ^ value) * 0x9E3779B97F4A7C15 ^ (into >> 29);
  };
  uint64_t stamp = 1;
  stamp = mix(stamp, file.st_dev);
  stamp = mix(stamp, file.st_ino);
  stamp = mix(stamp, static_cast<uint64_t>(file.st_size));
  for (const auto& time : {file.st_mtim, file.st_ctim}) {
    stamp = mix(stamp, static_cast<uint64_t>(time.tv_sec));
    stamp = mix(stamp, static_cast<uint64_t>(time.tv_nsec));
  }
  return stamp | 1;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// Names in DIRECTORY; none if it does not exist.
Result<std::vector<std::string>> NamesIn(const std::string& directory) {
  const std::unique_ptr<DIR, CloseDirectory> open(opendir(directory.c_str()));
  std::vector<std::string> names;
  if (!open) {
    if (errno == ENOENT) return names;
    return Failure("list", directory);
  }
  while (const dirent* entry = readdir(open.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

Status ListBelow(const std::string& directory, const std::string& folder, size_t depth,
                 std::vector<TreeEntry>& entries) {
  if (depth > kDepthMax) return {Code::kUnsupported, directory + folder + " is too deep"};
  const auto names = NamesIn(directory + "/" + folder);
  if (!names.ok()) return names.status();
  for (const std::string& name : names.value()) {
    const std::string path = folder + name;
    struct stat file;
    if (lstat((directory + "/" + path).c_str(), &file) != 0) {
      if (errno == ENOENT) continue;  // removed since it was listed
      return Failure("stat", path);
    }
    if (S_ISDIR(file.st_mode)) {
      if (folder.empty()) entries.push_back({path, TreeEntry::Kind::kDirectory, 0, 0});
      ATREST_TRY(ListBelow(directory, path + "/", depth + 1, entries));
      continue;
    }
    const bool regular = S_ISREG(file.st_mode);
    entries.push_back({path, regular ? TreeEntry::Kind::kStored : TreeEntry::Kind::kOther,
                       static_cast<uint64_t>(file.st_size), StampOf(file)});
  }
  return {};
}

}  // namespace

Result<std::vector<TreeEntry>> PosixTree::List() {
  std::vector<TreeEntry> entries;
  ATREST_TRY(ListBelow(directory_, "", 0, entries));
  struct stat file;
  for (const std::string& log : options_.logs) {
    if (stat(log.c_str(), &file) == 0) {
      entries.push_back(
          {log, TreeEntry::Kind::kLog, static_cast<uint64_t>(file.st_size), StampOf(file)});
    }
  }
  open_.clear();
  if (options_.process) {
    const std::string folder = "/proc/" + std::to_string(*options_.process) + "/fd/";
    // A process that has ended has none, and one of somebody else's is not for us to look into.
    const auto names = NamesIn(folder);
    if (names.ok()) AddOpen(folder, names.value(), entries);
  }
  std::ranges::sort(entries, {}, &TreeEntry::path);
  return entries;
}

void PosixTree::AddOpen(const std::string& folder, const std::vector<std::string>& names,
                        std::vector<TreeEntry>& entries) {
  struct stat file;
  for (const std::string& name : names) {
    const std::string path = folder + name;
    if (stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink > 0) continue;
    char target[4096];
    const ssize_t size = readlink(path.c_str(), target, sizeof(target));
    const std::string shown =
        std::string(target, size > 0 ? static_cast<size_t>(size) : 0) + ", open as " + name;
    open_[shown] = path;
    entries.push_back(
        {shown, TreeEntry::Kind::kOpen, static_cast<uint64_t>(file.st_size), StampOf(file)});
  }
}

std::string PosixTree::PathOf(const TreeEntry& entry) const {
  if (entry.kind == TreeEntry::Kind::kOpen) return open_.at(entry.path);
  return entry.kind == TreeEntry::Kind::kLog ? entry.path : directory_ + "/" + entry.path;
}

Result<Bytes> PosixTree::Read(const TreeEntry& entry, uint64_t from) {
  const std::string path = PathOf(entry);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    if (errno == ENOENT) return Bytes();
    return Failure("open", path);
  }
  Bytes bytes(entry.size > from ? entry.size - from : 0);
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got =
        pread(file, bytes.data() + have, bytes.size() - have, static_cast<off_t>(from + have));
    if (got < 0) {
      const Status failure = Failure("read", path);
      close(file);
      return failure;
    }
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  close(file);
  bytes.resize(have);
  return bytes;
}

}  // namespace atrest::disktruth
