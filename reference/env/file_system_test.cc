// What env.h promises, asked of every file system.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "reference/env/env.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"
#include "reference/env/temporary_directory.h"

namespace atrest::env {
namespace {

using Mode = FileSystem::Mode;

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<FileSystem>()> make;
};

class FileSystemTest : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override { ASSERT_TRUE(files_->MakeDirectories(directory_.path()).ok()); }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  std::unique_ptr<File> Open(const std::string& name, Mode mode = Mode::kCreate) {
    auto file = files_->Open(Path(name), mode);
    EXPECT_TRUE(file.ok()) << file.status().message();
    return std::move(file).value();
  }

  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteWhole(*files_, Path(name), AsBytes(text)).ok());
  }

  std::string Read(const std::string& name) {
    const auto bytes = ReadWhole(*files_, Path(name), 1 << 20);
    return bytes.ok() ? std::string(AsText(bytes.value())) : bytes.status().message();
  }

  // The text of a failure, with "DIR" for the directory of the test.
  std::string Text(const Status& status) const {
    std::string text = status.message();
    for (size_t at; (at = text.find(directory_.path())) != std::string::npos;) {
      text.replace(at, directory_.path().size(), "DIR");
    }
    return text;
  }
  std::string OpenText(const std::string& name, Mode mode) {
    return Text(files_->Open(Path(name), mode).status());
  }

  // "a b/": names, with a slash behind those of directories.
  std::string Listing(const std::string& name = "") {
    const auto entries = files_->List(Path(name));
    if (!entries.ok()) return Text(entries.status());
    std::string text;
    for (const auto& entry : entries.value()) {
      text += (text.empty() ? "" : " ") + entry.name + (entry.is_directory ? "/" : "");
    }
    return text;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<FileSystem> files_ = GetParam().make();
};

std::string ReadSome(const File& file, uint64_t offset, size_t size) {
  Bytes into(size);
  const size_t count = file.ReadAt(offset, into).value();
  return std::string(AsText(ByteView(into).first(count)));
}

TEST_P(FileSystemTest, AppendsAndReadsBack) {
  const auto file = Open("a");
  ASSERT_TRUE(file->Append(AsBytes("hello ")).ok());
  ASSERT_TRUE(file->Append(AsBytes("world")).ok());
  ASSERT_TRUE(file->Append({}).ok());
  EXPECT_EQ(file->Size().value(), 11u);
  EXPECT_EQ(ReadSome(*file, 0, 100), "hello world");
  EXPECT_EQ(ReadSome(*file, 6, 3), "wor");
  EXPECT_EQ(ReadSome(*file, 11, 1), "");
  EXPECT_EQ(ReadSome(*file, 1000, 1), "");
  EXPECT_EQ(ReadSome(*file, 0, 0), "");
}

TEST_P(FileSystemTest, AppendGoesToThePhysicalEnd) {
  const auto one = Open("a");
  const auto two = Open("a");
  ASSERT_TRUE(one->Append(AsBytes("1")).ok());
  ASSERT_TRUE(two->Append(AsBytes("22")).ok());
  ASSERT_TRUE(one->WriteAt(0, AsBytes("x")).ok());
  ASSERT_TRUE(one->Append(AsBytes("333")).ok());
  ASSERT_TRUE(two->Truncate(5).ok());
  ASSERT_TRUE(one->Append(AsBytes("4")).ok());
  EXPECT_EQ(Read("a"), "x22334");
}

TEST_P(FileSystemTest, WriteAtOverwritesAndFillsGapsWithZeros) {
  const auto file = Open("a");
  ASSERT_TRUE(file->WriteAt(0, AsBytes("abcdef")).ok());
  ASSERT_TRUE(file->WriteAt(2, AsBytes("XY")).ok());
  ASSERT_TRUE(file->WriteAt(5, AsBytes("zz")).ok());
  ASSERT_TRUE(file->WriteAt(9, AsBytes("!")).ok());
  EXPECT_EQ(Read("a"), std::string("abXYezz\0\0!", 10));
}

TEST_P(FileSystemTest, AnEmptyWriteBehindTheEndChangesNothing) {
  const auto file = Open("a");
  ASSERT_TRUE(file->WriteAt(9, {}).ok());
  EXPECT_EQ(file->Size().value(), 0u);
}

