// The fault model of the file system in memory; the rest is in file_system_test.cc.
#include "reference/env/mem_file_system.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace atrest::env {
namespace {

using Mode = FileSystem::Mode;
using Kind = Mutation::Kind;

std::string Read(FileSystem& files, const std::string& path) {
  const auto bytes = ReadWhole(files, path, 1 << 20);
  return bytes.ok() ? std::string(AsText(bytes.value())) : bytes.status().message();
}

std::unique_ptr<File> Open(FileSystem& files, const std::string& path) {
  return files.Open(path, Mode::kCreate).value();
}

// A hook that does FAULT to the first change of KIND.
FaultHook Once(Kind kind, const Fault& fault) {
  return [kind, fault, done = false](const Mutation& mutation) mutable {
    if (done || mutation.kind != kind) return Fault();
    done = true;
    return fault;
  };
}

TEST(MemCrashTest, AKilledProcessLosesNothingButItsOpenFiles) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  ASSERT_TRUE(file->Append(AsBytes("text")).ok());
  files.Restart();
  EXPECT_EQ(Read(files, "a"), "text");
  EXPECT_EQ(file->Append(AsBytes("x")).message(), "write a: file already closed");
  EXPECT_EQ(file->Size().status().message(), "stat a: file already closed");
}

TEST(MemCrashTest, ACrashedMachineKeepsWhatWasSynced) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  ASSERT_TRUE(file->Append(AsBytes("synced")).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Append(AsBytes(" lost")).ok());
  ASSERT_TRUE(file->WriteAt(0, AsBytes("XXX")).ok());
  ASSERT_TRUE(Open(files, "b")->Append(AsBytes("never synced")).ok());
  EXPECT_EQ(Read(files, "a"), "XXXced lost");
  files.LoseUnsynced();
  EXPECT_EQ(Read(files, "a"), "synced");
  EXPECT_EQ(Read(files, "b"), "");
  EXPECT_FALSE(file->Append(AsBytes("x")).ok());
}

TEST(MemCrashTest, ATruncationIsLostToo) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  ASSERT_TRUE(file->Append(AsBytes("synced")).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Truncate(1).ok());
  files.LoseUnsynced();
  EXPECT_EQ(Read(files, "a"), "synced");
}

