#include "reference/env/fault_file_system.h"

#include <cerrno>
#include <utility>

#include "reference/base/check.h"
#include "reference/env/os_error.h"

namespace atrest::env {

class FaultFile : public File {
 public:
  FaultFile(FaultFileSystem& system, std::unique_ptr<File> below, std::string path)
      : system_(system), below_(std::move(below)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const override {
    ATREST_TRY(system_.Check("read", path_));
    return below_->ReadAt(offset, into);
  }
  Status WriteAt(uint64_t offset, ByteView bytes) override {
    if (!bytes.empty()) ATREST_TRY(system_.CheckWrite(path_));
    return below_->WriteAt(offset, bytes);
  }
  Status Append(ByteView bytes) override {
    if (!bytes.empty()) ATREST_TRY(system_.CheckWrite(path_));
    return below_->Append(bytes);
  }
  Status Truncate(uint64_t size) override {
    ATREST_TRY(system_.Check("truncate", path_));
    return below_->Truncate(size);
  }
  Status Sync() override {
    ATREST_TRY(system_.CheckSync(path_));
    return below_->Sync();
  }
  Result<bool> TryLock() override {
    ATREST_TRY(system_.Check("flock", path_));
    return below_->TryLock();
  }
  Result<uint64_t> Size() const override {
    ATREST_TRY(system_.Check("stat", path_));
    return below_->Size();
  }

 private:
  FaultFileSystem& system_;
  const std::unique_ptr<File> below_;
  const std::string path_;
};

void FaultFileSystem::Arm(At at, uint64_t count, How how, uint64_t failing) {
  ATREST_CHECK(count > 0 && (how == How::kKill || at == At::kWrite));
  at_ = at;
  left_ = count;
  how_ = how;
  failing_ = failing;
}

void FaultFileSystem::Disarm() {
  left_ = 0;
  full_ = false;
}

void FaultFileSystem::Restart() {
  Disarm();
  stopped_ = false;
}

Status FaultFileSystem::Check(const char* operation, const std::string& path) const {
  return stopped_ ? FileError(operation, path, "the process was killed") : Status();
}

bool FaultFileSystem::Comes(At at) { return left_ > 0 && at_ == at && --left_ == 0; }

Status FaultFileSystem::CheckWrite(const std::string& path) {
  ATREST_TRY(Check("write", path));
  ++writes_;
  if (Comes(At::kWrite)) (how_ == How::kKill ? stopped_ : full_) = true;
  if (!full_) return Check("write", path);
  if (failing_ > 0 && --failing_ == 0) full_ = false;
  return SystemError("write", path, ENOSPC);
}

Status FaultFileSystem::CheckSync(const std::string& path) {
  ATREST_TRY(Check("sync", path));
  ++syncs_;
  if (Comes(At::kSync)) stopped_ = true;
  return Check("sync", path);
}

Result<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path, Mode mode) {
  ATREST_TRY(Check("open", path));
  auto below = below_.Open(path, mode);
  if (!below.ok()) return below.status();
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, std::move(below).value(), path));
}

Result<std::unique_ptr<File>> FaultFileSystem::CreateTemporary(const std::string& directory,
                                                               const std::string& prefix,
                                                               std::string* path) {
  ATREST_TRY(Check("open", directory));
  auto below = below_.CreateTemporary(directory, prefix, path);
  if (!below.ok()) return below.status();
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, std::move(below).value(), *path));
}

Result<std::vector<DirectoryEntry>> FaultFileSystem::List(const std::string& directory) {
  ATREST_TRY(Check("open", directory));
  return below_.List(directory);
}

bool FaultFileSystem::Exists(const std::string& path) { return !stopped_ && below_.Exists(path); }

Status FaultFileSystem::MakeDirectories(const std::string& directory) {
  ATREST_TRY(Check("mkdir", directory));
  return below_.MakeDirectories(directory);
}

Status FaultFileSystem::Remove(const std::string& path) {
  ATREST_TRY(Check("remove", path));
  return below_.Remove(path);
}

Status FaultFileSystem::RemoveAll(const std::string& path) {
  ATREST_TRY(Check("unlinkat", path));
  return below_.RemoveAll(path);
}

Status FaultFileSystem::SyncDirectory(const std::string& directory) {
  ATREST_TRY(CheckSync(directory));
  return below_.SyncDirectory(directory);
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  ATREST_TRY(Check("rename", from));
  return below_.Rename(from, to);
}

}  // namespace atrest::env