TEST_P(FileSystemTest, TruncateCutsAndGrowsWithZeros) {
  const auto file = Open("a");
  ASSERT_TRUE(file->Append(AsBytes("abcdef")).ok());
  ASSERT_TRUE(file->Truncate(2).ok());
  ASSERT_TRUE(file->Truncate(4).ok());
  EXPECT_EQ(Read("a"), std::string("ab\0\0", 4));
  EXPECT_TRUE(file->Sync().ok());
}

TEST_P(FileSystemTest, ModesOfOpen) {
  EXPECT_EQ(OpenText("a", Mode::kRead), "open DIR/a: no such file or directory");
  EXPECT_EQ(OpenText("a", Mode::kReadWrite), "open DIR/a: no such file or directory");
  EXPECT_EQ(files_->Open(Path("a"), Mode::kRead).status().code(), Code::kNotFound);
  EXPECT_EQ(OpenText("a", Mode::kCreateExclusive), "");
  EXPECT_EQ(OpenText("a", Mode::kCreateExclusive), "open DIR/a: file exists");
  EXPECT_EQ(files_->Open(Path("a"), Mode::kCreateExclusive).status().code(), Code::kIo);
  Write("a", "kept");
  EXPECT_EQ(OpenText("a", Mode::kCreate), "");
  EXPECT_EQ(OpenText("a", Mode::kReadWrite), "");
  EXPECT_EQ(Read("a"), "kept");
}

TEST_P(FileSystemTest, AReaderCannotWrite) {
  Write("a", "text");
  const auto file = Open("a", Mode::kRead);
  EXPECT_EQ(Text(file->Append(AsBytes("x"))), "write DIR/a: bad file descriptor");
  EXPECT_EQ(Text(file->WriteAt(0, AsBytes("x"))), "write DIR/a: bad file descriptor");
  EXPECT_EQ(Text(file->Truncate(0)), "truncate DIR/a: invalid argument");
  EXPECT_TRUE(file->Append({}).ok());
  EXPECT_EQ(Read("a"), "text");
}

TEST_P(FileSystemTest, DirectoriesAreNotFiles) {
  ASSERT_TRUE(files_->MakeDirectories(Path("d")).ok());
  for (const Mode mode : {Mode::kRead, Mode::kReadWrite, Mode::kCreate}) {
    EXPECT_EQ(OpenText("d", mode), "open DIR/d: is a directory");
  }
  EXPECT_EQ(OpenText("d", Mode::kCreateExclusive), "open DIR/d: file exists");
}

TEST_P(FileSystemTest, FilesAreNotDirectories) {
  Write("f", "");
  EXPECT_EQ(OpenText("f/a", Mode::kCreate), "open DIR/f/a: not a directory");
  EXPECT_EQ(Listing("f"), "open DIR/f: not a directory");
  EXPECT_EQ(Text(files_->MakeDirectories(Path("f"))), "mkdir DIR/f: not a directory");
  EXPECT_EQ(Text(files_->MakeDirectories(Path("f/a/b"))), "mkdir DIR/f: not a directory");
  EXPECT_EQ(Text(files_->Remove(Path("f/a"))), "remove DIR/f/a: not a directory");
  EXPECT_EQ(Text(files_->RemoveAll(Path("f/a"))), "unlinkat DIR/f/a: not a directory");
  EXPECT_FALSE(files_->Exists(Path("f/a")));
}