TEST(MemCrashTest, NamesAreDurableAtOnce) {
  MemFileSystem files;
  const auto file = Open(files, "new");
  ASSERT_TRUE(file->Append(AsBytes("text")).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(WriteWhole(files, "gone", {}).ok());
  ASSERT_TRUE(files.Remove("gone").ok());
  ASSERT_TRUE(files.Rename("new", "old").ok());
  files.LoseUnsynced();
  EXPECT_EQ(Read(files, "old"), "text");
  EXPECT_EQ(files.List("/").value().size(), 1u);
}

TEST(MemCrashTest, OrWithTheNextSync) {
  MemFileSystem files(MemFileSystem::Names::kDurableOnSync);
  const auto file = Open(files, "old");
  ASSERT_TRUE(file->Append(AsBytes("text")).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(files.Rename("old", "new").ok());
  ASSERT_TRUE(files.MakeDirectories("d/e").ok());
  EXPECT_EQ(Read(files, "new"), "text");
  files.LoseUnsynced();
  EXPECT_EQ(Read(files, "old"), "text");
  EXPECT_EQ(files.List("/").value().size(), 1u);
  ASSERT_TRUE(files.Remove("old").ok());
  ASSERT_TRUE(Open(files, "other")->Sync().ok());
  files.LoseUnsynced();
  EXPECT_FALSE(files.Exists("old"));
  EXPECT_TRUE(files.Exists("other"));
}

TEST(MemCrashTest, ADeadProcessHasNoLock) {
  MemFileSystem files;
  auto old = files.Open("a", FileSystem::Mode::kCreate).value();
  ASSERT_TRUE(old->TryLock().value());
  const MemSnapshot snapshot = files.TakeSnapshot();
  MemFileSystem copy(snapshot);
  EXPECT_TRUE(copy.Open("a", FileSystem::Mode::kReadWrite).value()->TryLock().value());
  files.Restart();
  const auto file = files.Open("a", FileSystem::Mode::kReadWrite).value();
  EXPECT_TRUE(file->TryLock().value());
  old.reset();
  EXPECT_FALSE(files.Open("a", FileSystem::Mode::kReadWrite).value()->TryLock().value());
}

TEST(MemCrashTest, NamesAreDurableWithTheirDirectory) {
  MemFileSystem files(MemFileSystem::Names::kDurableOnSync);
  ASSERT_TRUE(files.MakeDirectories("d").ok());
  ASSERT_TRUE(files.SyncDirectory("d").ok());
  files.LoseUnsynced();
  EXPECT_TRUE(files.Exists("d"));
}

TEST(MemFaultTest, AFullDisk) {
  MemFileSystem files;
  const Status full(Code::kIo, "write a: no space left on device");
  const auto file = Open(files, "a");
  files.SetFaultHook(Once(Kind::kWrite, Fault::Fail(full, 2)));
  EXPECT_EQ(file->Append(AsBytes("hello")).message(), full.message());
  EXPECT_FALSE(files.stopped());
  EXPECT_EQ(Read(files, "a"), "he");
  EXPECT_TRUE(file->Append(AsBytes("y")).ok());
  EXPECT_EQ(Read(files, "a"), "hey");
}

TEST(MemFaultTest, AProcessThatEndsInAWrite) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  files.SetFaultHook(Once(Kind::kWrite, Fault::Stop(3)));
  EXPECT_EQ(file->Append(AsBytes("hello")).message(), "write a: file system stopped");
  EXPECT_TRUE(files.stopped());
  EXPECT_EQ(file->Size().status().message(), "stat a: file system stopped");
  EXPECT_EQ(Read(files, "a"), "open a: file system stopped");
  EXPECT_EQ(files.Rename("a", "b").message(), "rename a b: file system stopped");
  EXPECT_EQ(files.List("/").status().message(), "open /: file system stopped");
  EXPECT_FALSE(files.Exists("a"));
  files.Restart();
  EXPECT_FALSE(files.stopped());
  EXPECT_EQ(Read(files, "a"), "hel");
  EXPECT_EQ(file->Size().status().message(), "stat a: file already closed");
}

TEST(MemFaultTest, ARefusedChangeDoesNotHappen) {
  const Status refused(Code::kIo, "refused");
  MemFileSystem files;
  ASSERT_TRUE(WriteWhole(files, "a", AsBytes("text")).ok());
  const auto file = Open(files, "a");
  files.SetFaultHook([&](const Mutation&) { return Fault::Fail(refused, 100); });
  EXPECT_EQ(files.Open("new", Mode::kCreate).status().message(), "refused");
  EXPECT_EQ(files.MakeDirectories("d").message(), "refused");
  EXPECT_EQ(files.Remove("a").message(), "refused");
  EXPECT_EQ(files.RemoveAll("a").message(), "refused");
  EXPECT_EQ(files.Rename("a", "b").message(), "refused");
  EXPECT_EQ(file->Truncate(0).message(), "refused");
  EXPECT_EQ(file->Sync().message(), "refused");
  files.SetFaultHook({});
  EXPECT_EQ(files.List("/").value().size(), 1u);
  EXPECT_EQ(Read(files, "a"), "text");
  files.LoseUnsynced();
  EXPECT_EQ(Read(files, "a"), "");
}

TEST(MemFaultTest, TheHookHearsOfEveryChange) {
  MemFileSystem files;
  std::vector<std::string> heard;
  files.SetFaultHook([&](const Mutation& m) {
    heard.push_back(std::to_string(static_cast<int>(m.kind)) + " " + m.path + " " +
                    std::to_string(m.offset) + " " + std::string(AsText(m.bytes)) +
                    std::string(m.to));
    return Fault();
  });
  ASSERT_TRUE(files.MakeDirectories("d/e").ok());
  const auto file = Open(files, "d/a");
  ASSERT_TRUE(file->Append(AsBytes("one")).ok());
  ASSERT_TRUE(file->Append(AsBytes("two")).ok());
  ASSERT_TRUE(file->Truncate(4).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(files.Rename("d/a", "d/b").ok());
  ASSERT_TRUE(files.RemoveAll("d").ok());
  EXPECT_EQ(heard, (std::vector<std::string>{"4 d 0 ", "4 d/e 0 ", "0 d/a 0 ", "1 d/a 0 one",
                                             "1 d/a 3 two", "2 d/a 4 ", "3 d/a 0 ", "6 d/a 0 d/b",
                                             "5 d/b 0 ", "5 d/e 0 ", "5 d 0 "}));
}

DirectoryEntry Entry(FileSystem& files, const std::string& name) {
  const auto entries = files.List("/").value();
  for (const DirectoryEntry& entry : entries) {
    if (entry.name == name) return entry;
  }
  return {};
}

TEST(MemChangeTest, NumbersTellWhatChangedAndHow) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  ASSERT_TRUE(file->Append(AsBytes("text")).ok());
  const DirectoryEntry first = Entry(files, "a");
  EXPECT_EQ(first.size, 4U);
  ASSERT_TRUE(Open(files, "b")->Append(AsBytes("other")).ok());
  EXPECT_EQ(Entry(files, "a").change, first.change);
  EXPECT_NE(Entry(files, "b").change, first.change);

  ASSERT_TRUE(file->Append(AsBytes(" more")).ok());
  const DirectoryEntry grown = Entry(files, "a");
  EXPECT_NE(grown.change, first.change);
  EXPECT_EQ(grown.rewrite, first.rewrite);

  ASSERT_TRUE(file->WriteAt(0, AsBytes("T")).ok());
  const DirectoryEntry written = Entry(files, "a");
  EXPECT_NE(written.rewrite, grown.rewrite);
  ASSERT_TRUE(file->Truncate(2).ok());
  EXPECT_NE(Entry(files, "a").rewrite, written.rewrite);
  ASSERT_TRUE(files.Rename("b", "a").ok());
  EXPECT_NE(Entry(files, "a").rewrite, written.rewrite);
  files.LoseUnsynced();
  EXPECT_NE(Entry(files, "a").change, grown.change);

  MemFileSystem copy(files.TakeSnapshot());
  const DirectoryEntry copied = Entry(copy, "a");
  ASSERT_TRUE(Open(copy, "a")->WriteAt(0, AsBytes("x")).ok());
  EXPECT_NE(Entry(copy, "a").change, copied.change);
}

TEST(MemSnapshotTest, GoesItsOwnWay) {
  MemFileSystem files;
  ASSERT_TRUE(files.MakeDirectories("d").ok());
  const auto file = Open(files, "d/a");
  ASSERT_TRUE(file->Append(AsBytes("base")).ok());
  const MemSnapshot snapshot = files.TakeSnapshot();
  ASSERT_TRUE(file->Append(AsBytes(" more")).ok());
  ASSERT_TRUE(files.Rename("d/a", "d/b").ok());
  MemFileSystem one(snapshot);
  MemFileSystem two(snapshot);
  ASSERT_TRUE(Open(one, "d/a")->Append(AsBytes(" one")).ok());
  ASSERT_TRUE(Open(two, "d/a")->WriteAt(0, AsBytes("B")).ok());
  EXPECT_EQ(Read(files, "d/b"), "base more");
  EXPECT_EQ(Read(one, "d/a"), "base one");
  EXPECT_EQ(Read(two, "d/a"), "Base");
}

TEST(MemSnapshotTest, RemembersWhatWasSynced) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  ASSERT_TRUE(file->Append(AsBytes("synced")).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Append(AsBytes(" lost")).ok());
  MemFileSystem copy(files.TakeSnapshot());
  EXPECT_EQ(Read(copy, "a"), "synced lost");
  copy.LoseUnsynced();
  EXPECT_EQ(Read(copy, "a"), "synced");
}

