#include "reference/env/posix_env.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>

#include "reference/env/os_error.h"
#include "reference/env/paths.h"
#include "reference/env/posix_file.h"

namespace atrest::env {
namespace {

constexpr mode_t kFilePermissions = 0666;
constexpr mode_t kDirectoryPermissions = 0777;
constexpr mode_t kPrivatePermissions = 0600;
constexpr int kTemporaryAttemptsMax = 10000;

// The kernel would take such a path for a shorter one.
bool HasNul(const std::string& path) { return path.find('\0') != std::string::npos; }

int OpenFlags(FileSystem::Mode mode) {
  switch (mode) {
    case FileSystem::Mode::kRead:
      return O_RDONLY;
    case FileSystem::Mode::kReadWrite:
      return O_RDWR;
    case FileSystem::Mode::kCreate:
    case FileSystem::Mode::kCreatePrivate:
      return O_RDWR | O_CREAT;
    case FileSystem::Mode::kCreateExclusive:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  CheckFailed(__FILE__, __LINE__, "a known mode");
}

bool IsDirectory(const std::string& path) {
  struct stat state;
  return ::stat(path.c_str(), &state) == 0 && S_ISDIR(state.st_mode);
}

bool IsDirectoryNotLink(const std::string& path) {
  struct stat state;
  return ::lstat(path.c_str(), &state) == 0 && S_ISDIR(state.st_mode);
}

// Of the name itself: a link is not followed. Some file systems leave d_type unknown.
unsigned char TypeOf(const std::string& directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type;
  struct stat state;
  if (::lstat((directory + "/" + entry.d_name).c_str(), &state) != 0) return DT_UNKNOWN;
  return S_ISDIR(state.st_mode) ? DT_DIR : S_ISREG(state.st_mode) ? DT_REG : DT_UNKNOWN;
}

Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryPermissions) == 0) return Status();
  if (errno != EEXIST) return SystemError("mkdir", path, errno);
  return IsDirectory(path) ? Status() : SystemError("mkdir", path, ENOTDIR);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// The next entry that is neither "." nor "..", or nullptr: the end, or a failure if errno is not 0.
const dirent* NextEntry(DIR* directory) {
  const dirent* entry = nullptr;
  do {
    errno = 0;
    entry = ::readdir(directory);
  } while (entry != nullptr &&
           (std::string_view(entry->d_name) == "." || std::string_view(entry->d_name) == ".."));
  return entry;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path, Mode mode) {
  if (HasNul(path)) return SystemError("open", path, EINVAL);
  return OpenPosixFile(path, OpenFlags(mode),
                       mode == Mode::kCreatePrivate ? kPrivatePermissions : kFilePermissions);
}

Result<std::unique_ptr<File>> PosixFileSystem::CreateTemporary(const std::string& directory,
                                                               const std::string& prefix,
                                                               std::string* path) {
  int error = EEXIST;
  for (int attempt = 0; attempt < kTemporaryAttemptsMax; ++attempt) {
    std::array<uint8_t, 4> unique;
    SystemEntropy().Fill(unique);
    *path = directory + "/" + prefix + std::to_string(LoadLe32(unique.data()));
    if (HasNul(*path)) return SystemError("open", *path, EINVAL);
    auto file = OpenPosixFile(*path, O_RDWR | O_CREAT | O_EXCL, kPrivatePermissions, &error);
    if (file.ok() || error != EEXIST) return file;
  }
  return SystemError("open", *path, error);
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::List(const std::string& directory) {
  if (HasNul(directory)) return SystemError("open", directory, EINVAL);
  const std::unique_ptr<DIR, CloseDirectory> open(::opendir(directory.c_str()));
  if (open == nullptr) return SystemError("open", directory, errno);
  std::vector<DirectoryEntry> entries;
  while (const dirent* entry = NextEntry(open.get())) {
    const unsigned char type = TypeOf(directory, *entry);
    entries.push_back({entry->d_name, type == DT_DIR, type == DT_REG});
  }
  if (errno != 0) return SystemError("readdirent", directory, errno);
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

bool PosixFileSystem::Exists(const std::string& path) {
  struct stat state;
  return !HasNul(path) && ::stat(path.c_str(), &state) == 0;
}

Status PosixFileSystem::MakeDirectories(const std::string& directory) {
  if (HasNul(directory)) return SystemError("mkdir", directory, EINVAL);
  for (const std::string& prefix : PathPrefixes(directory)) ATREST_TRY(MakeDirectory(prefix));
  return Status();
}

Status PosixFileSystem::Remove(const std::string& path) {
  if (HasNul(path)) return SystemError("remove", path, EINVAL);
  if (::unlink(path.c_str()) == 0) return Status();
  const int unlink_error = errno;
  if (::rmdir(path.c_str()) == 0) return Status();
  // Of the two refusals, the one that is about what PATH is.
  return SystemError("remove", path, errno == ENOTDIR ? unlink_error : errno);
}

Status PosixFileSystem::RemoveAll(const std::string& path) {
  if (HasNul(path)) return SystemError("unlinkat", path, EINVAL);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return Status();
  const int unlink_error = errno;
  if (!IsDirectoryNotLink(path)) return SystemError("unlinkat", path, unlink_error);
  const auto entries = List(path);
  if (!entries.ok()) return entries.status();
  for (const DirectoryEntry& entry : entries.value()) {
    ATREST_TRY(RemoveAll(path + "/" + entry.name));
  }
  return ::rmdir(path.c_str()) == 0 ? Status() : SystemError("unlinkat", path, errno);
}

Status PosixFileSystem::SyncDirectory(const std::string& directory) {
  if (HasNul(directory)) return SystemError("open", directory, EINVAL);
  const int descriptor =
      Uninterrupted([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) return SystemError("open", directory, errno);
  const int result = Uninterrupted([&] { return ::fsync(descriptor); });
  const int error = errno;
  ::close(descriptor);
  return result == 0 ? Status() : SystemError("sync", directory, error);
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  const auto fail = [&](int error) { return SystemError("rename", from + " " + to, error); };
  if (HasNul(from) || HasNul(to)) return fail(EINVAL);
  // rename(2) would replace an empty directory; Go refuses every directory, unless FROM is worse.
  struct stat state;
  if (IsDirectoryNotLink(to)) return fail(::lstat(from.c_str(), &state) == 0 ? EEXIST : errno);
  return ::rename(from.c_str(), to.c_str()) == 0 ? Status() : fail(errno);
}

int64_t SystemClock::NowNs() {
  timespec now;
  ATREST_CHECK(::clock_gettime(CLOCK_REALTIME, &now) == 0);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void SystemEntropy::Fill(std::span<uint8_t> into) {
  while (!into.empty()) {
    const ssize_t count = Uninterrupted([&] { return ::getrandom(into.data(), into.size(), 0); });
    ATREST_CHECK(count > 0);
    into = into.subspan(static_cast<size_t>(count));
  }
}

}  // namespace atrest::env