TEST_P(FileSystemTest, UnusablePaths) {
  const std::string long_name(256, 'n');
  EXPECT_EQ(OpenText(long_name, Mode::kCreate), "open DIR/" + long_name + ": file name too long");
  EXPECT_EQ(Text(files_->MakeDirectories(Path(long_name))),
            "mkdir DIR/" + long_name + ": file name too long");
  EXPECT_EQ(OpenText(std::string(255, 'n'), Mode::kCreate), "");
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(OpenText(with_nul, Mode::kCreate), std::string("open DIR/a\0b: invalid argument", 30));
  EXPECT_FALSE(files_->MakeDirectories(Path(with_nul)).ok());
  EXPECT_FALSE(files_->Remove(Path(with_nul)).ok());
  EXPECT_FALSE(files_->RemoveAll(Path(with_nul)).ok());
  EXPECT_FALSE(files_->Rename(Path(with_nul), Path("c")).ok());
  EXPECT_FALSE(files_->List(Path(with_nul)).ok());
  EXPECT_FALSE(files_->Exists(Path(with_nul)));
  EXPECT_EQ(Listing(), std::string(255, 'n'));
  EXPECT_EQ(files_->Open("", Mode::kCreate).status().message(), "open : no such file or directory");
  EXPECT_EQ(files_->MakeDirectories("").message(), "mkdir : no such file or directory");
}

TEST_P(FileSystemTest, ListIsSortedByBytes) {
  Write("b", "");
  Write("\xC3\xA9", "");
  Write("B", "");
  Write("a.b", "");
  ASSERT_TRUE(files_->MakeDirectories(Path("a")).ok());
  EXPECT_EQ(Listing(), "B a/ a.b b \xC3\xA9");
  EXPECT_EQ(Listing("a"), "");
  EXPECT_EQ(Listing("none"), "open DIR/none: no such file or directory");
}

TEST_P(FileSystemTest, MakesParents) {
  ASSERT_TRUE(files_->MakeDirectories(Path("a/b//c/")).ok());
  ASSERT_TRUE(files_->MakeDirectories(Path("a/b/c")).ok());
  EXPECT_TRUE(files_->Exists(Path("a/b/c")));
  EXPECT_EQ(Listing("a"), "b/");
  EXPECT_TRUE(files_->MakeDirectories("/").ok());
}

TEST_P(FileSystemTest, OpenFilesOutliveTheirNames) {
  const auto file = Open("a");
  ASSERT_TRUE(files_->Rename(Path("a"), Path("b")).ok());
  ASSERT_TRUE(file->Append(AsBytes("one")).ok());
  EXPECT_EQ(Read("b"), "one");
  ASSERT_TRUE(files_->Remove(Path("b")).ok());
  ASSERT_TRUE(file->Append(AsBytes(" two")).ok());
  EXPECT_EQ(ReadSome(*file, 0, 100), "one two");
  EXPECT_FALSE(files_->Exists(Path("b")));
  Write("b", "new");
  EXPECT_EQ(ReadSome(*file, 0, 100), "one two");
}

TEST_P(FileSystemTest, RenameReplacesFiles) {
  Write("a", "A");
  Write("b", "B");
  const auto replaced = Open("b");
  ASSERT_TRUE(files_->Rename(Path("a"), Path("b")).ok());
  EXPECT_EQ(Listing(), "b");
  EXPECT_EQ(Read("b"), "A");
  EXPECT_EQ(ReadSome(*replaced, 0, 9), "B");
  ASSERT_TRUE(files_->Rename(Path("b"), Path("b")).ok());
  EXPECT_EQ(Read("b"), "A");
}

TEST_P(FileSystemTest, RenameMovesDirectories) {
  ASSERT_TRUE(files_->MakeDirectories(Path("d/sub")).ok());
  Write("d/a", "A");
  ASSERT_TRUE(files_->Rename(Path("d"), Path("e")).ok());
  EXPECT_EQ(Read("e/a"), "A");
  EXPECT_EQ(Listing(), "e/");
}

TEST_P(FileSystemTest, RenameRefuses) {
  ASSERT_TRUE(files_->MakeDirectories(Path("d")).ok());
  Write("f", "");
  const auto rename = [&](const std::string& from, const std::string& to) {
    return Text(files_->Rename(Path(from), Path(to)));
  };
  EXPECT_EQ(rename("none", "x"), "rename DIR/none DIR/x: no such file or directory");
  EXPECT_EQ(rename("none", "d"), "rename DIR/none DIR/d: no such file or directory");
  EXPECT_EQ(rename("f", "none/x"), "rename DIR/f DIR/none/x: no such file or directory");
  EXPECT_EQ(rename("f", "d"), "rename DIR/f DIR/d: file exists");
  EXPECT_EQ(rename("d", "d"), "rename DIR/d DIR/d: file exists");
  EXPECT_EQ(rename("d", "f"), "rename DIR/d DIR/f: not a directory");
  EXPECT_EQ(rename("f", "f/x"), "rename DIR/f DIR/f/x: not a directory");
  EXPECT_EQ(rename("d", "d/x"), "rename DIR/d DIR/d/x: invalid argument");
  EXPECT_EQ(Listing(), "d/ f");
}