TEST(MemSnapshotTest, NamesOfASnapshotAreDurable) {
  MemFileSystem files(MemFileSystem::Names::kDurableOnSync);
  ASSERT_TRUE(files.MakeDirectories("d").ok());
  MemFileSystem copy(files.TakeSnapshot(), MemFileSystem::Names::kDurableOnSync);
  ASSERT_TRUE(copy.MakeDirectories("e").ok());
  copy.LoseUnsynced();
  EXPECT_TRUE(copy.Exists("d"));
  EXPECT_FALSE(copy.Exists("e"));
}

TEST(MemSnapshotTest, CanBeTakenInAHook) {
  MemFileSystem files;
  std::vector<MemSnapshot> before;
  files.SetFaultHook([&](const Mutation&) {
    before.push_back(files.TakeSnapshot());
    return Fault();
  });
  const auto file = Open(files, "a");
  ASSERT_TRUE(file->Append(AsBytes("1")).ok());
  ASSERT_TRUE(file->Append(AsBytes("2")).ok());
  ASSERT_EQ(before.size(), 3u);
  MemFileSystem last(before[2]);
  EXPECT_EQ(Read(last, "a"), "1");
}

// A quick run is the point: every length of a file of 100 000 bytes.
TEST(MemSnapshotTest, ATruncationLadder) {
  MemFileSystem files;
  ASSERT_TRUE(WriteWhole(files, "a", Bytes(100000, 7)).ok());
  ASSERT_TRUE(WriteWhole(files, "b", Bytes(1000000, 7)).ok());
  const MemSnapshot snapshot = files.TakeSnapshot();
  for (uint64_t size = 0; size <= 100000; ++size) {
    MemFileSystem variant(snapshot);
    const auto file = Open(variant, "a");
    ASSERT_TRUE(file->Truncate(size).ok());
    ASSERT_EQ(file->Size().value(), size);
  }
}

