// What is particular to the operating system; the rest is in file_system_test.cc.
#include "reference/env/posix_env.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <set>

#include "reference/env/os_error.h"
#include "reference/env/temporary_directory.h"

namespace atrest::env {
namespace {

using Mode = FileSystem::Mode;

TEST(PosixEnvTest, AFullDiskHasGosText) {
  PosixFileSystem files;
  const auto file = files.Open("/dev/full", Mode::kReadWrite);
  ASSERT_TRUE(file.ok());
  const Status status = file.value()->WriteAt(0, AsBytes("x"));
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_EQ(status.message(), "write /dev/full: no space left on device");
  EXPECT_EQ(file.value()->Append(AsBytes("x")).message(), status.message());
}

TEST(PosixEnvTest, OffsetsThatTheSystemDoesNotHave) {
  const TemporaryDirectory directory;
  PosixFileSystem files;
  const std::string path = directory.path() + "/a";
  const auto file = files.Open(path, Mode::kCreate);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file.value()->WriteAt(UINT64_MAX, AsBytes("x")).message(),
            "write " + path + ": invalid argument");
  EXPECT_EQ(file.value()->Truncate(UINT64_MAX).message(),
            "truncate " + path + ": invalid argument");
}

mode_t Permissions(const std::string& path) {
  struct stat state;
  EXPECT_EQ(::stat(path.c_str(), &state), 0);
  return state.st_mode & 0777;
}

TEST(PosixEnvTest, PermissionsOfNewFiles) {
  const TemporaryDirectory directory;
  PosixFileSystem files;
  const mode_t before = ::umask(0027);
  std::string temporary;
  EXPECT_TRUE(files.Open(directory.path() + "/a", Mode::kCreate).ok());
  EXPECT_TRUE(files.Open(directory.path() + "/p", Mode::kCreatePrivate).ok());
  EXPECT_TRUE(files.CreateTemporary(directory.path(), "t", &temporary).ok());
  EXPECT_TRUE(files.MakeDirectories(directory.path() + "/d").ok());
  ::umask(before);
  EXPECT_EQ(Permissions(directory.path() + "/a"), 0640u);
  EXPECT_EQ(Permissions(directory.path() + "/p"), 0600u);
  EXPECT_EQ(Permissions(temporary), 0600u);
  EXPECT_EQ(Permissions(directory.path() + "/d"), 0750u);
}

TEST(PosixEnvTest, DescriptorsAreNotInherited) {
  const TemporaryDirectory directory;
  PosixFileSystem files;
  const std::string path = directory.path() + "/a";
  const auto file = files.Open(path, Mode::kCreate);
  ASSERT_TRUE(file.ok());
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) != path) continue;
    const int descriptor = std::stoi(entry.path().filename());
    EXPECT_EQ(::fcntl(descriptor, F_GETFD), FD_CLOEXEC);
    ++found;
  }
  EXPECT_EQ(found, 1);
}

TEST(PosixEnvTest, LinksAreNotEntered) {
  const TemporaryDirectory directory;
  PosixFileSystem files;
  ASSERT_TRUE(files.MakeDirectories(directory.path() + "/target").ok());
  ASSERT_TRUE(files.MakeDirectories(directory.path() + "/tree").ok());
  ASSERT_TRUE(WriteWhole(files, directory.path() + "/target/kept", AsBytes("x")).ok());
  std::filesystem::create_directory_symlink("../target", directory.path() + "/tree/link");
  const auto entries = files.List(directory.path() + "/tree");
  ASSERT_TRUE(entries.ok());
  EXPECT_FALSE(entries.value().at(0).is_directory);
  EXPECT_FALSE(entries.value().at(0).is_regular);
  EXPECT_TRUE(files.Exists(directory.path() + "/tree/link/kept"));
  EXPECT_TRUE(files.RemoveAll(directory.path() + "/tree").ok());
  EXPECT_TRUE(files.Exists(directory.path() + "/target/kept"));
}

TEST(PosixEnvTest, ClockIsTheSystems) {
  const std::time_t before = std::time(nullptr);
  const int64_t now_ns = SystemClock().NowNs();
  EXPECT_GE(now_ns, (int64_t{before} - 1) * 1'000'000'000);
  EXPECT_LE(now_ns, (int64_t{std::time(nullptr)} + 1) * 1'000'000'000);
}

TEST(PosixEnvTest, EntropyDoesNotRepeat) {
  std::set<Bytes> seen;
  for (int i = 0; i < 100; ++i) {
    Bytes bytes(16);
    SystemEntropy().Fill(bytes);
    seen.insert(bytes);
  }
  EXPECT_EQ(seen.size(), 100u);
  SystemEntropy().Fill({});
}

TEST(OsErrorTest, TextsAreLowerCase) {
  EXPECT_EQ(SystemError("read", "f", EIO).message(), "read f: input/output error");
  EXPECT_EQ(SystemError("open", "f", EROFS).message(), "open f: read-only file system");
  EXPECT_EQ(SystemError("mkdir", "f", EACCES).message(), "mkdir f: permission denied");
  EXPECT_EQ(SystemError("sync", "f", EDQUOT).message(), "sync f: disk quota exceeded");
  EXPECT_EQ(SystemError("open", "f", 12345).message(), "open f: errno 12345");
}

}  // namespace
}  // namespace atrest::env