TEST_P(FileSystemTest, RemoveTakesFilesAndEmptyDirectories) {
  ASSERT_TRUE(files_->MakeDirectories(Path("d")).ok());
  Write("d/a", "");
  EXPECT_EQ(Text(files_->Remove(Path("d"))), "remove DIR/d: directory not empty");
  EXPECT_TRUE(files_->Remove(Path("d/a")).ok());
  EXPECT_TRUE(files_->Remove(Path("d")).ok());
  EXPECT_EQ(Text(files_->Remove(Path("d"))), "remove DIR/d: no such file or directory");
  EXPECT_EQ(files_->Remove(Path("d")).code(), Code::kNotFound);
}

TEST_P(FileSystemTest, RemoveAllTakesTrees) {
  ASSERT_TRUE(files_->MakeDirectories(Path("d/e/f")).ok());
  Write("d/a", "");
  Write("d/e/b", "");
  EXPECT_TRUE(files_->RemoveAll(Path("d")).ok());
  EXPECT_TRUE(files_->RemoveAll(Path("d")).ok());
  Write("a", "");
  EXPECT_TRUE(files_->RemoveAll(Path("a")).ok());
  EXPECT_EQ(Listing(), "");
}

TEST_P(FileSystemTest, TemporariesAreNewFiles) {
  std::string one, two;
  const auto file = files_->CreateTemporary(directory_.path(), "subs", &one);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(files_->CreateTemporary(directory_.path(), "subs", &two).ok());
  EXPECT_NE(one, two);
  EXPECT_TRUE(one.starts_with(Path("subs")));
  EXPECT_EQ(one.find_first_not_of("0123456789", Path("subs").size()), std::string::npos);
  ASSERT_TRUE(file.value()->Append(AsBytes("x")).ok());
  ASSERT_TRUE(files_->Rename(one, Path("a")).ok());
  EXPECT_EQ(Read("a"), "x");
  EXPECT_EQ(files_->CreateTemporary(Path("none"), "p", &one).status().code(), Code::kNotFound);
}

TEST_P(FileSystemTest, OneOpenFileHasTheLock) {
  auto one = Open("a");
  const auto two = Open("a", Mode::kReadWrite);
  const auto other = Open("b");
  EXPECT_TRUE(one->TryLock().value());
  EXPECT_TRUE(one->TryLock().value());
  EXPECT_FALSE(two->TryLock().value());
  EXPECT_TRUE(other->TryLock().value());
  ASSERT_TRUE(two->Append(AsBytes("x")).ok());
  one.reset();
  EXPECT_TRUE(two->TryLock().value());
}

TEST_P(FileSystemTest, PrivateFilesAreMadeOrOpened) {
  ASSERT_TRUE(Open("a", Mode::kCreatePrivate)->Append(AsBytes("x")).ok());
  ASSERT_TRUE(Open("a", Mode::kCreatePrivate)->Append(AsBytes("y")).ok());
  EXPECT_EQ(Read("a"), "xy");
}

TEST_P(FileSystemTest, DirectoriesAreSynced) {
  ASSERT_TRUE(files_->MakeDirectories(Path("d")).ok());
  Write("a", "");
  EXPECT_TRUE(files_->SyncDirectory(Path("d")).ok());
  EXPECT_EQ(Text(files_->SyncDirectory(Path("e"))), "open DIR/e: no such file or directory");
  EXPECT_EQ(Text(files_->SyncDirectory(Path("a"))), "open DIR/a: not a directory");
}

INSTANTIATE_TEST_SUITE_P(
    All, FileSystemTest,
    testing::Values(Implementation{"Posix", [] { return std::make_unique<PosixFileSystem>(); }},
                    Implementation{"Memory", [] { return std::make_unique<MemFileSystem>(); }}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace atrest::env