TEST(MemSnapshotTest, MayBeSharedByThreads) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  ASSERT_TRUE(file->Append(AsBytes("base")).ok());
  const MemSnapshot snapshot = files.TakeSnapshot();
  std::vector<std::string> seen(4);
  std::vector<std::thread> threads;
  threads.reserve(seen.size());
  for (std::string& text : seen) {
    threads.emplace_back([&snapshot, &text] {
      MemFileSystem own(snapshot);
      const auto copy = Open(own, "a");
      for (int i = 0; i < 100; ++i) (void)copy->Append(AsBytes("x"));
      text = Read(own, "a");
    });
  }
  for (int i = 0; i < 100; ++i) (void)file->Append(AsBytes("y"));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Read(files, "a"), "base" + std::string(100, 'y'));
  for (const std::string& text : seen) EXPECT_EQ(text, "base" + std::string(100, 'x'));
}

TEST(MemLimitTest, AFileHasAGreatestSize) {
  MemFileSystem files;
  const auto file = Open(files, "a");
  EXPECT_EQ(file->WriteAt(MemFileSystem::kFileSizeMax, AsBytes("x")).message(),
            "write a: file too large");
  EXPECT_EQ(file->Truncate(MemFileSystem::kFileSizeMax + 1).message(),
            "truncate a: file too large");
}

TEST(MemLimitDeathTest, PathsDoNotGoUp) {
  MemFileSystem files;
  EXPECT_DEATH((void)files.Exists("a/../b"), "check failed");
}

}  // namespace
}  // namespace atrest::env
