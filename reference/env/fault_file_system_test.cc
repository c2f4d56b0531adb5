#include "reference/env/fault_file_system.h"

#include <gtest/gtest.h>

#include "reference/env/mem_file_system.h"

namespace atrest::env {
namespace {

using At = FaultFileSystem::At;
using How = FaultFileSystem::How;
using Mode = FileSystem::Mode;

class FaultFileSystemTest : public testing::Test {
 protected:
  std::unique_ptr<File> Create(const std::string& path) {
    return files_.Open(path, Mode::kCreate).value();
  }
  std::string Contents(const std::string& path) {
    return std::string(AsText(ReadWhole(below_, path, 1 << 20).value()));
  }
  static Status Append(File& file, std::string_view text) { return file.Append(AsBytes(text)); }

  MemFileSystem below_;
  FaultFileSystem files_{below_};
};

TEST_F(FaultFileSystemTest, PassesEverythingOnUntilItIsArmed) {
  ASSERT_TRUE(files_.MakeDirectories("/d").ok());
  auto file = Create("/d/a");
  ASSERT_TRUE(Append(*file, "text").ok());
  ASSERT_TRUE(file->WriteAt(0, AsBytes("T")).ok());
  ASSERT_TRUE(Append(*file, "").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_TRUE(file->TryLock().value());
  EXPECT_EQ(file->Size().value(), 4u);
  ASSERT_TRUE(files_.Rename("/d/a", "/d/b").ok());
  EXPECT_EQ(Contents("/d/b"), "Text");
  EXPECT_EQ(files_.List("/d").value().size(), 1u);
  EXPECT_EQ(files_.writes(), 2u) << "a write of nothing is none";
  EXPECT_EQ(files_.syncs(), 1u);
  ASSERT_TRUE(files_.SyncDirectory("/d").ok());
  EXPECT_EQ(files_.syncs(), 2u);
  ASSERT_TRUE(files_.RemoveAll("/d").ok());
  EXPECT_FALSE(below_.Exists("/d"));
}

TEST_F(FaultFileSystemTest, NothingHappensFromTheChosenWriteOn) {
  auto a = Create("/a");
  auto b = Create("/b");
  files_.Arm(At::kWrite, 3, How::kKill);
  ASSERT_TRUE(Append(*a, "1").ok());
  ASSERT_TRUE(Append(*b, "2").ok());
  EXPECT_FALSE(files_.stopped());
  EXPECT_EQ(Append(*a, "3").message(), "write /a: the process was killed");
  EXPECT_TRUE(files_.stopped());
  std::string path;
  uint8_t byte = 0;
  EXPECT_FALSE(b->WriteAt(0, AsBytes("x")).ok());
  EXPECT_FALSE(b->Truncate(0).ok());
  EXPECT_FALSE(b->Sync().ok());
  EXPECT_FALSE(b->TryLock().ok());
  EXPECT_FALSE(b->Size().ok());
  EXPECT_FALSE(b->ReadAt(0, {&byte, 1}).ok());
  EXPECT_FALSE(files_.Open("/c", Mode::kCreate).ok());
  EXPECT_FALSE(files_.CreateTemporary("/", "t", &path).ok());
  EXPECT_FALSE(files_.List("/").ok());
  EXPECT_FALSE(files_.Exists("/a"));
  EXPECT_FALSE(files_.MakeDirectories("/d").ok());
  EXPECT_FALSE(files_.Remove("/a").ok());
  EXPECT_FALSE(files_.RemoveAll("/a").ok());
  EXPECT_FALSE(files_.Rename("/a", "/c").ok());
  EXPECT_FALSE(files_.SyncDirectory("/").ok());
  EXPECT_EQ(below_.List("/").value().size(), 2u);
  EXPECT_EQ(Contents("/a"), "1");
  EXPECT_EQ(Contents("/b"), "2");
  files_.Restart();
  EXPECT_TRUE(Append(*Create("/a"), "3").ok());
}

TEST_F(FaultFileSystemTest, ASyncIsCountedApart) {
  auto a = Create("/a");
  files_.Arm(At::kSync, 2, How::kKill);
  ASSERT_TRUE(Append(*a, "1").ok());
  ASSERT_TRUE(a->Sync().ok());
  ASSERT_TRUE(Append(*a, "2").ok());
  EXPECT_FALSE(a->Sync().ok());
  EXPECT_TRUE(files_.stopped());
  EXPECT_EQ(Contents("/a"), "12");
}

TEST_F(FaultFileSystemTest, AFullDiskTakesNoBytesButAllElse) {
  auto a = Create("/a");
  files_.Arm(At::kWrite, 2, How::kFull);
  ASSERT_TRUE(Append(*a, "1").ok());
  EXPECT_EQ(Append(*a, "2").message(), "write /a: no space left on device");
  EXPECT_EQ(a->WriteAt(0, AsBytes("x")).message(), "write /a: no space left on device");
  EXPECT_TRUE(a->Sync().ok());
  EXPECT_TRUE(files_.Rename("/a", "/b").ok());
  EXPECT_FALSE(files_.stopped());
  EXPECT_EQ(Contents("/b"), "1");
  files_.Disarm();
  EXPECT_TRUE(Append(*a, "3").ok());
  EXPECT_EQ(Contents("/b"), "13");
}

TEST_F(FaultFileSystemTest, AFullDiskMayHaveRoomAgain) {
  auto a = Create("/a");
  files_.Arm(At::kWrite, 2, How::kFull, 2);
  ASSERT_TRUE(Append(*a, "1").ok());
  EXPECT_EQ(Append(*a, "2").message(), "write /a: no space left on device");
  EXPECT_EQ(Append(*a, "3").message(), "write /a: no space left on device");
  EXPECT_TRUE(Append(*a, "4").ok());
  EXPECT_EQ(Contents("/a"), "14");
}

TEST_F(FaultFileSystemTest, TheLastOrderCounts) {
  auto a = Create("/a");
  files_.Arm(At::kWrite, 1, How::kKill);
  files_.Arm(At::kWrite, 2, How::kFull);
  EXPECT_TRUE(Append(*a, "1").ok());
  EXPECT_FALSE(Append(*a, "2").ok());
  files_.Arm(At::kWrite, 1, How::kKill);
  files_.Disarm();
  EXPECT_TRUE(Append(*a, "3").ok());
  EXPECT_EQ(Contents("/a"), "13");
}

}  // namespace
}  // namespace atrest::env
