#include "reference/store/buffered_writer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "reference/base/check.h"
#include "reference/env/mem_file_system.h"

namespace atrest::store {
namespace {

class BufferedWriterTest : public ::testing::Test {
 protected:
  static constexpr size_t kMin = 8;
  static constexpr size_t kMax = 64;

  BufferedWriterTest() { Attach("file"); }

  void Attach(const std::string& name) {
    file_ = std::move(files_.Open(name, env::FileSystem::Mode::kCreate)).value();
    writer_.Attach(file_.get());
  }
  void Write(size_t size) { ASSERT_TRUE(writer_.Write(ToBytes(std::string(size, 'x'))).ok()); }
  void Grow(size_t required) { ASSERT_TRUE(writer_.Grow(required).ok()); }
  void Shrink() { ASSERT_TRUE(writer_.Shrink().ok()); }
  // The size of the buffer.
  size_t Room() const { return writer_.available() + writer_.buffered(); }
  uint64_t Written() const { return file_->Size().value(); }
  void Refuse(size_t bytes = 0) {
    files_.SetFaultHook([bytes](const env::Mutation& change) {
      const bool refused = change.kind == env::Mutation::Kind::kWrite;
      return refused ? env::Fault::Fail(Status(Code::kIo, "full"), bytes) : env::Fault();
    });
  }
  void Heal() { files_.SetFaultHook({}); }

  env::MemFileSystem files_;
  std::unique_ptr<env::File> file_;
  BufferedWriter writer_{kMin, kMax};
};

TEST_F(BufferedWriterTest, HoldsWhatFits) {
  Write(5);
  Write(3);
  EXPECT_EQ(Written(), 0u);
  EXPECT_EQ(writer_.buffered(), 8u);
  Write(1);
  EXPECT_EQ(Written(), 8u);
  EXPECT_EQ(writer_.buffered(), 1u);
  Write(9);
  EXPECT_EQ(Written(), 18u) << "larger than the buffer, and behind what was there";
  Write(8);
  EXPECT_EQ(Written(), 18u);
  ASSERT_TRUE(writer_.Flush().ok());
  EXPECT_EQ(Written(), 26u);
  EXPECT_EQ(writer_.buffered(), 0u);
}

TEST_F(BufferedWriterTest, KeepsTheOrder) {
  ASSERT_TRUE(writer_.Write(AsBytes("abcde")).ok());
  ASSERT_TRUE(writer_.Write(AsBytes("fghijklmn")).ok());
  ASSERT_TRUE(writer_.Write(AsBytes("op")).ok());
  ASSERT_TRUE(writer_.Flush().ok());
  EXPECT_EQ(AsText(env::ReadWhole(files_, "file", 100).value()), "abcdefghijklmnop");
}

TEST_F(BufferedWriterTest, FlushesNothingWhereThereIsNothing) {
  int writes = 0;
  files_.SetFaultHook([&](const env::Mutation&) {
    ++writes;
    return env::Fault();
  });
  ASSERT_TRUE(writer_.Flush().ok());
  EXPECT_EQ(writes, 0);
  Write(1);
  ASSERT_TRUE(writer_.Flush().ok());
  EXPECT_EQ(writes, 1);
}

TEST_F(BufferedWriterTest, WithoutABuffer) {
  writer_ = BufferedWriter(kMin, 0);
  EXPECT_FALSE(writer_.buffers());
  writer_.Attach(file_.get());
  Write(3);
  EXPECT_EQ(Written(), 3u);
  Refuse();
  EXPECT_FALSE(writer_.Write(AsBytes("a")).ok());
  Heal();
  Write(1);
  EXPECT_EQ(Written(), 4u) << "a failure is not remembered";
  EXPECT_TRUE(BufferedWriter(kMin, 1).buffers());
  EXPECT_EQ(BufferedWriter(kMin, 1).available(), 1u);
}

TEST_F(BufferedWriterTest, GrowsByDoublingToWhatIsNeededOrToTheMost) {
  EXPECT_FALSE(writer_.at_max_size());
  Write(3);
  Grow(9);
  EXPECT_EQ(Room(), 16u);
  EXPECT_EQ(Written(), 3u) << "what was held is written";
  Grow(40);
  EXPECT_EQ(Room(), 40u);
  EXPECT_FALSE(writer_.at_max_size());
  Grow(41);
  EXPECT_EQ(Room(), 64u);
  EXPECT_TRUE(writer_.at_max_size());
}

TEST_F(BufferedWriterTest, ShrinksWhenHalfEmptyTwice) {
  Grow(40);
  Write(20);
  Shrink();
  EXPECT_EQ(Room(), 40u) << "noted";
  Shrink();
  EXPECT_EQ(Room(), 20u);
  EXPECT_EQ(Written(), 20u);
  EXPECT_EQ(writer_.buffered(), 0u);
  Shrink();
  EXPECT_EQ(Room(), 10u) << "noted before";
  Shrink();
  EXPECT_EQ(Room(), 8u) << "not below the least";
  Shrink();
  Shrink();
  EXPECT_EQ(Room(), 8u);
}

TEST_F(BufferedWriterTest, DoesNotShrinkWhileItIsUsed) {
  Grow(40);
  Write(21);
  Shrink();
  Shrink();
  EXPECT_EQ(Room(), 40u);
  EXPECT_EQ(Written(), 0u);
  ASSERT_TRUE(writer_.Flush().ok());
  Shrink();
  Write(10);
  Write(11);
  Shrink();
  EXPECT_EQ(Room(), 40u) << "filled since";
  ASSERT_TRUE(writer_.Flush().ok());
  Write(20);
  Shrink();
  Shrink();
  EXPECT_EQ(Room(), 20u);
}

TEST_F(BufferedWriterTest, GrowingForgetsThatItWasIdle) {
  Grow(30);
  Shrink();
  Grow(40);
  Shrink();
  EXPECT_EQ(Room(), 60u);
  Shrink();
  EXPECT_EQ(Room(), 30u);
}

TEST_F(BufferedWriterTest, AHalfFullBufferStaysIdle) {
  Grow(40);
  Shrink();
  Write(20);
  Shrink();
  EXPECT_EQ(Room(), 20u);
}

TEST_F(BufferedWriterTest, AFailureLasts) {
  Write(5);
  Refuse(2);
  EXPECT_EQ(writer_.Write(AsBytes("abcd")).message(), "full");
  Heal();
  EXPECT_EQ(writer_.Write(AsBytes("a")).message(), "full");
  EXPECT_EQ(writer_.Flush().message(), "full");
  EXPECT_EQ(writer_.Grow(20).message(), "full");
  EXPECT_EQ(Room(), 8u);
  EXPECT_EQ(Written(), 2u);
  Attach("other");
  EXPECT_EQ(writer_.buffered(), 0u) << "what was held is given up";
  Write(9);
  EXPECT_EQ(Written(), 9u);
}

TEST_F(BufferedWriterTest, AFailureOfShrinking) {
  Grow(40);
  Shrink();
  Write(1);
  Refuse();
  EXPECT_EQ(writer_.Shrink().message(), "full");
  EXPECT_EQ(Room(), 40u);
  EXPECT_EQ(writer_.buffered(), 1u);
}

}  // namespace
}  // namespace atrest::store
