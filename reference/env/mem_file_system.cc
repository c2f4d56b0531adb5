#include "reference/env/mem_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reference/env/mem_file.h"
#include "reference/env/mem_tree.h"
#include "reference/env/os_error.h"
#include "reference/env/paths.h"

namespace atrest::env {
namespace {

using Kind = Mutation::Kind;

std::shared_ptr<MemInode> NewDirectory() {
  auto directory = std::make_shared<MemInode>();
  directory->is_directory = true;
  return directory;
}

}  // namespace

MemFileSystem::MemFileSystem(Names names)
    : names_(names), root_(NewDirectory()), durable_names_(NewDirectory()) {}

MemFileSystem::MemFileSystem(const MemSnapshot& snapshot, Names names)
    : names_(names),
      root_(CopyTree(*snapshot.root_)),
      durable_names_(CopyNames(*root_)),
      changes_(snapshot.changes_) {}

MemFileSystem::~MemFileSystem() = default;

MemSnapshot MemFileSystem::TakeSnapshot() {
  ForEachFile(*root_, [](MemInode& file) {
    file.content.Freeze();
    file.synced.Freeze();
  });
  return MemSnapshot(CopyTree(*root_), changes_);
}

void MemFileSystem::Restart() {
  stopped_ = false;
  ++restarts_;
  locks_.clear();
}

void MemFileSystem::LoseUnsynced() {
  if (names_ == Names::kDurableOnSync) root_ = CopyNames(*durable_names_);
  ForEachFile(*root_, [this](MemInode& file) {
    file.content = file.synced;
    NoteChange(file, false);
  });
  Restart();
}

void MemFileSystem::NoteSync() {
  if (names_ == Names::kDurableOnSync) durable_names_ = CopyNames(*root_);
}

void MemFileSystem::NoteChange(MemInode& file, bool only_grew) {
  file.change = ++changes_;
  if (!only_grew) file.rewrite = file.change;
}

Status MemFileSystem::CheckRunning(const Subject& subject) const {
  if (!stopped_) return Status();
  return FileError(subject.operation, subject.path, "file system stopped");
}

Status MemFileSystem::Permit(const Subject& subject, const Mutation& mutation,
                             size_t* bytes_written) {
  if (!hook_) return Status();
  const Fault fault = hook_(mutation);
  if (fault.kind == Fault::Kind::kNone) return Status();
  if (bytes_written != nullptr) {
    *bytes_written = std::min(fault.bytes_written, mutation.bytes.size());
  }
  if (fault.kind == Fault::Kind::kFail) {
    ATREST_CHECK(!fault.status.ok());
    return fault.status;
  }
  stopped_ = true;
  return CheckRunning(subject);
}

Result<std::unique_ptr<File>> MemFileSystem::Open(const std::string& path, Mode mode) {
  ATREST_TRY(CheckRunning({"open", path}));
  const bool creates = mode != Mode::kRead && mode != Mode::kReadWrite;
  MemLookup found = Lookup(root_, path);
  if (found.inode != nullptr && mode == Mode::kCreateExclusive) {
    return SystemError("open", path, EEXIST);
  }
  if (found.inode == nullptr) {
    const bool can_create = creates && found.error == ENOENT && found.directory != nullptr;
    if (!can_create) return SystemError("open", path, found.error);
    ATREST_TRY(Permit({"open", path}, {Kind::kCreate, path}));
    found.inode = std::make_shared<MemInode>();
    NoteChange(*found.inode, false);
    found.directory->entries[found.name] = found.inode;
  }
  if (found.inode->is_directory) return SystemError("open", path, EISDIR);
  return std::unique_ptr<File>(
      std::make_unique<MemFile>(*this, found.inode, path, mode != Mode::kRead));
}

Result<std::unique_ptr<File>> MemFileSystem::CreateTemporary(const std::string& directory,
                                                             const std::string& prefix,
                                                             std::string* path) {
  do {
    *path = directory + "/" + prefix + std::to_string(++temporaries_);
  } while (Exists(*path));
  return Open(*path, Mode::kCreateExclusive);
}

Result<std::vector<DirectoryEntry>> MemFileSystem::List(const std::string& directory) {
  ATREST_TRY(CheckRunning({"open", directory}));
  const MemLookup found = Lookup(root_, directory);
  if (found.error != 0) return SystemError("open", directory, found.error);
  if (!found.inode->is_directory) return SystemError("open", directory, ENOTDIR);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, entry] : found.inode->entries) {
    entries.push_back({name, entry->is_directory, !entry->is_directory, entry->content.size(),
                       entry->change, entry->rewrite});
  }
  return entries;
}

