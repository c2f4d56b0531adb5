// The cursor over index records: what it finds, and what finding costs.
#include "reference/store/slice.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"

namespace atrest::store {
namespace {

// A file that counts reads, and can be told to refuse them.
class CountingFile : public env::File {
 public:
  CountingFile(std::unique_ptr<env::File> below, int* reads, bool* refuses)
      : below_(std::move(below)), reads_(reads), refuses_(refuses) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const override {
    ++*reads_;
    if (*refuses_) return Status(Code::kIo, "refused");
    return below_->ReadAt(offset, into);
  }
  Status WriteAt(uint64_t offset, ByteView bytes) override {
    return below_->WriteAt(offset, bytes);
  }
  Status Append(ByteView bytes) override { return below_->Append(bytes); }
  Status Truncate(uint64_t size) override { return below_->Truncate(size); }
  Status Sync() override { return below_->Sync(); }
  Result<bool> TryLock() override { return below_->TryLock(); }
  Result<uint64_t> Size() const override { return below_->Size(); }

 private:
  std::unique_ptr<env::File> below_;
  int* reads_;
  bool* refuses_;
};

class IndexCursorTest : public ::testing::Test {
 protected:
  // A slice whose index has these sequences, the REMOVED first of which are gone.
  Slice Make(const std::vector<uint64_t>& sequences, size_t removed = 0, int64_t number = 1) {
    Slice slice;
    slice.number = number;
    slice.index_path = "index" + std::to_string(number);
    Bytes bytes = {1, 0, 0, 0};
    for (const uint64_t sequence : sequences) {
      AppendIndexRecord({sequence, 10 * sequence, static_cast<int64_t>(sequence), 7}, context_.crc,
                        bytes);
      slice.Count(sequence, 7, 1);
    }
    slice.removed = removed;
    if (removed < sequences.size()) slice.first = sequences[removed];
    ATREST_CHECK(env::WriteWhole(files_, slice.index_path, bytes).ok());
    slice.index = std::make_unique<CountingFile>(
        std::move(files_.Open(slice.index_path, env::FileSystem::Mode::kReadWrite)).value(),
        &reads_, &refuses_);
    return slice;
  }
  static std::vector<uint64_t> UpTo(uint64_t last) {
    std::vector<uint64_t> sequences;
    for (uint64_t i = 1; i <= last; ++i) sequences.push_back(i);
    return sequences;
  }
  // The offset in the record found, 0 if none is.
  static uint64_t OffsetFound(IndexCursor& cursor, const Slice& slice, uint64_t sequence) {
    const Result<std::optional<IndexEntry>> found = cursor.Find(slice, sequence);
    ATREST_CHECK(found.ok());
    if (!found.value()) return 0;
    EXPECT_EQ(found.value()->sequence, sequence);
    EXPECT_EQ(found.value()->timestamp_ns, static_cast<int64_t>(sequence));
    EXPECT_EQ(found.value()->size, 7u);
    return found.value()->offset;
  }

