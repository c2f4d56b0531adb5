#include "harness/runner/workspace.h"

#include <gtest/gtest.h>

#include "reference/env/mem_file_system.h"

namespace atrest::runner {
namespace {

class WorkspaceTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    const size_t slash = path.rfind('/');
    ASSERT_TRUE(files_.MakeDirectories(path.substr(0, slash)).ok());
    ASSERT_TRUE(env::WriteWhole(files_, path, AsBytes(text)).ok());
  }
  env::MemFileSystem files_;
};

TEST_F(WorkspaceTest, FilesAreListedBelowADirectory) {
  Write("/d/b/2", "");
  Write("/d/b/1", "");
  Write("/d/a", "");
  EXPECT_EQ(ListFiles(files_, "/d").value(), (std::vector<std::string>{"a", "b/1", "b/2"}));
  EXPECT_TRUE(ListFiles(files_, "/none").value().empty());
}

TEST_F(WorkspaceTest, ATreeIsCopiedWhole) {
  Write("/d/b/1", "one");
  Write("/d/a", "");
  env::MemFileSystem other;
  ASSERT_TRUE(CopyTree(files_, "/d", other, "/e/f").ok());
  EXPECT_EQ(ToHex(env::ReadWhole(other, "/e/f/b/1", 9).value()), "6f6e65");
  EXPECT_EQ(ListFiles(other, "/e/f").value().size(), 2u);
  EXPECT_EQ(CopyTree(files_, "/none", other, "/g").code(), Code::kNotFound);
}

TEST_F(WorkspaceTest, TextsAreFoundInContentsAndNames) {
  Write("/d/needle-channel/msgs", "hay");
  Write("/d/x", "hay needle hay");
  verdict::Disk disk;
  ASSERT_TRUE(Scan(files_, "/d", {"needle", "nothing"}, disk).ok());
  EXPECT_EQ(disk.hits[0].contents, std::vector<std::string>{"x at 4"});
  EXPECT_EQ(disk.hits[0].names, std::vector<std::string>{"needle-channel/msgs"});
  EXPECT_TRUE(disk.hits[1].contents.empty());
  EXPECT_EQ(disk.sizes,
            (std::vector<std::pair<std::string, uint64_t>>{{"needle-channel/msgs", 3}, {"x", 14}}));
}

TEST(ReplacePathTest, EveryPlaceIsReplacedOnce) {
  EXPECT_EQ(ReplacePath("a \"/store/x\" and /store", "/store", "<root>/store"),
            "a \"<root>/store/x\" and <root>/store");
  EXPECT_EQ(ReplacePath("nothing", "/store", "x"), "nothing");
}

}  // namespace
}  // namespace atrest::runner
