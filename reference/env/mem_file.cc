#include "reference/env/mem_file.h"

#include <cerrno>
#include <utility>

#include "reference/env/os_error.h"

namespace atrest::env {
namespace {

bool Fits(uint64_t offset, size_t size) {
  return size <= MemFileSystem::kFileSizeMax && offset <= MemFileSystem::kFileSizeMax - size;
}

}  // namespace

MemFile::MemFile(MemFileSystem& system, std::shared_ptr<MemInode> inode, std::string path,
                 bool writable)
    : system_(system),
      inode_(std::move(inode)),
      path_(std::move(path)),
      writable_(writable),
      restarts_(system.restarts_) {}

MemFile::~MemFile() {
  const auto lock = system_.locks_.find(inode_.get());
  if (lock != system_.locks_.end() && lock->second == this) system_.locks_.erase(lock);
}

Status MemFile::CheckOpen(const char* operation) const {
  ATREST_TRY(system_.CheckRunning({operation, path_}));
  if (restarts_ == system_.restarts_) return Status();
  return FileError(operation, path_, "file already closed");
}

Result<size_t> MemFile::ReadAt(uint64_t offset, std::span<uint8_t> into) const {
  ATREST_TRY(CheckOpen("read"));
  return inode_->content.Read(offset, into);
}

Status MemFile::WriteAt(uint64_t offset, ByteView bytes) {
  ATREST_TRY(CheckOpen("write"));
  if (bytes.empty()) return Status();
  if (!writable_) return SystemError("write", path_, EBADF);
  if (!Fits(offset, bytes.size())) return SystemError("write", path_, EFBIG);
  size_t bytes_written = bytes.size();
  const Status permitted = system_.Permit(
      {"write", path_}, {Mutation::Kind::kWrite, path_, offset, bytes}, &bytes_written);
  system_.NoteChange(*inode_, offset >= inode_->content.size());
  inode_->content.Write(offset, bytes.first(bytes_written));
  return permitted;
}

Status MemFile::Append(ByteView bytes) { return WriteAt(inode_->content.size(), bytes); }

Status MemFile::Truncate(uint64_t size) {
  ATREST_TRY(CheckOpen("truncate"));
  if (!writable_) return SystemError("truncate", path_, EINVAL);
  if (size > MemFileSystem::kFileSizeMax) return SystemError("truncate", path_, EFBIG);
  ATREST_TRY(system_.Permit({"truncate", path_}, {Mutation::Kind::kTruncate, path_, size}));
  system_.NoteChange(*inode_, size >= inode_->content.size());
  inode_->content.Resize(size);
  return Status();
}

Status MemFile::Sync() {
  ATREST_TRY(CheckOpen("sync"));
  ATREST_TRY(system_.Permit({"sync", path_}, {Mutation::Kind::kSync, path_}));
  inode_->synced = inode_->content;
  system_.NoteSync();
  return Status();
}

Result<bool> MemFile::TryLock() {
  ATREST_TRY(CheckOpen("flock"));
  return system_.locks_.emplace(inode_.get(), this).first->second == this;
}

Result<uint64_t> MemFile::Size() const {
  ATREST_TRY(CheckOpen("stat"));
  return uint64_t{inode_->content.size()};
}

}  // namespace atrest::env