  env::MemFileSystem files_;
  env::FixedClock clock_;
  env::SeededEntropy entropy_{1};
  LogBuffer log_;
  FileContext context_{{files_, clock_, entropy_}, log_, "d", {}, Crc32(Crc32::kIeee)};
  int reads_ = 0;
  bool refuses_ = false;
};

// Where sequences are missing a record stands before the place it would have without gaps, never
// behind it: so all that are there are found, and nothing else.
RC_GTEST_FIXTURE_PROP(IndexCursorTest, FindsWhatIsThere, ()) {
  std::vector<uint64_t> sequences;
  uint64_t last = 0;
  const auto count = *rc::gen::inRange<size_t>(1, 40);
  for (size_t i = 0; i < count; ++i) {
    last += *rc::gen::weightedElement<uint64_t>({{6, 1}, {2, 2}, {1, 9}});
    sequences.push_back(last);
  }
  const auto removed = *rc::gen::inRange<size_t>(0, count);
  const Slice slice = Make(sequences, removed);
  IndexCursor cursor(context_);
  for (int i = 0; i < 12; ++i) {
    const auto sequence = *rc::gen::inRange<uint64_t>(slice.first, last + 3);
    const bool there = std::ranges::binary_search(sequences, sequence);
    RC_ASSERT(OffsetFound(cursor, slice, sequence) == (there ? 10 * sequence : 0));
    IndexCursor fresh(context_);
    RC_ASSERT(OffsetFound(fresh, slice, sequence) == (there ? 10 * sequence : 0));
  }
}

TEST_F(IndexCursorTest, AWalkCostsFewReads) {
  const Slice slice = Make(UpTo(5000));
  IndexCursor cursor(context_);
  for (uint64_t i = 1; i <= 5000; ++i) ASSERT_EQ(OffsetFound(cursor, slice, i), 10 * i);
  // 1, 2, 4... 512 records, 1023 in all, and then 1024 at a time.
  EXPECT_EQ(reads_, 10 + 4);
}

TEST_F(IndexCursorTest, SoDoesLookingBackwards) {
  std::vector<uint64_t> sequences = UpTo(1);
  for (uint64_t i = 0; i < 5000; ++i) sequences.push_back(10'000 + i);
  const Slice slice = Make(sequences);
  IndexCursor cursor(context_);
  // Where it would be, behind the end; then backwards 2, 4... 512 records, and 1024 at a time.
  EXPECT_EQ(OffsetFound(cursor, slice, 10'000), 100'000u);
  EXPECT_EQ(reads_, 1 + 9 + 4);
}

TEST_F(IndexCursorTest, AnotherSliceIsAnotherFile) {
  const Slice one = Make({1, 2, 3, 4}, 0, 1);
  const Slice two = Make({5, 6, 7, 8}, 0, 2);
  IndexCursor cursor(context_);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(OffsetFound(cursor, one, 2), 20u);
    EXPECT_EQ(OffsetFound(cursor, one, 3), 30u);
    EXPECT_EQ(OffsetFound(cursor, two, 7), 70u);
    EXPECT_EQ(OffsetFound(cursor, two, 6), 60u);
  }
}

TEST_F(IndexCursorTest, PositionsBehindTheEnd) {
  const Slice slice = Make({1, 2});
  IndexCursor cursor(context_);
  EXPECT_EQ(cursor.At(slice, 2).value(), std::nullopt);
  EXPECT_EQ(cursor.At(slice, 1000).value(), std::nullopt);
  EXPECT_EQ(cursor.At(slice, uint64_t{1} << 60).value(), std::nullopt);
  EXPECT_EQ(cursor.At(slice, UINT64_MAX).value(), std::nullopt);
  EXPECT_EQ(OffsetFound(cursor, slice, UINT64_MAX - 5), 0u);
  EXPECT_EQ(cursor.At(slice, 1).value()->sequence, 2u);
}

TEST_F(IndexCursorTest, CutAndZeroRecords) {
  const Slice slice = Make({1, 2, 3});
  ASSERT_TRUE(slice.index->Truncate(4 + 32 * 2 + 31).ok());
  IndexCursor cursor(context_);
  EXPECT_EQ(cursor.At(slice, 2).status().message(), "unexpected EOF");
  EXPECT_EQ(cursor.Find(slice, 3).status().message(), "unexpected EOF");
  EXPECT_EQ(cursor.At(slice, 1).value()->sequence, 2u);
  ASSERT_TRUE(slice.index->Truncate(4 + 32 * 2).ok());
  ASSERT_TRUE(slice.index->Append(Bytes(32)).ok());
  IndexCursor again(context_);
  EXPECT_EQ(again.At(slice, 2).status().message(), "end of file padded with zeros");
  EXPECT_EQ(OffsetFound(again, slice, 4), 0u) << "backwards it only ends the search";
}

TEST_F(IndexCursorTest, AFileThatCannotBeRead) {
  const Slice slice = Make({1, 2, 5});
  IndexCursor cursor(context_);
  refuses_ = true;
  EXPECT_EQ(cursor.At(slice, 0).status().message(), "refused");
  EXPECT_EQ(cursor.Find(slice, 2).status().message(), "refused");
  refuses_ = false;
  EXPECT_EQ(OffsetFound(cursor, slice, 2), 20u) << "nothing of the failure is kept";
  EXPECT_EQ(OffsetFound(cursor, slice, 5), 50u);
}

TEST_F(IndexCursorTest, AnIndexWithoutAVersion) {
  const Slice slice = Make({1, 2});
  ASSERT_TRUE(slice.index->Truncate(3).ok());
  IndexCursor cursor(context_);
  EXPECT_EQ(OffsetFound(cursor, slice, 2), 0u);
}

TEST(SliceTest, CountsAndForgets) {
  Slice slice;
  EXPECT_EQ(slice.first, 0u);
  EXPECT_TRUE(slice.exhausted());
  slice.Count(5, 10, 77);
  slice.Count(6, 20, 78);
  slice.AddLast(8, 1);
  EXPECT_EQ(slice.first, 5u);
  EXPECT_EQ(slice.last, 8u);
  EXPECT_EQ(slice.count, 3u);
  EXPECT_EQ(slice.bytes, 10u + 20 + 1 + 3 * 40);
  EXPECT_EQ(slice.first_write_ns, 77);
  EXPECT_TRUE(slice.Holds(5) && slice.Holds(8));
  EXPECT_FALSE(slice.Holds(4) || slice.Holds(9));
  slice.ForgetCounts();
  EXPECT_EQ(slice.first + slice.last + slice.count + slice.bytes, 0u);
  EXPECT_EQ(slice.first_write_ns, 0);
}

TEST(SliceTest, TimesWrap) {
  EXPECT_EQ(WrapAdd(1, 2), 3);
  EXPECT_EQ(WrapAdd(INT64_MAX, 1), INT64_MIN);
  EXPECT_EQ(WrapSubtract(1, 2), -1);
  EXPECT_EQ(WrapSubtract(INT64_MIN, 1), INT64_MAX);
}

}  // namespace
}  // namespace atrest::store
