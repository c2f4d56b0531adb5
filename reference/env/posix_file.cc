#include "reference/env/posix_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "reference/env/os_error.h"

namespace atrest::env {
namespace {

class PosixFile : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  // On Linux the descriptor is gone whatever close says, so there is nothing to repeat or report.
  ~PosixFile() override { ::close(descriptor_); }

  Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const override;
  Status WriteAt(uint64_t offset, ByteView bytes) override;
  Status Append(ByteView bytes) override;
  Status Truncate(uint64_t size) override;
  Status Sync() override;
  Result<bool> TryLock() override;
  Result<uint64_t> Size() const override;

 private:
  Status SetAppending(bool appending);
  template <typename WriteSome>
  Status WriteAll(ByteView bytes, WriteSome write_some);

  const int descriptor_;
  const std::string path_;
  bool appending_ = true;
};

Result<size_t> PosixFile::ReadAt(uint64_t offset, std::span<uint8_t> into) const {
  size_t done = 0;
  while (done < into.size()) {
    const std::span<uint8_t> rest = into.subspan(done);
    const ssize_t count = Uninterrupted([&] {
      return ::pread(descriptor_, rest.data(), rest.size(), static_cast<off_t>(offset + done));
    });
    if (count < 0) return SystemError("read", path_, errno);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

// Appending is left to the kernel, so that the records of two processes on one file never overlap.
// But pwrite(2) on a descriptor in append mode ignores its offset, so the mode follows what is
// asked for.
Status PosixFile::SetAppending(bool appending) {
  if (appending == appending_) return Status();
  if (::fcntl(descriptor_, F_SETFL, appending ? O_APPEND : 0) != 0) {
    return SystemError("write", path_, errno);
  }
  appending_ = appending;
  return Status();
}

template <typename WriteSome>
Status PosixFile::WriteAll(ByteView bytes, WriteSome write_some) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = Uninterrupted([&] { return write_some(bytes.subspan(done), done); });
    if (count < 0) return SystemError("write", path_, errno);
    if (count == 0) return SystemError("write", path_, EIO);
    done += static_cast<size_t>(count);
  }
  return Status();
}

Status PosixFile::WriteAt(uint64_t offset, ByteView bytes) {
  ATREST_TRY(SetAppending(false));
  return WriteAll(bytes, [&](ByteView rest, size_t done) {
    return ::pwrite(descriptor_, rest.data(), rest.size(), static_cast<off_t>(offset + done));
  });
}

Status PosixFile::Append(ByteView bytes) {
  ATREST_TRY(SetAppending(true));
  return WriteAll(
      bytes, [&](ByteView rest, size_t) { return ::write(descriptor_, rest.data(), rest.size()); });
}

Status PosixFile::Truncate(uint64_t size) {
  const int result =
      Uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); });
  return result == 0 ? Status() : SystemError("truncate", path_, errno);
}

Status PosixFile::Sync() {
  const int result = Uninterrupted([&] { return ::fsync(descriptor_); });
  return result == 0 ? Status() : SystemError("sync", path_, errno);
}

Result<bool> PosixFile::TryLock() {
  const int result = Uninterrupted([&] { return ::flock(descriptor_, LOCK_EX | LOCK_NB); });
  if (result == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return SystemError("flock", path_, errno);
}

Result<uint64_t> PosixFile::Size() const {
  struct stat state;
  if (::fstat(descriptor_, &state) != 0) return SystemError("stat", path_, errno);
  return static_cast<uint64_t>(state.st_size);
}

}  // namespace

Result<std::unique_ptr<File>> OpenPosixFile(const std::string& path, int flags, mode_t permissions,
                                            int* error) {
  const auto fail = [&](int reason) {
    if (error != nullptr) *error = reason;
    return SystemError("open", path, reason);
  };
  if ((flags & O_ACCMODE) != O_RDONLY) flags |= O_APPEND;
  const int descriptor =
      Uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, permissions); });
  if (descriptor < 0) return fail(errno);
  std::unique_ptr<File> file = std::make_unique<PosixFile>(descriptor, path);
  struct stat state;
  if (::fstat(descriptor, &state) != 0) return fail(errno);
  if (S_ISDIR(state.st_mode)) return fail(EISDIR);
  return file;
}

}  // namespace atrest::env