bool MemFileSystem::Exists(const std::string& path) {
  return !stopped_ && Lookup(root_, path).inode != nullptr;
}

Status MemFileSystem::MakeDirectory(const std::string& path) {
  const MemLookup found = Lookup(root_, path);
  if (found.inode != nullptr) {
    return found.inode->is_directory ? Status() : SystemError("mkdir", path, ENOTDIR);
  }
  const bool can_make = found.error == ENOENT && found.directory != nullptr;
  if (!can_make) return SystemError("mkdir", path, found.error);
  ATREST_TRY(Permit({"mkdir", path}, {Kind::kMakeDirectory, path}));
  found.directory->entries[found.name] = NewDirectory();
  return Status();
}

Status MemFileSystem::MakeDirectories(const std::string& directory) {
  ATREST_TRY(CheckRunning({"mkdir", directory}));
  if (directory.find('\0') != std::string::npos) return SystemError("mkdir", directory, EINVAL);
  for (const std::string& prefix : PathPrefixes(directory)) ATREST_TRY(MakeDirectory(prefix));
  return Status();
}

Status MemFileSystem::RemoveOne(const Subject& subject) {
  const auto fail = [&](int error) { return SystemError(subject.operation, subject.path, error); };
  const MemLookup found = Lookup(root_, subject.path);
  if (found.error != 0) return fail(found.error);
  if (found.directory == nullptr) return fail(EBUSY);
  if (!found.inode->entries.empty()) return fail(ENOTEMPTY);
  ATREST_TRY(Permit(subject, {Kind::kRemove, subject.path}));
  found.directory->entries.erase(found.name);
  return Status();
}

Status MemFileSystem::Remove(const std::string& path) {
  ATREST_TRY(CheckRunning({"remove", path}));
  return RemoveOne({"remove", path});
}

Status MemFileSystem::RemoveAll(const std::string& path) {
  ATREST_TRY(CheckRunning({"unlinkat", path}));
  const MemLookup found = Lookup(root_, path);
  if (found.error == ENOENT) return Status();
  if (found.inode != nullptr && found.inode->is_directory) {
    const auto entries = List(path);
    if (!entries.ok()) return entries.status();
    for (const DirectoryEntry& entry : entries.value()) {
      ATREST_TRY(RemoveAll(path + "/" + entry.name));
    }
  }
  return RemoveOne({"unlinkat", path});
}

Status MemFileSystem::SyncDirectory(const std::string& directory) {
  ATREST_TRY(CheckRunning({"sync", directory}));
  const MemLookup found = Lookup(root_, directory);
  if (found.error != 0) return SystemError("open", directory, found.error);
  if (!found.inode->is_directory) return SystemError("open", directory, ENOTDIR);
  ATREST_TRY(Permit({"sync", directory}, {Kind::kSync, directory}));
  NoteSync();
  return Status();
}

Status MemFileSystem::Rename(const std::string& from, const std::string& to) {
  const std::string both = from + " " + to;
  ATREST_TRY(CheckRunning({"rename", both}));
  const MemLookup source = Lookup(root_, from);
  const MemLookup target = Lookup(root_, to);
  const int error = RenameError(source, target);
  if (error != 0) return SystemError("rename", both, error);
  if (source.inode == target.inode) return Status();
  ATREST_TRY(Permit({"rename", both}, {Kind::kRename, from, 0, {}, to}));
  source.directory->entries.erase(source.name);
  target.directory->entries[target.name] = source.inode;
  return Status();
}

}  // namespace atrest::env
